"""Record the histories of all paths with the code as it is now: `python -m tests.replay.record [PATH ...]`.

They are written to `histories/current/PATH.N.json`, one file for each run of the workflow. `make record-release` copies
them to `histories/VERSION/` (see `release`). What a release has left is never recorded anew: later code must replay it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from folkmoot._local import ensure_server
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from folkmoot.testing import fetch_histories
from tests.replay.paths import PATHS
from tests.replay.stage import stage

HISTORIES = Path(__file__).parent / "histories"
CURRENT = HISTORIES / "current"
"""Of the code between two releases; may be recorded anew as long as no release has left the same."""


async def record(names: list[str]) -> None:
    """Take the paths and write what they leave."""
    CURRENT.mkdir(parents=True, exist_ok=True)
    async with await ensure_server(data_dir=None, search_attributes=SEARCH_ATTRIBUTES) as server:
        for name in names:
            with tempfile.TemporaryDirectory() as store:
                async with stage(server.address, Path(store), plugins=server.plugins) as taken:
                    chat_id = await PATHS[name](taken)
                    client = taken.moot.client
                    histories = await fetch_histories(client, chat_id)
                    if name == "run_by_signal":
                        histories += await fetch_histories(client, f"caller-{chat_id}")
            # A run that has only been started tells nothing.
            histories = [history for history in histories if len(history.events) > 2]
            for old in CURRENT.glob(f"{name}.*.json"):
                old.unlink()
            for number, history in enumerate(histories, 1):
                text = json.dumps(_clean(json.loads(history.to_json())), indent=1)
                (CURRENT / f"{name}.{number}.json").write_text(text + "\n")
            print(f"{name}: {[len(history.events) for history in histories]} events")


def _clean(value: Any) -> Any:
    """The same without what only tells of the machine: who worked, and where its files are."""
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items() if key not in ("identity", "stackTrace")}
    return value


if __name__ == "__main__":
    # The developer's own server is left alone, and its settings too.
    os.environ.pop("TEMPORAL_ADDRESS", None)
    asyncio.run(record(sys.argv[1:] or list(PATHS)))
    sys.stdout.flush()
    # See exit_guard: a process that used the SDK may abort at the interpreter's exit.
    os._exit(0)
