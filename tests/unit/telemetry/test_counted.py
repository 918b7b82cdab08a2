"""What a task of a workflow writes counts once, however often the task is done."""

from __future__ import annotations

import pytest

from folkmoot._temporal import counted
from folkmoot._temporal.counted import Counted


def test_a_task_that_is_done_again_has_nothing_to_count() -> None:
    known = Counted()
    assert known.uncounted("run", 0, 4) == 0
    assert known.uncounted("run", 0, 4) == 4
    assert known.uncounted("run", 4, 6) == 4
    # It did more this time.
    assert known.uncounted("run", 4, 7) == 6
    assert known.uncounted("other", 3, 5) == 3


def test_those_counted_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counted, "MOST", 2)
    known = Counted()
    for run in ("a", "b", "a", "c"):
        known.uncounted(run, 0, 3)
    assert known.uncounted("a", 0, 3) == 3
    assert known.uncounted("b", 0, 3) == 0
