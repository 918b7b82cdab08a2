"""kill -9 of a worker around a summary: what is in the log is never asked for again, and tells each message once."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from folkmoot import AssistantAgent, Chat, RoundRobinGroupChat, SelectorGroupChat
from folkmoot.contexts import SummarizedChatCompletionContext
from folkmoot.teams import TeamSpec
from folkmoot.testing import kill_at
from tests._support.waiting import eventually
from tests.acceptance.kill.theatre import Theatre, messages, theatre
from tests.integration.condensed import RECORD, Talk, entries, is_summary, marks, message

SELECT = "Select of {participants} for {roles} after:\n{history}"


def view(who: str, **options: Any) -> SummarizedChatCompletionContext:
    return SummarizedChatCompletionContext("gpt", 1_000, keep_last=2, prompt=f"{RECORD} for {who}.", **options)


def pair(**options: Any) -> RoundRobinGroupChat:
    agents = [AssistantAgent(name, "gpt", model_context=view(name, **options)) for name in "ab"]
    return RoundRobinGroupChat(agents, max_turns=26)


def selector() -> SelectorGroupChat:
    agents = [AssistantAgent(f"agent{number}", "gpt") for number in range(3)]
    return SelectorGroupChat(agents, "gpt", max_turns=16, selector_prompt=SELECT, model_context=view("selection"))


LONG_TASK = " ".join(f"<m{number}>".ljust(99, ".") for number in range(100, 180))
"""Summarised in pieces."""
CASES: dict[str, tuple[Callable[[], TeamSpec], str, int]] = {
    "stretches": (pair, "go", 3),
    "alone": (lambda: pair(each=True, message_tokens=50), "go", 4),
    "pieces": (pair, LONG_TASK, 2),
    "selection": (selector, "go", 2),
}
"""Team, task, and the summary during which the worker is killed."""


class Cast(Talk):
    """Speaks for everybody, and selects.

    Attributes:
        hold_after: The first other question after so many summaries is not answered before `held` is released; None:
            none is.
        held: That question.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hold_after: int | None = None
        self.held: dict[str, Any] | None = None
        self._written = 0

    def __call__(self, body: dict[str, Any]) -> Any:
        if is_summary(body):
            self._written += 1
        elif self.hold_after is not None and self._written >= self.hold_after and self.held is None:
            self.held = body
            return {"text": "lost", "hold": "held"}
        if body["messages"][0]["content"].startswith("Select"):
            return {"text": f"agent{self.said % 3}"}
        return super().__call__(body)


@pytest.fixture
def talk() -> Cast:
    return Cast()


@pytest.fixture
async def house(server_address: str, tmp_path: Path, talk: Cast) -> AsyncIterator[Theatre]:
    """A theatre with a model that talks and writes summaries."""
    async with theatre(server_address, tmp_path, talk) as opened:
        yield opened


def summaries(house: Theatre) -> Counter[str]:
    """The requests for summaries, and how often each was made."""
    return Counter(json.dumps(body) for body in house.model.requests if is_summary(body))


async def opened(house: Theatre, team: TeamSpec) -> Chat:
    return await house.moot.open(team, id=f"chat-{uuid.uuid4().hex[:8]}")


async def recorded(chat: Chat) -> list[dict[str, Any]]:
    """The summaries in the log, without the places they were written at."""
    passing = ("time", "call", "run")
    return [{name: value for name, value in item.items() if name not in passing} for item in await entries(chat)]


async def check(house: Theatre, talk: Cast, chat: Chat, case: str, twice: int) -> None:
    """See that each summary in the log was asked for once, all but `twice` of them, as in an undisturbed chat."""
    asked = summaries(house)
    kept = await recorded(chat)
    assert len(kept) == len(asked), "a summary in the log for each question"
    assert sorted(asked.values()) == [1] * (len(asked) - twice) + [2] * twice
    bodies = [json.loads(text) for text in asked]
    told = Counter((body["messages"][0]["content"], mark) for body in bodies for mark in marks(body))
    assert set(told.values()) == {1}, "each message is told once"
    team, task, _ = CASES[case]
    talk.said = 0
    before = house.model.total
    plain = await opened(house, team())
    await plain.run(task=task)
    assert await recorded(plain) == kept
    assert await messages(plain) == await messages(chat)
    undisturbed = Counter(json.dumps(body) for body in house.model.requests[before:] if is_summary(body))
    assert undisturbed == Counter(set(asked)), "the very same questions"


@pytest.mark.parametrize(
    ("case", "place", "twice"), [("stretches", "summary.before", 0), *((case, "summary.after", 1) for case in CASES)]
)
async def test_killed_around_a_summary(house: Theatre, talk: Cast, case: str, place: str, twice: int) -> None:
    """Before the model is asked it was not; a summary that nobody reported is written anew, from the same words."""
    team, task, n = CASES[case]
    worker = await house.worker(kill_at(place, n, once=house.folder / "killed"))
    chat = await opened(house, team())
    run = asyncio.create_task(chat.run(task=task))
    await worker.killed(run)
    await house.worker()
    await run
    await check(house, talk, chat, case, twice)


@pytest.mark.parametrize("case", ["alone", "selection"])
async def test_killed_with_a_summary_in_the_log(house: Theatre, talk: Cast, case: str) -> None:
    """The call it was written for is under way, and made again with it."""
    team, task, n = CASES[case]
    worker = await house.worker()
    chat = await opened(house, team())
    talk.hold_after = n
    run = asyncio.create_task(chat.run(task=task))
    await eventually(lambda: talk.held, what="the call after the summary is made")
    await worker.kill()
    house.model.release("held")
    await house.worker()
    await run
    assert house.model.requests.count(talk.held or {}) == 2
    await check(house, talk, chat, case, 0)


@pytest.mark.parametrize(("place", "times"), [("summary.before", 1), ("summary.after", 2)])
async def test_killed_while_a_chat_is_summed_up(house: Theatre, talk: Cast, place: str, times: int) -> None:
    worker = await house.worker(kill_at(place, once=house.folder / "killed"))
    chat = await opened(house, RoundRobinGroupChat([AssistantAgent("a", "gpt")], max_turns=2))
    await chat.run(task=message(100))
    summary = asyncio.create_task(chat.summarize("reflection_with_llm", prompt="What came of it?"))
    await worker.killed(summary)
    await house.worker()
    said = await summary
    asked = [body for body in house.model.requests if body["messages"][-1]["content"] == "What came of it?"]
    assert len(asked) == times
    assert all(body == asked[0] for body in asked)
    assert [item["content"] for item in await entries(chat, "summarized")] == [said] == [message(2 + times)]
