"""Saving and loading without a server, as a client and a worker do it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from folkmoot._chat.loading import load
from folkmoot._chat.specs import Team
from folkmoot._client.whole import Whole
from tests.unit.chat.driver import UUID, Driver, Json

__all__ = ["Json", "at_rest", "loaded", "saved", "take_over"]


def saved(driver: Driver, offset: int | None = None) -> Json:
    """The state after the entry at `offset`; None: now. It comes back as from a file."""
    log = driver.chat.log
    whole = Whole(driver.spec, UUID, log, log.head - 1 if offset is None else offset, {}).saved()
    return json.loads(json.dumps(whole))


def loaded(team: Team, state: Mapping[str, Any]) -> Driver:
    """A new chat with a state.

    Raises:
        ValueError: It does not fit.
    """
    driver = Driver(team)
    take_over(driver, state)
    return driver


def take_over(driver: Driver, state: Mapping[str, Any]) -> None:
    """Load a state into a chat."""
    found = load(driver.chat.plan, state, driver.now)
    told: Json = {"entries": found.entries, "turn": found.turn, "asks": found.asks}
    prepared = json.loads(json.dumps({"state": found.state.dump(), **told, "stored": state}))
    assert driver.tell("load_state", state=state, prepared=prepared).kind != "refused"


def at_rest(state: Json) -> Json:
    """The AutoGen part only."""
    return {name: value for name, value in state.items() if name != "folkmoot"}
