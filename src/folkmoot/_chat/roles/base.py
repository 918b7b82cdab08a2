"""What every kind of agent does in its turn, with what most of them do not do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from folkmoot._chat.calls import AgentFailure, Call, Failure
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.plan import Node, Seat
from folkmoot._chat.requests import verdict_text
from folkmoot._chat.state import ChatState, Request, Turn
from folkmoot.options import ToolOptions

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat
    from folkmoot._chat.fold import Fold

__all__ = ["Role", "policy_of", "step_inside"]


class Role:
    """A kind of agent. State lives in the `Turn`; nothing here keeps any.

    `begin`, `fold`, `keep` and `hear` are the fold's: they only change state. The others are the engine's: they write
    entries and say what calls are needed.
    """

    goes_on: ClassVar[bool] = False
    """A turn that was interrupted goes on where it stood; else it begins anew."""

    def begin(self, state: ChatState, seat: Seat, turn: Turn, again: Mapping[str, Any] | None) -> None:
        """The turn begins.

        Args:
            state: The chat's.
            seat: Whose turn.
            turn: The new turn.
            again: What `keep` or `suspend` gave, if there was an earlier attempt.
        """

    def fold(self, fold: Fold, state: ChatState, log: Log, seat: Seat, turn: Turn, entry: Entry) -> None:
        """An entry of the turn."""

    def keep(self, turn: Turn) -> dict[str, Any]:
        """The turn is broken off: what the next attempt begins with."""
        return {}

    def suspend(self, turn: Turn) -> dict[str, Any]:
        """The turn is interrupted, by a rollback or a saved state, with nothing written to end its steps."""
        return self.keep(turn)

    def refers(self, again: Mapping[str, Any]) -> Sequence[int]:
        """Offsets of the entries that an attempt looks at again, by what `suspend` or `keep` gave."""
        return ()

    def moved(self, again: Mapping[str, Any], move: Callable[[int], int]) -> dict[str, Any]:
        """What `suspend` gave, with other offsets.

        Args:
            again: What it gave.
            move: From an offset that `refers` named to the new one.
        """
        return dict(again)

    def hear(self, notes: dict[str, Any], message: Mapping[str, Any]) -> None:
        """The agent hears a message, outside its turn; `notes` are the scope's for this seat."""

    def settle(self, chat: Chat, seat: Seat, turn: Turn, time: str) -> bool:
        """Write what needs nothing from outside; False if there is nothing."""
        return False

    def calls(self, chat: Chat, seat: Seat, turn: Turn) -> Sequence[Call]:
        """What the turn needs from outside now."""
        return ()

    def take(self, chat: Chat, seat: Seat, turn: Turn, call: Call, result: Mapping[str, Any], time: str) -> None:
        """Take in what a call of the turn brought.

        Raises:
            AgentFailure: It cannot be used.
        """

    def decided(self, chat: Chat, seat: Seat, turn: Turn, request: Request, data: Mapping[str, Any], time: str) -> None:
        """People have decided what a step of the turn comes to, in place of letting it be made.

        Args:
            chat: The chat.
            seat: Whose turn.
            turn: The turn.
            request: What was asked.
            data: The `decided` entry: `verdict` is reject, answer, succeeded or failed.
            time: ISO 8601, UTC.

        Raises:
            AgentFailure: The agent cannot go on without it.
        """
        raise AgentFailure("UnknownOutcomeError", verdict_text(data))

    def abort(self, chat: Chat, seat: Seat, turn: Turn, time: str) -> None:
        """The run is about to end: leave nothing dangling."""

    def tool_ended(self, chat: Chat, node: Node, said: list[int], error: str | None, time: str) -> None:
        """A run of an agent or team that this seat's agent uses as a tool is over.

        Args:
            chat: The chat.
            node: The tool's.
            said: Offsets of its chat messages.
            error: Why it failed.
            time: ISO 8601, UTC.
        """


def policy_of(options: ToolOptions | None) -> Mapping[str, Any] | None:
    """What a call's options say; None: they are the kind's own."""
    return None if options is None else options.model_dump()


def step_inside(chat: Chat, node: Node, time: str) -> bool:
    """Write an inner node's next entry that needs nothing from outside; False if there is none.

    Where its manager cannot go on, that is the inner team's failure, not that of the seat it hangs on.
    """
    try:
        return chat.step(node, time)
    except AgentFailure as error:
        chat.fail(node.manager_path, Failure(error.error_type, str(error)), time, node.path)
        return True
