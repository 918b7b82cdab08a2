"""The verb `token`: makes keys and signed tokens of the HTTP API, and tells what a token says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .retention import age_of
from .screen import clean
from .verbs import Invocation, verb

__all__ = ["VERBS"]

_MISSING = "Tokens need {name!r}; install it with: pip install 'folkmoot[server]'"


async def token(
    invocation: Invocation,
    subject: Annotated[
        str | None, typer.Option(envvar="FOLKMOOT_TOKEN_SUBJECT", help="Whose token it is, as policies name people.")
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            envvar="FOLKMOOT_TOKEN_ROLES",
            help="viewer, operator, designer, approver or admin, and roles that approval policies name; several times.",
        ),
    ] = None,
    tenant: Annotated[
        str, typer.Option(envvar="FOLKMOOT_TOKEN_TENANT", help="Whose chats they see; none: those of no tenant.")
    ] = "",
    all_tenants: Annotated[
        bool, typer.Option("--all-tenants", envvar="FOLKMOOT_TOKEN_ALL_TENANTS", help="An admin sees everybody's.")
    ] = False,
    name: Annotated[str, typer.Option(envvar="FOLKMOOT_TOKEN_NAME", help="What to call them.")] = "",
    expires: Annotated[
        str, typer.Option(envvar="FOLKMOOT_TOKEN_EXPIRES", help="How long it is good for, e.g. 30m, 8h, 90d.")
    ] = "8h",
    show_claims: Annotated[
        bool,
        typer.Option("--show-claims", envvar="FOLKMOOT_SHOW_CLAIMS", help="Tell what the token on stdin says."),
    ] = False,
    new_key: Annotated[
        Path | None,
        typer.Option(envvar="FOLKMOOT_NEW_KEY", help="Make a key that signs tokens, in a new file."),
    ] = None,
    new_decision_key: Annotated[
        Path | None,
        typer.Option(envvar="FOLKMOOT_NEW_DECISION_KEY", help="Make a key that signs decisions, in a new file."),
    ] = None,
) -> None:
    """Issue a token of the HTTP API, with the key of FOLKMOOT_TOKEN_KEY or FOLKMOOT_TOKEN_KEY_FILE."""
    asked = [subject is not None, show_claims, new_key is not None, new_decision_key is not None]
    if sum(asked) != 1:
        raise typer.BadParameter("give one of --subject, --show-claims, --new-key and --new-decision-key")
    try:
        if subject is not None:
            _issue(invocation, subject, role or [], tenant, name, expires, all_tenants=all_tenants)
        elif new_key is not None:
            _new_key(invocation, new_key.expanduser())
        elif new_decision_key is not None:
            _new_decision_key(invocation, new_decision_key.expanduser())
        else:
            _show(invocation, sys.stdin.read().strip())
    except ModuleNotFoundError as error:
        raise ImportError(_MISSING.format(name=(error.name or "").partition(".")[0])) from error


def _issue(
    invocation: Invocation,
    subject: str,
    roles: list[str],
    tenant: str,
    name: str,
    expires: str,
    *,
    all_tenants: bool,
) -> None:
    from folkmoot.server import tokens
    from folkmoot.server.claims import ROLES
    from folkmoot.server.settings import token_keys

    if all_tenants and (tenant or "admin" not in roles):
        raise typer.BadParameter("--all-tenants is for --role admin without --tenant")
    made = tokens.issue(
        token_keys(os.environ),
        subject,
        roles=roles,
        tenant=tenant,
        tenants=["*"] if all_tenants else [],
        name=name,
        lifetime=age_of(expires),
    )
    if not set(roles) & set(ROLES):
        invocation.screen.note(
            f"Without --role {', '.join(ROLES)} the API lets {subject!r} only see and decide what names them or a role "
            "of theirs, unless its people file says more."
        )
    invocation.screen.emit({"kind": "token", "subject": subject, "token": made}, made)


def _new_key(invocation: Invocation, path: Path) -> None:
    from folkmoot.server.tokens import new_key_file

    key = new_key_file(path)
    data = {"kind": "token-key", "path": str(path), "kid": key.kid}
    invocation.screen.emit(data, clean(f"{path}: a new key; set FOLKMOOT_TOKEN_KEY_FILE={path}"))


def _new_decision_key(invocation: Invocation, path: Path) -> None:
    from folkmoot.signatures import new_decision_key_file

    public = new_decision_key_file(path).public
    data = {"kind": "decision-key", "path": str(path), "kid": public.kid, "public_key": public.text}
    lines = [
        f"{path}: a new key; for the API: FOLKMOOT_DECISION_KEY_FILE={path}",
        f"for its workers: FOLKMOOT_DECISION_PUBLIC_KEYS={public.text}",
    ]
    invocation.screen.emit(data, clean("\n".join(lines)))


def _show(invocation: Invocation, given: str) -> None:
    from folkmoot.server import tokens
    from folkmoot.server.refusals import TokenRefusedError
    from folkmoot.server.settings import token_keys

    claims = tokens.unverified(given)
    keys = token_keys(os.environ)
    checked: str | None = None
    valid: bool | None = None
    if keys:
        try:
            tokens.verify(given, keys)
            valid = True
        except TokenRefusedError as error:
            valid, checked = False, str(error)
    data: dict[str, Any] = {"kind": "claims", "claims": claims, "valid": valid, "reason": checked}
    told = {True: "valid", False: f"refused: {checked}", None: "not checked: no FOLKMOOT_TOKEN_KEY"}[valid]
    shown = json.dumps(claims, ensure_ascii=False, indent=2)
    invocation.screen.emit(data, clean(f"{shown}\n{told}"))


VERBS = [verb("token", token)]
