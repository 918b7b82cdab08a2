"""What the how-to on changing a chat tells is so: in Python, on the command line and over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from folkmoot import (
    AssistantAgent,
    BadCommandError,
    Chat,
    ChatBusyError,
    ChatCancelled,
    ChatExistsError,
    PendingRequest,
    RoundRobinGroupChat,
    UnknownNameError,
    UserProxyAgent,
    local,
)
from folkmoot._spec import to_json
from folkmoot._temporal.payloads import MAX_TASK
from folkmoot.embedded import IN_MEMORY
from folkmoot.server.app import create_app
from folkmoot.server.settings import Settings
from folkmoot.server.tokens import TokenKey, issue
from folkmoot.testing import ScriptedModel
from tests._support.documents import ROOT, python_blocks, run_block
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, said, until
from tests.integration.test_rollback import texts

DOCUMENT = "docs/howto/change-a-chat.md"
PROGRAM, FORCED = python_blocks(DOCUMENT)
PAGE = (ROOT / DOCUMENT).read_text(encoding="utf-8")


async def test_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ScriptedModel(["Once.", "No.", "Lovely.", "Page 7.", "critic", "Less."], name="gpt-4o-mini")
    monkeypatch.setattr("folkmoot.local", partial(local, data_dir=IN_MEMORY, models={"gpt-4o-mini": model}))
    names = await run_block(PROGRAM, {})
    assert said(names["result"].messages) == [("user", "Shorter, please"), ("critic", "Less.")]

    def heard(number: int) -> list[str]:
        return [str(message["content"]) for message in model.requests[number]["messages"]]

    assert heard(2) == ["Be kind.", "Write the first page", "Once.", "No."], "the critic knows what it knew"
    assert heard(3)[1:] == ["Write the first page", "Once.", "No.", "Lovely."], "a newcomer hears what was said"
    assert [tool["function"]["name"] for tool in model.requests[3]["tools"]] == ["look_up"]


async def changes(chat: Chat) -> list[Any]:
    return [event.data async for event in chat.events(follow=False) if event.kind == "loaded"]


def known(site: Site, block: str) -> str:
    """The block, with the model of these tests."""
    return block.replace("gpt-4o-mini", str(site.agent().model_client))


async def test_while_a_run_is_under_way(sites: SiteFactory) -> None:
    site = await sites(["1", {"text": "2", "hold": "it"}, "3", "4", "5"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(2)
    names = {"AssistantAgent": AssistantAgent, "chat": chat}
    with pytest.raises(ChatBusyError):
        await run_block(known(site, FORCED).replace(", force=True", ""), names)
    assert not run.done()
    await run_block(known(site, FORCED), names)
    with pytest.raises(ChatCancelled):
        await run
    events = [event async for event in chat.events(follow=False)]
    assert [(event.message.source, event.data["message"]["content"]) for event in events if event.message] == [
        ("user", "go"),
        ("a", "1"),
        ("b", "3"),
    ]
    assert texts(site, 2) == ["go", "1"]
    assert said((await chat.run()).messages) == [("painter", "4"), ("a", "5")]
    assert texts(site, 3) == ["3"], "the painter heard only what came"


async def test_what_is_refused_and_what_the_log_shows(sites: SiteFactory) -> None:
    site = await sites(["1"])
    old, new = site.team("a", "b"), site.team("a", "c")
    chat = await site.open(old)
    await chat.run(task="go")
    with pytest.raises(BadCommandError):
        await chat.change(old)
    with pytest.raises(BadCommandError):
        await chat.add_participant(site.agent("b"))
    with pytest.raises(BadCommandError):
        await chat.change(RoundRobinGroupChat.model_construct(**{**dict(old), "participants": ()}))
    with pytest.raises(BadCommandError):
        await chat.remove_participant("nobody")
    with pytest.raises(UnknownNameError):
        await chat.add_participant(site.agent("c", tools=["unheard_of"]))
    assert MAX_TASK == 1_000_000
    assert await changes(chat) == []

    await chat.change(new, by="ann")
    (change,) = await changes(chat)
    assert (change["spec"], change["by"]) == (to_json(new), "ann")
    snapshot = (await chat.snapshots())[-1]
    assert snapshot.reason == "change"
    await site.moot.open(new, chat.id)
    with pytest.raises(ChatExistsError):
        await site.moot.open(old, chat.id)


async def test_a_single_agent_becomes_a_team(sites: SiteFactory) -> None:
    site = await sites(["1", "2"])
    chat = await site.open(site.agent("a"))
    with pytest.raises(BadCommandError):
        await chat.add_participant(site.agent("b"))
    await chat.run(task="go")
    await chat.change(site.team("a", "b", max_turns=1))
    assert (await chat.run()).messages[-1].source == "a"
    assert texts(site, 1) == ["go", "1"]


async def test_who_leaves_is_forgotten(sites: SiteFactory) -> None:
    site = await sites(["1", "2", "3", "4", "5"])
    chat = await site.open(site.team("a", "b"))
    await chat.run(task="go")
    await chat.run()
    await chat.remove_participant("b")
    await chat.run()
    await chat.add_participant(site.agent("b"), hears=False)
    speakers = [(await chat.run()).messages[-1].source for _ in range(2)]
    assert speakers == ["a", "b"]
    assert texts(site, 4) == ["4"]


@pytest.mark.parametrize("stays", [True, False])
async def test_who_was_asked_is_asked_again(sites: SiteFactory, stays: bool) -> None:
    site = await sites(["1"])
    ann = UserProxyAgent("ann")
    chat = await site.open(RoundRobinGroupChat([ann, site.agent("a")], max_turns=1))
    run = asyncio.create_task(chat.run(task="go"))

    async def asked() -> list[PendingRequest]:
        return await chat.pending()

    (before,) = await eventually(asked, what="ann is asked")
    await chat.change(RoundRobinGroupChat([*([ann] if stays else []), site.agent("b")], max_turns=1), force=True)
    with pytest.raises(ChatCancelled):
        await run
    if stays:
        (again,) = await eventually(asked, what="ann is asked again")
        assert again.request != before.request
        await chat.answer(again.request, "yes")
    assert (await until(chat, "idle")).run == (2 if stays else 1)
    heard = [event.message async for event in chat.events(follow=False) if event.kind == "message"]
    assert said(heard) == [("user", "go"), *([("ann", "yes")] if stays else [])]


@pytest.mark.parametrize("number", [0, 1])
async def test_on_the_command_line(sites: SiteFactory, tmp_path: Path, number: int) -> None:
    commands = re.findall(r"^\$ folkmoot (.*)$", PAGE, re.MULTILINE)
    site = await sites(["1", "2"])
    chat = await site.open(site.team("a"))
    await chat.run(task="go")
    (tmp_path / "team.json").write_text(json.dumps(to_json(site.team("b"))))
    module = tmp_path / "my_company" / "agents.py"
    module.parent.mkdir()
    module.write_text(
        "import json, pathlib, folkmoot\n"
        "text = (pathlib.Path(__file__).parents[1] / 'team.json').read_text()\n"
        "team = folkmoot.load_spec(json.loads(text))\n"
    )
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "folkmoot.cli.main"],
        *shlex.split(commands[number].replace("novel", chat.id)),
        *["--address", site.address, "--queue", site.queue],
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    assert process.returncode == 0, told.decode()
    assert (await chat.run()).messages[-1].source == "b"
    assert texts(site, 1) == ([] if "--untold" in commands[number] else ["go", "1"])
    assert [change.get("by") for change in await changes(chat)] == ["ann" if number == 0 else None]


async def test_over_http(sites: SiteFactory) -> None:
    (line,) = re.findall(r"^curl .*?-d '(.*)'$", PAGE, re.DOTALL | re.MULTILINE)
    site = await sites(["1", "2"])
    chat = await site.open(site.team("a"))
    await chat.run(task="go")
    key = TokenKey(b"0123456789abcdef0123456789abcdef")
    app = create_app(site.moot, Settings(token_keys=(key,)), teams={"novelists": site.team("b")})
    headers = {"Authorization": f"Bearer {issue([key], 'dora', roles=['designer'])}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api", headers=headers) as client:
        found = await client.post(f"/v1/chats/{chat.id}/change", json=json.loads(line))
    assert (found.status_code, found.json()["status"]) == (200, "idle"), found.text
    (change,) = await changes(chat)
    assert change["by"]["subject"] == "dora"
    assert (await chat.run()).messages[-1].source == "b"
    assert texts(site, 1) == []
