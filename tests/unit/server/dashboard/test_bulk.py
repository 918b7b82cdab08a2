"""The command line for what was done to several chats, and what chats cost."""

from __future__ import annotations

import shlex

import pytest

from folkmoot.server.dashboard.bulk import VERBS, command_lines
from folkmoot.server.dashboard.details import cost_of

PAUSE = VERBS[0]


@pytest.mark.parametrize(
    ("ids", "line"),
    [
        (["a"], "folkmoot pause a"),
        (["a", "b c"], "folkmoot pause a; folkmoot pause 'b c'"),
        (list("abcdef"), 'for chat in a b c d e f; do folkmoot pause "$chat"; done'),
    ],
)
def test_the_line_does_the_same(ids: list[str], line: str) -> None:
    assert command_lines(PAUSE, ids) == line


def test_ids_cannot_be_more_than_ids() -> None:
    assert shlex.split(command_lines(PAUSE, ["$(reboot); x"])) == ["folkmoot", "pause", "$(reboot); x"]


def test_what_nobody_priced_has_no_cost() -> None:
    assert cost_of({}) is None
    assert cost_of({"a": {"calls": 1}}) is None
    assert cost_of({"a": {"cost": 1_500_000}, "b": {"cost": 250}, "c": {"calls": 2}}) == 1.50025
