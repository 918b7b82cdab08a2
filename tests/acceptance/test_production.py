"""The system of docker-compose.yml, each service started from its package here with the compose file's own settings.

PostgreSQL, the Temporal server with the schema that the compose file's script makes, `folkmoot setup`, a worker, the
API and Prometheus. Missing are the Web UI and Grafana, of which there are no packages; Prometheus is asked what
Grafana's dashboard asks.
"""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx2 as httpx
import pytest

from folkmoot import FolderStore
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from tests._support.command_line import CommandLine
from tests._support.composed import ROOT, System
from tests._support.temporal_server import SERVER
from tests._support.waiting import settled

T = TypeVar("T")
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/dashboards/folkmoot.json").read_text())
KEY = "0123456789abcdef0123456789abcdef"
SECONDS = 180.0
"""A bound for what never comes."""
TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "participants": [
        {"type": "AssistantAgent", "name": "buyer", "model_client": "m", "tools": ["look_up_supplier"]},
        {"type": "UserProxyAgent", "name": "ann"},
    ],
    "max_turns": 2,
}
SCRIPT: list[dict[str, Any]] = [
    {"status": 500, "message": "The model has a cold."},
    {"calls": [{"name": "look_up_supplier", "arguments": {"item": "paper"}}]},
]


def until(probe: Callable[[], T], what: str) -> T:
    """The first true answer."""
    return settled(probe, what, within=SECONDS)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """All of it, with one worker and one API."""
    folder = tmp_path_factory.mktemp("production")
    cli = CommandLine(folder)
    cli.scripted_model(SCRIPT * 2)
    given = {"FOLKMOOT_TOKEN_KEY": KEY, "GRAFANA_PASSWORD": "unused"}
    system = System(folder, given | {name: cli.environment[name] for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY")})
    try:
        system.start_temporal()
        system.prometheus.start()
        system.run("setup")
        system.start("worker")
        system.start("api")
        # Quick to ask; a health check is a process of its own.
        until(lambda: system.prometheus.query('temporal_num_pollers{job="worker"} > 0'), "the worker's polls")
        until(lambda: system.prometheus.query('up{job="api"} == 1'), "the API's metrics")
        for service in ("worker", "api"):
            until(lambda service=service: not system.ill(service), f"the health of {service}")
        yield system
    finally:
        ended = dict(system.stop())
        cli.close()
    assert set(ended.values()) == {0}, ended


def client(system: System) -> httpx.Client:
    """An operator who may answer for ann."""
    (said,) = system.command_line("token", "--subject", "ann", "--role", "designer", "--role", "approver")
    return httpx.Client(base_url=f"{system.url}/v1", headers={"Authorization": f"Bearer {said['token']}"}, timeout=60)


def talk(http: httpx.Client, chat: str) -> dict[str, Any]:
    """A chat over HTTP from the first word to its archive; the run's end."""
    assert (
        http.post("/chats", json={"team": TEAM, "id": chat, "task": "Buy paper"}).raise_for_status().status_code == 201
    )

    def asked() -> list[dict[str, Any]]:
        return http.get(f"/chats/{chat}/requests").raise_for_status().json()["requests"]

    (request,) = until(asked, "the question to ann")
    with http.stream("GET", f"/chats/{chat}/events") as stream:
        next(stream.iter_lines())
        http.post(f"/chats/{chat}/requests/{request['request']}/answer", json={"content": "Nobody."}).raise_for_status()
        run = http.get(f"/chats/{chat}/runs/1", params={"wait": 60}).raise_for_status().json()
    http.post(f"/chats/{chat}/close").raise_for_status()
    return run


def test_it_is_set_up_once_and_all_that_chats_need_is_there(system: System) -> None:
    # Fixtures have run it; it may run with every start of the containers.
    assert "search attributes were all there" in system.run("setup")
    (told,) = system.command_line("setup")
    assert (told["made"], told["added"], told["retention"]) == (False, [], 30 * 86_400)
    # A volume without a store is warned of: one that is not mounted looks the same.
    asyncio.run(FolderStore(system.folder / "segments").begin())
    for service in ("worker", "api"):
        *findings, counts = system.command_line("doctor", service=service)
        levels = {finding["name"]: finding["level"] for finding in findings}
        # Only workers have a key for models, and the application's database.
        assert levels.pop("models") == ("ok" if service == "worker" else "warn")
        assert levels.pop("database", None) == ("ok" if service == "worker" else None)
        assert levels.keys() == {
            "server",
            "namespace",
            "search attributes",
            "workers",
            "clock",
            "encryption",
            "store",
        }
        assert set(levels.values()) == {"ok"}, findings
        assert counts["fail"] == 0
    assert f"all {len(SEARCH_ATTRIBUTES)} " in next(
        each["text"] for each in findings if each["name"].startswith("search")
    )


def test_the_servers_configuration_has_only_what_it_knows(system: System) -> None:
    file = ROOT / "deploy/temporal/dynamic-config.yaml"
    done = subprocess.run([SERVER, "validate-dynamic-config", file], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(file)], "neither an error nor a warning"


def test_a_chat_over_http_is_seen_in_every_panel(system: System) -> None:
    with client(system) as http:
        assert [each["source"] for each in talk(http, "first")["messages"]][-1] == "ann"
        # What is counted for the first time has no rate before it is counted again.
        until(lambda: system.prometheus.query('folkmoot_runs_total{status="stopped"} == 1'), "the first run's scrape")
        talk(http, "second")
    assert (system.folder / "segments").is_dir(), "closed chats go into the store"
    queries = {
        f"{panel['title']}, {target['refId']}": target["expr"].replace("$__rate_interval", "1m")
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", [])
    }
    missing = dict(queries)

    def shown() -> bool:
        for name, expression in list(missing.items()):
            if any(not math.isnan(float(each["value"][1])) for each in system.prometheus.query(expression)):
                del missing[name]
        return not missing

    try:
        until(shown, "data for every panel")
    except AssertionError:
        raise AssertionError(f"without data: {missing}") from None


def test_a_worker_that_is_killed_raises_the_alert_and_another_one_ends_it(system: System) -> None:
    quiet = {"FolkmootNoWorker", "FolkmootWorkerStopped", "FolkmootApiDown", "FolkmootTemporalDown"}
    until(lambda: not system.prometheus.firing() & quiet, "all is well")
    system.kill("worker")
    until(lambda: {"FolkmootNoWorker", "FolkmootWorkerStopped"} <= system.prometheus.firing(), "the alerts")
    assert "FolkmootApiDown" not in system.prometheus.firing()
    system.start("worker")
    until(lambda: not system.prometheus.firing() & quiet, "the alerts' end")
