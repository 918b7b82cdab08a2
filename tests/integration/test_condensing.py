"""Condensed contexts on a real server: requests stay bounded, and nothing is summarised twice, whatever happens."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from folkmoot import (
    Chat,
    ChatFailedError,
    CodeExecutorAgent,
    FolkmootPlugin,
    HistoryLimits,
    ListMemory,
    LocalCommandLineCodeExecutor,
    MemoryMimeType,
    SelectorGroupChat,
    UnknownNameError,
)
from folkmoot.contexts import SummarizedChatCompletionContext
from folkmoot.memory import MemoryContent
from folkmoot.messages import Image, MultiModalMessage
from tests.integration.conftest import MODEL, Site, SiteFactory, said, unique, until

RECORD = "You keep the record"
LONG = 400
"""Characters of a message: 100 tokens, and 4 for its frame."""
LIMIT = 1_000


def context(who: str = "all", **options: Any) -> SummarizedChatCompletionContext:
    return SummarizedChatCompletionContext(
        MODEL, **{"token_limit": LIMIT, "keep_last": 2, "prompt": f"{RECORD} for {who}.", **options}
    )


class Talk:
    """Answers everybody with the next numbered message, and is the model that writes summaries.

    Args:
        long: Characters of a message.
    """

    def __init__(self, long: int = LONG) -> None:
        self.long = long
        self.said = 0
        self.last = ""
        self.next: list[Any] = []
        """Answers that come first."""

    def __call__(self, body: dict[str, Any]) -> Any:
        if self.next:
            return self.next.pop(0)
        if is_summary(body):
            self.last = (marks(body) or [self.last])[-1]
            return {"text": f"[up to {self.last}]", "usage": [7, 3]}
        self.said += 1
        return {"text": message(self.said, self.long), "usage": [5, 1]}


def message(number: int, long: int = LONG) -> str:
    return f"<m{number}>".ljust(long, ".")


def is_summary(body: dict[str, Any], who: str = "") -> bool:
    return body["messages"][0]["content"].startswith(f"{RECORD} for {who}")


def marks(body: dict[str, Any]) -> list[str]:
    """The messages that a request shows as they were said."""
    return [mark for item in body["messages"] for mark in re.findall(r"<(m\d+)>", str(item["content"]))]


def shown(body: dict[str, Any]) -> list[str]:
    """The conversation of a request, its messages in short."""
    texts = (str(item["content"]) for item in body["messages"] if item["role"] != "system")
    return [re.sub(r"\.+$", "", text) for text in texts]


def asked(site: Site) -> list[dict[str, Any]]:
    """The requests that ask an agent."""
    return [body for body in site.model.requests if not is_summary(body)]


def summaries(site: Site, who: str = "") -> list[dict[str, Any]]:
    """The requests that ask for a summary."""
    return [body for body in site.model.requests if is_summary(body, who)]


def told(site: Site, who: str = "") -> Counter[str]:
    """How often each message was given to be summarised."""
    return Counter(mark for body in summaries(site, who) for mark in marks(body))


def tokens(body: dict[str, Any]) -> int:
    """Of what a request shows, its instructions aside."""
    return sum(len(str(item["content"])) // 4 + 4 for item in body["messages"] if item["role"] != "system")


async def entries(chat: Chat, kind: str = "summary") -> list[dict[str, Any]]:
    return [dict(entry.data) async for entry in chat.events(follow=False) if entry.kind == kind]


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
    assert first["messages"][0]["content"] == f"{RECORD} for all.\n\nUse at most 150 words."
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


async def test_an_unknown_model_is_refused(site: Site) -> None:
    view = SummarizedChatCompletionContext("nobody", LIMIT)
    with pytest.raises(UnknownNameError, match="nobody"):
        await site.open(site.agent(model_context=view))


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
