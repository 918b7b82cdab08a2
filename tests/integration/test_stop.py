"""Stop ends a run after the current turn; asked for while idle, it ends the next run after its task."""

from __future__ import annotations

import asyncio

from tests.integration.conftest import Site, SiteFactory, kinds, said, until

REASON = "External termination requested"


async def test_stop_during_a_run_lets_the_turn_finish(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}, "two"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    await chat.stop()
    site.model.release("it")
    result = await run
    assert said(result.messages) == [("user", "go"), ("a", "one")]
    assert result.stop_reason == REASON


async def test_stop_before_the_run_ends_it_after_its_task(site: Site) -> None:
    chat = await site.open()
    await chat.stop()
    result = await chat.run(task="go")
    assert said(result.messages) == [("user", "go")]
    assert result.stop_reason == REASON
    assert site.model.total == 0
    assert len((await chat.run(task="again")).messages) == 2, "it counts once"


async def test_a_second_stop_is_noted(site: Site) -> None:
    chat = await site.open()
    await chat.stop()
    await chat.stop()
    assert await kinds(chat) == ["opened", "stop", "noted"]


async def test_stop_of_a_paused_run_needs_no_resume(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}])
    chat = await site.open(site.team("a", "b", max_turns=4))
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    await chat.pause()
    await chat.stop()
    site.model.release("it")
    result = await run
    assert said(result.messages) == [("user", "go"), ("a", "one")]
    assert result.stop_reason == REASON
    await until(chat, "idle")
