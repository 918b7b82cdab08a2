"""A single agent may be opened as a chat: its run is one turn and has no stop reason, as in AutoGen."""

from __future__ import annotations

from tests.integration.conftest import SiteFactory, said


async def test_an_agents_run_is_one_turn(sites: SiteFactory) -> None:
    site = await sites(["one", "two"])
    chat = await site.open(site.agent("solo", system_message="Be brief."))
    result = await chat.run(task="first")
    assert said(result.messages) == [("user", "first"), ("solo", "one")]
    assert result.stop_reason is None
    await chat.run(task="second")
    texts = [message["content"] for message in site.model.requests[1]["messages"]]
    assert texts == ["Be brief.", "first", "one", "second"]
    assert (await chat.status()).team == "solo"


async def test_an_agent_with_tools_answers_with_the_summary(sites: SiteFactory) -> None:
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    site = await sites([{"calls": [{"name": "add", "arguments": {"a": 2, "b": 3}}]}], tools=[add])
    chat = await site.open(site.agent(tools=["add"]))
    result = await chat.run(task="2 + 3?")
    assert [message.type for message in result.messages] == [
        "TextMessage",
        "ToolCallRequestEvent",
        "ToolCallExecutionEvent",
        "ToolCallSummaryMessage",
    ]
    assert result.messages[-1].to_text() == "5"
