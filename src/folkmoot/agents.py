"""Agents (AutoGen: `autogen_agentchat.agents`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, cast

from pydantic import BaseModel, Field, PrivateAttr

from ._function_schema import strict_schema
from ._spec import AgentSpec, Carried, Frozen
from .contexts import ChatCompletionContext, UnboundedChatCompletionContext
from .options import ModelInfo, ModelSpec
from .tools import FunctionTool, Tool

__all__ = ["AgentSpec", "AssistantAgent", "Handoff", "NamedModel"]

_DESCRIPTION = "An agent that provides assistance with ability to use tools."
_SYSTEM_MESSAGE = (
    "You are a helpful AI assistant. Solve tasks using your tools. "
    "Reply with TERMINATE when the task has been completed."
)


class NamedModel(Protocol):
    """A live model: the worker in this process registers it under its name."""

    @property
    def name(self) -> str:
        """The name specs know it by."""
        ...


class Handoff(Frozen, frozen=True):
    """An agent's way to give the floor to another participant: its model sees a tool without arguments.

    Args:
        target: Who gets the floor.
        description: When to use it, for the model; empty: made of the target.
        name: The tool's name, an identifier; empty: `transfer_to_` and the target in lower case.
        message: What the target is told; empty: made of the target.

    Raises:
        ValueError: The name is no identifier.
    """

    target: str
    description: str = ""
    name: str = ""
    message: str = ""

    def __init__(self, target: str, description: str = "", name: str = "", message: str = "") -> None:
        self._fill(
            target=target,
            description=description or f"Handoff to {target}.",
            name=name or f"transfer_to_{target}".lower(),
            message=message or f"Transferred to {target}, adopting the role of {target} immediately.",
        )

    @classmethod
    def from_json(cls, data: object) -> Handoff:
        """A handoff from its JSON; what is missing is made of the target, as in the constructor."""
        given = super().from_json(data)
        return cls(given.target, given.description, given.name, given.message)

    def check(self) -> None:
        """Refuse a name that cannot be a tool's (AutoGen)."""
        super().check()
        if self.name and not self.name.isidentifier():
            raise ValueError(f"Handoff name must be a valid identifier: {self.name}")

    @property
    def tool_schema(self) -> dict[str, Any]:
        """What the model is told, in the form of `FunctionTool.schema`."""
        parameters: dict[str, object] = {
            "type": "object",
            "properties": {},
            "required": [],
            "additionalProperties": False,
        }
        return {"name": self.name, "description": self.description, "parameters": parameters, "strict": True}


