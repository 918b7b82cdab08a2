"""The reference in docs/reference/ is what the code says, and leaves nothing public out."""

from __future__ import annotations

import ast
import re

import pytest

from folkmoot._local.environment import ENVIRONMENT
from folkmoot._telemetry.metrics import METRICS
from folkmoot.cli.app import app
from tests._support.reference import FOLDER, HEAD, pages
from tests._support.reference.docstrings import docstring, first_line
from tests._support.reference.python import exports
from tests._support.reference.source import definition

PAGES = pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_up_to_date(name: str) -> None:
    path = FOLDER / name
    assert path.is_file(), "run `make reference`"
    assert path.read_text(encoding="utf-8") == PAGES[name], "run `make reference`"


def test_no_page_is_left_of_what_is_no_more() -> None:
    made = {path for path in FOLDER.rglob("*.md") if path.read_text(encoding="utf-8").startswith(HEAD)}
    assert {str(path.relative_to(FOLDER)) for path in made} == set(PAGES)


@pytest.mark.parametrize(
    ("module", "name"), [(module, item.name) for module, all_ in exports().items() for item in all_]
)
def test_what_is_public_is_told_of_once(module: str, name: str) -> None:
    item = definition(module, name)
    assert item is not None
    # What a value is may be plain from the value.
    assert item.doc or isinstance(item.node, ast.Assign | ast.AnnAssign), f"{name} has no docstring"
    told = [page for page, text in PAGES.items() if page.startswith("python/") and f"\n## {name}\n" in text]
    # Two modules may each have a class of the same name.
    same = {other.key for items in exports().values() for other in items if other.name == name}
    assert len(told) == len(same)


def test_arguments_and_errors_are_told() -> None:
    page = PAGES["python/folkmoot.chat.md"]
    change = page.partition("\n### Chat.change\n")[2].partition("\n### ")[0]
    assert "async def change(" in change
    assert "- `hears`: Newcomers hear what was said so far." in change
    assert "- `ChatBusyError`: A run is under way." in change
    assert "*,\n    hears: bool = True," in change or "*, hears: bool = True," in change


def test_fields_of_bases_and_defaults_are_told() -> None:
    page = PAGES["python/folkmoot.agents.md"]
    assistant = page.partition("\n## AssistantAgent\n")[2].partition("\n## ")[0]
    assert 'description: str = "An agent that provides assistance with ability to use tools."' in assistant
    assert "system_message: str | None = ...," in assistant, "what is long is left out"
    options = PAGES["python/folkmoot.options.md"]
    assert 'family: str = "unknown"' in options
    messages = PAGES["python/folkmoot.messages.md"]
    assert "    metadata: dict[str, str] = {}," in messages
    assert "class DecisionKey(key: Ed25519PrivateKey)" in PAGES["python/folkmoot.signatures.md"]


def test_every_command_every_metric_every_variable() -> None:
    told = re.findall(r"^## folkmoot (\S+)$", PAGES["command-line.md"], re.MULTILINE)
    assert set(told) == {str(command.name) for command in app.registered_commands}
    assert all(f"| `{name}` |" in PAGES["metrics.md"] for name in METRICS)
    assert all(f"| `{name}` |" in PAGES["environment.md"] for name in ENVIRONMENT)


def test_links_in_the_pages_lead_somewhere() -> None:
    for name, text in PAGES.items():
        for file, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text):
            path = (FOLDER / name).parent / file if file else FOLDER / name
            target = (
                path.resolve().relative_to(FOLDER.resolve()) if FOLDER.resolve() in path.resolve().parents else None
            )
            linked = PAGES.get(str(target)) if target is not None else None
            if linked is None:
                assert path.exists(), f"{name}: {file}"
            elif anchor:
                heads = {head.lower() for head in re.findall(r"^#+ (\S+)$", linked, re.MULTILINE)}
                assert anchor in heads, f"{name}: {file}#{anchor}"


def test_a_docstring_becomes_markdown() -> None:
    told = docstring(
        "Does <this>, as `a < b`.\n\n    code <b>\n\n"
        "Args:\n    one: The first,\n        in two lines.\n    *rest: Others.\n\n"
        "Returns:\n    What came\n    of it.\n\nRaises:\n    ValueError: It is bad.\n"
    )
    assert told == (
        "Does \\<this>, as `a < b`.\n\n    code <b>\n\n"
        "Arguments:\n\n- `one`: The first, in two lines.\n- `*rest`: Others.\n\n"
        "Returns: What came of it.\n\nRaises:\n\n- `ValueError`: It is bad.\n\n"
    )
    assert first_line("In\ntwo lines.\n\nMore.") == "In two lines."
