"""A headless Chromium of the system, driven through Playwright: pages that notice what must not happen on any page.

Pictures are written to the folder that FOLKMOOT_SCREENSHOTS names, if it is set.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

EXECUTABLE = os.environ.get("FOLKMOOT_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS = 60.0
"""A bound for what never comes."""
WIDE = {"width": 1360, "height": 860}
PHONE = {"width": 390, "height": 844}
COOKIE = "folkmoot_session"
_SERIOUS = {"serious", "critical"}
Theme = Literal["light", "dark"]


@contextmanager
def chromium() -> Generator[Browser]:
    """A browser, with a profile of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, headless=True, args=_FLAGS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody at a browser: one profile, one theme, one size of window.

    Attributes:
        context: Playwright's.
        url: Where the server is.
        strange: Requests to other hosts.
        errors: What scripts complained of.
    """

    context: BrowserContext
    url: str
    strange: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])

    def open(self, path: str) -> Page:
        """A page of the dashboard: `visitor.open("/chats/x")`; it is connected when this returns."""
        page = self.context.new_page()
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.goto(f"{self.url}/dashboard{path}")
        connected(page)
        return page

    def _note(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(self.url).netloc:
            self.strange.append(request.url)

    def check(self) -> None:
        """Nothing came from another host, and no script failed."""
        assert self.strange == []
        assert self.errors == []


@contextmanager
def visitor(
    browser: Browser, url: str, *, token: str = "", theme: Theme = "light", phone: bool = False, strict: bool = True
) -> Generator[Visitor]:
    """Somebody at a browser of their own.

    Args:
        browser: The browser.
        url: Where the server is, without a path.
        token: They are signed in with it; empty: they are not.
        theme: What their system prefers.
        phone: They hold a phone.
        strict: Scripts must not complain, as they do while a server is away.
    """
    context = browser.new_context(
        color_scheme=theme,
        viewport=PHONE if phone else WIDE,
        has_touch=phone,
        is_mobile=phone,
        device_scale_factor=1,
        reduced_motion="reduce",
    )
    context.set_default_timeout(SECONDS * 1000)
    if token:
        host = urlsplit(url).hostname or ""
        context.add_cookies(
            [
                {
                    "name": COOKIE,
                    "value": token,
                    "domain": host,
                    "path": "/dashboard",
                    "httpOnly": True,
                    "sameSite": "Strict",
                }
            ]
        )
    who = Visitor(context, url)
    try:
        yield who
        if strict:
            who.check()
    finally:
        context.close()


def connected(page: Page) -> None:
    """Wait until a page of the dashboard is connected; the sign-in page has nothing to connect."""
    page.wait_for_function("() => !document.getElementById('app') || window.did_handshake === true")


def shot(page: Page, name: str, *, whole: bool = True) -> None:
    """Write a picture of a page, if a folder for pictures is named."""
    folder = os.environ.get("FOLKMOOT_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole, animations="disabled")


def accessible(page: Page) -> None:
    """Assert that axe finds nothing serious, and that the page is not wider than its window."""
    found = Axe().run(page).response["violations"]
    told = [
        {"id": item["id"], "help": item["help"], "where": [node["html"][:300] for node in item["nodes"][:5]]}
        for item in found
        if item["impact"] in _SERIOUS
    ]
    assert not told, json.dumps(told, indent=1)
    wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"the page is {wide} px wider than its window"


def by_keyboard(page: Page, most: int = 200) -> list[str]:
    """Names of what Tab leads to, from the start of the page until it leaves it; each shows that it has the focus."""
    # Tab goes on from where somebody clicked last, whatever has the focus.
    page.evaluate(
        "() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); }"
    )
    names: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        found = page.evaluate(_FOCUSED)
        if found is None or (names and found["first"]):
            return names
        assert found["seen"], f"{found['name']!r} does not show that it has the focus"
        names.append(re.sub(r"\s+", " ", found["name"]).strip())
    raise AssertionError(f"Tab does not leave the page: {names[-5:]}")


_FOCUSED = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  const style = getComputedStyle(here);
  const first = [...document.querySelectorAll('a[href],button,input,select,textarea,summary,[tabindex]')]
    .find((item) => item.tabIndex >= 0 && !item.disabled && item.getClientRects().length) === here;
  return {
    name: here.ariaLabel || here.labels?.[0]?.textContent || here.textContent || here.title || here.tagName,
    seen: style.outlineStyle !== 'none' || style.boxShadow !== 'none',
    first,
  };
}"""


def themes() -> Iterator[tuple[Theme, bool]]:
    """Both themes, wide and at phone width."""
    for theme in ("light", "dark"):
        for phone in (False, True):
            yield theme, phone
