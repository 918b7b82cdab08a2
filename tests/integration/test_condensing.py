"""Condensed contexts on a real server: what models see of a chat, within a limit."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from folkmoot import (
    CodeExecutorAgent,
    FolkmootPlugin,
    ListMemory,
    LocalCommandLineCodeExecutor,
    MemoryMimeType,
    SelectorGroupChat,
    UnknownNameError,
)
from folkmoot.contexts import SummarizedChatCompletionContext
from folkmoot.memory import MemoryContent
from folkmoot.messages import Image, MultiModalMessage
from tests.integration.condensed import (
    LIMIT,
    Talk,
    asked,
    context,
    entries,
    marks,
    message,
    shown,
    summaries,
    tokens,
    told,
)
from tests.integration.conftest import MODEL, Site, SiteFactory, said


async def test_requests_stay_bounded_and_each_message_is_summarised_once(sites: SiteFactory) -> None:
    site = await sites(Talk())
    a, b = (site.agent(name, model_context=context(name)) for name in "ab")
    chat = await site.open(site.team(max_turns=60).model_copy(update={"participants": (a, b)}))
    result = await chat.run(task="go")
    assert [content for _, content in said(result.messages)[1:]] == [message(number) for number in range(1, 61)]
    assert max(map(tokens, asked(site))) <= LIMIT
    assert max(map(tokens, summaries(site))) <= LIMIT
    for who, last in (("a", 57), ("b", 58)):
        counts = told(site, who)
        assert set(counts.values()) == {1}
        assert set(counts) == {f"m{number}" for number in range(1, len(counts) + 1)}
        assert last - 8 < len(counts) <= last
    kept = await entries(chat)
    assert len(kept) == len(summaries(site))
    usage = await chat.usage()
    assert usage["a"]["prompt_tokens"] == 30 * 5 + 7 * len([entry for entry in kept if entry["agent"] == "a"])


async def test_what_a_model_sees_of_it(sites: SiteFactory) -> None:
    site = await sites(Talk())
    agent = site.agent("a", model_context=context(), system_message="Talk.")
    chat = await site.open(agent)
    for number in range(12):
        await chat.run(task=message(100 + number))
    (first, second, *_), last = summaries(site), asked(site)[-1]
    assert shown(first)[0].startswith("What is to be summarised:\n\nuser: <m100>")
    before, since = shown(second)[0].split("What is to be summarised:\n\n")
    assert re.fullmatch(r"The summary so far, to be put into the new one:\n\n\[up to m\d+\]\n\n", before)
    assert since.startswith(("user: <m", "a: <m"))
    assert first["messages"][0]["content"] == "You keep the record for all.\n\nUse at most 150 words."
    assert shown(last)[0].startswith("Summary of the conversation so far:\n[up to ")
    assert shown(last)[-1] == "<m111>"
    assert last["messages"][0]["content"] == "Talk."


async def test_a_message_larger_than_the_limit_is_summarised_in_pieces(sites: SiteFactory) -> None:
    site = await sites(Talk())
    chat = await site.open(site.agent("a", model_context=context()))
    text = " ".join(f"<m{number}>" for number in range(2_000))
    await chat.run(task=text)
    assert told(site) == Counter({f"m{number}": 1 for number in range(2_000)})
    assert shown(asked(site)[0]) == ["[Summary of a longer message]\n[up to m1999]"]
    assert max(map(tokens, summaries(site))) <= LIMIT


async def test_a_summary_that_is_too_long_is_cut_off(sites: SiteFactory) -> None:
    talk = Talk()
    site = await sites(talk)
    chat = await site.open(site.agent("a", model_context=context(summary_tokens=20)))
    talk.next = [{"text": "far too long " * 50}] * 3
    await chat.run(task=message(1, 4_100))
    assert shown(asked(site)[0]) == ["[Summary of a longer message]\n" + "far too long " * 6 + "…"]


async def test_each_earlier_message_alone(sites: SiteFactory) -> None:
    site = await sites(Talk())
    chat = await site.open(site.agent("a", model_context=context(each=True, message_tokens=50)))
    for number in range(3):
        await chat.run(task=f"<m{100 + number}>")
    assert set(told(site)) == {"m1"}
    assert shown(asked(site)[-1]) == ["<m100>", "[Summary of a longer message]\n[up to m1]", "<m101>", "<m2>", "<m102>"]
    for number in range(3, 80):
        await chat.run(task=f"<m{100 + number}>")
    assert set(told(site).values()) == {1}
    assert max(map(tokens, asked(site))) <= LIMIT


async def test_a_selection_has_a_view_of_its_own(sites: SiteFactory) -> None:
    talk = Talk()

    def answers(body: dict[str, Any]) -> Any:
        if "Select" in body["messages"][0]["content"]:
            return {"text": f"agent{talk.said % 3}"}
        return talk(body)

    site = await sites(answers)
    calls: list[int] = []

    def candidates(thread: Any) -> list[str]:
        calls.append(len(thread))
        return ["agent0", "agent1", "agent2"]

    team = SelectorGroupChat(
        [site.agent(f"agent{number}") for number in range(3)],
        MODEL,
        max_turns=40,
        candidate_func=candidates,
        allow_repeated_speaker=True,
        selector_prompt="Select of {participants} for {roles} after:\n{history}",
        model_context=context("selection"),
    )
    site.plugin.registry.functions["candidates"] = candidates
    chat = await site.open(team)
    await chat.run(task="go")
    prompts = [body for body in site.model.requests if "Select" in body["messages"][0]["content"]]
    assert len(prompts) == 40
    assert max(len(body["messages"][0]["content"]) // 4 for body in prompts) <= LIMIT + 100
    assert set(told(site).values()) == {1}
    assert calls == list(range(1, 41))
    assert len(marks(asked(site)[-1])) >= 30
    assert all(entry["manager"] for entry in await entries(chat))


async def test_an_unknown_model_is_refused(site: Site) -> None:
    view = SummarizedChatCompletionContext("nobody", LIMIT)
    with pytest.raises(UnknownNameError, match="nobody"):
        await site.open(site.agent(model_context=view))


async def test_memories_are_shown_and_not_summarised(sites: SiteFactory) -> None:
    site = await sites(Talk())
    memory = ListMemory("facts", [MemoryContent(content="REMEMBER", mime_type=MemoryMimeType.TEXT)])
    chat = await site.open(site.agent("a", model_context=context(), memory=[memory]))
    for number in range(20):
        await chat.run(task=message(100 + number))
    assert all("REMEMBER" in str(body) for body in asked(site))
    assert not any("REMEMBER" in str(body) for body in summaries(site))
    assert set(told(site).values()) == {1}


async def test_a_turn_with_tools(sites: SiteFactory) -> None:
    def look() -> str:
        """Look."""
        return "<m1>".ljust(8_000, ".")

    talk = Talk()
    talk.said = 10
    talk.next = [{"calls": [{"name": "look", "arguments": {}}]}]
    site = await sites(talk, tools=[look])
    agent = site.agent("a", model_context=context(), tools=["look"], reflect_on_tool_use=True)
    chat = await site.open(agent)
    result = await chat.run(task="look")
    assert said(result.messages[-1:]) == [("a", message(11))]
    assert told(site) == Counter({"m1": 1})
    assert "calls look({})" in str(summaries(site)[0])
    assert shown(asked(site)[-1])[-1].startswith("[Summary of a longer message]\n[up to m1]")


async def test_an_image_is_shown_to_the_model_that_summarises_it(sites: SiteFactory) -> None:
    site = await sites(Talk())
    chat = await site.open(site.agent("a", model_context=context(keep_last=1)))
    picture = Image.from_bytes(bytes.fromhex("89504e470d0a1a0a") + b"\0" * 9_000)
    await chat.run(task=MultiModalMessage(content=["<m100> shows", picture, "this"], source="user"))
    first, second = summaries(site)
    parts = first["messages"][-1]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url"]
    assert parts[0]["text"] == "What is to be summarised:\n\nuser: <m100> shows"
    assert shown(second)[0].endswith("What is to be summarised:\n\nthis\n\n")
    assert shown(asked(site)[0]) == ["[Summary of a longer message]\n[up to m100]"]


@pytest.mark.filterwarnings("ignore:No approval function")
async def test_a_code_executor_that_writes_code(sites: SiteFactory, tmp_path: Path) -> None:
    talk = Talk()
    site = await sites(talk)
    site.plugin.registry.code_folder = FolkmootPlugin(code_folder=tmp_path).registry.code_folder
    runner = CodeExecutorAgent(
        "runner", LocalCommandLineCodeExecutor(timeout=30), model_client=MODEL, model_context=context()
    )
    chat = await site.open(runner)
    talk.next = [{"text": "```python\nprint('<m100>'.ljust(8000, '.'))\n```"}]
    result = await chat.run(task="count")
    assert told(site)["m100"] == 1
    assert said(result.messages[-1:]) == [("runner", message(1))]
    assert shown(asked(site)[-1])[-1] == "[Summary of a longer message]\n[up to m100]"
