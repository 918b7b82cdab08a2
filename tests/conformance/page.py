"""The page of results: every line of the checklist with its tests and whether Folkmoot agrees with AutoGen.

    python -m tests.conformance.page

writes `docs/conformance.md` from the marks of the tests; nothing is run.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.checklist import AREAS, ELSEWHERE, LATER, LINES, area_of
from tests.conformance.marks import Coverage, coverage_of

__all__ = ["PAGE", "Proof", "page", "proofs"]

VERDICTS = ("agree", "better", "differs", "later")
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance.md"

_HEAD = """# Conformance with AutoGen AgentChat 0.7.5

Made by `python -m tests.conformance.page` from the tests' marks; do not edit.

Each test of `tests/conformance` plays a scenario in AutoGen 0.7.5 and in Folkmoot on a real Temporal server, both
against a scripted endpoint over HTTP, and compares the whole result: messages and events in order, stop reason,
errors, and what each model was asked. Ids are numbered, times left out.

- **agree**: both do the same.
- **better**: AutoGen is defective there, or Folkmoot tells more. The test pins what each of them does.
- **differs**: Folkmoot is wrong there, and the test is expected to fail until it is right.
- **later**: no test yet.
"""


@dataclass(frozen=True)
class Proof:
    """A test of a line.

    Attributes:
        test: File and name, from the folder of tests.
        verdict: agree, better or differs.
        why: Why the libraries differ.
    """

    test: str
    verdict: str
    why: str = ""


def proofs() -> dict[str, list[Proof]]:
    """The tests of every line, those in this folder first."""
    found: dict[str, list[Proof]] = {line: [] for line in LINES}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"tests.conformance.{path.stem}")
        for name, test in vars(module).items():
            coverage = coverage_of(test)
            if not name.startswith("test_") or coverage is None:
                continue
            proof = Proof(f"conformance/{path.name}::{name}", *_found(test, coverage))
            for line in coverage.lines:
                found[line].append(proof)
    for line, others in ELSEWHERE.items():
        found[line] += [Proof(test, "agree") for test in others]
    return found


def _found(test: Any, coverage: Coverage) -> tuple[str, str]:
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "xfail":
            return "differs", mark.kwargs["reason"]
    return coverage.verdict, coverage.why


def page() -> str:
    """The page as Markdown."""
    by_line = proofs()
    counts = {
        verdict: sum(verdict in _verdict(line, found).split(", ") for line, found in by_line.items())
        for verdict in VERDICTS
    }
    summary = ", ".join(f"{verdict} in {count}" for verdict, count in counts.items() if count)
    return "\n".join([_HEAD, f"{len(LINES)} lines: {summary}.", *_areas(by_line), ""])


def _areas(by_line: dict[str, list[Proof]]) -> Iterator[str]:
    for area, (title, texts) in AREAS.items():
        yield f"\n## {title}\n\n| | what holds | verdict | tests |\n|---|---|---|---|"
        reasons: list[str] = []
        for line in (line for line in LINES if area_of(line) == area):
            found = by_line[line]
            tests = "<br>".join(f"`{proof.test}`" for proof in found) or LATER.get(line, "")
            text = LINES[line].replace("|", "\\|")
            yield f"| {line} | {text} | {_verdict(line, found)} | {tests} |"
            reasons += [f"- {line}: {why}" for why in dict.fromkeys(proof.why for proof in found) if why]
        assert texts
        if reasons:
            yield "\n" + "\n".join(reasons)


def _verdict(line: str, found: list[Proof]) -> str:
    verdicts = {proof.verdict for proof in found}
    if not verdicts:
        assert line in LATER, f"{line} has no test"
        return "later"
    return ", ".join(verdict for verdict in VERDICTS if verdict in verdicts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
