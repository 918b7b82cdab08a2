"""What a model is to Folkmoot: one request, one result, and the protocol in between.

Messages are plain dicts in AutoGen's JSON (`UserMessage`, `AssistantMessage`, `SystemMessage`,
`FunctionExecutionResultMessage`). A model renders each of them to wire bytes once; the caller keeps the bytes
and hands them back with every request, so that a call costs the new messages only, however long the chat is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypedDict, runtime_checkable

from folkmoot.options import ModelInfo

__all__ = ["Model", "ModelRequest", "ModelResult", "ToolCall", "ToolChoice"]

ToolChoice = Literal["auto", "none", "required"]


class ToolCall(TypedDict):
    """A tool call a model asked for; the JSON of AutoGen's `FunctionCall`."""

    id: str
    name: str
    arguments: str
    """JSON text exactly as the model wrote it, valid or not."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Everything one model call needs. Nothing in it may be changed after it was handed over."""

    messages: Sequence[bytes]
    """The context, each message as `Model.render` gave it."""
    tools: Sequence[Mapping[str, Any]] = ()
    """Tool schemas: `{"name", "description", "parameters", "strict"}`."""
    tool_choice: ToolChoice = "auto"
    """Whether the model may (`auto`), must not (`none`) or must (`required`) call a tool."""
    output_schema: Mapping[str, Any] | None = None
    """A JSON answer is wanted: `{"name", "schema"}`, the schema being JSON Schema."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Further request options such as `temperature`; they win over the model's own."""
    on_text: Callable[[str], None] | None = None
    """Given means stream: called with each piece of the answer's text as it comes."""
    timeout: float = 600.0
    """Seconds for the whole call."""


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What a model answered; AutoGen's `CreateResult`."""

    content: str | list[ToolCall]
    """The answer's text, or the tool calls asked for."""
    thought: str | None = None
    """Reasoning, or the text that came along with tool calls."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: str = "unknown"
    """`stop`, `length`, `function_calls`, `content_filter` or `unknown`."""


@runtime_checkable
class Model(Protocol):
    """A chat model. Written by hand, it is registered on the worker under a name."""

    @property
    def name(self) -> str:
        """The name it is known by in specs and errors."""
        ...

    @property
    def info(self) -> ModelInfo:
        """What the model can do."""
        ...

    def render(self, message: Mapping[str, Any]) -> bytes:
        """Encode one message for the wire.

        Args:
            message: A message in AutoGen's JSON.

        Returns:
            One wire message, or several joined by `b","` (a tool result message has one per result), or nothing: the
            model is not to get it.
        """
        ...

    async def create(self, request: ModelRequest) -> ModelResult:
        """Make one call, without retries.

        Raises:
            ModelCallError: The call failed; the error says whether a retry may help and when.
        """
        ...

    async def close(self) -> None:
        """Let go of connections. The model may be used again afterwards."""
        ...
