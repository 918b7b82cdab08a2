"""The reference tells every variable, every name on the wire, every kind of entry and every verb there is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from folkmoot._chat import entries
from folkmoot._chat.fold import Fold
from folkmoot._local.environment import ENVIRONMENT
from folkmoot._temporal.names import QUERIES, SEARCH_ATTRIBUTES, SIGNALS, UPDATES
from folkmoot.agents import AssistantAgent
from folkmoot.cli.app import app
from folkmoot.testing import KILL_PLACES

ROOT = Path(__file__).parents[3]


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_environment_variables(name: str) -> None:
    assert f"| `{name}` | {ENVIRONMENT[name]} |" in read("docs/reference/environment.md")


@pytest.mark.parametrize("name", [*SIGNALS, *UPDATES, *QUERIES, *SEARCH_ATTRIBUTES])
def test_names_on_the_wire(name: str) -> None:
    assert f"`{name}`" in read("docs/reference/wire.md")


def test_kinds_of_entries() -> None:
    kinds = Fold(AssistantAgent("a", "m"), "uuid").kinds
    told = set(re.findall(r"`(\w+)`", inspect.getdoc(entries) or ""))
    assert set(kinds) | {"refused", "noted"} <= told


@pytest.mark.parametrize("name", sorted(str(command.name) for command in app.registered_commands))
def test_verbs(name: str) -> None:
    assert re.search(rf"\b{name}\b", read("README.md") + read("docs/howto/test-my-team.md"))


def test_links_lead_somewhere() -> None:
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_kill_places_are_told_by_the_code() -> None:
    assert all(KILL_PLACES.values())
