"""Sizes and contents every file keeps to: short modules, no unfinished work, no path of anybody's machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .files import PACKAGE, ROOT, SKIPPED, python_files

SOURCES = [ROOT / name for name in ("src", "workflows", "activities", "worker.py")]
LINES = 400
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".html", ".js", ".css", ""}


def shipped() -> list[Path]:
    """Every text file of the repository, tests included."""
    return [
        path
        for path in sorted(ROOT.rglob("*"))
        if path.is_file()
        and path.suffix in TEXT
        and SKIPPED.isdisjoint(path.parts)
        # Caches of tools are hidden folders; .ci is ours.
        and not any(part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts[:-1])
        and not any(part.endswith(".egg-info") for part in path.parts)
    ]


@pytest.mark.parametrize("path", python_files(*SOURCES), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LINES, "part it by what it does"
    assert text.startswith('"""'), "its first line tells what it is"


@pytest.mark.parametrize("folder", ["", "_chat", "_temporal", "_local", "models", "store", "cli"])
def test_the_package_has_the_folders_of_the_design(folder: str) -> None:
    assert (PACKAGE / folder / "__init__.py").is_file()


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


@pytest.mark.parametrize("name", ["worker.py", "workflows/__init__.py", "activities/__init__.py", "README.md"])
def test_the_application_is_at_the_top(name: str) -> None:
    assert (ROOT / name).read_text().strip()


def test_the_worker_is_a_program_that_nothing_imports() -> None:
    importing = re.compile(r"^\s*(?:import|from) worker\b", re.MULTILINE)
    others = [path for path in python_files(*SOURCES) if path != ROOT / "worker.py"]
    assert [path.name for path in others if importing.search(path.read_text())] == []


def test_no_file_names_a_machine() -> None:
    home = re.compile(r"(?<![\w.<])/(?:work|root|home/\w+|Users/\w+)/[\w.]")
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in shipped()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if home.search(line)
    ]
    assert named == []
    assert home.search("see /root/x")
    assert home.search("'/home/someone/x'")


def test_tests_wait_on_states() -> None:
    """A sleep of a tenth of a second or more waits for a time; a fake server may pause between two writes."""
    sleeping = re.compile(r"\b(?:time|asyncio)\.sleep\((?:0?\.[1-9]|[1-9])")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files(ROOT / "tests")
        if path.name not in {"waiting.py", Path(__file__).name}
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if sleeping.search(line)
    ]
    assert found == []
