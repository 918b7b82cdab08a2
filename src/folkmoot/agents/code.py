"""An agent that runs code (AutoGen: `autogen_agentchat.agents.CodeExecutorAgent`)."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, Field, PrivateAttr

from folkmoot._spec import AgentSpec, Carried, function_name
from folkmoot.approvals import ApprovalPolicy
from folkmoot.budgets import Budget
from folkmoot.contexts import ChatCompletionContext, UnboundedChatCompletionContext
from folkmoot.executors import CodeBlock, CodeExecutor, extract_code_blocks
from folkmoot.messages import LLMMessage
from folkmoot.options import ModelSpec, ToolOptions

from .live import ModelClient, NamedModel, check_model, live_model, model_field, model_info

__all__ = ["ApprovalFuncType", "ApprovalRequest", "ApprovalResponse", "CodeExecutorAgent"]

_SYSTEM_MESSAGE = (
    "You solve tasks by writing code, which is run for you. Write Python in ```python blocks and shell scripts in "
    "```sh blocks, complete and ready to run as they stand; print what you need to know, and mind what may go wrong."
)
_ROLE = "An approval function"


class ApprovalRequest(BaseModel):
    """Code that waits for an approval function."""

    code: str
    """All blocks, each in its fence, with an empty line between (AutoGen)."""
    context: list[LLMMessage]
    """What the agent has heard."""

    @classmethod
    def of(cls, blocks: Sequence[CodeBlock], context: Sequence[LLMMessage]) -> Self:
        """The request for running these blocks."""
        code = "\n\n".join(f"```{block.language}\n{block.code}\n```" for block in blocks)
        return cls(code=code, context=list(context))


class ApprovalResponse(BaseModel):
    """What an approval function decided."""

    approved: bool
    reason: str


ApprovalFuncType = Callable[[ApprovalRequest], ApprovalResponse | Awaitable[ApprovalResponse]]
"""What is asked before code is run, sync or async."""


class CodeExecutorAgent(AgentSpec, frozen=True):
    """An agent that runs the code it hears, or that its model writes. Workers must have been told that they may.

    Args:
        name: An identifier, unique in the team.
        code_executor: Where the code runs.
        model_client: The model that writes code: a name, a `ModelSpec` or a live model; None: it runs what others
            wrote.
        model_context: What its model sees of the conversation; None: everything.
        model_client_stream: Show its words while the model writes them.
        max_retries_on_error: How often the model may correct code that failed; needs a model with structured output.
        description: For teams that choose speakers; None: made of whether it has a model.
        system_message: Its model's instructions; None: none.
        sources: Only code in these participants' messages is run; None: everybody's.
        supported_languages: What is run, as written after the fence; None: `python` and `sh`.
        approval_func: A function that is asked before code is run, or its registered name; it runs on a worker.
        approval: People are asked before code is run, after that function; they may change the code.
        turn_approval: People have to approve before its turn begins; None: nobody is asked.
        budget: What it may spend, everything it uses as a tool included; None: as much as it takes.
        options: How runs of code are made; None: again if the worker was lost. With `retryable=False` the run of the
            team ends instead, as nobody knows what the code did.

    Raises:
        ValueError: A name or combination is refused (AutoGen's texts).
    """

    DEFAULT_TERMINAL_DESCRIPTION: ClassVar[str] = (
        "A terminal that only runs scripts: Python quoted in ```python blocks, shell quoted in ```sh blocks."
    )
    DEFAULT_AGENT_DESCRIPTION: ClassVar[str] = (
        "Writes Python and shell scripts for a task, runs them, corrects them, and reports what came of it."
    )
    NO_CODE_BLOCKS_FOUND_MESSAGE: ClassVar[str] = (
        "No code blocks found in the thread. Please provide at least one markdown-encoded code block to execute "
        "(i.e., quoting code in ```python or ```sh code blocks)."
    )

    type: Literal["CodeExecutorAgent"] = "CodeExecutorAgent"
    code_executor: CodeExecutor
    model_client: str | ModelSpec | None = None
    model_context: ChatCompletionContext = UnboundedChatCompletionContext()
    model_client_stream: bool = False
    max_retries_on_error: Annotated[int, Field(ge=0)] = 0
    system_message: str | None = _SYSTEM_MESSAGE
    sources: tuple[str, ...] | None = None
    supported_languages: tuple[str, ...] = ("python", "sh")
    approval_func: str | None = None
    """The function's name."""
    approval: ApprovalPolicy | None = None
    turn_approval: ApprovalPolicy | None = None
    budget: Budget | None = None
    options: ToolOptions | None = None

    _model: NamedModel | None = PrivateAttr(default=None)
    _function: Callable[..., object] | None = PrivateAttr(default=None)

    def __init__(
        self,
        name: str,
        code_executor: CodeExecutor,
        *,
        model_client: ModelClient | None = None,
        model_context: ChatCompletionContext | None = None,
        model_client_stream: bool = False,
        max_retries_on_error: int = 0,
        description: str | None = None,
        system_message: str | None = _SYSTEM_MESSAGE,
        sources: Sequence[str] | None = None,
        supported_languages: Sequence[str] | None = None,
        approval_func: ApprovalFuncType | str | None = None,
        approval: ApprovalPolicy | None = None,
        turn_approval: ApprovalPolicy | None = None,
        budget: Budget | None = None,
        options: ToolOptions | None = None,
    ) -> None:
        if approval_func is None and approval is None:
            warnings.warn(
                f"No approval function set for CodeExecutorAgent {name!r}: its code is run without anybody having "
                "looked at it. Consider an approval_func, or an approval by people.",
                UserWarning,
                stacklevel=2,
            )
        _check_retries(max_retries_on_error, model_client)
        self._fill(
            name=name,
            code_executor=code_executor,
            model_client=None if model_client is None else model_field(model_client),
            model_context=model_context or UnboundedChatCompletionContext(),
            model_client_stream=model_client_stream,
            max_retries_on_error=max_retries_on_error,
            description=self._described(model_client) if description is None else description,
            system_message=system_message,
            sources=sources,
            supported_languages=("python", "sh") if supported_languages is None else tuple(supported_languages),
            approval_func=None if approval_func is None else function_name(approval_func, _ROLE),
            approval=approval,
            turn_approval=turn_approval,
            budget=budget,
            options=options,
        )
        self._hold(_model=live_model(model_client), _function=approval_func if callable(approval_func) else None)

    @classmethod
    def _build(cls, fields: Mapping[str, object]) -> Self:
        return super()._build({"description": cls._described(fields.get("model_client")), **fields})

    @classmethod
    def _described(cls, model_client: object) -> str:
        return cls.DEFAULT_TERMINAL_DESCRIPTION if model_client is None else cls.DEFAULT_AGENT_DESCRIPTION

    def check(self) -> None:
        """Refuse what cannot be run."""
        super().check()
        if self.model_client is not None:
            check_model(self.model_client)
        _check_retries(self.max_retries_on_error, self.model_client)
        if not self.supported_languages:
            raise ValueError("supported_languages must name at least one language.")
        if self.approval_func is not None:
            function_name(self.approval_func, _ROLE)
        if self.options is not None and self.options.approval is not None:
            raise ValueError("The options' approval is one of tools; use approval.")
        if self.approval is not None and self.approval.function is not None:
            raise ValueError("The approval of code is asked for always, or by a JSON Schema; use approval_func too.")
        if self.turn_approval is not None:
            self.turn_approval.check_always("The approval of a turn")
        if self.budget is not None and self.budget.tool_calls is not None:
            raise ValueError(
                "A code executor calls no tools; limit the tokens, cost, seconds or model_calls of its budget."
            )

    def code_blocks(self, text: str) -> list[CodeBlock]:
        """The blocks of a text that it would run."""
        return extract_code_blocks(text, self.supported_languages)

    def carry(self, into: Carried) -> None:
        """The model and the function, if they were passed themselves."""
        if self._model is not None:
            into.add_model(self._model.name, self._model)
        if self._function is not None and self.approval_func is not None:
            into.add_function(self.approval_func, self._function)


def _check_retries(retries: int, model_client: ModelClient | None) -> None:
    if retries <= 0:
        return
    if model_client is None:
        raise ValueError("model_client.model_info must be provided when max_retries_on_error > 0")
    info = model_info(model_client)
    if info is not None and not info.structured_output:
        raise ValueError("Specified model_client doesn't support structured output mode.")
