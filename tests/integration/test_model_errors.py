"""A model's errors end to end: what is retried and when, what fails at once, and the key is nowhere to be seen."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import BaseModel

from folkmoot import ChatFailedError
from tests.integration.conftest import KEY, Site, SiteFactory, kinds, said


class Verdict(BaseModel):
    """An output type."""

    good: bool


async def attempts(site: Site, chat_id: str) -> list[int]:
    """The attempt at which each activity was completed."""
    history = await site.client.get_workflow_handle(chat_id).fetch_history()
    return [
        event.activity_task_started_event_attributes.attempt
        for event in history.events
        if event.HasField("activity_task_started_event_attributes")
    ]


async def test_429_is_retried_after_the_time_the_provider_asks_for(sites: SiteFactory) -> None:
    site = await sites([{"status": 429, "headers": {"retry-after-ms": "20"}}] * 3 + ["at last"])  # type: ignore[operator]
    chat = await site.open()
    result = await chat.run(task="go")
    assert said(result.messages)[-1] == ("writer", "at last")
    assert await attempts(site, chat.id) == [4]
    history = await site.handle(chat).fetch_history()
    (started,) = [
        event.activity_task_started_event_attributes
        for event in history.events
        if event.HasField("activity_task_started_event_attributes")
    ]
    # Temporal was told the header's time; its own first interval would be a second.
    delay = started.last_failure.application_failure_info.next_retry_delay
    assert delay.ToMilliseconds() == 20
    assert site.model.total == 4, "the HTTP client retries nothing by itself"


@pytest.mark.parametrize("status", [408, 409, 500, 503])
async def test_passing_failures_are_retried(sites: SiteFactory, status: int) -> None:
    site = await sites([{"status": status, "headers": {"retry-after-ms": "10"}}, "fine"])
    chat = await site.open()
    assert said((await chat.run(task="go")).messages)[-1] == ("writer", "fine")
    assert site.model.total == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_final_failures_end_the_run_at_once_and_not_the_chat(sites: SiteFactory, status: int) -> None:
    site = await sites([{"status": status, "message": f"no good: {KEY}"}, "better now"])
    chat = await site.open()
    with pytest.raises(ChatFailedError, match=str(status)) as failed:
        await chat.run(task="go")
    assert (failed.value.agent, failed.value.error_type) == ("writer", "ModelCallError")
    assert KEY not in str(failed.value)
    assert site.model.total == 1
    found = await chat.status()
    assert (found.status, found.stop_reason) == ("idle", None)
    assert found.error is not None
    assert "Traceback" not in str(found.error)

    result = await chat.run(task=None)
    assert said(result.messages) == [("writer", "better now")]
    texts = [message["content"] for message in site.model.requests[1]["messages"] if message["role"] != "system"]
    assert texts == ["go"], "nothing is delivered twice"


@pytest.mark.parametrize("body", ["Bad gateway", '{"choices": []}', "[1, 2]", ""])
async def test_an_answer_outside_the_protocol_is_asked_for_again(sites: SiteFactory, body: str) -> None:
    site = await sites([{"raw": body or " "}, "sense"])
    chat = await site.open()
    assert said((await chat.run(task="go")).messages)[-1] == ("writer", "sense")


async def test_nonsense_where_json_was_demanded(sites: SiteFactory) -> None:
    site = await sites(["{not json", '{"good": true}'])
    chat = await site.open(site.agent(output_content_type=Verdict))
    with pytest.raises(ChatFailedError, match="it is not JSON") as failed:
        await chat.run(task="judge")
    assert failed.value.error_type == "ModelOutputError"
    message = (await chat.run(task=None)).messages[-1]
    assert message.type == "StructuredMessage[Verdict]"
    assert message.content == Verdict(good=True)


async def test_nonsense_arguments_are_shown_to_the_model(sites: SiteFactory) -> None:
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    bad = [{"name": "add", "arguments": text} for text in ("{oops", "[1]", '{"a": "x"}')]
    site = await sites([{"calls": bad}, "sorry"], tools=[add])
    chat = await site.open(site.agent(tools=["add"], max_tool_iterations=2))
    result = await chat.run(task="go")
    event = result.messages[2]
    assert event.type == "ToolCallExecutionEvent"
    assert [outcome.is_error for outcome in event.content] == [True, True, True]
    assert said(result.messages)[-1] == ("writer", "sorry")


async def test_the_failed_speaker_is_named_and_earlier_messages_stay(sites: SiteFactory) -> None:
    site = await sites(["one", {"status": 400}, "two"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    with pytest.raises(ChatFailedError) as failed:
        await chat.run(task="go")
    assert failed.value.agent == "b"
    result = await chat.run(task=None)
    assert said(result.messages) == [("b", "two")], "that turn is taken again, and the run ends where it would have"
    assert "run_ended" in await kinds(chat)


async def test_the_key_is_nowhere(sites: SiteFactory, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    steps: list[Any] = [
        {"status": 401, "message": f"Incorrect API key provided: {KEY}"},
        {"status": 500, "message": f"Authorization: Bearer {KEY}", "headers": {"retry-after-ms": "10"}},
        "fine",
    ]
    site = await sites(steps)
    chat = await site.open()
    with pytest.raises(ChatFailedError) as failed:
        await chat.run(task="go")
    await chat.run(task=None)
    handle = site.handle(chat)
    history = await handle.fetch_history()
    seen = b"".join(event.SerializeToString() for event in history.events)
    assert b"fine" in seen, "this is where contents would be seen"
    assert KEY.encode() not in seen
    described = await handle.describe()
    texts = [
        repr(failed.value),
        str(described.raw_description),
        repr(site.plugin),
        repr(vars(site.plugin.registry)),
        str([event.data async for event in chat.events(follow=False)]),
        caplog.text,
    ]
    for text in texts:
        assert KEY not in text
