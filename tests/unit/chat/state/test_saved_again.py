"""A state that was loaded is saved as it was, wherever it was taken."""

from __future__ import annotations

import pytest

from folkmoot._chat.snapshots import snapshots
from tests.unit.chat.driver import Driver
from tests.unit.chat.state.keeping import loaded, saved
from tests.unit.chat.time.casts import CASTS
from tests.unit.chat.time.performer import TASKS, Performer

TURNS = 12


@pytest.mark.parametrize("name", CASTS)
def test_saved_loaded_and_saved_again_at_every_snapshot(name: str) -> None:
    performer = Performer(Driver(CASTS[name]), waits=True)
    while performer.chat.state.turn < TURNS:
        performer.run(TASKS[len(performer.ends) % len(TASKS)])
    for snapshot in snapshots(performer.chat):
        state = saved(performer.driver, snapshot.offset)
        driver = loaded(CASTS[name], state)
        again = saved(driver, next(entry.offset for entry in driver.chat.log if entry.kind == "loaded"))
        # Whoever is to be asked again is asked by the run that begins then.
        assert {**again, "folkmoot": {**again["folkmoot"], "asks": state["folkmoot"]["asks"]}} == state, snapshot