class AssistantAgent(AgentSpec, frozen=True):
    """An agent that a model speaks for, with tools.

    Args:
        name: An identifier, unique in the team.
        model_client: The name of a registered model or of one the default endpoint knows, a `ModelSpec`, or a
            live model, which stays in this process while the spec holds its name.
        tools: Tools, plain functions, or names of registered tools.
        handoffs: Whom it may hand the floor to: names, or `Handoff`s.
        model_context: What its model sees of the conversation; None: everything.
        description: For teams that choose speakers.
        system_message: Its model's instructions; None: none.
        model_client_stream: Show its words while the model writes them.
        reflect_on_tool_use: After the last round of tool calls, ask the model once more for an answer made of
            the results, instead of showing them as they are; None: only with `output_content_type`.
        max_tool_iterations: Rounds of tool calls in a turn, at least 1.
        tool_call_summary_format: How results are shown, for each call: `{tool_name}`, `{arguments}`,
            `{result}` and `{is_error}`.
        output_content_type: A pydantic class its answers are held to, or its `{"name", "schema"}`.
        output_content_type_format: How people read such an answer: `str.format` with its fields.
        metadata: Anything the application wants to keep with it.

    Raises:
        ValueError: A name or combination is refused (AutoGen's texts).
    """

    type: Literal["AssistantAgent"] = "AssistantAgent"
    model_client: str | ModelSpec
    tools: tuple[Tool, ...] = ()
    handoffs: tuple[str | Handoff, ...] = ()
    model_context: ChatCompletionContext = UnboundedChatCompletionContext()
    description: str = _DESCRIPTION
    system_message: str | None = _SYSTEM_MESSAGE
    model_client_stream: bool = False
    reflect_on_tool_use: bool | None = None
    max_tool_iterations: int = 1
    tool_call_summary_format: str = "{result}"
    output_schema: dict[str, Any] | None = None
    """`name` and `schema` (JSON schema) of its answers."""
    output_content_type_format: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)

    _model: NamedModel | None = PrivateAttr(default=None)

    def __init__(
        self,
        name: str,
        model_client: str | ModelSpec | NamedModel,
        *,
        tools: Sequence[Tool | Callable[..., Any] | str] | None = None,
        handoffs: Sequence[str | Handoff] | None = None,
        model_context: ChatCompletionContext | None = None,
        description: str = _DESCRIPTION,
        system_message: str | None = _SYSTEM_MESSAGE,
        model_client_stream: bool = False,
        reflect_on_tool_use: bool | None = None,
        max_tool_iterations: int = 1,
        tool_call_summary_format: str = "{result}",
        output_content_type: type[BaseModel] | Mapping[str, Any] | None = None,
        output_content_type_format: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        live = not isinstance(model_client, str | ModelSpec)
        if live:
            _check_abilities(getattr(model_client, "info", None), tools, handoffs)
        self._fill(
            name=name,
            model_client=_name_of(model_client) if live else model_client,
            tools=tuple(_as_tool(tool) for tool in tools or ()),
            handoffs=tuple(_checked_handoff(handoff) for handoff in handoffs or ()),
            model_context=model_context or UnboundedChatCompletionContext(),
            description=description,
            system_message=system_message,
            model_client_stream=model_client_stream,
            reflect_on_tool_use=reflect_on_tool_use,
            max_tool_iterations=max_tool_iterations,
            tool_call_summary_format=tool_call_summary_format,
            output_schema=_output_schema(output_content_type),
            output_content_type_format=output_content_type_format,
            metadata=dict(metadata or {}),
        )
        if live:
            self._hold(_model=model_client)

    def check(self) -> None:
        """Refuse what AutoGen refuses, in its words."""
        super().check()
        if not self.model_client:
            raise ValueError("model_client must be the name of a model, a ModelSpec or a model, got ''.")
        if isinstance(self.model_client, ModelSpec):
            _check_abilities(self.model_client.info, self.tools, self.handoffs)
        self._check_names()
        if self.max_tool_iterations < 1:
            raise ValueError(
                f"Maximum number of tool iterations must be greater than or equal to 1, got {self.max_tool_iterations}"
            )
        if self.output_schema is not None and not _is_output_schema(self.output_schema):
            raise ValueError(f"An output schema is {{'name': str, 'schema': object}}, got {self.output_schema!r}.")
        try:
            self.tool_call_summary_format.format(tool_name="", arguments="", result="", is_error=False)
        except (LookupError, ValueError, AttributeError):
            raise ValueError(
                "tool_call_summary_format may use {tool_name}, {arguments}, {result} and {is_error}, "
                f"got {self.tool_call_summary_format!r}."
            ) from None

    def _check_names(self) -> None:
        tools = [tool.name for tool in self.tools]
        if len(tools) != len(set(tools)):
            raise ValueError(f"Tool names must be unique: {tools}")
        handoffs = [handoff.name for handoff in self.resolved_handoffs]
        if len(handoffs) != len(set(handoffs)):
            raise ValueError(f"Handoff names must be unique: {handoffs}")
        if not set(tools).isdisjoint([*handoffs, *(handoff.target for handoff in self.resolved_handoffs)]):
            raise ValueError("Handoff names must be unique from tool names")

    @property
    def resolved_handoffs(self) -> tuple[Handoff, ...]:
        """The handoffs in full, bare names included."""
        return tuple(Handoff(item) if isinstance(item, str) else item for item in self.handoffs)

    @property
    def reflects(self) -> bool:
        """Whether a last model call follows the tools (AutoGen: by default only with an output type)."""
        return self.output_schema is not None if self.reflect_on_tool_use is None else self.reflect_on_tool_use

    def carry(self, into: Carried) -> None:
        """The model, if it was passed itself."""
        if self._model is not None:
            into.add_model(self._model.name, self._model)


def _name_of(model: object) -> str:
    name = getattr(model, "name", None)
    if not isinstance(name, str):
        raise ValueError(
            f"model_client must be the name of a model, a ModelSpec or a model with a name, got {model!r}."
        )
    return name


def _check_abilities(info: object, tools: Sequence[object] | None, handoffs: Sequence[object] | None) -> None:
    if not isinstance(info, ModelInfo) or info.function_calling:
        return
    if tools:
        raise ValueError("The model does not support function calling.")
    if handoffs:
        raise ValueError("The model does not support function calling, which is needed for handoffs.")


def _as_tool(given: object) -> Tool:
    if isinstance(given, Tool):
        return given
    if isinstance(given, str):
        return Tool(given)
    if callable(given):
        return FunctionTool(given)
    raise ValueError(f"Unsupported tool type: {type(given)}")


def _checked_handoff(given: object) -> str | Handoff:
    if isinstance(given, str | Handoff):
        return given
    raise ValueError(f"Unsupported handoff type: {type(given)}")


def _output_schema(output: object) -> dict[str, Any] | None:
    if output is None:
        return None
    if isinstance(output, type) and issubclass(output, BaseModel):
        return {"name": output.__name__, "schema": strict_schema(output.model_json_schema())}
    if isinstance(output, Mapping):
        return dict(cast(Mapping[str, Any], output))
    raise ValueError(f"output_content_type must be a pydantic class or {{'name', 'schema'}}, got {output!r}.")


def _is_output_schema(output: Mapping[str, Any]) -> bool:
    fits = set(output) == {"name", "schema"} and isinstance(output["schema"], Mapping)
    return fits and isinstance(output["name"], str) and bool(output["name"])
