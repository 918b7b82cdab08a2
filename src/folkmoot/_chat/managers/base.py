"""What every kind of team does between two batches of speakers, with what most of them do not do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from folkmoot._chat.calls import Call
from folkmoot._chat.floor import Level
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.plan import Node
from folkmoot._chat.state import ChatState, Scope
from folkmoot.teams import TeamSpec, allowed_next

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat
    from folkmoot._chat.fold import Fold

__all__ = ["Manager", "eligible"]

Message = Mapping[str, Any]


class Manager:
    """A kind of team. State lives in `Scope.manager`; nothing here keeps any.

    `choose`, `calls`, `take` and `refusal` are the engine's: they write entries and say what is needed. The others are
    the fold's: they only change state.
    """

    checks_tasks: ClassVar[bool] = True
    """Whether the termination condition sees the task, before anyone speaks."""
    counts_turns: ClassVar[bool] = True
    """Whether `max_turns` counts batches of speakers."""

    def relays(self, scope: Scope) -> bool:
        """Whether the participants hear the task of the run under way."""
        return True

    def will_relay(self, scope: Scope, tasked: bool) -> bool:
        """Whether they would hear the task of a run that began now."""
        return True

    def begin(self, node: Node, scope: Scope, tasked: bool) -> None:
        """A run begins."""

    def rest(self, node: Node, scope: Scope) -> None:
        """A run is over, in good order."""

    def break_off(self, node: Node, scope: Scope) -> None:
        """A run ends, in whatever order: a choice under way is made anew."""

    def forget_strangers(self, node: Node, scope: Scope) -> None:
        """Who is next must not be somebody who has left."""

    def chosen(self, node: Node, scope: Scope, batch: list[str]) -> None:
        """A batch begins."""

    def heard(self, node: Node, scope: Scope, level: Level, message: Message, offset: int) -> None:
        """A message or event becomes part of the team's conversation."""
        if isinstance(node.team, TeamSpec) and _has_transitions(node.team) and level.how != "inner":
            scope.manager["last"] = level.seat

    def functions(self, node: Node, scope: Scope) -> Sequence[str]:
        """Registered functions that must answer before the check that is due."""
        return ()

    def answered(self, node: Node, scope: Scope, edges: Sequence[Any]) -> None:
        """They have answered."""

    def complete(self, node: Node, scope: Scope) -> str | None:
        """Why the run is over, whatever the termination condition says."""
        return None

    def fold(self, fold: Fold, state: ChatState, log: Log, node: Node, scope: Scope, entry: Entry) -> None:
        """A `manager` entry of the team."""
        if entry.data["step"] == "end":
            scope.ended, scope.stop = True, entry.data["stop_reason"]

    def needs(self, scope: Scope) -> Sequence[int]:
        """Offsets of entries that later ones will quote."""
        return ()

    def moved(self, kept: Mapping[str, Any], move: Callable[[int], int]) -> dict[str, Any]:
        """The manager's state, with other offsets of the entries that `needs` names."""
        return dict(kept)

    def refusal(self, node: Node, scope: Scope, tasks: Sequence[Message]) -> str | None:
        """What stands against a run with these tasks."""
        return None

    def choose(self, chat: Chat, node: Node, scope: Scope, time: str) -> list[str]:
        """The next batch of speakers; empty if they cannot be told without a call, or if an entry was written instead.

        Raises:
            AgentFailure: Nobody can be chosen.
        """
        raise NotImplementedError

    def calls(self, node: Node, scope: Scope) -> Sequence[Call]:
        """What the choice needs from outside now."""
        return ()

    def take(self, chat: Chat, node: Node, scope: Scope, call: Call, result: Mapping[str, Any], time: str) -> None:
        """Take in what a call brought.

        Raises:
            AgentFailure: It cannot be used.
        """

    def write(self, chat: Chat, node: Node, time: str, step: str, **fields: Any) -> None:
        """Write a step of the team's own."""
        where = {"scope": node.path} if node.path else {}
        chat.append(time, "manager", run=chat.state.run, step=step, **where, **fields)

    def took(self, chat: Chat, node: Node, call: Call, time: str, step: str, **fields: Any) -> None:
        """Write what a call brought; if it was waited for, it is not any more."""
        key = {"key": call.key} if call.key in chat.state.waits else {}
        self.write(chat, node, time, step, **key, **fields)

    def nobody(self, chat: Chat, node: Node, scope: Scope, time: str) -> list[str]:
        """End the run, as no one may speak (AutoGen 0.2: NoEligibleSpeaker ends the chat)."""
        last = scope.manager.get("last")
        self.write(chat, node, time, "end", stop_reason=f"No participant may speak after {last!r}.")
        return []


def eligible(node: Node, kept: Mapping[str, Any], candidates: Sequence[str]) -> list[str]:
    """Who of the candidates may speak now, by the team's transitions; `kept` is its manager's state."""
    if not isinstance(node.team, TeamSpec):
        return list(candidates)
    return allowed_next(node.team, kept.get("last") or None, candidates)


def _has_transitions(team: TeamSpec) -> bool:
    return getattr(team, "allowed_or_disallowed_speaker_transitions", None) is not None
