"""Chats that go on elsewhere: copied, saved, forked, loaded, or changed into ones of another team."""

from __future__ import annotations

import json

from folkmoot._chat.changing import adapted
from folkmoot._chat.crossing import crossed
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import all_references
from folkmoot._chat.loading import load
from folkmoot._chat.log import Log
from folkmoot._chat.needed import needed_offsets
from folkmoot._chat.plan import Plan
from folkmoot._chat.snapshots import past_at, past_in
from folkmoot._chat.specs import Team, first_team, json_of, team_at
from folkmoot._chat.state import ChatState
from folkmoot._client.whole import Whole
from tests.unit.chat.driver import Driver, Json
from tests.unit.chat.time.questions import bare

__all__ = ["again", "changing", "essence", "fork", "loading", "looked_at", "saved"]


def saved(chat: Chat, offset: int | None = None) -> Json:
    """The chat's state as AutoGen's JSON with our key, at an offset or now; as it comes out of a file.

    Args:
        chat: The chat, its log whole.
        offset: Where; None: now.
    """
    last = chat.log.head - 1 if offset is None else offset
    team, first = team_at(chat.log, last + 1, chat.team), first_team(chat.log, chat.team)
    state = past_in(first, chat.uuid, chat.log, ChatState(), last)[0]
    return json.loads(json.dumps(Whole(team, chat.uuid, chat.log, last, {}, state).saved()))


def essence(chat: Chat) -> Json:
    """All that decides how a chat at rest goes on, without what only says since when or where."""
    whole = saved(chat)
    more = whole.pop("folkmoot")
    for node in more["nodes"].values():
        # Whether the tasks of the last run were handed on: said anew with each run.
        node.pop("relays", None)
    return {**bare(whole), "seats": bare(more["seats"]), "nodes": bare(more["nodes"])}


def again(source: Chat) -> Driver:
    """A driver of a chat that is as another one at rest, much later."""
    driver = Driver(source.team)
    driver.chat.log = log = Log()
    for entry in source.log:
        log.extend(entry)
    driver.chat.state = source.state.model_copy(deep=True)
    driver.commands, driver.seconds = 10_000, 10_000.0
    return driver


def fork(source: Chat, offset: int) -> Driver:
    """A fresh chat that goes on from a snapshot, as a client opens it."""
    driver = Driver(team_at(source.log, offset + 1, source.team))
    fields = loading(driver.chat.plan, saved(source, offset), driver.now)
    assert driver.tell("load_state", **fields).kind != "refused"
    return driver


def loading(plan: Plan, whole: Json, time: str) -> Json:
    """The fields of the command that loads a saved state, as a worker prepares it."""
    found = load(plan, whole, time)
    prepared = {
        "state": json.loads(json.dumps(found.state.dump())),
        "entries": json.loads(json.dumps(found.entries)),
        "turn": found.turn,
        "asks": found.asks,
        "stored": whole,
    }
    return {"state": whole, "prepared": prepared}


def changing(chat: Chat, team: Team, time: str, hears: bool = True) -> Json:
    """The fields of the command that makes a chat one of another team, as a worker prepares it."""
    new = Plan(team)
    fields = loading(new, adapted(chat.plan, new, saved(chat), hears), time)
    return {"spec": json_of(team), "hears": hears, "prepared": fields["prepared"]}


def looked_at(chat: Chat, base: int, offset: int) -> Json:
    """What a worker finds out for a rollback.

    Args:
        chat: The chat, its log whole.
        base: Where the part begins that the chat itself holds.
        offset: The snapshot gone back to.
    """
    behind = {"crossed": crossed(chat.plan, chat.log, offset, chat.log.head)}
    if offset >= base:
        return behind
    state, team = past_at(chat, offset)
    needed = {place: chat.log.at(place) for place in needed_offsets(Plan(team), state)}
    needed |= all_references(needed.values(), chat.log.at)
    return {
        "state": state.dump(),
        "team": None if team == chat.team else json_of(team),
        "asks": bool(chat.log.at(offset).data.get("asks")),
        "entries": {str(place): entry.encoded.decode() for place, entry in needed.items()},
        **behind,
    }
