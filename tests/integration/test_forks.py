"""Forks of chats in any status, and of forks: source and fork go on apart."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from folkmoot import Chat, ChatExistsError, FolderStore, UserProxyAgent
from tests.integration.conftest import Site, SiteFactory, said, unique, until


def texts(site: Site, number: int) -> list[str]:
    """What the model was shown in a request, without instructions."""
    return [item["content"] for item in site.model.requests[number]["messages"] if item["role"] != "system"]


async def test_of_a_chat_whose_model_is_at_work(sites: SiteFactory) -> None:
    """The call in flight is not copied: the fork makes it itself, and the source's goes on."""
    site = await sites(["1", {"text": "2", "hold": "it"}, "theirs"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(2)
    fork = await site.moot.fork(chat.id, unique())
    assert (await fork.status()).status == "idle"
    assert said((await fork.run()).messages) == [("b", "theirs")]
    assert texts(site, 2) == texts(site, 1) == ["go", "1"]
    site.model.release("it")
    assert said((await run).messages) == [("user", "go"), ("a", "1"), ("b", "2")]


async def test_of_a_paused_chat(sites: SiteFactory) -> None:
    """The fork is not paused."""
    site = await sites([{"text": "1", "hold": "it"}, "2", "2"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    await chat.pause()
    site.model.release("it")
    await until(chat, "paused")
    fork = await site.moot.fork(chat.id, unique())
    assert said((await fork.run()).messages) == [("b", "2")]
    assert (await chat.status()).status == "paused"
    await chat.resume()
    assert said((await run).messages)[-1] == ("b", "2")


async def _asked(chat: Chat) -> str:
    await until(chat, "waiting")
    (request,) = await chat.pending()
    return request.request


async def test_of_a_chat_that_waits_for_a_person(sites: SiteFactory) -> None:
    """Both are asked, each under an id of its own."""
    site = await sites(["1"])
    team = site.team("a", max_turns=2)
    team = type(team)([*team.participants, UserProxyAgent("p")], max_turns=2)
    chat = await site.open(team)
    run = asyncio.create_task(chat.run(task="go"))
    asked = await _asked(chat)
    fork = await site.moot.fork(chat.id, unique())
    again = await _asked(fork)
    assert again != asked
    await fork.answer(again, "no")
    await until(fork, "idle")
    await chat.answer(asked, "yes")
    assert said((await run).messages)[-1] == ("p", "yes")
    state = await fork.save_state()
    thread = state["agent_states"]["RoundRobinGroupChatManager"]["message_thread"]
    assert [item["content"] for item in thread if item["type"] == "TextMessage"] == ["go", "1", "no"]


async def test_of_a_closed_chat(sites: SiteFactory) -> None:
    site = await sites(["1", "2"])
    chat = await site.open(site.team("a", "b", max_turns=1))
    await chat.run(task="go")
    await chat.close()
    fork = await site.moot.fork(chat.id, unique())
    assert said((await fork.run()).messages) == [("b", "2")]
    assert texts(site, 1) == ["go", "1"]


async def test_a_fork_needs_an_id_of_its_own(sites: SiteFactory) -> None:
    site = await sites(["1"])
    chat = await site.open(site.team("a"))
    await chat.run(task="go")
    with pytest.raises(ChatExistsError, match="a fork needs an id of its own"):
        await site.moot.fork(chat.id, chat.id)


async def test_of_forks_at_every_turn(sites: SiteFactory) -> None:
    """Each fork goes one turn further: the last knows all that was said in those before."""
    site = await sites(["1", "2", "3", "4", "5"])
    chat = await site.open(site.team("a", "b", max_turns=1))
    await chat.run(task="go")
    for number in range(2, 6):
        chat = await site.moot.fork(chat.id, unique())
        assert said((await chat.run()).messages) == [("ba"[number % 2], str(number))]
    assert texts(site, 4) == ["go", "1", "2", "3", "4"]


async def test_of_the_turn_a_fork_began_with(sites: SiteFactory) -> None:
    site = await sites(["1", "2", "3", "4", "5"])
    chat = await site.open(site.team("a", max_turns=1))
    await chat.run(task="go")
    await chat.run()
    fork = await site.moot.fork(chat.id, unique(), turn=1)
    again = await site.moot.fork(fork.id, unique(), turn=1)
    assert said((await again.run()).messages) == [("a", "3")]
    assert texts(site, 2) == ["go", "1"]
    await fork.run()
    found = await fork.rollback(turn=1)
    assert found.snapshot.reason == "load"
    await fork.run()
    assert texts(site, 4) == ["go", "1"]


async def test_of_a_chat_too_large_for_a_command(sites: SiteFactory, tmp_path: Path) -> None:
    """Its state goes through the store."""
    site = await sites(["1", "2", "3"], store=FolderStore(tmp_path))
    chat = await site.open(site.team("a", "b", max_turns=1))
    words = [f"{number} " + "word " * 120_000 for number in range(5)]
    await chat.run(task=words[0])
    for number in (1, 2):
        await chat.run(task=words[number])
    assert len(json.dumps(await chat.save_state())) > 3_000_000
    site.model.script.replace(["4", "5"])
    fork = await site.moot.fork(chat.id, unique())
    await fork.run()
    assert texts(site, 3) == [words[0], "1", words[1], "2", words[2], "3"]
    deeper = await site.moot.fork(fork.id, unique(), offset=(await fork.snapshots())[0].offset)
    await deeper.run()
    assert texts(site, 4) == texts(site, 3)
