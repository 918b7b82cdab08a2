"""What people say into a running chat: it waits in the log until it is its turn, and nothing of it is lost.

`queue`: the task of a run that begins by itself when the one under way is over. `turn`: everyone hears it once the
current turn is over. `now`: the current turn is broken off for it; who was speaking speaks again, having heard it. To
an idle chat whatever is said is the task of a run. What was not heard when a run was cancelled or stopped waits for the
next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import runs
from .log import Entry
from .managers import manager_of
from .plan import Plan
from .state import ChatState, Said

if TYPE_CHECKING:
    from .engine import Chat

__all__ = ["WAYS", "begin_by_itself", "fold_heard", "fold_interrupted", "fold_said", "speak", "tell"]

WAYS = ("queue", "turn", "now")


def speak(chat: Chat, command: str, message: dict[str, Any], when: str, time: str, by: object = None) -> None:
    """A person says something."""
    who = {"by": by} if by else {}
    now = when == "now" and chat.state.running and bool(chat.state.root.turns)
    chat.append(time, "said", command=command, when=when, message=message, **who)
    if now:
        chat.abort(time)
        chat.append(time, "interrupted", run=chat.state.run)


def tell(chat: Chat, time: str) -> bool:
    """Between two turns: let everyone hear what was said for then; False if there was nothing."""
    for said in chat.state.said:
        if said.when != "queue":
            message = chat.log.at(said.offset).data["message"]
            # Where tasks are not everyone's to hear, it is passed on.
            role = "task" if manager_of(chat.plan.root).checks_tasks else "manager"
            chat.append(time, "message", run=chat.state.run, role=role, message=message, said=said.offset)
            return True
    return False


def begin_by_itself(chat: Chat, time: str) -> bool:
    """Begin the run whose task is waiting while the chat is idle; False if there is none to begin."""
    state = chat.state
    if state.running or state.closed or state.pause or state.held or not state.said:
        return False
    last = chat.log.at(state.said[-1].offset).data
    chat.start_run("", [], True, None, time, last.get("by"))
    return True


def fold_said(state: ChatState, entry: Entry) -> None:
    """Something waits to be heard; a person who speaks again wants to be heard."""
    state.said = [*state.said, Said(offset=entry.offset, when=entry.data["when"])]
    state.held = False


def fold_heard(state: ChatState, entry: Entry) -> None:
    """It was heard."""
    state.said = [said for said in state.said if said.offset != entry.data["said"]]


def fold_interrupted(plan: Plan, state: ChatState, entry: Entry) -> None:
    """The turns under way are broken off, and the run goes on."""
    runs.break_off(plan, state, plan.root, entry)
