"""Nothing is summarised twice: not after failures, pauses, loads, rollbacks, forks and continuations."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from folkmoot import (
    ChatFailedError,
    HistoryLimits,
    SelectorGroupChat,
)
from tests.integration.condensed import (
    Talk,
    asked,
    context,
    message,
    shown,
    summaries,
    told,
)
from tests.integration.conftest import MODEL, SiteFactory, unique, until


async def test_a_selection_is_saved_and_loaded(sites: SiteFactory) -> None:
    talk = Talk()

    def answers(body: dict[str, Any]) -> Any:
        if "Select" in body["messages"][0]["content"]:
            return {"text": f"agent{talk.said % 2}"}
        return talk(body)

    site = await sites(answers)
    team = SelectorGroupChat(
        [site.agent(f"agent{number}") for number in range(3)],
        MODEL,
        max_turns=12,
        selector_prompt="Select of {participants} for {roles} after:\n{history}",
        model_context=context("selection"),
    )
    chat = await site.open(team)
    await chat.run(task="go")
    made = len(summaries(site))
    other = await site.open(team, state=await chat.save_state())
    await other.run(task="on")
    first = next(body for body in site.model.requests if "user: on" in body["messages"][0]["content"])
    assert "summary: Summary of the conversation so far:\n[up to m" in first["messages"][0]["content"]
    assert set(told(site).values()) == {1}
    assert len(summaries(site)) > made > 0


async def test_nothing_is_summarised_again_after_a_failure(sites: SiteFactory) -> None:
    talk = Talk()
    site = await sites(talk)
    chat = await site.open(site.agent("a", model_context=context()))
    for number in range(5):
        await chat.run(task=message(100 + number))
    talk.next = [{"text": "[all]"}, {"status": 400, "message": "no"}]
    with pytest.raises(ChatFailedError):
        await chat.run(task=message(105))
    assert len(summaries(site)) == 1
    await chat.run()
    assert len(summaries(site)) == 1
    assert shown(asked(site)[-1])[:2] == ["Summary of the conversation so far:\n[all]", "<m102>"]


async def test_a_summariser_that_fails_ends_the_run_and_is_asked_again(sites: SiteFactory) -> None:
    talk = Talk()
    site = await sites(talk)
    chat = await site.open(site.agent("a", model_context=context()))
    talk.next = [{"text": ""}]
    with pytest.raises(ChatFailedError, match="was to write a summary, and wrote none"):
        await chat.run(task=message(1, 8_000))
    await chat.run()
    assert shown(asked(site)[-1])[0].startswith("[Summary of a longer message]\n[up to m1]")


async def test_paused_while_a_summary_is_written(sites: SiteFactory) -> None:
    talk = Talk()
    site = await sites(talk)
    chat = await site.open(site.agent("a", model_context=context()))
    talk.next = [{"text": "[one]", "hold": "it"}, {"text": "[two]"}, {"text": "[three]"}]
    run = asyncio.create_task(chat.run(task=message(1, 4_100)))
    await site.model.wait_for_requests(1)
    await chat.pause()
    site.model.release("it")
    await until(chat, "paused")
    assert len(site.model.requests) == 1
    await chat.resume()
    await run
    assert shown(site.model.requests[1])[0].startswith("The summary so far, to be put into the new one:\n\n[one]")
    assert shown(asked(site)[0]) == ["[Summary of a longer message]\n[three]"]


async def test_a_call_that_is_retried_is_made_with_the_summary_that_was_made(sites: SiteFactory) -> None:
    talk = Talk()
    site = await sites(talk)
    chat = await site.open(site.agent("a", model_context=context()))
    talk.next = [{"status": 500, "message": "busy"}, {"text": "[1]"}, {"text": "[2]"}, {"text": "[3]"}]
    talk.next.append({"status": 500, "message": "busy"})
    await chat.run(task=message(1, 4_100))
    assert len(summaries(site)) == 4
    assert [shown(body) for body in asked(site)] == [["[Summary of a longer message]\n[3]"]] * 2


async def test_saved_with_a_message_half_summarised(sites: SiteFactory) -> None:
    talk = Talk()
    site = await sites(talk)
    agent = site.agent("a", model_context=context())
    chat = await site.open(agent)
    talk.next = [{"text": "[one]"}, {"text": "[two]", "hold": "it"}, {"text": "[two]"}, {"text": "[three]"}]
    run = asyncio.create_task(chat.run(task=message(1, 4_100)))
    await site.model.wait_for_requests(2)
    other = await site.open(agent, state=await chat.save_state())
    await other.run()
    assert shown(site.model.requests[2])[0].startswith("The summary so far, to be put into the new one:\n\n[one]")
    assert shown(asked(site)[0]) == ["[Summary of a longer message]\n[three]"]
    site.model.release("it")
    await run


async def test_going_back_and_forking_keep_what_was_summarised(sites: SiteFactory) -> None:
    site = await sites(Talk())
    chat = await site.open(site.agent("a", model_context=context()))
    for number in range(6):
        await chat.run(task=message(100 + number))
    (done,) = summaries(site)
    seen = shown(asked(site)[-1])
    turn = (await chat.status()).turn
    await chat.run(task="forgotten")
    await chat.rollback(turn=turn)
    fork = await site.moot.fork(chat.id, unique(), turn=turn)
    for one in (chat, fork):
        await one.run(task="on")
        assert shown(asked(site)[-1]) == [*seen, "<m6>", "on"]
    assert summaries(site) == [done]
    # Before the summary nothing is summarised.
    await chat.rollback(turn=2)
    await chat.run(task="early")
    assert shown(asked(site)[-1]) == ["<m100>", "<m1>", "<m101>", "<m2>", "early"]


async def test_saved_and_loaded(sites: SiteFactory) -> None:
    site = await sites(Talk())
    agent = site.agent("a", model_context=context())
    chat = await site.open(agent)
    for number in range(6):
        await chat.run(task=message(100 + number))
    state = await chat.save_state()
    other = await site.open(agent, state=state)
    await other.run(task="on")
    assert shown(asked(site)[-1]) == [*shown(asked(site)[-2]), "<m6>", "on"]
    for number in range(6, 14):
        await other.run(task=message(100 + number))
    assert set(told(site).values()) == {1}


async def test_continued_as_new(sites: SiteFactory) -> None:
    site = await sites(Talk())
    limits = HistoryLimits(events=30, resting_events=10, resting_age=0)
    chat = await site.open(site.agent("a", model_context=context()), limits=limits)
    for number in range(20):
        await chat.run(task=message(100 + number))
    assert (await chat.status()).continued
    assert set(told(site).values()) == {1}
