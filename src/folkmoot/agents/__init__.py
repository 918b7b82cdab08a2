"""Agents (AutoGen: `autogen_agentchat.agents`)."""

from folkmoot._spec import AgentSpec
from folkmoot.messages import Response

from .assistant import AssistantAgent, SummaryFormatter
from .code import ApprovalFuncType, ApprovalRequest, ApprovalResponse, CodeExecutorAgent
from .custom import BaseChatAgent, CustomAgent, LiveAgent, as_opened, as_participant
from .filter import MessageFilterAgent, MessageFilterConfig, PerSourceFilter, filtered
from .handoff import Handoff
from .live import ModelClient, NamedModel
from .society import SocietyOfMindAgent
from .user_proxy import InputFunc, UserProxyAgent

__all__ = [
    "AgentSpec",
    "ApprovalFuncType",
    "ApprovalRequest",
    "ApprovalResponse",
    "AssistantAgent",
    "BaseChatAgent",
    "CodeExecutorAgent",
    "CustomAgent",
    "Handoff",
    "InputFunc",
    "LiveAgent",
    "MessageFilterAgent",
    "MessageFilterConfig",
    "ModelClient",
    "NamedModel",
    "PerSourceFilter",
    "Response",
    "SocietyOfMindAgent",
    "SummaryFormatter",
    "UserProxyAgent",
    "as_opened",
    "as_participant",
    "filtered",
]
