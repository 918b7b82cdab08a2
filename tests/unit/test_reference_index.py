"""The page of contents leads to every document, and the README to it."""

from __future__ import annotations

import re

import pytest

from tests._support.documents import ROOT

DOCS = ROOT / "docs"


@pytest.mark.parametrize(
    "path", sorted(DOCS.glob("howto/*.md")) + sorted(DOCS.glob("*.md")), ids=lambda path: path.name
)
def test_the_contents_lead_to_every_document(path: object) -> None:
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\((?!https?:)([^)#]+)", text)}
    assert path in linked | {DOCS / "README.md"}


def test_the_readme_is_short_and_leads_to_the_contents() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert "](docs/README.md)" in text


def test_each_fact_of_the_reference_is_in_one_place() -> None:
    """The table of metrics is in the reference only."""
    for path in DOCS.rglob("*.md"):
        if path.parent.name != "reference":
            rows = re.findall(r"^\| `folkmoot_\w+` \|", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert not rows, f"{path.name}: {rows[0]}"
