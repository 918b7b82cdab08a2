"""What the engine writes when a chat goes back, or goes on from a saved state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .engine import Chat
from .loading import Loaded
from .moving import moved
from .needed import needed_offsets
from .plan import Plan
from .specs import Team, change_of_team
from .state import LASTING, ChatState

__all__ = ["load", "roll_back"]


def roll_back(
    chat: Chat,
    command: str,
    to: int,
    past: Mapping[str, Any],
    team: Team,
    time: str,
    asked: bool = False,
    **fields: Any,
) -> None:
    """Go back to an earlier state; a person who was asked something then is asked again.

    Args:
        chat: The chat.
        command: The id of the command that asks for it.
        to: Offset of the snapshot.
        past: The state there.
        team: The spec that was in force there.
        time: ISO 8601, UTC.
        asked: The entry there says that a person is to be asked again.
        fields: What else the entry tells.
    """
    needs = needed_offsets(Plan(team), ChatState.load(dict(past)))
    kept = {name: value for name, value in past.items() if name not in LASTING}
    fields |= change_of_team(chat.team, team)
    # With the entry that loads a state nobody is asked yet; the run that begins by itself comes after it.
    asks = bool(past.get("requests")) or asked
    fields |= {"asks": True} if asks else {}
    chat.append(time, "rolled_back", command=command, to=to, state=kept, needs=needs, **fields)
    _go_on(chat, asks, command, time)


def load(
    chat: Chat, command: str, given: Loaded, stored: Any, time: str, team: Team | None = None, **fields: Any
) -> None:
    """Go on from a saved state.

    Args:
        chat: The chat.
        command: The id of the command that asks for it.
        given: What `loading` made of the state.
        stored: The state as the log is to hold it: its JSON, or a reference to the store.
        time: ISO 8601, UTC.
        team: The spec the state is of; None: the one in force.
        fields: What else the entry tells.
    """
    fields |= {} if team is None else change_of_team(chat.team, team)
    plan = chat.plan if team is None else Plan(team)
    first = chat.log.head
    for entry in given.entries:
        chat.log.append({**entry, "kind": "copied", "time": time})
    engine = moved(plan, given.state, lambda place: first + place, chat.log.head).dump()
    fields |= {"asks": True} if given.asks else {}
    chat.append(time, "loaded", command=command, state=stored, engine=engine, turn=given.turn, **fields)
    _go_on(chat, given.asks, command, time)


def _go_on(chat: Chat, asks: bool, command: str, time: str) -> None:
    """Begin a run by itself where a person is to be asked again."""
    if asks:
        # Who asked for what people decide is still the same.
        chat.start_run(command, [], True, None, time, chat.state.requester)
