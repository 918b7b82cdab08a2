"""Requests to people, for the verbs: options that say who somebody is and which is meant, and how one is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.text import Text

from folkmoot._chat.masking import MASK_GIVEN, has_mask
from folkmoot._client.visible import visible
from folkmoot.budgets import LIMITS
from folkmoot.chat import Chat, PendingRequest

__all__ = [
    "As",
    "RequestId",
    "Roles",
    "amounts_of",
    "arguments_of",
    "command_for",
    "details",
    "given_text",
    "person_of",
    "request_of",
    "roles_of",
    "short_time",
    "visible",
]

As = Annotated[
    str,
    typer.Option("--as", "--by", metavar="ID", envvar="FOLKMOOT_BY", help="Who you are, as policies name people."),
]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role", metavar="NAME", envvar="FOLKMOOT_ROLES", help="What you are, such as finance; several times."
    ),
]
RequestId = Annotated[
    str,
    typer.Argument(
        metavar="REQUEST",
        envvar="FOLKMOOT_REQUEST",
        show_envvar=True,
        help="Its id, from `folkmoot pending`, or how it begins: 6 characters at least.",
    ),
]

CHANNEL = "cli"
_SHORTEST = 6
"""Characters of a request's id that may stand for it."""
_TITLE = 12
"""Width of the titles of what is told of a request."""
_COUNTED = ("tokens", "tool_calls", "model_calls")
"""Limits of which there are whole numbers only."""


def roles_of(given: Sequence[str] | None) -> list[str]:
    """The roles somebody says they have, without `role:`.

    Raises:
        ValueError: One is empty.
    """
    roles = [name.removeprefix("role:").strip() for name in given or ()]
    if "" in roles:
        raise ValueError(f"--role takes the name of a role, such as finance; got {list(given or ())}.")
    return roles


def person_of(who: str, given: Sequence[str] | None, *, needed: bool = False) -> dict[str, Any] | None:
    """Who says or decides something, for a command's `by`; None: nobody in particular.

    Args:
        who: Their id.
        given: Their roles.
        needed: Whether it must be somebody.

    Raises:
        ValueError: It must be and is not, or roles are nobody's.
    """
    roles = roles_of(given)
    if not who.strip():
        if needed or roles:
            raise ValueError("Say who you are: --as ID, or FOLKMOOT_BY.")
        return None
    return {"subject": who.strip(), "channel": CHANNEL, **({"roles": roles} if roles else {})}


async def request_of(chat: Chat, given: str) -> PendingRequest | None:
    """The open request somebody named; None if there is none: the chat tells what became of it.

    Raises:
        ValueError: It is the beginning of several ids, or too short a one.
    """
    found = await chat.pending()
    for item in found:
        if item.request == given:
            return item
    meant = [item for item in found if item.request.startswith(given)]
    if meant and len(given) < _SHORTEST:
        raise ValueError(f"REQUEST takes at least {_SHORTEST} characters of a request's id; got {given!r}.")
    if len(meant) > 1:
        raise ValueError(f"{given!r} begins several requests: {', '.join(item.request for item in meant)}.")
    return meant[0] if meant else None


def given_text(text: str) -> str:
    """A text of the command line; `-`: what is on stdin, without the line's end."""
    return sys.stdin.read().rstrip("\r\n") if text == "-" else text


def arguments_of(text: str) -> dict[str, Any]:
    """Changed arguments: JSON, `@` and the name of a file of it, or `-` for what is on stdin.

    Raises:
        ValueError: It is no JSON object, or there is a mask in it where a secret should be.
        OSError: The file cannot be read.
    """
    raw = Path(text[1:]).expanduser().read_text(encoding="utf-8") if text.startswith("@") else given_text(text)
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise ValueError(f"The arguments are no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f'The arguments must be a JSON object, such as {{"amount": 12}}; got {raw.strip()[:100]!r}.')
    if has_mask(cast(object, value)):
        raise ValueError(MASK_GIVEN)
    return cast(dict[str, Any], value)


def amounts_of(given: Sequence[str]) -> dict[str, float]:
    """How much more of what a budget gets: of texts such as `tokens=1000`.

    Raises:
        ValueError: One is none, or names no limit of budgets.
    """
    found: dict[str, float] = {}
    for item in given:
        name, _, text = item.partition("=")
        try:
            amount = int(text) if name in _COUNTED else float(text)
        except ValueError:
            amount = 0
        if name not in LIMITS or not 0 < amount < float("inf"):
            raise ValueError(f"--add takes one of {', '.join(LIMITS)} and a number, as in tokens=1000; got {item!r}.")
        found[name] = amount
    return found


def command_for(chat_id: str, request: PendingRequest) -> str:
    """What to type to answer or decide a request from a shell."""
    verb, rest = {
        "input": ("answer", " TEXT"),
        "speaker": ("answer", " NAME"),
        "outcome": ("settle", f" {'|'.join(request.verdicts)}"),
        "budget": ("approve", " --add tokens=1000"),
    }.get(request.kind, ("approve", ""))
    line = f"folkmoot {verb} {chat_id} {request.request}{rest}"
    return line if verb != "approve" else f"{line}; or reject"


def short_time(time: str | None) -> str:
    """A time to the minute, as tables show it."""
    return (time or "").replace("T", " ")[:16]


def details(request: PendingRequest) -> Text:
    """All there is to know for who decides, exactly as it is: whoever decides must see what the hash is over."""
    lines = Text()
    for title, value in _facts(request):
        first, *rest = visible(str(value)).split("\n")
        lines.append(f"{title:<{_TITLE}}", style="bold").append(f"{first}\n")
        for line in rest:
            lines.append(f"{'':<{_TITLE}}{line}\n")
    lines.rstrip()
    return lines


def _facts(request: PendingRequest) -> Iterator[tuple[str, object]]:
    yield "Request", request.request
    yield "Kind", request.kind
    if request.path:
        yield "Who asks", request.path
    yield "Question", request.prompt.strip()
    if request.reason:
        yield "Reason", request.reason
    if request.name:
        yield "Tool", request.name
    if request.arguments is not None:
        yield "Arguments", _shown(request.arguments)
    if request.content is not None:
        yield "Answer", request.content
    yield "Since", f"{short_time(request.since)} UTC"
    if request.deadline is not None:
        yield "Due", f"{short_time(request.deadline)} UTC{' (overdue)' if request.overdue else ''}"
    yield "May decide", ", ".join(request.approvers) or "anyone"
    if request.verdicts:
        votes = ", ".join(f"{vote['subject']} {vote['verdict']}" for vote in request.votes)
        yield "Votes", f"{votes or 'none'}; {request.quorum} must agree"
        yield "Verdicts", ", ".join(request.verdicts)
    if request.revision:
        yield "Revision", request.revision
    if request.hash:
        yield "Hash", request.hash


def _shown(arguments: Any) -> str:
    """Arguments as people read them: code as it is, else JSON."""
    if isinstance(arguments, dict):
        given = cast(dict[str, Any], arguments)
        blocks = given.get("code_blocks")
        if len(given) == 1 and isinstance(blocks, list):
            return "\n".join(map(_code, cast(list[Any], blocks)))
    return json.dumps(arguments, ensure_ascii=False, indent=2)


def _code(block: Any) -> str:
    told: Mapping[str, Any] = cast(Mapping[str, Any], block) if isinstance(block, Mapping) else {}
    if not isinstance(told.get("code"), str) or set(told) - {"code", "language"}:
        return json.dumps(block, ensure_ascii=False, indent=2)
    return f"```{told.get('language') or ''}\n{told['code']}\n```"
