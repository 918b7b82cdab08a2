"""Opening a chat that lives with a state or old messages: the same ones find it, others are refused and do nothing."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from folkmoot import (
    Chat,
    ChatExistsError,
    FolderStore,
    HistoryLimits,
    MaxMessageTermination,
    TextMentionTermination,
    TimeoutTermination,
)
from tests.integration.conftest import Site, SiteFactory, said, unique

OLD: list[dict[str, Any]] = [
    {"role": "user", "name": "user", "content": "go"},
    {"role": "user", "name": "a", "content": "1"},
]
OTHERS = [*OLD, {"role": "user", "name": "b", "content": "else"}]


async def log_of(chat: Chat) -> list[Any]:
    return [event.data async for event in chat.events(follow=False)]


async def test_a_chat_is_found_by_the_messages_it_began_with(sites: SiteFactory) -> None:
    site = await sites(["2", "3"])
    # The time a condition begins to count, and the ids of the messages, are made anew each time.
    team = site.team("a", "b", termination_condition=TimeoutTermination(900) | MaxMessageTermination(1))
    chat = await site.open(team, messages=OLD)
    again = await site.open(team, id=chat.id, messages=OLD)
    assert said((await again.run()).messages) == [("b", "2")]
    before = await log_of(chat)
    later = await site.open(team, id=chat.id, messages=OLD)
    assert await log_of(later) == before, "what came since stays"
    assert await log_of(await site.open(team, id=chat.id)) == before


async def test_messages_do_not_vanish_in_a_chat_that_lives(
    sites: SiteFactory, caplog: pytest.LogCaptureFixture
) -> None:
    site = await sites(["2"])
    team = site.team("a", "b", termination_condition=TextMentionTermination("else"))
    fresh, begun = await site.open(team), await site.open(team, messages=OLD)
    for chat in (fresh, begun):
        before = await log_of(chat)
        caplog.clear()
        with caplog.at_level(logging.WARNING, "folkmoot"), pytest.raises(ChatExistsError) as refused:
            await site.open(team, id=chat.id, messages=OTHERS)
        assert repr(chat.id) in str(refused.value)
        assert "`load_messages`" in str(refused.value)
        assert "may terminate the chat" not in caplog.text, "nothing is told of messages that are not taken"
        assert await log_of(chat) == before
    with caplog.at_level(logging.WARNING, "folkmoot"):
        await site.open(team, messages=OTHERS)
    assert "may terminate the chat" in caplog.text


async def test_what_becomes_of_the_last_message_belongs_to_the_beginning(site: Site) -> None:
    team = site.team("a", "b")
    chat = await site.open(team, messages=OLD, termination={"1": "one"})
    await site.open(team, id=chat.id, messages=OLD, termination=lambda text: text.replace("1", "one"))
    with pytest.raises(ChatExistsError):
        await site.open(team, id=chat.id, messages=OLD)
    for options in ({}, {"state": await chat.save_state()}):
        with pytest.raises(ValueError, match="termination is about the last of old messages, got 'keep'"):
            await site.open(team, id=chat.id, termination="keep", **options)


async def test_a_state_finds_the_chat_that_began_with_it(sites: SiteFactory) -> None:
    site = await sites(["1", "2"])
    source = await site.open(site.team("a", "b"))
    empty = await source.save_state()
    await source.run(task="go")
    state = await source.save_state()
    chat = await site.open(site.team("a", "b"), state=state)
    assert (await site.open(site.team("a", "b"), id=chat.id, state=state)).id == chat.id
    for living in (chat, source):
        with pytest.raises(ChatExistsError, match="`load_state`"):
            await site.open(site.team("a", "b"), id=living.id, state=empty)
    await chat.close()
    anew = await site.open(site.team("a", "b"), id=chat.id, state=empty, replace=True)
    assert (await anew.status()).turn == 0
    with pytest.raises(ChatExistsError):
        await site.open(site.team("a", "b"), id=chat.id, state=state, replace=True)


async def test_the_mark_outlives_continue_as_new_and_a_change_of_the_team(sites: SiteFactory) -> None:
    site = await sites([str(number) for number in range(6)])
    team, other = site.team("a", "b", max_turns=2), site.team("a", "b", max_turns=1)
    chat = await site.open(team, messages=OLD, limits=HistoryLimits(events=12))
    for _ in range(2):
        await chat.run(task="go")
    assert (await chat.status()).continued
    await site.open(team, id=chat.id, messages=OLD)
    await chat.change(other)
    await site.open(other, id=chat.id, messages=OLD)


async def test_an_exported_chat_does_not_vanish_in_one_that_lives(sites: SiteFactory) -> None:
    site = await sites(["1"])
    source, living = await site.open(), await site.open()
    document = await source.export()
    before = await log_of(living)
    with pytest.raises(ChatExistsError, match="did not begin with this"):
        await site.moot.import_chat(document, living.id, replace=True)
    assert await log_of(living) == before


async def test_what_is_refused_leaves_nothing_in_the_store(sites: SiteFactory, tmp_path: Any) -> None:
    site = await sites(["1"], store=FolderStore(tmp_path))
    chat = await site.open(site.team("a"), id=unique())

    def kept() -> list[str]:
        return sorted(str(path) for path in tmp_path.rglob("*") if path.is_file())

    before = kept()
    large = [*OLD, {"role": "user", "name": "user", "content": "x" * 400_000}]
    with pytest.raises(ChatExistsError):
        await site.open(site.team("a"), id=chat.id, messages=large)
    assert kept() == before
