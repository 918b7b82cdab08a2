"""The theatre and the company as fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.kill.company import Company, company
from tests.acceptance.kill.theatre import Theatre, theatre


@pytest.fixture
async def house(server_address: str, tmp_path: Path) -> AsyncIterator[Theatre]:
    """A theatre on the tests' server."""
    async with theatre(server_address, tmp_path) as opened:
        yield opened


@pytest.fixture
async def troupe(server_address: str, tmp_path: Path) -> AsyncIterator[Company]:
    """A company on the tests' server."""
    async with company(server_address, tmp_path) as opened:
        yield opened
