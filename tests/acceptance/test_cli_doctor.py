"""`folkmoot setup` and `folkmoot doctor`: a namespace is made once, and what is missing is told with what to do."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from folkmoot import FolderStore
from folkmoot._local.namespace import ensure_namespace, register_search_attributes
from folkmoot._local.ports import free_port
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from tests._support.command_line import CommandLine


@pytest.fixture
def cli(tmp_path: Path, server_address: str) -> Iterator[CommandLine]:
    cli = CommandLine(tmp_path, TEMPORAL_ADDRESS=server_address, FOLKMOOT_TASK_QUEUE=tmp_path.name)
    yield cli
    cli.close()


def doctor(cli: CommandLine, *arguments: str, code: int, **environment: str) -> dict[str, dict[str, Any]]:
    """The findings by name; the counts are checked."""
    *findings, counts = cli.json("doctor", *arguments, code=code, **environment)
    levels = [finding["level"] for finding in findings]
    assert counts == {"kind": "doctor", **{level: levels.count(level) for level in ("ok", "warn", "fail")}}
    assert all(bool(finding["mend"]) for finding in findings if finding["level"] == "fail")
    return {finding["name"]: finding for finding in findings}


def levels(findings: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: finding["level"] for name, finding in findings.items()}


def test_a_namespace_is_made_once_and_told_of(cli: CommandLine) -> None:
    name = f"setup-{uuid.uuid4().hex}"
    missing = doctor(cli, "--namespace", name, code=1)["namespace"]
    assert missing["text"] == f"there is no namespace {name!r}"
    assert missing["mend"] == f"folkmoot setup --namespace {name}"

    made = cli.run("setup", "--namespace", name, "--retention", "3d").stdout.splitlines()
    assert made == [
        f"namespace {name!r} made and keeps closed chats for 3 days",
        f"search attributes added {', '.join(SEARCH_ATTRIBUTES)}",
    ]
    again = cli.run("setup", "--namespace", name).stdout.splitlines()
    assert again == [
        f"namespace {name!r} was there and keeps closed chats for 3 days",
        "search attributes were all there",
    ]
    assert "got 'long'" in cli.run("setup", "--namespace", name, "--retention", "long", code=2).stderr
    (changed,) = cli.json("setup", "--namespace", name, "--retention", "36h")
    assert (changed["made"], changed["retention"], changed["retention_changed"]) == (False, 36 * 3600, True)

    found = doctor(cli, "--namespace", name, code=1)
    assert levels(found) == {
        "server": "ok",
        "namespace": "ok",
        "search attributes": "ok",
        "workers": "fail",
        "clock": "ok",
        "encryption": "ok",
        "store": "warn",
        "models": "warn",
    }
    assert found["namespace"]["text"] == f"{name!r} keeps closed chats for 1.5 days"


async def _with_another_type(address: str, name: str) -> None:
    client = await Client.connect(address, namespace=name)
    await ensure_namespace(client)
    await register_search_attributes(client, {"ChatTurns": "Keyword"})


def test_a_search_attribute_of_another_type_is_refused_at_once(cli: CommandLine, server_address: str) -> None:
    name = f"setup-{uuid.uuid4().hex}"
    asyncio.run(_with_another_type(server_address, name))
    error = cli.error("setup", "--namespace", name, "--wait", "600")
    assert error.startswith("folkmoot: Search attribute 'ChatTurns' has type Keyword on the server; expected Int.")
    found = doctor(cli, "--namespace", name, code=1)["search attributes"]
    assert (found["level"], found["text"]) == ("fail", "ChatTurns is Keyword and should be Int")
    assert f"search-attribute remove --namespace {name}" in found["mend"]


def test_a_server_that_is_away_leaves_the_rest_to_be_looked_at(cli: CommandLine) -> None:
    address = f"127.0.0.1:{free_port()}"
    found = doctor(cli, "--address", address, "--store", str(cli.folder / "store"), code=1)
    assert levels(found) == {"server": "fail", "store": "warn", "models": "warn"}
    assert found["server"]["text"].startswith(f"No Temporal server answers at {address!r}; ")
    error = cli.error("setup", "--address", address, "--wait", "0.2")
    assert error.startswith(f"folkmoot: No Temporal server answers at {address!r}; ")


def test_without_a_server_named_and_without_data_it_is_told(cli: CommandLine) -> None:
    found = doctor(cli, code=1, TEMPORAL_ADDRESS="")
    assert "TEMPORAL_ADDRESS is not set" in found["server"]["text"]


def test_all_is_well_with_a_worker_a_store_a_model_and_a_database(cli: CommandLine) -> None:
    cli.scripted_model([{"text": "hello"}])
    cli.environment |= {
        "FOLKMOOT_STORE": str(cli.folder / "store"),
        "FOLKMOOT_DATABASE_URL": f"sqlite:///{cli.folder / 'application.db'}",
    }
    asyncio.run(FolderStore(cli.folder / "store").begin())
    cli.start("worker").kind("worker")
    found = doctor(cli, "--strict", code=0)
    assert set(levels(found).values()) == {"ok"}
    assert "database" in found
    assert found["workers"]["text"] == f"task queue {cli.folder.name!r}: 1 unversioned"
    assert found["models"]["text"].endswith("1 models; no completion was asked for")
    # For people: a line each.
    lines = cli.run("doctor").stdout.splitlines()
    assert len(lines) == len(found) + 1
    assert lines[-1] == f"{len(found)} ok"


def test_warnings_count_when_it_is_strict(cli: CommandLine) -> None:
    cli.start("worker").kind("worker")
    assert levels(doctor(cli, code=0))["store"] == "warn"
    doctor(cli, "--strict", code=1)


def test_the_embedded_server_is_set_up_by_itself(cli: CommandLine) -> None:
    (told,) = cli.json("setup", TEMPORAL_ADDRESS="")
    assert (told["namespace"], told["added"]) == ("default", [])
    assert levels(doctor(cli, code=1, TEMPORAL_ADDRESS=""))["search attributes"] == "ok"
