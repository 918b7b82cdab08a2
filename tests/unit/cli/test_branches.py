"""The tree of branches in a pipe: its lines are whole, as the ends tell where the chat stands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from folkmoot.chat import Branch
from folkmoot.cli import history
from folkmoot.cli.screen import Screen
from folkmoot.cli.verbs import Invocation


def snapshot(offset: int, turn: int, *labels: str, current: bool = True) -> Any:
    return SimpleNamespace(offset=offset, turn=turn, labels=labels, current=current)


async def test_lines_are_whole_in_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    labels = [f"before the third review of part {number}" for number in range(4)]
    found = [
        Branch(0, None, (snapshot(5, 1, *labels), snapshot(9, 2, current=False)), current=True),
        Branch(12, 5, (snapshot(14, 2, *labels),), current=True),
    ]

    async def branches() -> list[Branch]:
        return found

    @asynccontextmanager
    async def a_chat(*_: object) -> AsyncIterator[Any]:
        yield SimpleNamespace(branches=branches)

    monkeypatch.setattr(history, "a_chat", a_chat)
    await history.branches(cast(Invocation, SimpleNamespace(screen=Screen(json=False))), "c")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(f"{label} at 5" in lines[1] for label in labels)
    assert lines[2].endswith("; the chat stands at 14")
