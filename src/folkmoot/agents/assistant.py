"""An agent that a model speaks for (AutoGen: `autogen_agentchat.agents.AssistantAgent`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

from pydantic import BaseModel, Field, PrivateAttr

from folkmoot._function_schema import strict_schema
from folkmoot._spec import AgentSpec, Carried, function_name
from folkmoot.approvals import ApprovalPolicy
from folkmoot.budgets import Budget
from folkmoot.contexts import ChatCompletionContext, UnboundedChatCompletionContext
from folkmoot.memory import ListMemory, Memory, MemorySpec, as_memories
from folkmoot.messages import FunctionCall, FunctionExecutionResult, StructuredMessage
from folkmoot.options import ModelInfo, ModelSpec
from folkmoot.tools import Tool, as_tool
from folkmoot.transforms import Transform
from folkmoot.workbench import Workbench, WorkbenchSpec, as_workbenches

from .handoff import Handoff
from .live import ModelClient, NamedModel, check_model, live_model, model_field, model_info

__all__ = ["AssistantAgent", "SummaryFormatter"]

_DESCRIPTION = "An agent that provides assistance with ability to use tools."
_SYSTEM_MESSAGE = (
    "You are a helpful AI assistant. Solve tasks using your tools. "
    "Reply with TERMINATE when the task has been completed."
)
_ROLE = "A tool call summary formatter"

SummaryFormatter = Callable[[FunctionCall, FunctionExecutionResult], str]
"""Words one call and its result for the summary."""


class AssistantAgent(AgentSpec, frozen=True):
    """An agent that a model speaks for, with tools.

    Args:
        name: An identifier, unique in the team.
        model_client: The name of a registered model or of one the default endpoint knows, a `ModelSpec`, or a
            live model, which stays in this process while the spec holds its name.
        tools: Tools, plain functions, or names of registered tools.
        workbench: Sets of tools instead of `tools`, one or several: specs, live workbenches, or registered names.
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
        tool_call_summary_formatter: A function that words each call instead, or its registered name; it runs on a
            worker.
        output_content_type: A pydantic class its answers are held to, or its `{"name", "schema"}`.
        output_content_type_format: How people read such an answer: `str.format` with its fields.
        memory: A list of what it is reminded of in every turn: `ListMemory`, live stores, or registered names.
        metadata: Anything the application wants to keep with it.
        turn_approval: People have to approve before its turn begins; None: nobody is asked.
        budget: What it may spend, everything it uses as a tool included; None: as much as it takes.
        transforms: What is done to the messages its model sees, in this order, after `model_context` has chosen them.

    Raises:
        TypeError: `memory` is no list (AutoGen), or something in it or in `workbench` is of another kind.
        ValueError: A name or combination is refused (AutoGen's texts).
    """

    type: Literal["AssistantAgent"] = "AssistantAgent"
    model_client: str | ModelSpec
    tools: tuple[Tool, ...] = ()
    workbench: tuple[WorkbenchSpec, ...] = ()
    handoffs: tuple[str | Handoff, ...] = ()
    model_context: ChatCompletionContext = UnboundedChatCompletionContext()
    description: str = _DESCRIPTION
    system_message: str | None = _SYSTEM_MESSAGE
    model_client_stream: bool = False
    reflect_on_tool_use: bool | None = None
    max_tool_iterations: int = 1
    tool_call_summary_format: str = "{result}"
    tool_call_summary_formatter: str | None = None
    """The function's name."""
    output_schema: dict[str, Any] | None = None
    """`name` and `schema` (JSON schema) of its answers."""
    output_content_type_format: str | None = None
    memory: tuple[MemorySpec, ...] = ()
    metadata: dict[str, str] = Field(default_factory=dict)
    transforms: tuple[Transform, ...] = ()
    turn_approval: ApprovalPolicy | None = None
    budget: Budget | None = None

    _model: NamedModel | None = PrivateAttr(default=None)
    _formatter: SummaryFormatter | None = PrivateAttr(default=None)

    def __init__(
        self,
        name: str,
        model_client: ModelClient,
        *,
        tools: Sequence[Tool | Callable[..., Any] | str] | None = None,
        workbench: WorkbenchSpec | Workbench | str | Sequence[WorkbenchSpec | Workbench | str] | None = None,
        handoffs: Sequence[str | Handoff] | None = None,
        model_context: ChatCompletionContext | None = None,
        description: str = _DESCRIPTION,
        system_message: str | None = _SYSTEM_MESSAGE,
        model_client_stream: bool = False,
        reflect_on_tool_use: bool | None = None,
        max_tool_iterations: int = 1,
        tool_call_summary_format: str = "{result}",
        tool_call_summary_formatter: SummaryFormatter | str | None = None,
        output_content_type: type[BaseModel] | Mapping[str, Any] | None = None,
        output_content_type_format: str | None = None,
        memory: Sequence[MemorySpec | Memory | str] | None = None,
        metadata: Mapping[str, str] | None = None,
        transforms: Sequence[Transform] = (),
        turn_approval: ApprovalPolicy | None = None,
        budget: Budget | None = None,
    ) -> None:
        _check_abilities(model_info(model_client), tools, handoffs)
        self._fill(
            name=name,
            model_client=model_field(model_client),
            tools=tuple(as_tool(tool) for tool in tools or ()),
            workbench=as_workbenches(workbench),
            handoffs=tuple(_checked_handoff(handoff) for handoff in handoffs or ()),
            model_context=model_context or UnboundedChatCompletionContext(),
            description=description,
            system_message=system_message,
            model_client_stream=model_client_stream,
            reflect_on_tool_use=reflect_on_tool_use,
            max_tool_iterations=max_tool_iterations,
            tool_call_summary_format=tool_call_summary_format,
            tool_call_summary_formatter=None
            if tool_call_summary_formatter is None
            else function_name(tool_call_summary_formatter, _ROLE),
            output_schema=_output_schema(output_content_type),
            output_content_type_format=output_content_type_format,
            memory=as_memories(memory),
            metadata=dict(metadata or {}),
            transforms=tuple(transforms),
            turn_approval=turn_approval,
            budget=budget,
        )
        formatter = tool_call_summary_formatter
        self._hold(_model=live_model(model_client), _formatter=formatter if callable(formatter) else None)

    def check(self) -> None:
        """Refuse what AutoGen refuses, in its words; from here on its memories change no more."""
        super().check()
        check_model(self.model_client)
        if self.turn_approval is not None:
            self.turn_approval.check_always("The approval of a turn")
        _check_abilities(model_info(self.model_client), self.tools, self.handoffs)
        self._check_names()
        if self.tools and self.workbench:
            raise ValueError("Tools cannot be used with a workbench.")
        if self.tool_call_summary_formatter is not None:
            function_name(self.tool_call_summary_formatter, _ROLE)
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
        for memory in self.memory:
            if isinstance(memory, ListMemory):
                memory.seal()

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

    @property
    def produced_message_types(self) -> tuple[str, ...]:
        """What its turn may end in (AutoGen)."""
        answer = "TextMessage" if self.output_schema is None else f"StructuredMessage[{self.output_schema['name']}]"
        return (answer, "ToolCallSummaryMessage", "HandoffMessage")

    def carry(self, into: Carried) -> None:
        """The model and the formatter, if they were passed themselves."""
        if self._model is not None:
            into.add_model(self._model.name, self._model)
        if self._formatter is not None and self.tool_call_summary_formatter is not None:
            into.add_function(self.tool_call_summary_formatter, self._formatter)


def _check_abilities(info: ModelInfo | None, tools: Sequence[object] | None, handoffs: Sequence[object] | None) -> None:
    if info is None or info.function_calling:
        return
    if tools:
        raise ValueError("The model does not support function calling.")
    if handoffs:
        raise ValueError("The model does not support function calling, which is needed for handoffs.")


def _checked_handoff(given: object) -> str | Handoff:
    if isinstance(given, str | Handoff):
        return given
    raise ValueError(f"Unsupported handoff type: {type(given)}")


def _output_schema(output: object) -> dict[str, Any] | None:
    if output is None:
        return None
    if isinstance(output, type) and issubclass(output, BaseModel):
        # Named, the class is what this process reads such answers as (AutoGen: objects).
        StructuredMessage[output]
        return {"name": output.__name__, "schema": strict_schema(output.model_json_schema())}
    if isinstance(output, Mapping):
        return dict(cast(Mapping[str, Any], output))
    raise ValueError(f"output_content_type must be a pydantic class or {{'name', 'schema'}}, got {output!r}.")


def _is_output_schema(output: Mapping[str, Any]) -> bool:
    fits = set(output) == {"name", "schema"} and isinstance(output["schema"], Mapping)
    return fits and isinstance(output["name"], str) and bool(output["name"])
