"""Every path also goes with no workflow cached: each task then replays the whole history before it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from temporalio.client import Plugin

from folkmoot.testing import fetch_histories, replay
from tests.replay.caller import Caller
from tests.replay.paths import PATHS
from tests.replay.stage import stage

# Without a cache the server's single buffered query is often lost, and each costs seconds: the performances whose
# callers ask much are left to `test_histories`, which replays them all.
UNCACHED = [name for name in PATHS if not name.startswith("continued_")]


@pytest.mark.parametrize("name", UNCACHED)
async def test_the_path_goes_without_a_cache(
    name: str, server_address: str, tmp_path: Path, server_plugins: Sequence[Plugin]
) -> None:
    """And the history it leaves replays, as a whole and for each run of the workflow."""
    async with stage(server_address, tmp_path, plugins=server_plugins, max_cached_workflows=0) as uncached:
        chat_id = await PATHS[name](uncached)
        histories = await fetch_histories(uncached.moot.client, chat_id)
        await replay(histories, uncached.plugin, workflows=[Caller])
