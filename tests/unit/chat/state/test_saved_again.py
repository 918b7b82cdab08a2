"""A state that was loaded is saved as it was, wherever it was taken, and shows everybody what they knew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from folkmoot._chat.snapshots import snapshots
from folkmoot._client.whole import Whole
from folkmoot.agents import AssistantAgent, CodeExecutorAgent
from folkmoot.teams import MagenticOneGroupChat
from tests.unit.chat.driver import UUID, Driver, Json
from tests.unit.chat.state.keeping import loaded, saved
from tests.unit.chat.time.casts import CASTS
from tests.unit.chat.time.performer import TASKS, Performer

TURNS = 12


@pytest.mark.parametrize("name", CASTS)
def test_at_every_snapshot(name: str) -> None:
    performer = Performer(Driver(CASTS[name]), waits=True)
    while performer.chat.state.turn < TURNS:
        performer.run(TASKS[len(performer.ends) % len(TASKS)])
    for snapshot in snapshots(performer.chat):
        state = saved(performer.driver, snapshot.offset)
        driver = loaded(CASTS[name], state)
        arrival = next(entry.offset for entry in driver.chat.log if entry.kind == "loaded")
        again = saved(driver, arrival)
        # Whoever is to be asked again is asked by the run that begins then.
        assert {**again, "folkmoot": {**again["folkmoot"], "asks": state["folkmoot"]["asks"]}} == state, snapshot
        assert seen(driver, arrival) == seen(performer.driver, snapshot.offset), snapshot


def seen(driver: Driver, offset: int) -> Json:
    """What everybody knows: conversations by node, contexts by seat."""
    whole = Whole(driver.spec, UUID, driver.chat.log, offset, {})
    found: Json = {}
    for path, node in whole.plan.nodes.items():
        view = whole.thread(path)
        said = [(item.how, item.seat, _plain(item.message)) for item in view.thread]
        found[f"{path}/"] = [said, view.relays(path)]
        if isinstance(node.team, MagenticOneGroupChat):
            found[f"{path}/"] += [_plain(view.tasks), _plain(view.untold), view.finished]
    for path, seat in whole.plan.seats.items():
        if seat.agent is None or seat.inner is not None:
            continue
        context = whole.context(path)
        context.interrupted()
        # Only these have a model; what others are shown is what their turn began with.
        has_model = isinstance(seat.agent, AssistantAgent | CodeExecutorAgent)
        shown = [item.message for item in (*context.items, *context.suspended)] if has_model else []
        begun = context.new if context.unanswered else []
        told = {part: (kept.results, kept.context) for part, kept in context.memories.items()}
        found[path] = [_plain(value) for value in (shown, begun, context.unread, told)]
    return found


def _plain(value: Any) -> Any:
    """As JSON, a message without what only some forms of it spell out."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items() if item not in (None, {}, [])}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return json.loads(json.dumps(value))
