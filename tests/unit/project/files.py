"""The repository's files, as the checks on the project see them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "src" / "folkmoot"

SKIPPED = {".git", ".venv", "__pycache__", "dist", "build", ".pytest_cache", ".ruff_cache", ".import_linter_cache"}


def python_files(*folders: Path) -> list[Path]:
    """Every Python file under the folders, or the file itself where one is named."""
    found = [path for folder in folders for path in ([folder] if folder.is_file() else sorted(folder.rglob("*.py")))]
    return [path for path in found if SKIPPED.isdisjoint(path.parts)]


def pyproject() -> dict[str, Any]:
    """The project's settings."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def deterministic_files() -> list[Path]:
    """Code that runs inside workflows: what the lint's list of banned calls is not switched off for."""
    ignores: dict[str, list[str]] = pyproject()["tool"]["ruff"]["lint"]["per-file-ignores"]
    (negated,) = [pattern for pattern, rules in ignores.items() if pattern.startswith("!") and "TID251" in rules]
    return sorted({path for glob in expand(negated[1:]) for path in python_files(*ROOT.glob(glob))})


def expand(pattern: str) -> list[str]:
    """The plain patterns of one with braces: `a/{b,c{d,e}}` gives `a/b`, `a/cd`, `a/ce`."""
    start = pattern.find("{")
    if start < 0:
        return [pattern]
    depth, parts, last = 0, list[str](), start + 1
    for at in range(start, len(pattern)):
        depth += {"{": 1, "}": -1}.get(pattern[at], 0)
        if (pattern[at] == "," and depth == 1) or depth == 0:
            parts.append(pattern[last:at])
            last = at + 1
        if depth == 0:
            return [whole for part in parts for whole in expand(pattern[:start] + part + pattern[last:])]
    raise ValueError(f"{pattern!r} has an open brace")
