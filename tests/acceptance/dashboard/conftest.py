"""What the dashboard's tests share: a Temporal server, a worker and `folkmoot serve` as processes, and a Chromium."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import httpx2 as httpx
import pytest
from playwright.sync_api import Browser

from tests._support.browser import Theme, Visitor, chromium, visitor
from tests._support.command_line import SECONDS, CommandLine, Running

KEY = "0123456789abcdef0123456789abcdef"
TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "name": "notes",
    "participants": [{"type": "AssistantAgent", "name": "writer", "model_client": "m"}],
    "max_turns": 1,
}


class Dashboard:
    """Everything that a page of the dashboard needs, as processes of their own.

    Attributes:
        cli: Its environment; `cli.start("worker")` starts another worker.
        url: Where the API and the dashboard are.
    """

    def __init__(self, cli: CommandLine) -> None:
        self.cli = cli
        self.url = ""
        self.api: Running | None = None
        self.worker: Running | None = None
        self._tokens: dict[tuple[str, ...], str] = {}

    def start(self) -> None:
        """Start a worker and the API; the API on the port that it had before, if it had one."""
        if self.worker is None:
            self.start_worker()
        self.start_api()

    def start_worker(self) -> None:
        """Start the worker."""
        self.worker = self.cli.start("worker")
        self.worker.kind("worker")

    def start_api(self) -> None:
        """Start the API."""
        port = self.url.rpartition(":")[2] or "0"
        self.api = self.cli.start("serve", "--port", port)
        self.url = self.api.kind("serve")["url"]

    def token(self, role: str = "operator", *, subject: str = "", tenant: str = "", hours: str = "") -> str:
        """A token; `admin` without a tenant sees those of all."""
        key = (role, subject, tenant, hours)
        if key not in self._tokens:
            options = ["--subject", subject or f"{role}-olga"]
            for part in role.split():
                options += ["--role", part]
            options += ["--tenant", tenant] if tenant else ["--all-tenants"] if role == "admin" else []
            options += ["--expires", hours] if hours else []
            (said,) = self.cli.json("token", *options)
            self._tokens[key] = said["token"]
        return self._tokens[key]

    def http(self, role: str = "operator", *, tenant: str = "") -> httpx.Client:
        """The API, as somebody of that role."""
        headers = {"Authorization": f"Bearer {self.token(role, tenant=tenant)}"}
        return httpx.Client(base_url=f"{self.url}/v1", headers=headers, timeout=SECONDS)

    def chat(
        self, team: dict[str, Any] | None = None, *, task: str = "", tenant: str = "", id: str = "", wait: bool = True
    ) -> str:
        """Open a chat; with a task, run it, and wait for its end unless told not to. Its id."""
        chat = id or f"chat-{uuid.uuid4().hex[:8]}"
        with self.http("designer", tenant=tenant) as http:
            http.post("/chats", json={"team": team or TEAM, "id": chat}).raise_for_status()
        with self.http(tenant=tenant) as http:
            if task:
                params = {"wait": 60} if wait else {}
                http.post(f"/chats/{chat}/runs", json={"task": task}, params=params).raise_for_status()
        return chat


class Visit(Protocol):
    """Somebody comes with a browser of their own; they leave when the test ends."""

    def __call__(
        self,
        role: str = "operator",
        *,
        tenant: str = "",
        theme: Theme = "light",
        phone: bool = False,
        token: str | None = None,
        strict: bool = True,
    ) -> Visitor: ...


@pytest.fixture(scope="module")
def browser(server_address: str) -> Iterator[Browser]:
    """A Chromium for the tests of a file.

    While it is there, no event loop can run in this thread: the server is started before, and it is gone when the tests
    of another file begin.
    """
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def make_dashboard(tmp_path_factory: pytest.TempPathFactory, server_address: str) -> Iterator[Callable[..., Dashboard]]:
    """Starts dashboards; for a test that stops parts of its own one, or needs another script of the model."""
    with ExitStack() as stack:

        def make(script: Any = None, *, start: bool = True, **environment: str) -> Dashboard:
            folder = tmp_path_factory.mktemp("dashboard")
            queue = f"dashboard-{uuid.uuid4().hex[:8]}"
            given = {"TEMPORAL_ADDRESS": server_address, "FOLKMOOT_TASK_QUEUE": queue, "FOLKMOOT_TOKEN_KEY": KEY}
            cli = CommandLine(folder, **given | environment)
            stack.callback(cli.close)
            cli.scripted_model(script or [{"text": "hello", "repeat": True}])
            made = Dashboard(cli)
            if start:
                made.start()
            return made

        yield make


@pytest.fixture(scope="session")
def dashboard(make_dashboard: Callable[..., Dashboard]) -> Dashboard:
    """One that tests share, whose model always says "hello"; leave it as it was."""
    return make_dashboard()


@pytest.fixture
def visit(browser: Browser, dashboard: Dashboard) -> Iterator[Visit]:
    """Opens browsers at the shared dashboard: `visit("viewer", phone=True).open("/")`."""
    with ExitStack() as stack:

        def come(
            role: str = "operator",
            *,
            tenant: str = "",
            theme: Theme = "light",
            phone: bool = False,
            token: str | None = None,
            strict: bool = True,
        ) -> Visitor:
            given = dashboard.token(role, tenant=tenant) if token is None else token
            return stack.enter_context(
                visitor(browser, dashboard.url, token=given, theme=theme, phone=phone, strict=strict)
            )

        yield come
