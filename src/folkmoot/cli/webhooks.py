"""Webhooks on the command line: where to is an option, the secrets are in the environment only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from folkmoot._secrets import secret_text
from folkmoot.plugin import FolkmootPlugin
from folkmoot.webhooks import Webhook

__all__ = ["SECRET", "AllowHttp", "Webhooks", "add_webhooks", "allows_http", "webhooks_of"]

SECRET = "FOLKMOOT_WEBHOOK_SECRET"
"""Variable of the secrets; that of one webhook is this, `_` and its name in capitals, with `_` for `-`."""
_ALLOW_HTTP = "FOLKMOOT_ALLOW_HTTP_WEBHOOKS"

Webhooks = Annotated[
    list[str] | None,
    typer.Option(
        "--webhook",
        metavar="NAME=URL",
        envvar="FOLKMOOT_WEBHOOKS",
        help="Where notices of chats go whose teams notify NAME; may be repeated. What they are signed with is in "
        f"{SECRET}_NAME, or in the file that {SECRET}_NAME_FILE names.",
    ),
]
AllowHttp = Annotated[
    bool,
    typer.Option(
        "--allow-http-webhooks",
        envvar=_ALLOW_HTTP,
        help="Send notices to http URLs of other machines, too.",
    ),
]


def allows_http(environment: Mapping[str, str]) -> bool:
    """Whether a worker's environment lets webhooks go to http URLs of other machines.

    Raises:
        ValueError: The variable is neither true nor false.
    """
    text = environment.get(_ALLOW_HTTP) or "0"
    try:
        return TypeAdapter(bool).validate_python(text)
    except ValidationError:
        raise ValueError(f"{_ALLOW_HTTP}: {text!r}; expected 1 or 0.") from None


def webhooks_of(
    given: Sequence[str] | None, environment: Mapping[str, str], allow_http: bool = False
) -> dict[str, Webhook]:
    """The webhooks of options, by name.

    Args:
        given: Texts `NAME=URL`.
        environment: Has the secrets.
        allow_http: See `Webhook`.

    Raises:
        ValueError: One has not that form, comes twice, or has no secret; or its URL or secret is refused. No URL and no
            secret is told.
        OSError: The file of a secret cannot be read.
    """
    found: dict[str, Webhook] = {}
    for number, item in enumerate(given or (), 1):
        name, equals, url = item.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z][\w-]*", name, re.ASCII):
            # What came instead may be a URL, and that a secret.
            raise ValueError(
                f"Webhook {number} has no name; expected NAME=URL with a name of letters, digits, '_' and '-'."
            )
        if name in found:
            raise ValueError(f"There are two webhooks {name!r}; expected one.")
        variable = f"{SECRET}_{name.upper().replace('-', '_')}"
        secret = secret_text(environment, variable)
        if secret is None:
            raise ValueError(f"Webhook {name!r} has no secret; expected it in {variable} or {variable}_FILE.")
        try:
            found[name] = Webhook(url, secret=secret, allow_http=allow_http)
        except ValueError as error:
            text = str(error).replace("(see allow_http)", "(see --allow-http-webhooks)")
            raise ValueError(f"Webhook {name!r}: {text}") from None
    return found


def add_webhooks(plugin: FolkmootPlugin, webhooks: Mapping[str, Webhook]) -> None:
    """Have a plugin's workers know webhooks, besides the sinks it was made with.

    Raises:
        ValueError: It has a sink of that name.
    """
    for name in webhooks:
        if name in plugin.registry.sinks:
            raise ValueError(f"The worker has a sink {name!r} already; expected another name for the webhook.")
    plugin.registry.add_sinks(webhooks)
