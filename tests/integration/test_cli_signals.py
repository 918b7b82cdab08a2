"""Every signal, sent through the `temporal` command line with no, wrong, huge and repeated payloads.

Whatever arrives becomes an entry of the log; nothing wedges the chat, and after what was refused it is as before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from folkmoot import Chat
from folkmoot._temporal.names import SIGNALS
from tests._support.waiting import eventually
from tests.integration.cli import HUGE, TemporalCli
from tests.integration.conftest import Site

WITHOUT_PAYLOAD = {
    "pause": "pause",
    "resume": "noted",
    "reset": "reset",
    "stop": "stop",
    "cancel": "noted",
    "decide": "refused",
    "answer": "refused",
    "say": "refused",
    "submit": "run_started",
    "close": "closed",
    "label": "refused",
}
"""The entry that an idle chat writes for each signal sent bare."""

WRONG: list[Any] = ["text", 17, [1, 2], {"command": 7}, {"command": "x" * 201}]


async def entries(chat: Chat, after: int) -> list[Any]:
    return [entry async for entry in chat.events(after=after, follow=False)]


async def new_entries(chat: Chat, after: int, count: int) -> list[Any]:
    """The entries behind offset `after`, once there are so many."""

    async def probe() -> list[Any] | None:
        found = await entries(chat, after)
        return found if len(found) >= count else None

    found = await eventually(probe, what=f"{count} entries behind {after}")
    assert found is not None
    return found


def test_the_table_names_every_signal() -> None:
    assert WITHOUT_PAYLOAD.keys() == set(SIGNALS)


@pytest.mark.parametrize("name", SIGNALS)
async def test_wrong_and_huge_payloads_are_refused(site: Site, tmp_path: Path, name: str) -> None:
    chat = await site.open()
    await chat.run(task="go")
    cli = TemporalCli(site, chat, tmp_path)
    before = await chat.status()

    for payload in WRONG:
        assert (await cli.signal(name, payload)).code == 0, "a signal always arrives"
    await cli.signal(name, 1, 2)
    await cli.signal(name, raw=b"\x00\xff not json")
    await cli.signal(name, {"command": "x" * HUGE})
    found = await new_entries(chat, before.head - 1, len(WRONG) + 3)

    assert {entry.kind for entry in found} == {"refused"}
    assert len(found) == len(WRONG) + 3
    for entry in found:
        assert entry.data["error"]["type"] == "BadCommandError"
        assert len(entry.data["error"]["message"]) < 1000, "a huge payload does not enter the log"
    after = await chat.status()
    assert (after.status, after.run, after.turn, after.tokens) == (before.status, 1, 1, before.tokens)
    assert len((await chat.run(task="again")).messages) == 2, "the chat goes on"


@pytest.mark.parametrize("name", SIGNALS)
async def test_without_a_payload_a_signal_does_its_plain_thing(site: Site, tmp_path: Path, name: str) -> None:
    chat = await site.open()
    assert (await TemporalCli(site, chat, tmp_path).signal(name)).code == 0
    found = await new_entries(chat, 0, 1)
    assert found[0].kind == WITHOUT_PAYLOAD[name]


@pytest.mark.parametrize("name", SIGNALS)
async def test_a_repeated_command_is_carried_out_once(site: Site, tmp_path: Path, name: str) -> None:
    chat = await site.open()
    cli = TemporalCli(site, chat, tmp_path)
    await cli.signal(name, {"command": "mine"})
    await new_entries(chat, 0, 1)
    if name != "close":
        await cli.signal(name, {"command": "mine"})
        await cli.signal("resume", {"command": "last"})
    expected = 1 if name == "close" else 2

    async def commands() -> list[str] | None:
        found = [entry.data["command"] for entry in await entries(chat, 0) if "command" in entry.data]
        return found if len(found) >= expected else None

    found = await eventually(commands)
    assert found == ["mine", "last"][:expected]


@pytest.mark.parametrize("name", ["nonsense", "run", "__stack_trace"])
async def test_a_signal_nobody_knows(site: Site, tmp_path: Path, name: str) -> None:
    chat = await site.open()
    await TemporalCli(site, chat, tmp_path).signal(name, {"command": "mine", "task": 5})
    await TemporalCli(site, chat, tmp_path).signal("resume", {"command": "last"})
    found = await eventually(lambda: _last(chat))
    assert found
    assert (await chat.status()).status == "idle"
    assert len((await chat.run(task="go")).messages) == 2


async def _last(chat: Chat) -> bool:
    return any(entry.data.get("command") == "last" for entry in await entries(chat, 0))


async def test_what_is_too_large_for_the_server_is_refused_there(site: Site, tmp_path: Path) -> None:
    chat = await site.open()
    before = await chat.status()
    answer = await TemporalCli(site, chat, tmp_path).signal("pause", {"by": "x" * 3_000_000})
    assert answer.code != 0
    assert await chat.status() == before


async def test_a_run_asked_by_signal(site: Site, tmp_path: Path) -> None:
    chat = await site.open()
    cli = TemporalCli(site, chat, tmp_path)
    await cli.signal("submit", {"task": "from a shell", "command": "s1"})
    found = await eventually(lambda: _ended(chat))
    assert found
    texts = [entry.message.to_text() for entry in await entries(chat, 0) if entry.message]
    assert texts == ["from a shell", "hello"]


async def _ended(chat: Chat) -> bool:
    return any(entry.kind == "run_ended" for entry in await entries(chat, 0))


async def test_a_snapshot_is_given_a_name_and_loses_it(site: Site, tmp_path: Path) -> None:
    chat = await site.open()
    await chat.run(task="go")
    (snapshot,) = await chat.snapshots()
    head = (await chat.status()).head
    cli = TemporalCli(site, chat, tmp_path)
    await cli.signal("label", {"label": "good", "offset": snapshot.offset})
    await cli.signal("label", {"label": "good"})
    await cli.signal("label", {"label": "good"})
    await cli.signal("label", {"label": "bad", "offset": 0})
    given, taken, again, wrong = await new_entries(chat, head - 1, 4)
    assert (given.kind, given.data["label"], given.data["offset"]) == ("labelled", "good", snapshot.offset)
    assert (taken.kind, "offset" in taken.data) == ("labelled", False)
    assert [(entry.kind, entry.data["error"]["type"]) for entry in (again, wrong)] == [
        ("refused", "BadCommandError")
    ] * 2
    assert (await chat.snapshots())[0].labels == ()
