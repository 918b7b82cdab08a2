"""The program on the project's first page, as it stands, against the default endpoint and an embedded server."""

from __future__ import annotations

from pathlib import Path

import pytest

from folkmoot import (
    AssistantAgent,
    MaxMessageTermination,
    RoundRobinGroupChat,
    TaskResult,
    TextMentionTermination,
    local,
)
from folkmoot._scripted.http import ScriptedServer
from tests.integration.conftest import KEY

SCRIPT = {"gpt-4o-mini": ["A draft.", "Shorten it.", "Better.", "APPROVE", "Short.", "APPROVE"]}


async def test_the_program_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setenv("FOLKMOOT_DATA_DIR", str(tmp_path))
    async with ScriptedServer(SCRIPT) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        items = []

        team = RoundRobinGroupChat(
            [
                AssistantAgent("writer", model_client="gpt-4o-mini", system_message="..."),
                AssistantAgent("critic", model_client="gpt-4o-mini", system_message="... say APPROVE when done"),
            ],
            termination_condition=TextMentionTermination("APPROVE", sources=["critic"]) | MaxMessageTermination(12),
        )

        async with local() as moot:
            chat = await moot.open(team, id="release-42")
            result = await chat.run(task="Write the release note")
            async for item in chat.run_stream(task="Shorter, please"):
                items.append(item)  # noqa: PERF401 - as it stands on the page

    assert [message.source for message in result.messages] == ["user", "writer", "critic", "writer", "critic"]
    assert result.stop_reason == "Text 'APPROVE' mentioned"
    assert isinstance(items[-1], TaskResult)
    assert [item.to_text() for item in items[:-1]] == ["Shorter, please", "Short.", "APPROVE"]
    assert items[-1].messages == items[:-1]


async def test_the_chat_is_there_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    async with ScriptedServer(["one", "two"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        team = RoundRobinGroupChat([AssistantAgent("writer", model_client="m")], max_turns=1)
        async with local(tmp_path) as moot:
            await (await moot.open(team, id="days")).run(task="first day")
        async with local(tmp_path) as moot:
            chat = await moot.get("days")
            await chat.run(task="second day")
            texts = [event.message.to_text() async for event in chat.events(follow=False) if event.message]
        assert texts == ["first day", "one", "second day", "two"]
        sent = [message["content"] for message in server.requests[1]["messages"] if message["role"] != "system"]
        assert sent == ["first day", "one", "second day"]
