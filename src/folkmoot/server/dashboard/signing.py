"""Signing in and out: two plain forms, which work before any script does."""

from __future__ import annotations

import html
from urllib.parse import parse_qs

from nicegui import app as pages
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from folkmoot.errors import FolkmootError
from folkmoot.server.identity import identity_of

from .assets import HEAD, ICON
from .errors import told
from .frame import PATH, Site
from .sessions import forget_token, keep_token, with_token

__all__ = ["pages_of_signing", "safe_place"]

_WHY = {
    "ended": ("warning", "Your token has ended, or does not count any more. Sign in with a new one."),
    "signed-out": ("good", "You are signed out."),
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Folkmoot</title>
<link rel="icon" href="{icon}">
{head}
</head>
<body class="plain">
<main class="login">
<h1>Folkmoot</h1>
{banner}
<form method="post" action="{path}/login">
<input type="hidden" name="next" value="{next}">
<label for="token">API token</label>
<input id="token" name="token" type="password" required autofocus autocomplete="off" spellcheck="false"
 aria-describedby="hint">
<p id="hint" class="muted">One that <code>folkmoot token --subject you --role operator</code> prints, or of the identity
 provider that this server trusts. It is kept in this browser until it ends or you sign out.</p>
<button class="button primary" type="submit">Sign in</button>
</form>
</main>
</body>
</html>"""


def pages_of_signing(site: Site) -> None:
    """Register the login page and what its form and the sign-out button lead to."""

    @pages.get("/login", include_in_schema=False)
    async def login(request: Request) -> Response:
        wanted = safe_place(request.query_params.get("next", ""))
        try:
            identity_of(request)
        except FolkmootError:
            return _form(wanted, _WHY.get(request.query_params.get("why", "")))
        return RedirectResponse(wanted, 303)

    @pages.post("/login", include_in_schema=False)
    async def sign_in(request: Request) -> Response:
        fields = parse_qs((await request.body()).decode("utf-8", "replace"))
        wanted = safe_place(fields.get("next", [""])[0])
        token = fields.get("token", [""])[0].strip().removeprefix("Bearer ").strip()
        try:
            identity = await site.authenticator.identity(with_token(request.scope, token))
            answer = RedirectResponse(wanted, 303)
            keep_token(answer, token, identity.expires, PATH, request.url.scheme == "https")
        except (FolkmootError, ValueError) as error:
            return _form(wanted, ("error", told(error)), status=401)
        return answer

    @pages.post("/logout", include_in_schema=False)
    async def sign_out(request: Request) -> Response:
        site.sessions.sign_out(request.scope)
        answer = RedirectResponse(f"{PATH}/login?why=signed-out", 303)
        forget_token(answer, PATH, request.url.scheme == "https")
        return answer


def safe_place(wanted: str) -> str:
    """Where to go after signing in: a page of the dashboard, whatever an address says."""
    if not wanted.startswith(f"{PATH}/") or wanted.startswith((f"{PATH}/login", f"{PATH}/logout")):
        return f"{PATH}/"
    return f"{PATH}/" if "\\" in wanted or not wanted.isprintable() else wanted


def _form(wanted: str, note: tuple[str, str] | None, *, status: int = 200) -> Response:
    shown = ""
    if note is not None:
        kind, said = note
        role = "alert" if kind == "error" else "status"
        shown = f'<div class="banner {kind}" role="{role}"><p>{html.escape(said)}</p></div>'
    page = _PAGE.format(head=HEAD, icon=ICON, banner=shown, path=PATH, next=html.escape(wanted, quote=True))
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"})
