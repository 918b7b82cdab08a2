"""Pause before, during and after a run: calls in flight are kept, no new step starts, the run does not return."""

from __future__ import annotations

import asyncio

from tests.integration.conftest import Site, SiteFactory, kinds, said, until


async def test_pause_during_a_run_keeps_the_call_in_flight(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "first"}, "two"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)

    await chat.pause()
    assert (await chat.status()).status == "pausing"
    site.model.release("first")
    paused = await until(chat, "paused")
    assert paused.turn == 1, "the second speaker has not begun"
    assert site.model.total == 1
    assert not run.done()

    await chat.resume()
    result = await run
    assert said(result.messages) == [("user", "go"), ("a", "one"), ("b", "two")]
    assert site.model.total == 2


async def test_pause_before_a_run_makes_it_start_paused(site: Site) -> None:
    chat = await site.open()
    await chat.pause()
    run = asyncio.create_task(chat.run(task="go"))
    await until(chat, "paused")
    assert site.model.total == 0
    await chat.resume()
    assert said((await run).messages) == [("user", "go"), ("writer", "hello")]


async def test_pause_after_a_run_holds_the_next_one(site: Site) -> None:
    chat = await site.open()
    await chat.run(task="one")
    await chat.pause()
    run = asyncio.create_task(chat.run(task="two"))
    await until(chat, "paused")
    assert site.model.total == 1
    await chat.resume()
    assert (await run).messages[0].to_text() == "two"


async def test_double_pause_is_noted_and_one_resume_suffices(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "first"}])
    chat = await site.open()
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    await chat.pause()
    await chat.pause()
    await chat.resume()
    site.model.release("first")
    assert (await run).messages[-1].to_text() == "one"
    found = await kinds(chat)
    assert (found.count("pause"), found.count("noted"), found.count("resumed")) == (1, 1, 1)


async def test_resume_without_pause_changes_nothing(site: Site) -> None:
    chat = await site.open()
    before = await chat.status()
    await chat.resume()
    after = await chat.status()
    assert (after.status, after.turn, after.run) == (before.status, before.turn, before.run)
    assert await kinds(chat) == ["opened", "noted"]


async def test_pause_now_cancels_the_call_and_resume_makes_it_again(sites: SiteFactory) -> None:
    site = await sites([{"text": "lost", "hold": "never"}, "again"])
    chat = await site.open()
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    await chat.pause(now=True)
    await until(chat, "paused")
    await chat.resume()
    assert (await run).messages[-1].to_text() == "again"
    assert site.model.total == 2
