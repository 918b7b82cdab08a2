"""`python -m benchmarks`: measures, prints Markdown tables, and writes JSON where asked to."""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from folkmoot._local import ensure_server
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from folkmoot.store import FolderStore

from .autogen_venv import autogen_python, versions
from .dialogue import REPLY
from .history import history_table, measure_bare, measure_history
from .lines import ROOT, Child
from .recovery import measure_recovery, recovery_line
from .report import machine
from .teams import AT, measure_teams, teams_table
from .turns import CASES, QUICK, measure_turns, turns_table

PARTS = ("turns", "history", "teams", "recovery")
AT_QUICK = (25, 50)


async def measure(parts: Sequence[str], *, quick: bool, autogen: bool) -> dict[str, Any]:
    """Measure the parts on one server in memory, with the embedded server's settings."""
    results: dict[str, Any] = {"machine": machine()}
    server = await ensure_server(data_dir=None, search_attributes=SEARCH_ATTRIBUTES)
    script = json.dumps([{"text": REPLY, "repeat": True}])
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        async with server, Child("benchmarks.model_side", script) as model:
            address, url = server.address, model.ready["url"]
            if "turns" in parts:
                cases = QUICK if quick else CASES
                results["turns"] = await measure_turns(address, url, store, cases, autogen=autogen)
                if autogen:
                    results["machine"]["autogen"] = versions(autogen_python())
            if "history" in parts:
                results["history"] = await measure_history(address, url, store, 100 if quick else 400)
            if "teams" in parts:
                bare = await measure_bare(address, url, 101)
                results["teams"] = await measure_teams(address, FolderStore(store), bare, AT_QUICK if quick else AT)
            if "recovery" in parts:
                results["recovery"] = await measure_recovery(address, store, 2 if quick else 10)
    return results


def show(results: dict[str, Any]) -> None:
    """Print what was measured."""
    print(json.dumps(results["machine"], indent=2))
    if "turns" in results:
        print(f"\n## Time per turn: median (least–most)\n\n{turns_table(results['turns'])}")
    if "history" in results:
        print(f"\n## History per turn\n\n{history_table(results['history'])}")
    if "teams" in results:
        print(f"\n## History per turn of every team\n\n{teams_table(results['teams'])}")
    if "recovery" in results:
        print(f"\n## Recovery: median (best–worst)\n\n{recovery_line(results['recovery'])}")


def write(file: Path, results: dict[str, Any]) -> None:
    """Write the parts that were measured, and on what, beside the other parts the file has."""
    before: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"machines": {}}
    parts = {part: found for part, found in results.items() if part != "machine"}
    machines = {**before["machines"], **dict.fromkeys(parts, results["machine"])}
    file.write_text(json.dumps({**before, "machines": machines, **parts}, indent=1) + "\n")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer turns and rounds: about three minutes")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part only; may be repeated")
    parser.add_argument("--without-autogen", action="store_true", help="do not install and measure AutoGen")
    parser.add_argument(
        "--json",
        type=Path,
        help="write all samples to this file, beside other parts that are there; a full run writes "
        "benchmarks/results.json",
    )
    given = parser.parse_args()
    parts: Sequence[str] = given.only or PARTS
    results = asyncio.run(measure(parts, quick=given.quick, autogen=not given.without_autogen))
    show(results)
    file: Path | None = given.json
    if file is None and not (given.quick or given.only or given.without_autogen):
        file = ROOT / "benchmarks" / "results.json"
    if file is not None:
        write(file, results)


if __name__ == "__main__":
    main()
