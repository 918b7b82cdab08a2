"""`play`: a scenario in both libraries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.marks import coverage_of
from tests.conformance.play import Player


@pytest.fixture
def play(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, server_address: str, tmp_path: Path
) -> Player:
    """Plays scenarios; see `Player`."""
    coverage = coverage_of(request.function)
    if coverage is None:
        raise pytest.UsageError(f"{request.node.nodeid} needs a mark: @covers('B001') or @better('B001', why='...')")
    # `local` takes the session's server, instead of starting one for each test.
    monkeypatch.setenv("TEMPORAL_ADDRESS", server_address)
    return Player(coverage, tmp_path)
