"""Whatever a model writes, it is text, or harmless Markdown."""

from __future__ import annotations

import pytest

from folkmoot.server.dashboard.conversation.markup import LONGEST, item_html, prose
from folkmoot.server.dashboard.conversation.transcript import Item, Part, Transcript

from .logs import CALLS, log

TIME = "2026-11-21T10:00:00.000Z"
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def _item(part: Part, speaker: str = "writer") -> str:
    return item_html(Item(1, "turn", TIME, TIME, speaker, 1, parts=[part]))


@pytest.mark.parametrize("kind", ["text", "thought", "call", "code", "memory", "data", "handoff", "image", "request"])
def test_no_part_lets_html_through(kind: str) -> None:
    part = Part(1, kind, EVIL, EVIL, EVIL, notes=[EVIL], open=True)  # pyright: ignore[reportArgumentType]
    html = _item(part, EVIL)
    assert "<script" not in html
    assert "<img" not in html


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", "/v1"]
)
def test_only_addresses_of_the_web_are_links(address: str) -> None:
    assert "href" not in prose(f"[click]({address}) <{address}>")


def test_web_addresses_are_links() -> None:
    assert '<a href="https://example.org">site</a>' in prose("[site](https://example.org)")


def test_images_are_not_fetched_from_elsewhere() -> None:
    assert "<img" not in prose("![x](https://evil.example/x.png)")


def test_an_image_of_the_message_itself_is_shown() -> None:
    assert '<img class="picture" src="data:image/png;base64,iVBORw0KGgo="' in _item(
        Part(1, "image", "data:image/png;base64,iVBORw0KGgo=")
    )


def test_headings_of_a_message_are_none_of_the_page() -> None:
    assert prose("# Title") == '<div class="prose"><p class="heading">Title</p>\n</div>'


def test_a_very_long_text_is_cut_and_says_so() -> None:
    html = prose("x" * (LONGEST + 1234))
    assert "1,234 more characters" in html
    assert html.count("x") < LONGEST + 10


def test_a_call_shows_arguments_and_result_folded() -> None:
    transcript = Transcript()
    for event in log(*CALLS):
        transcript.add(event)
    html = item_html(transcript.items[3])
    assert html.count("<details") == 2
    assert "&quot;seat&quot;: &quot;4A&quot;" in html
    assert '<span class="outcome error">error</span>' in html


def test_what_was_left_behind_is_told_in_words() -> None:
    item = Item(1, "turn", TIME, TIME, "writer", 1, parts=[Part(1, "text", "so")])
    assert "on a branch that was left" in item_html(item, aside=True)
    assert "on a branch that was left" not in item_html(item)
