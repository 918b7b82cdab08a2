"""The programs in the how-tos on teams and agents: what they write runs, with the model's words made up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from folkmoot import AssistantAgent, MessageFilterAgent, RoundRobinGroupChat, TaskResult, load_spec, local
from folkmoot._scripted import ScriptedModel
from folkmoot._scripted.http import ScriptedServer
from tests._support.documents import python_blocks, run_block

MODEL = "gpt-4o-mini"


async def block(document: str, number: int = 0, **names: object) -> dict[str, Any]:
    return await run_block(python_blocks(f"docs/howto/{document}.md")[number], names)


async def talk(team: Any, says: Sequence[Any], task: str = "Go", **options: Any) -> tuple[TaskResult, ScriptedModel]:
    """The result of a run, and the model that was asked."""
    model = ScriptedModel(says, name=MODEL)
    async with local(":memory:", models={MODEL: model}, **options) as moot:
        chat = await moot.open(team, id="howto")
        result = await chat.run(task=task)
    assert model.script.left == 0
    return result, model


def speakers(result: TaskResult) -> list[str]:
    return [message.source for message in result.messages]


async def test_teams() -> None:
    names = await block("teams")
    # The model selects first; then a question is put to the expert; then the model selects again.
    result, _ = await talk(names["team"], ["host", "How is it?", "Facts.", "guest", "A story.", "host", "Bye."])
    assert speakers(result) == ["user", "host", "expert", "guest", "host"]


async def test_graph() -> None:
    names = await block("graph")
    result, _ = await talk(names["team"], ["A text.", "Short.", "Short.", "Printed."])
    assert sorted(speakers(result)) == ["editor", "painter", "printer", "user", "writer"]
    assert result.messages[-1].source == "printer"


async def test_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setenv("FOLKMOOT_DATA_DIR", str(tmp_path))
    async with ScriptedServer(["Come."]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        result = (await block("people"))["item"]
    assert speakers(result) == ["user", "writer", "editor", "editor"]
    assert result.stop_reason == "Text 'ok' mentioned"


async def test_agents() -> None:
    names = await block("agents")
    assert list(names["plugin"].registry.agents) == ["counter"]
    result, _ = await talk(names["team"], ["Hello."], agents={"counter": names["Counter"]})
    assert result.messages[-1].to_text() == "I heard 2 messages."


async def test_a_filter() -> None:
    summary = (await block("agents", 1))["summary"]
    assert isinstance(summary, MessageFilterAgent)
    team = RoundRobinGroupChat([AssistantAgent("writer", MODEL), summary], max_turns=2)
    _, model = await talk(team, ["Long text.", "Short text."])
    heard = [message["content"] for message in model.requests[1]["messages"] if message["role"] == "user"]
    assert heard == ["Long text."]


async def test_code(tmp_path: Path) -> None:
    names = await block("code")
    result, _ = await talk(names["team"], ["```python\nprint(6 * 7)\n```"], code_folder=tmp_path)
    assert result.messages[-1].to_text() == "42\n"


async def test_memory() -> None:
    names = await block("memory")
    memories = {"customers": names["customers"]}
    _, model = await talk(names["agent"], ["By invoice."], task="How does Ann pay?", memories=memories)
    told = "\n".join(str(message["content"]) for message in model.requests[0]["messages"])
    assert "Dates are written 2026-03-01." in told
    assert "Ann pays by invoice." in told


async def test_mcp() -> None:
    names = await block("mcp")
    assert list(names["plugin"].registry.workbenches) == ["fetch", "wiki"]
    spec = load_spec(names["agent"].to_json())
    assert spec == names["agent"]
    assert "Bearer" not in str(names["agent"].to_json())


async def test_autogen() -> None:
    names = await block("autogen")
    assert names["component"]["provider"] == "autogen_agentchat.teams.RoundRobinGroupChat"
    assert names["again"].participant_names == ["writer"]
