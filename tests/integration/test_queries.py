"""Every query answers any Temporal client; a bad one is refused and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowQueryFailedError

from folkmoot._temporal.names import QUERIES
from folkmoot._temporal.payloads import unpack
from tests.integration.cli import HUGE, TemporalCli
from tests.integration.conftest import Site


async def test_what_each_query_answers(site: Site) -> None:
    chat = await site.open(site.team("a"), tenant="acme")
    await chat.run(task="go")
    handle = site.handle(chat)
    answers: dict[str, Any] = {name: await handle.query(name, {}) for name in set(QUERIES) - {"command", "snapshot"}}
    status = answers["status"]
    assert (status["status"], status["turn"], status["run"], status["team"]) == ("idle", 1, 1, "RoundRobinGroupChat")
    assert answers["state"]["offset"] == status["head"] - 1
    assert answers["usage"]["agents"]["a"]["model_calls"] == 1
    assert answers["spec"]["participants"][0]["name"] == "a"
    assert answers["pending"] == {"requests": [], "waits": {}}
    assert answers["check"] is None
    page = answers["log"]
    lines = [json.loads(line) for line in unpack(page["entries"])]
    assert len(lines) == page["count"] == page["head"] == status["head"]
    assert lines[0]["kind"] == "opened"

    offset = answers["snapshots"]["snapshots"][0]["offset"]
    snapshot = await handle.query("snapshot", {"offset": offset})
    assert snapshot["snapshot"]["speakers"] == ["a"]
    assert snapshot["state"]
    command = json.loads(unpack(page["entries"])[1])["command"]
    assert await handle.query("command", {"command": command}) == {"offset": 1, "seen": True}
    assert await handle.query("command", {"command": "other"}) == {"offset": None, "seen": False}


async def test_a_page_of_the_log(site: Site) -> None:
    chat = await site.open()
    await chat.run(task="go")
    page = await site.handle(chat).query("log", {"after": 2, "limit": 1, "spec": True})
    assert (page["first"], page["count"]) == (2, 1)
    assert page["spec"]["type"] == "RoundRobinGroupChat"
    assert json.loads(unpack(page["entries"])[0])["message"]["content"] == "go"


@pytest.mark.parametrize(
    ("name", "argument", "text"),
    [
        ("log", {"after": -1}, "-1"),
        ("log", {"after": 999}, "999"),
        ("log", {"after": "x"}, "after"),
        ("log", [1], "object"),
        ("command", {}, "'command' must be the id of one, got None"),
        ("snapshot", {}, "offset"),
        ("snapshot", {"offset": "x"}, "'x'"),
        ("snapshot", {"offset": 0}, "no snapshot 0"),
        ("status", "text", "object"),
        ("status", 5, "object"),
        ("nonsense", {}, "nonsense"),
    ],
)
async def test_a_bad_query(site: Site, name: str, argument: Any, text: str) -> None:
    chat = await site.open()
    before = await chat.status()
    with pytest.raises(WorkflowQueryFailedError, match=text):
        await site.handle(chat).query(name, argument)
    assert await chat.status() == before


@pytest.mark.parametrize("name", QUERIES)
async def test_from_the_command_line(site: Site, tmp_path: Path, name: str) -> None:
    chat = await site.open()
    await chat.run(task="go")
    before = await chat.status()
    cli = TemporalCli(site, chat, tmp_path)
    bare = await cli.query(name)
    assert (bare.code == 0) == (name not in ("command", "snapshot")), bare
    assert (await cli.query(name, 1, 2)).code != 0
    assert (await cli.query(name, raw=b"\x00\xff")).code != 0
    assert (await cli.query(name, "x" * HUGE)).code != 0 or name == "check"
    assert await chat.status() == before
