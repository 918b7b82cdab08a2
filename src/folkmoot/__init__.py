"""Group chats of AI agents as durable Temporal workflows, in the vocabulary of AutoGen AgentChat.

`local()` gives an embedded server and worker, `Folkmoot.connect` any Temporal server. A team is a spec; `open` makes it
a chat, one long-lived workflow.
"""

from ._chat.snapshots import Snapshot
from ._spec import AgentSpec, Participant, load_spec
from ._temporal.payloads import HistoryLimits
from .agents import AssistantAgent, Handoff
from .chat import Chat, ChatEvent, ChatStatus
from .client import ChatInfo, Folkmoot
from .conditions import (
    AndTerminationCondition,
    ExternalTermination,
    FunctionalTermination,
    FunctionCallTermination,
    HandoffTermination,
    MaxMessageTermination,
    OrTerminationCondition,
    SourceMatchTermination,
    StopMessageTermination,
    TerminationCondition,
    TextMentionTermination,
    TextMessageTermination,
    TimeoutTermination,
    TokenUsageTermination,
)
from .contexts import (
    BufferedChatCompletionContext,
    ChatCompletionContext,
    HeadAndTailChatCompletionContext,
    TokenLimitedChatCompletionContext,
    UnboundedChatCompletionContext,
)
from .embedded import local
from .errors import (
    BadCommandError,
    ChatBusyError,
    ChatCancelled,
    ChatClosedError,
    ChatExistsError,
    ChatFailedError,
    ChatNotFoundError,
    FolkmootError,
    ModelCallError,
    NoWorkerError,
    PayloadTooLargeError,
    ServerUnavailableError,
    StoreMissingError,
    UnknownNameError,
)
from .messages import (
    BaseAgentEvent,
    BaseChatMessage,
    HandoffMessage,
    MultiModalMessage,
    StopMessage,
    StructuredMessage,
    TaskResult,
    TextMessage,
    ToolCallSummaryMessage,
)
from .models import Model, OpenAIChatModel
from .options import ModelInfo, ModelSpec, ToolOptions
from .plugin import FolkmootPlugin
from .store import FolderStore, Store
from .teams import RoundRobinGroupChat, TeamSpec
from .tools import CancellationToken, FunctionTool, Tool, ToolContext, tool

__version__ = "0.1.0"

__all__ = [
    "AgentSpec",
    "AndTerminationCondition",
    "AssistantAgent",
    "BadCommandError",
    "BaseAgentEvent",
    "BaseChatMessage",
    "BufferedChatCompletionContext",
    "CancellationToken",
    "Chat",
    "ChatBusyError",
    "ChatCancelled",
    "ChatClosedError",
    "ChatCompletionContext",
    "ChatEvent",
    "ChatExistsError",
    "ChatFailedError",
    "ChatInfo",
    "ChatNotFoundError",
    "ChatStatus",
    "ExternalTermination",
    "FolderStore",
    "Folkmoot",
    "FolkmootError",
    "FolkmootPlugin",
    "FunctionCallTermination",
    "FunctionTool",
    "FunctionalTermination",
    "Handoff",
    "HandoffMessage",
    "HandoffTermination",
    "HeadAndTailChatCompletionContext",
    "HistoryLimits",
    "MaxMessageTermination",
    "Model",
    "ModelCallError",
    "ModelInfo",
    "ModelSpec",
    "MultiModalMessage",
    "NoWorkerError",
    "OpenAIChatModel",
    "OrTerminationCondition",
    "Participant",
    "PayloadTooLargeError",
    "RoundRobinGroupChat",
    "ServerUnavailableError",
    "Snapshot",
    "SourceMatchTermination",
    "StopMessage",
    "StopMessageTermination",
    "Store",
    "StoreMissingError",
    "StructuredMessage",
    "TaskResult",
    "TeamSpec",
    "TerminationCondition",
    "TextMentionTermination",
    "TextMessage",
    "TextMessageTermination",
    "TimeoutTermination",
    "TokenLimitedChatCompletionContext",
    "TokenUsageTermination",
    "Tool",
    "ToolCallSummaryMessage",
    "ToolContext",
    "ToolOptions",
    "UnboundedChatCompletionContext",
    "UnknownNameError",
    "__version__",
    "load_spec",
    "local",
    "tool",
]
