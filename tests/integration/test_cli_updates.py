"""Every update, sent through the `temporal` command line: a refusal comes at once and leaves no trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from folkmoot._temporal.names import UPDATES
from tests._support.waiting import eventually
from tests.integration.cli import HUGE, TemporalCli
from tests.integration.conftest import Site, kinds, until

WRONG: list[Any] = ["text", 17, [1, 2], {"command": 7}, {"command": "x" * HUGE}]


@pytest.mark.parametrize("name", [*UPDATES, "nonsense"])
async def test_wrong_and_huge_payloads_leave_no_trace(site: Site, tmp_path: Path, name: str) -> None:
    chat = await site.open()
    await chat.run(task="go")
    before = await chat.status()
    events = (await site.handle(chat).describe()).history_length
    cli = TemporalCli(site, chat, tmp_path)

    for payload in WRONG:
        answer = await cli.update(name, payload)
        assert answer.code != 0
        assert "Bad payload" in answer.err + answer.out, answer
    assert (await cli.update(name, raw=b"\x00\xff")).code != 0
    assert await chat.status() == before
    assert (await site.handle(chat).describe()).history_length == events, "not even in history"


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"task": []}, "Task list cannot be empty"),
        ({"task": 5}, "task"),
        ({"task": [{"content": "x"}]}, "type"),
        ({"task": [{"type": "Ode", "source": "user", "content": "x"}]}, "Ode"),
        ({"task": "x" * 1_200_000}, "1000000"),
    ],
    ids=["empty", "number", "no type", "unknown type", "too large"],
)
async def test_a_bad_task(site: Site, tmp_path: Path, payload: Any, text: str) -> None:
    chat = await site.open()
    answer = await TemporalCli(site, chat, tmp_path).update("run", payload)
    assert answer.code != 0
    assert text in answer.err + answer.out
    assert await kinds(chat) == ["opened"]


async def test_run_without_a_payload_goes_on(site: Site, tmp_path: Path) -> None:
    chat = await site.open()
    await chat.run(task="go")
    answer = await TemporalCli(site, chat, tmp_path).update("run")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["result"]["after"] > 0
    await eventually(lambda: _runs(chat, 2))


async def _runs(chat: Any, count: int) -> bool:
    return (await kinds(chat)).count("run_ended") == count


async def test_a_repeated_run_is_one_run(site: Site, tmp_path: Path) -> None:
    chat = await site.open()
    cli = TemporalCli(site, chat, tmp_path)
    for _ in range(3):
        assert (await cli.update("run", {"command": "once", "task": "go"})).code == 0
    await until(chat, "idle")
    assert (await kinds(chat)).count("run_started") == 1


async def test_rollback_and_load_state_without_a_payload_change_nothing(site: Site, tmp_path: Path) -> None:
    chat = await site.open()
    await chat.run(task="go")
    before = await chat.status()
    cli = TemporalCli(site, chat, tmp_path)
    for name in ("rollback", "load_state"):
        assert (await cli.update(name)).code != 0
    assert await chat.status() == before


async def test_a_rollback_from_a_shell(site: Site, tmp_path: Path) -> None:
    chat = await site.open(site.team("a", "b", max_turns=2))
    await chat.run(task="go")
    first, _ = await chat.snapshots()
    cli = TemporalCli(site, chat, tmp_path)
    for wrong in ({"offset": 0}, {"offset": "6"}, {"offset": first.offset + 0.5}, {"offset": 10**12}):
        before = await chat.status()
        assert (await cli.update("rollback", wrong)).code != 0
        assert await chat.status() == before
    answer = await cli.update("rollback", {"offset": first.offset, "command": "back", "by": "Ann"})
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["result"]["command"] == "back"
    # Sent again, it is not carried out again.
    assert (await cli.update("rollback", {"offset": first.offset, "command": "back"})).code == 0
    (entry,) = [event async for event in chat.events(follow=False) if event.kind == "rolled_back"]
    assert (entry.data["to"], entry.data["by"]) == (first.offset, "Ann")
    assert [item.turn for item in await chat.snapshots() if item.current] == [1]


async def test_a_state_from_a_shell(site: Site, tmp_path: Path) -> None:
    team = site.team("a", "b", max_turns=2)
    source, chat = await site.open(team), await site.open(team)
    await source.run(task="go")
    state = await source.save_state()
    cli = TemporalCli(site, chat, tmp_path)
    head = (await chat.status()).head
    assert (await cli.update("load_state", {"state": state, "at": head + 5})).code != 0
    answer = await cli.update("load_state", {"state": state, "command": "mine", "at": head})
    assert answer.code == 0, answer.err

    async def loaded() -> bool:
        return "loaded" in await kinds(chat)

    await eventually(loaded)
    assert (await chat.save_state())["agent_states"] == state["agent_states"]


async def test_a_state_of_another_team_becomes_a_refusal(site: Site, tmp_path: Path) -> None:
    chat, other = await site.open(site.team("a")), await site.open(site.team("b"))
    await TemporalCli(site, chat, tmp_path).update("load_state", {"state": await other.save_state(), "command": "mine"})

    async def refusals() -> list[Any]:
        return [event async for event in chat.events(follow=False) if event.kind == "refused"]

    (refused,) = await eventually(refusals)
    assert refused.data["command"] == "mine"
    assert refused.data["error"]["message"] == "Agent state for a not found in the saved state."
    assert "loaded" not in await kinds(chat)
