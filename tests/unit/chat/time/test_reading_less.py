"""A client that reads only a part of a long chat finds what one finds that reads all of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hypothesis import given, settings

from folkmoot._chat.crossing import crossed
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import CHAT_KINDS, all_references, message_of
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.needed import needed_offsets
from folkmoot._chat.plan import Plan
from folkmoot._chat.snapshots import past_at, snapshots, state_at
from folkmoot._chat.specs import json_of
from folkmoot._client.history import History
from folkmoot._client.whole import read_branch
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, from_log
from folkmoot.tools import Tool
from tests._support.examples import examples
from tests.unit.chat.driver import UUID, Driver, agent, team
from tests.unit.chat.time.copies import changing, loading, saved
from tests.unit.chat.time.stories import Step, Story, booking, casts, stories, undoings
from tests.unit.chat.time.test_any_story import lines

PAGE = 7
PART = 12
"""So many entries are sealed together."""


class Pages:
    """What `LogPages` does, of a chat whose log is at hand; it is sealed up to `base`.

    Attributes:
        read: The offsets that were read.
    """

    def __init__(self, chat: Chat, base: int) -> None:
        self.chat = chat
        self.base = base
        self.uuid = UUID
        self.read: set[int] = set()

    async def query(self, name: str, fields: Mapping[str, Any] | None = None) -> Any:
        chat = self.chat
        match name:
            case "spec":
                return json_of(chat.team)
            case "state":
                return _json({"offset": chat.log.head - 1, "state": chat.state.dump()})
            case _:
                assert name == "snapshot"
                place = {"labels": {}, "jumps": chat.state.jumps, "head": chat.log.head}
                offset = (fields or {})["offset"]
                if offset < self.base:
                    return {"segments": [offset - offset % PART], **place}
                (found,) = (item for item in snapshots(chat) if item.offset == offset)
                return _json({"snapshot": asdict(found), "state": state_at(chat, offset).dump(), **place})

    async def fetch(self, after: int) -> list[Entry]:
        found = self.chat.log.after(after, min(after + PAGE, self.chat.log.head))
        self.read.update(entry.offset for entry in found)
        return found

    async def present(self, after: int) -> AsyncIterator[Entry]:
        while entries := await self.fetch(after):
            for entry in entries:
                yield entry
            after = entries[-1].offset + 1

    async def leaf(self, segments: Sequence[int], offset: int) -> int:
        assert segments[0] <= offset
        return segments[0]

    async def sealed_chat(self, first: int) -> Chat:
        end = min(first + PART, self.base)
        log = Log(first)
        for entry in self.chat.log.after(first, end):
            log.extend(entry)
        self.read.update(range(first, end))
        if not first:
            return Chat(self.chat.base_team, UUID, log)
        state, spec = past_at(self.chat, first - 1)
        needed = {place: self.chat.log.at(place) for place in needed_offsets(Plan(spec), state)}
        needed |= all_references([*needed.values(), *log], self.chat.log.at)
        log.pinned = {place: entry for place, entry in needed.items() if place < first}
        return Chat(spec, UUID, log, state)

    async def contents(self, entries: Iterable[Entry]) -> Mapping[str, str]:
        assert all(entry.offset < self.chat.log.head for entry in entries)
        return {}

    async def message(self, entry: Entry) -> BaseChatMessage | BaseAgentEvent | None:
        return from_log(message_of(UUID, entry, self.chat.log.at)) if entry.kind in CHAT_KINDS else None


def _json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def told(chat: Chat, base: int) -> tuple[Any, History]:
    """A client's pages, and its handle."""
    pages: Any = Pages(chat, base)
    commands: Any = None
    return pages, History("chat", commands, pages, stores=True)


@settings(max_examples=examples(60), deadline=None)
@given(name=casts, steps=stories)
def test_a_state_is_saved_of_its_branch_alone(name: str, steps: list[Step]) -> None:
    story = Story(name, steps)
    chat = story.again()
    found = snapshots(chat)
    for base in {0, found[len(found) // 2].offset + 1 if found else 0, chat.log.head}:
        pages, _ = told(chat, base)
        now = asyncio.run(read_branch(pages))
        assert (now.team, _json(now.saved())) == (chat.team, saved(chat))
        for snapshot in found[-4:]:
            then = asyncio.run(read_branch(pages, snapshot.offset))
            assert then.team == past_at(chat, snapshot.offset)[1]
            assert _json(then.saved()) == saved(chat, snapshot.offset)


@settings(max_examples=examples(60), deadline=None)
@given(name=booking, steps=undoings)
def test_what_two_branches_have_not_in_common(name: str, steps: list[Step]) -> None:
    story = Story(name, steps)
    chat = story.again()
    branches = {entry.offset: {item.offset for item in line} for entry, line in lines(chat.log)}
    found = snapshots(chat)
    pages, history = told(chat, found[len(found) // 2].offset + 1 if found else 0)
    for one, other in zip(found, found[3:], strict=False):
        result = asyncio.run(history.compare(one.offset, other.offset))
        first, second = branches[one.offset], branches[other.offset]
        assert result.shared == max(first & second)
        for side, own in ((result.first, first - second), (result.second, second - first)):
            entries = [chat.log.at(place) for place in sorted(own)]
            assert [call["offset"] for call in side.tool_calls] == [e.offset for e in entries if e.kind == "tool"]
            assert list(side.messages) == [asyncio.run(pages.message(e)) for e in entries if e.kind in CHAT_KINDS]
        past = [state_at(chat, item.offset).dump() for item in (one, other)]
        assert (result.state == {}) == (past[0] == past[1])
        whole = crossed(chat.plan, chat.log, one.offset, chat.log.head)
        assert asyncio.run(history.crossing(one.offset)) == whole


def test_of_a_long_chat_little_is_read() -> None:
    driver = Driver(team("a", "b", max_turns=40))
    driver.run("go", *("fine" for _ in range(40)))
    chat = driver.chat
    early, later = snapshots(chat)[2].offset, snapshots(chat)[3].offset
    pages, history = told(chat, chat.log.head)
    asyncio.run(read_branch(pages, early))
    assert max(pages.read) <= early + PART
    pages.read.clear()
    asyncio.run(history.compare(snapshots(chat)[30].offset, snapshots(chat)[31].offset))
    assert min(pages.read) > later
    pages.read.clear()
    assert asyncio.run(history.crossing(snapshots(chat)[-2].offset)) == []
    assert min(pages.read) > later


def test_what_was_before_a_state_was_loaded_or_the_team_changed_is_not_read() -> None:
    driver = Driver(team("a", "b", max_turns=40))
    driver.run("go", *("fine" for _ in range(39)))
    for begin in (
        lambda: driver.tell("load_state", force=True, **loading(driver.chat.plan, saved(driver.chat), driver.now)),
        lambda: driver.tell("change", **changing(driver.chat, CHANGED, driver.now)),
    ):
        before = driver.chat.log.head
        assert begin().kind == "loaded"
        driver.run("on", "fine")
        driver.tell("cancel")
        pages, _ = told(driver.chat, 0)
        now = asyncio.run(read_branch(pages))
        assert min(pages.read) >= before - 64
        assert now.log.base >= before
        assert _json(now.saved()) == saved(driver.chat)


CHANGED = team("a", "b", "c", max_turns=40).model_copy(
    update={"participants": (agent("a"), agent("b"), agent("c", tools=[Tool("look")]))}
)
