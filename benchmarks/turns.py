"""Wall time and worker CPU per turn: the contestants interleaved, round after round."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .autogen_venv import autogen_python
from .contestants import AutoGen, Contestant, Sample, floor_runs, folkmoot_runs
from .lines import Child
from .report import Spread, say, spread, table

__all__ = ["CASES", "QUICK", "Case", "measure_turns", "turns_table"]


@dataclass(frozen=True, slots=True)
class Case:
    """So many chats at once of so many turns, in so many rounds."""

    turns: int
    chats: int
    rounds: int

    @property
    def name(self) -> str:
        return f"{self.turns} turns" if self.chats == 1 else f"{self.chats} chats × {self.turns} turns"


CASES = (Case(10, 1, 9), Case(50, 1, 7), Case(200, 1, 5), Case(1000, 1, 2), Case(20, 50, 3))
QUICK = (Case(10, 1, 3), Case(50, 1, 3), Case(100, 1, 2), Case(5, 20, 2))


async def measure_turns(
    address: str, model_url: str, store: Path, cases: Sequence[Case], *, autogen: bool
) -> list[dict[str, Any]]:
    """Measure every case; each contestant's first chat, which loads what is loaded late, is not counted."""
    async with AsyncExitStack() as stack:
        most = max(case.turns for case in cases)
        contestants: list[Contestant] = [
            await stack.enter_async_context(floor_runs(address, model_url, most)),
            await stack.enter_async_context(folkmoot_runs(address, model_url, store)),
        ]
        if autogen:
            process = Child("benchmarks.autogen_side", model_url, python=autogen_python())
            contestants.append(AutoGen(await stack.enter_async_context(process)))
        for contestant in contestants:
            await contestant.measure(5, 1)
        return [await _case(case, contestants) for case in cases]


async def _case(case: Case, contestants: Sequence[Contestant]) -> dict[str, Any]:
    samples: dict[str, list[Sample]] = {contestant.name: [] for contestant in contestants}
    for number in range(case.rounds):
        say(f"{case.name}, round {number + 1} of {case.rounds}")
        # Turned round by round, so that none always follows the same neighbour.
        shift = number % len(contestants)
        for contestant in (*contestants[shift:], *contestants[:shift]):
            samples[contestant.name].append(await contestant.measure(case.turns, case.chats))
    posted = {name: found[0].prompt_tokens for name, found in samples.items()}
    if posted["floor"] != posted["folkmoot"]:
        raise RuntimeError(f"floor and Folkmoot did not post the same bodies: {posted}")
    return {
        "case": case.name,
        "turns": case.turns * case.chats,
        "samples": {name: [asdict(sample) for sample in found] for name, found in samples.items()},
    }


def turns_table(results: Sequence[dict[str, Any]]) -> str:
    """One line per case and contestant: milliseconds a turn, and ratios to the floor paired by round."""
    lines: list[list[str]] = []
    for result in results:
        for name, found in result["samples"].items():
            cells = [result["case"], name]
            for what in ("wall", "cpu"):
                per_turn = spread([1000 * sample[what] / result["turns"] for sample in found])
                cells += [f"{per_turn:.1f}", str(_ratio(result, name, what))]
            lines.append([*cells, f"{max(sample['rss'] for sample in found) / 2**20:.0f}"])
    return table(("case", "contestant", "wall ms/turn", "× floor", "CPU ms/turn", "× floor", "RSS MiB"), lines)


def _ratio(result: dict[str, Any], name: str, what: str) -> Spread:
    floor = result["samples"]["floor"]
    return spread([mine[what] / least[what] for mine, least in zip(result["samples"][name], floor, strict=True)])
