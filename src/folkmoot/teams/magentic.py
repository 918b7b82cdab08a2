"""MagenticOneGroupChat: an orchestrator surveys facts, plans, and gives each speaker its instruction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import PrivateAttr

from folkmoot._spec import Carried
from folkmoot.agents import ModelClient, NamedModel
from folkmoot.agents.live import check_model, live_model, model_field
from folkmoot.budgets import Budget
from folkmoot.conditions import TerminationCondition
from folkmoot.options import ModelSpec

from .base import CustomTypes, Members, refuse_teams
from .transitions import Transitions, TransitionsType, TransitionTeam

__all__ = ["MagenticOneGroupChat"]

_FINAL_ANSWER_PROMPT = """\
This was the task:
{task}

The work on it is finished; the conversation above shows how it went.

From what was found out, write the answer to the task, in words meant for the person who set it.
"""


class MagenticOneGroupChat(TransitionTeam, frozen=True):
    """A team led by an orchestrator: a model that keeps a ledger of facts, plan and progress.

    Args:
        participants: Agents with different names, at least one.
        model_client: The orchestrator's model: the name of a registered model or of one the default endpoint knows, a
            `ModelSpec`, or a live model.
        name: None: the class name.
        description: For an outer team that chooses speakers.
        termination_condition: When a run ends; None: only by the orchestrator, `max_turns` or from outside.
        max_turns: Turns after which a run ends with a final answer, at least 1; None: any number.
        max_stalls: Turns without progress, at least 1, after which facts and plan are made anew.
        final_answer_prompt: What the model is asked at the end; `{task}` is the task.
        custom_message_types: Users' own message classes, or their names.
        emit_team_events: Show who was chosen to speak as events.
        budget: What may be spent in it, everything inside included; None: as much as it takes.
        allowed_or_disallowed_speaker_transitions: By participant or its name, who may or may not speak after it.
        speaker_transitions_type: "allowed" or "disallowed": what the table tells.
        notify: Names of the sinks that are told what happens in the chat, if the team is opened as one.

    Raises:
        TypeError: A participant is a team.
        ValueError: As said above (AutoGen's texts).
    """

    type: Literal["MagenticOneGroupChat"] = "MagenticOneGroupChat"
    name: str = "MagenticOneGroupChat"
    model_client: str | ModelSpec
    max_turns: int | None = 20
    max_stalls: int = 3
    final_answer_prompt: str = _FINAL_ANSWER_PROMPT

    _model: NamedModel | None = PrivateAttr(default=None)

    def __init__(
        self,
        participants: Members,
        model_client: ModelClient,
        *,
        name: str | None = None,
        description: str | None = None,
        termination_condition: TerminationCondition | None = None,
        max_turns: int | None = 20,
        max_stalls: int = 3,
        final_answer_prompt: str = _FINAL_ANSWER_PROMPT,
        custom_message_types: CustomTypes | None = None,
        emit_team_events: bool = False,
        budget: Budget | None = None,
        allowed_or_disallowed_speaker_transitions: Transitions | None = None,
        speaker_transitions_type: TransitionsType | None = None,
        notify: Sequence[str] = (),
    ) -> None:
        self._fill_transitions(
            participants,
            allowed_or_disallowed_speaker_transitions,
            speaker_transitions_type,
            name=name,
            description=description,
            termination_condition=termination_condition,
            max_turns=max_turns,
            model_client=model_field(model_client),
            max_stalls=max_stalls,
            final_answer_prompt=final_answer_prompt,
            custom_message_types=custom_message_types,
            emit_team_events=emit_team_events,
            budget=budget,
            notify=notify,
        )
        self._hold(_model=live_model(model_client))

    def check(self) -> None:
        """Refuse teams inside (AutoGen), no stall at all, and a prompt that cannot be filled in."""
        refuse_teams(self.participants)
        super().check()
        check_model(self.model_client)
        if self.max_stalls <= 0:
            raise ValueError(f"max_stalls must be greater than 0, got {self.max_stalls}.")
        try:
            self.final_answer_prompt.format(task="")
        except (LookupError, ValueError, AttributeError):
            raise ValueError(f"final_answer_prompt may use {{task}}, got {self.final_answer_prompt!r}.") from None

    @property
    def manager_name(self) -> str:
        """As AutoGen's."""
        return "MagenticOneOrchestrator"

    def carry(self, into: Carried) -> None:
        """The model, if it was passed itself."""
        if self._model is not None:
            into.add_model(self._model.name, self._model)
