"""SelectorGroupChat: a model, functions, chance or a person choose who speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import PrivateAttr

from folkmoot._spec import Carried, function_name
from folkmoot.agents import ModelClient, NamedModel
from folkmoot.agents.live import check_model, live_model, model_field
from folkmoot.budgets import Budget
from folkmoot.conditions import TerminationCondition
from folkmoot.contexts import ChatCompletionContext, UnboundedChatCompletionContext
from folkmoot.options import ModelSpec
from folkmoot.transforms import Transform

from .base import CustomTypes, Members
from .transitions import Transitions, TransitionsType, TransitionTeam

__all__ = ["SelectionMethod", "SelectorGroupChat"]

SelectionMethod = Literal["auto", "random", "round_robin", "manual"]

_METHODS = ["auto", "random", "round_robin", "manual"]

_SELECTOR_PROMPT = """\
Several people, each with a role of their own, talk with one another. These are the roles:
{roles}

This is what has been said so far:

{history}

Who of {participants} should speak next? Answer with that one name and nothing else.
"""


class SelectorGroupChat(TransitionTeam, frozen=True):
    """A team where each next speaker is selected, by a model unless said otherwise.

    Args:
        participants: At least two, with different names.
        model_client: The model that selects: the name of a registered model or of one the default endpoint knows, a
            `ModelSpec`, or a live model. None only where `speaker_selection_method` is not "auto".
        name: None: the class name; give one to a team inside a team.
        description: For an outer team that chooses speakers.
        termination_condition: When a run ends; None: only by `max_turns` or from outside.
        max_turns: Turns after which a run ends, at least 1; None: any number.
        selector_prompt: What the model is asked: `{roles}` are names and descriptions of all, `{participants}` the
            names it may choose from, `{history}` the conversation.
        allow_repeated_speaker: Who spoke last may be selected again. With transitions they alone decide that.
        max_selector_attempts: How often the model is asked before the previous speaker is taken, else the first.
        selector_func: A function of the thread, or its registered name: gives the next speaker's name, or None to go
            on by the method. It runs on a worker.
        candidate_func: A function of the thread, or its registered name: gives the names to choose from. It runs on a
            worker, and only where `selector_func` has named nobody.
        custom_message_types: Users' own message classes, or their names.
        emit_team_events: Show who was chosen to speak as events.
        budget: What may be spent in it, everything inside included; None: as much as it takes.
        model_client_streaming: Show the model's words while it selects.
        model_context: What the model sees of the conversation; None: everything.
        speaker_selection_method: "auto" by the model, "random", "round_robin" in the order of the participants, or
            "manual" by a person (AutoGen 0.2).
        seed: Of "random": the same seed selects the same speakers.
        allowed_or_disallowed_speaker_transitions: By participant or its name, who may or may not speak after it.
        speaker_transitions_type: "allowed" or "disallowed": what the table tells.
        send_introductions: Before the first task everybody is told who takes part (`introduction`).
        select_speaker_transforms: Applied, in order, to the conversation that the model sees.
        notify: Names of the sinks that are told what happens in the chat, if the team is opened as one.

    Raises:
        ValueError: As said above (AutoGen's texts).
    """

    type: Literal["SelectorGroupChat"] = "SelectorGroupChat"
    name: str = "SelectorGroupChat"
    model_client: str | ModelSpec | None = None
    selector_prompt: str = _SELECTOR_PROMPT
    allow_repeated_speaker: bool = False
    max_selector_attempts: int = 3
    selector_func: str | None = None
    """The function's name."""
    candidate_func: str | None = None
    """The function's name."""
    model_client_streaming: bool = False
    model_context: ChatCompletionContext = UnboundedChatCompletionContext()
    speaker_selection_method: SelectionMethod = "auto"
    seed: int = 0
    send_introductions: bool = False
    select_speaker_transforms: tuple[Transform, ...] = ()

    _model: NamedModel | None = PrivateAttr(default=None)
    _functions: tuple[Callable[..., object], ...] = PrivateAttr(default=())

    def __init__(
        self,
        participants: Members,
        model_client: ModelClient | None = None,
        *,
        name: str | None = None,
        description: str | None = None,
        termination_condition: TerminationCondition | None = None,
        max_turns: int | None = None,
        selector_prompt: str = _SELECTOR_PROMPT,
        allow_repeated_speaker: bool = False,
        max_selector_attempts: int = 3,
        selector_func: str | Callable[..., Any] | None = None,
        candidate_func: str | Callable[..., Any] | None = None,
        custom_message_types: CustomTypes | None = None,
        emit_team_events: bool = False,
        budget: Budget | None = None,
        model_client_streaming: bool = False,
        model_context: ChatCompletionContext | None = None,
        speaker_selection_method: SelectionMethod = "auto",
        seed: int = 0,
        allowed_or_disallowed_speaker_transitions: Transitions | None = None,
        speaker_transitions_type: TransitionsType | None = None,
        send_introductions: bool = False,
        select_speaker_transforms: Sequence[Transform] = (),
        notify: Sequence[str] = (),
    ) -> None:
        selector = None if selector_func is None else function_name(selector_func, "A selector function")
        candidates = None if candidate_func is None else function_name(candidate_func, "A candidate function")
        self._fill_transitions(
            participants,
            allowed_or_disallowed_speaker_transitions,
            speaker_transitions_type,
            name=name,
            description=description,
            termination_condition=termination_condition,
            max_turns=max_turns,
            model_client=None if model_client is None else model_field(model_client),
            selector_prompt=selector_prompt,
            allow_repeated_speaker=allow_repeated_speaker,
            max_selector_attempts=max_selector_attempts,
            selector_func=selector,
            candidate_func=candidates,
            custom_message_types=custom_message_types,
            emit_team_events=emit_team_events,
            budget=budget,
            model_client_streaming=model_client_streaming,
            model_context=model_context or UnboundedChatCompletionContext(),
            speaker_selection_method=_checked_method(speaker_selection_method),
            seed=seed,
            send_introductions=send_introductions,
            select_speaker_transforms=tuple(select_speaker_transforms),
            notify=notify,
        )
        self._hold(
            _model=live_model(model_client),
            _functions=tuple(func for func in (selector_func, candidate_func) if callable(func)),
        )

    def check(self) -> None:
        """Refuse what AutoGen refuses, in its words, and a prompt that cannot be filled in."""
        super().check()
        if len(self.participants) < 2:
            raise ValueError("At least two participants are required for SelectorGroupChat.")
        if self.model_client is not None:
            check_model(self.model_client)
        elif self.speaker_selection_method == "auto":
            raise ValueError("speaker_selection_method 'auto' needs a model_client to select by, got None.")
        if self.max_selector_attempts < 0:
            raise ValueError(f"max_selector_attempts must not be less than 0, got {self.max_selector_attempts}.")
        if self.allow_repeated_speaker and self.allowed_or_disallowed_speaker_transitions is not None:
            raise ValueError(
                "Don't provide both allowed_or_disallowed_speaker_transitions and allow_repeated_speaker: "
                "the transitions tell who may speak again."
            )
        for name in (self.selector_func, self.candidate_func):
            if name is not None:
                function_name(name, "A function that selects")
        try:
            self.selector_prompt.format(roles="", participants="", history="")
        except (LookupError, ValueError, AttributeError):
            raise ValueError(
                f"selector_prompt may use {{roles}}, {{participants}} and {{history}}, got {self.selector_prompt!r}."
            ) from None

    @property
    def may_repeat(self) -> bool:
        """Whether who spoke last stays among the candidates before the transitions are looked at."""
        return self.allow_repeated_speaker or self.allowed_or_disallowed_speaker_transitions is not None

    @property
    def introduction(self) -> str:
        """What tells the participants of each other."""
        lines = (f"- {member.name}: {' '.join(member.description.split())}" for member in self.participants)
        return "\n".join(["Welcome, everybody. Taking part in this conversation are:", *lines])

    def carry(self, into: Carried) -> None:
        """The model and the functions that were passed themselves."""
        if self._model is not None:
            into.add_model(self._model.name, self._model)
        for function in self._functions:
            into.add_function(function_name(function, "A function of a selection"), function)


def _checked_method(given: str) -> str:
    method = given.lower() if isinstance(given, str) else given  # pyright: ignore[reportUnnecessaryIsInstance]
    if method not in _METHODS:
        raise ValueError(
            f"speaker_selection_method is set to {given!r}. It should be one of {_METHODS} (case insensitive); "
            "a function is passed as selector_func."
        )
    return method
