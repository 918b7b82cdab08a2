"""The long measurements: `python -m benchmarks.soak`. One chat of 100,000 turns, 10,000 idle chats, 1,000 users.

Restartable: server data, store and samples lie in one folder; kill it whenever you like and start it again. What was
run is not run again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from folkmoot._local import ensure_server
from folkmoot._local.environment import cache_folder
from folkmoot._temporal.names import SEARCH_ATTRIBUTES

from .idle import idle_table, measure_idle
from .lines import ROOT, Child
from .long_chat import TURNS_A_RUN, curve, long_chat_table, measure_long_chat
from .report import machine, say
from .web import measure_web, web_table

PAGE = ROOT / "docs" / "benchmarks.md"
CURVE = ROOT / "docs" / "soak.svg"
BEGIN, END = "<!-- soak: begin -->", "<!-- soak: end -->"


async def measure(folder: Path, turns: int, idle: int, users: int) -> dict[str, Any]:
    """Run what is missing; all samples, earlier ones included."""
    folder.mkdir(parents=True, exist_ok=True)
    server = await ensure_server(data_dir=folder / "server", search_attributes=SEARCH_ATTRIBUTES)
    script = json.dumps([{"text": "The moot has met, and what was said there stands.", "repeat": True}])
    async with server, Child("benchmarks.model_side", script) as model:
        worker = (server.address, model.ready["url"], str(folder / "store"))
        return {
            "machine": machine(),
            "long": await measure_long_chat(folder, worker, turns) if turns else [],
            "idle": await measure_idle(folder, worker, idle) if idle else [],
            "web": await measure_web(folder, worker, users) if users else {},
        }


def text_of(results: dict[str, Any]) -> str:
    """The tables, as Markdown."""
    parts: list[str] = []
    if results["long"]:
        parts += ["### One long chat", long_chat_table(results["long"]), f"![Cost of a turn]({CURVE.name})"]
    if results["idle"]:
        parts += ["### Idle chats", idle_table(results["idle"])]
    if results["web"]:
        parts += ["### A web service", web_table(results["web"])]
    return "\n\n".join(parts)


def write(results: dict[str, Any]) -> None:
    """Put tables and curve into the documentation, in place of what is between the marks there."""
    page = PAGE.read_text()
    before, found, rest = page.partition(BEGIN)
    after = rest.partition(END)[2] if found else ""
    if not found:
        before = f"{page.rstrip()}\n\n"
    PAGE.write_text(f"{before}{BEGIN}\n\n{text_of(results)}\n\n{END}{after or chr(10)}")
    if results["long"]:
        CURVE.write_text(curve(results["long"]))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--turns", type=int, default=100_000, help=f"of the long chat; {TURNS_A_RUN} are one run")
    parser.add_argument("--idle", type=int, default=10_000, help="idle chats; 0: none")
    parser.add_argument("--users", type=int, default=1_000, help="users of the HTTP API, a chat each; 0: none")
    parser.add_argument("--folder", type=Path, default=cache_folder() / "soak", help="where everything lies")
    parser.add_argument("--docs", action="store_true", help="write tables and curve into docs/benchmarks.md")
    given = parser.parse_args()
    results = asyncio.run(measure(given.folder, given.turns, given.idle, given.users))
    print(text_of(results))
    if given.docs:
        write(results)
        say(f"written to {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
