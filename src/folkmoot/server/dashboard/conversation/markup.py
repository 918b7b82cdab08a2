"""The transcript as HTML.

Nothing that a model, a tool or a person wrote gets into it but as text, or as the Markdown that is left without raw
HTML, images and addresses of scripts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from html import escape

from markdown_it import MarkdownIt

from .transcript import Item, Part

__all__ = ["clock", "item_html", "prose"]

LONGEST = 20_000
"""Characters of a text that are shown; the log has the rest."""
_SAFE = re.compile(r"(?i)(?:https?://|mailto:)")
_SAFE_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    # `html: False` makes text of every tag. Images would be fetched from wherever a model says, which tells of it.
    made = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")
    made.validateLink = lambda url: _SAFE.match(url.strip()) is not None
    return made


def prose(text: str) -> str:
    """A text as safe HTML, its Markdown applied."""
    shown, rest = _cut(text)
    markdown = _markdown()
    tokens = markdown.parse(shown)
    for token in (token for outer in tokens for token in (outer, *(outer.children or ()))):
        if token.type in ("heading_open", "heading_close"):
            # The page's own headings tell where one is; those of a message would stand among them.
            token.tag = "p"
            if token.nesting == 1:
                token.attrSet("class", "heading")
    return f'<div class="prose">{markdown.renderer.render(tokens, markdown.options, {})}</div>{rest}'


def _cut(text: str) -> tuple[str, str]:
    more = len(text) - LONGEST
    if more <= 0:
        return text, ""
    return text[:LONGEST], f'<p class="muted">{more:,} more characters; <code>folkmoot tail</code> shows them.</p>'


def _plain(text: str) -> str:
    shown, rest = _cut(text)
    return f'<pre tabindex="0">{escape(shown)}</pre>{rest}'


def clock(time: str) -> str:
    """A time of the log, to be read: the browser's zone is put in by the page."""
    return f'<time datetime="{escape(time)}" title="{escape(time)}">{escape(time[11:19])}</time>'


def _arguments(text: str) -> str:
    """A call's arguments: a JSON object as its fields, anything else as it is."""
    try:
        given: object = json.loads(text) if text else {}
    except ValueError:
        return _plain(text)
    return _plain(json.dumps(given, ensure_ascii=False, indent=2)) if given else ""


def _brief(text: str) -> str:
    words = " ".join(text.split())
    return escape(words if len(words) <= 90 else f"{words[:90]}…")


def _notes(part: Part) -> str:
    if not part.notes:
        return ""
    lines = "".join(f"<li>{escape(note)}</li>" for note in part.notes)
    state = '<li class="asked">Waiting for people</li>' if part.open else ""
    return f'<ul class="decisions">{lines}{state}</ul>'


def _call(part: Part, keep: str) -> str:
    if part.result is None:
        state = "waits for people" if part.open else "under way"
        outcome = f'<span class="outcome">{state}</span>'
    else:
        word = "error" if part.is_error else "done"
        outcome = f'<span class="outcome {word}">{word}</span> <span class="brief">{_brief(part.result)}</span>'
    body = _arguments(part.text)
    if part.result is not None:
        body += f'<p class="label">{"Error" if part.is_error else "Result"}</p>{_plain(part.result)}'
    opened = " open" if part.open else ""
    return (
        f'<details class="call{" bad" if part.is_error else ""}" {keep}{opened}><summary><span class="tool">'
        f"{escape(part.title)}</span> {outcome}</summary>{body}{_notes(part)}</details>"
    )


def _code(part: Part, _: str) -> str:
    if part.result is None:
        return f'<p class="label">{escape(part.title or "code")}</p>{_plain(part.text)}'
    tone = " bad" if part.is_error else ""
    return f'<p class="label{tone}">{escape(part.title)}</p>{_plain(part.result)}'


def _image(part: Part, _: str) -> str:
    if not _SAFE_IMAGE.fullmatch(part.text):
        return '<p class="muted">An image of a format that is not shown.</p>'
    return f'<img class="picture" src="{part.text}" alt="An image in the message">'


def _folded(part: Part, title: str, keep: str) -> str:
    return f'<details class="aside" {keep}><summary>{title}</summary>{_plain(part.text)}</details>'


def _request(part: Part, _: str) -> str:
    title = f'<p class="label">People are asked: {escape(part.title)}</p>'
    return f'<div class="ask">{title}{_arguments(part.text)}{_notes(part)}</div>'


_PARTS: Mapping[str, Callable[[Part, str], str]] = {
    "text": lambda part, _: prose(part.text),
    "thought": lambda part, keep: _folded(part, "Thought", keep),
    "memory": lambda part, keep: _folded(part, "Remembered", keep),
    "data": lambda part, _: _plain(part.text),
    "handoff": lambda part, _: f'<p class="handoff">Hands off to <b>{escape(part.title)}</b></p>{prose(part.text)}',
    "call": _call,
    "code": _code,
    "image": _image,
    "request": _request,
}


def item_html(item: Item, *, aside: bool = False, hue: int = 0, origin: str = "") -> str:
    """An item of the transcript.

    Args:
        item: The item.
        aside: It lies on a branch that was left.
        hue: Which of eight colours marks the speaker.
        origin: The chat it was said in, if that is another.
    """
    left = " left-behind" if aside else ""
    note = "on a branch that was left" if aside else f"in {origin}" if origin else ""
    noted = f'<span class="muted">{escape(note)}</span>' if note else ""
    if item.mark is not None:
        detail = f'<span class="detail">{escape(item.mark.detail)}</span>' if item.mark.detail else ""
        return (
            f'<p class="mark {item.mark.tone}{left}">{clock(item.time)} <span>{escape(item.mark.text)}</span> '
            f"{detail}{noted}</p>"
        )
    turn = "" if item.turn is None else f'<span class="turn-number">turn {item.turn}</span>'
    tokens = f'<span class="num muted">{item.tokens:,} tokens</span>' if item.tokens else ""
    outer, _, name = item.speaker.rpartition("/")
    place = f'<span class="muted">{escape(outer)} / </span>' if outer else ""
    # By this the page knows again what a reader has opened.
    log = "inherited" if origin else "part"
    keeps = (f'data-keep="{log}-{item.offset}-{number}"' for number in range(len(item.parts)))
    body = "".join(_PARTS[part.kind](part, keep) for part, keep in zip(item.parts, keeps, strict=True))
    return (
        f'<article class="said {item.kind} hue-{hue % 8}{left}" aria-label="{escape(item.speaker)}">'
        f"<header>{place}<h3>{escape(name)}</h3>{turn}{clock(item.time)}{tokens}{noted}</header>{body}</article>"
    )
