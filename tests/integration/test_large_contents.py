"""Contents over 64 kB lie in the store by their hash; without one, what is too large gives a clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from folkmoot import ChatFailedError, FolderStore, RoundRobinGroupChat, TextMentionTermination
from tests.integration.conftest import Site, SiteFactory, said

CALL = {"calls": [{"name": "dump", "arguments": {}}]}
BIG = 5_000_000


def dump() -> str:
    """Dump it all."""
    return "y" * BIG


async def history_bytes(site: Site, chat_id: str) -> int:
    history = await site.client.get_workflow_handle(chat_id).fetch_history()
    return sum(event.ByteSize() for event in history.events)


async def test_a_message_of_3_mb_with_a_store(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(["read it"], store=FolderStore(tmp_path))
    chat = await site.open()
    task = "x" * 3_000_000
    result = await chat.run(task=task)
    assert said(result.messages) == [("user", task), ("writer", "read it")]
    assert site.model.requests[0]["messages"][-1]["content"] == task, "the model gets it whole"
    assert await history_bytes(site, chat.id) < 20_000


async def test_a_long_reply_is_whole_for_readers_and_the_next_speaker(sites: SiteFactory, tmp_path: Path) -> None:
    reply = "word " * 20_000 + "APPROVE"
    site = await sites([reply, "short"], store=FolderStore(tmp_path))
    stop = TextMentionTermination("APPROVE", sources=["b"])
    team = RoundRobinGroupChat([site.agent("a"), site.agent("b")], termination_condition=stop, max_turns=2)
    chat = await site.open(team)
    result = await chat.run(task="go")
    assert said(result.messages)[1] == ("a", reply)
    assert site.model.requests[1]["messages"][-1]["content"] == reply
    assert await history_bytes(site, chat.id) < 20_000


async def test_a_condition_sees_a_text_that_lies_in_the_store(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(["word " * 20_000 + "APPROVE"], store=FolderStore(tmp_path))
    chat = await site.open(site.team("a", "b", termination_condition=TextMentionTermination("APPROVE")))
    assert (await chat.run(task="go")).stop_reason == "Text 'APPROVE' mentioned"


async def test_a_tool_returning_5_mb_with_a_store(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites([CALL, "seen"], tools=[dump], store=FolderStore(tmp_path))
    chat = await site.open(site.agent(tools=["dump"], max_tool_iterations=2))
    result = await chat.run(task="go")
    assert result.messages[2].content[0].content == "y" * BIG
    assert site.model.requests[1]["messages"][-1]["content"] == "y" * BIG
    assert await history_bytes(site, chat.id) < 30_000


async def test_a_tool_returning_5_mb_without_a_store(sites: SiteFactory) -> None:
    site = await sites([CALL, "I see"], tools=[dump])
    chat = await site.open(site.agent(tools=["dump"], max_tool_iterations=2))
    result = await chat.run(task="go")
    outcome = result.messages[2].content[0]
    assert outcome.is_error
    assert "'dump'" in outcome.content
    assert "store" in outcome.content
    assert said(result.messages)[-1] == ("writer", "I see"), "the model is told, the run goes on"


async def test_a_reply_too_large_without_a_store(sites: SiteFactory) -> None:
    site = await sites(["z" * 3_000_000, "short"])
    chat = await site.open()
    with pytest.raises(ChatFailedError, match=r"3,?000,?\d{3} bytes") as failed:
        await chat.run(task="go")
    assert failed.value.error_type == "PayloadTooLargeError"
    assert len(str(failed.value)) < 500
    assert said((await chat.run(task=None)).messages) == [("writer", "short")]
