"""The made-up company in an SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from activities.database import Database
from tests._support.application import company


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with company(f"sqlite:///{tmp_path / 'application.db'}") as opened:
        yield opened
