"""The made-up company in an SQLite file, and what people decided in a chat that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from activities import chats
from activities.contracts import Decision
from activities.database import Database
from tests._support.application import company


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with company(f"sqlite:///{tmp_path / 'application.db'}") as opened:
        yield opened


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[Decision]:
    """What the log of any chat tells; to be added to."""
    decisions: list[Decision] = []

    async def decisions_in(_chat: str) -> list[Decision]:
        return decisions

    monkeypatch.setattr(chats, "decisions_in", decisions_in)
    return decisions
