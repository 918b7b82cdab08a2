"""Live text: agents that stream show their words as chunks; the log holds the final message only."""

from __future__ import annotations

from folkmoot import TaskResult
from folkmoot.messages import ModelClientStreamingChunkEvent
from tests.integration.conftest import SiteFactory, said

WORDS = "Hear ye, hear ye, the moot is met."


async def test_chunks_come_while_the_model_speaks(sites: SiteFactory) -> None:
    site = await sites([{"text": WORDS, "chunks": 12, "chunk_delay": 0.1}])
    chat = await site.open(site.agent(model_client_stream=True))
    items = [item async for item in chat.run_stream(task="go")]
    result = items.pop()
    assert isinstance(result, TaskResult)
    chunks = [item for item in items if isinstance(item, ModelClientStreamingChunkEvent)]
    assert len(chunks) > 1, "words came before the end"
    assert "".join(chunk.content for chunk in chunks) == WORDS
    final = items[-1]
    assert {chunk.full_message_id for chunk in chunks} == {final.id}
    assert said(result.messages) == [("user", "go"), ("writer", WORDS)], "chunks are no part of the result"

    logged = [event.message async for event in chat.events(follow=False) if event.message]
    assert said(logged) == [("user", "go"), ("writer", WORDS)]
    assert site.model.requests[0]["stream"] is True


async def test_an_agent_that_does_not_stream_sends_no_chunks(sites: SiteFactory) -> None:
    site = await sites([WORDS])
    chat = await site.open()
    items = [item async for item in chat.run_stream(task="go")]
    assert [type(item).__name__ for item in items] == ["TextMessage", "TextMessage", "TaskResult"]
    assert "stream" not in site.model.requests[0]


async def test_a_stream_that_breaks_off_is_called_again(sites: SiteFactory) -> None:
    site = await sites([{"text": WORDS, "drop": True}, WORDS])
    chat = await site.open(site.agent(model_client_stream=True))
    items = [item async for item in chat.run_stream(task="go")]
    assert said(items[-1].messages) == [("user", "go"), ("writer", WORDS)]
    assert site.model.total == 2


async def test_streaming_adds_no_event_to_the_history(sites: SiteFactory) -> None:
    site = await sites([{"text": WORDS, "chunks": 6, "chunk_delay": 0.1}, WORDS])
    lengths = []
    for stream in (True, False):
        chat = await site.open(site.agent(model_client_stream=stream))
        assert [item async for item in chat.run_stream(task="go")]
        lengths.append((await site.handle(chat).describe()).history_length)
    assert lengths[0] == lengths[1]
