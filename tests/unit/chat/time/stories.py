"""Random stories: chats to which everything happens that can, in any order.

They are run, paused, killed, sealed, rolled back, forked, loaded, reset, summed up, and become those of other teams;
tools that had side effects are undone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from hypothesis import strategies as st

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.commands import prepares
from folkmoot._chat.engine import Chat
from folkmoot._chat.log import EMPTY_DIGEST, Entry, Log
from folkmoot._chat.snapshots import Snapshot, past_at, snapshots
from folkmoot._chat.state import ChatState
from tests.unit.chat.driver import UUID, Driver, Json, task
from tests.unit.chat.test_nested_any_order import carried
from tests.unit.chat.time.casts import CASTS
from tests.unit.chat.time.copies import changing, loading, looked_at, saved
from tests.unit.chat.time.families import family
from tests.unit.chat.time.performer import Performer
from tests.unit.chat.time.questions import Asked

__all__ = ["Step", "Story", "booking", "casts", "condensed", "long_stories", "stories", "undoings"]

Step = tuple[str, int]
TOKEN = re.compile(r"[#$]\d+b?;")
"""A word that was said, or a summary."""

numbers = st.integers(0, 1000)
_answers = st.tuples(st.just("answer"), numbers)
_disturbances = st.one_of(
    st.tuples(st.sampled_from(["run", "pause", "resume", "stop", "cancel", "reset", "summarize"]), numbers),
    st.tuples(st.sampled_from(["fails", "waits", "late", "label"]), numbers),
    st.tuples(st.sampled_from(["rollback", "rollback", "undo", "undo", "load", "killed", "sealed", "change"]), numbers),
)
# Mostly answers: chats that get somewhere, and are disturbed now and then.
_steps = st.integers(0, 9).flatmap(lambda number: _disturbances if number > 5 else _answers)
stories = st.lists(_steps, min_size=12, max_size=60)
casts = st.sampled_from(list(CASTS))
_going_back = st.tuples(st.sampled_from(["rollback", "undo", "undo", "run", "run", "sealed"]), numbers)
undoings = st.lists(st.integers(0, 9).flatmap(lambda n: _going_back if n > 7 else _answers), min_size=30, max_size=70)
"""Stories of little but answers and rollbacks."""
long_stories = st.lists(_steps, min_size=40, max_size=90)
condensed = st.sampled_from([name for name in CASTS if name.startswith("condensed")])
booking = st.sampled_from(["booked", "condensed", "condensed_inside"])


class Story(Performer):
    """A chat to which a story happens. Whatever is said in it is said once: its words are numbered.

    Args:
        name: Of the cast.
        steps: What happens.

    Attributes:
        lived: The state after the last entry of each step, as it was then, by that entry's offset.
        told: The words that each summary tells.
    """

    def __init__(self, name: str, steps: list[Step]) -> None:
        super().__init__(Driver(CASTS[name]))
        self.name = name
        self.whole = Log()
        self.lived: dict[int, ChatState] = {}
        self.told: dict[str, list[str]] = {}
        self._numbers = count(1)
        self._old: list[Call] = []
        self.driver.tell("run", task=self._tasks(0))
        self._look()
        for verb, number in steps:
            self.driver.seconds += 1
            self.tell(verb, number)
            self._look()

    @property
    def log(self) -> Log:
        """The whole log, sealed parts included."""
        return self.whole

    def again(self) -> Chat:
        """The chat as it is made of nothing but its log."""
        return Chat(CASTS[self.name], UUID, Log.restore(0, EMPTY_DIGEST, [entry.encoded for entry in self.whole]))

    def rest(self) -> None:
        """Come to rest: nothing is under way any more, nothing left to be undone."""
        if self.chat.state.pause:
            self.driver.tell("resume")
        while self.chat.state.hooks or self.chat.state.undo:
            self._look()
            self.step()
        if self.chat.state.running:
            self.driver.tell("cancel")
        assert not self.chat.state.running
        self._look()

    # --- What is said ------------------------------------------------------------------------------------------------

    def _tasks(self, number: int) -> list[Json]:
        word = f"#{next(self._numbers)}"
        return [[task(f"{word};")], [task(f"{word};"), task(f"{word}b; yes", source="a")], []][number % 3]

    def text(self, asked: Asked) -> str:
        return f"#{next(self._numbers)}; {super().text(asked)}"

    def summary(self, asked: Asked, request: bytes) -> str:
        """A summary is named, and what it tells is kept aside: it must not be too long."""
        name = f"${next(self._numbers)};"
        self.told[name] = list(self.words(request.decode()))
        return name

    def words(self, *texts: object) -> Iterator[str]:
        """The words in texts, those that summaries in them tell among them; one after the other, not twice."""
        last = ""
        for name in (name for text in texts for name in TOKEN.findall(str(text))):
            for word in self.told[name] if name.startswith("$") else [name]:
                if word != last:
                    yield word
                last = word

    # --- What happens ------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """What holds at any time."""
        driver, state, wanted = self.driver, self.chat.state, self.chat.wanted()
        for entry in self.chat.log.after(self.whole.head):
            self.whole.extend(Entry(entry.offset, entry.data, entry.encoded, entry.digest))
        self.lived[self.whole.head - 1] = state.model_copy(deep=True)
        keys = [call.key for call in wanted]
        assert len(set(keys)) == len(keys)
        if not state.pause and not state.hooks:
            assert sorted(driver.flying) == sorted(keys)
            busy = state.running or bool(state.undo)
            assert bool(wanted or state.requests) == busy, "a chat that runs waits for something"
            if not state.undo:
                assert set(state.waits) <= set(keys), "what came is not waited for any more"
        self._old += [call for call in driver.calls if call not in self._old]

    def tell(self, verb: str, number: int) -> None:
        """One step of the story."""
        driver = self.driver
        match verb:
            case "run":
                driver.tell("run", task=self._tasks(number))
            case "pause":
                driver.tell("pause", now=bool(number % 2))
            case "reset":
                driver.tell("reset", force=bool(number % 2))
            case "resume" | "stop" | "cancel":
                driver.tell(verb)
            case "label":
                self._label(number)
            case "rollback" | "undo":
                self._roll_back(number, compensate=verb == "undo")
            case "load":
                self._load(number)
            case "change":
                self._change(number)
            case "summarize":
                self._summarize(number)
            case "killed":
                # Another process goes on with what the log says.
                self._become(self.again() if not self.chat.log.base else carried(self.chat, self.chat.log.base))
            case "sealed":
                self._become(carried(self.chat, self.chat.log.head))
            case _:
                self._outcome(verb, number)

    def _become(self, chat: Chat) -> None:
        now = self.chat
        assert (chat.state, chat.log.digest, chat.wanted()) == (now.state, now.log.digest, now.wanted())
        assert chat.team == now.team
        self.driver.chat = chat

    def _snapshot(self, number: int) -> Snapshot | None:
        found = snapshots(self.again())
        return found[number % len(found)] if found else None

    def _label(self, number: int) -> None:
        if (snapshot := self._snapshot(number)) is not None:
            assert self.driver.tell("label", label=f"l{number % 3}", offset=snapshot.offset).kind == "labelled"
            assert self.chat.state.labels[f"l{number % 3}"] == snapshot.offset

    def _roll_back(self, number: int, compensate: bool) -> None:
        snapshot = self._snapshot(number // 2)
        if snapshot is None:
            return
        fields: Json = {"offset": snapshot.offset, "force": bool(number % 2)}
        if compensate:
            fields["compensate"] = True
        if prepares(self.chat, "rollback", fields):
            fields["prepared"] = looked_at(self.again(), self.chat.log.base, snapshot.offset)
        busy = self.chat.state.running and not fields["force"]
        entry = self.driver.tell("rollback", **fields)
        assert (entry.kind == "refused") == busy

    def _load(self, number: int) -> None:
        """A state that this chat had once, or has now."""
        snapshot = self._snapshot(number // 2)
        whole = saved(self.again(), None if snapshot is None else snapshot.offset)
        try:
            fields = loading(self.chat.plan, whole, self.driver.now)
        except ValueError:
            assert self._another_team(snapshot)
            return
        self.driver.tell("load_state", force=bool(number % 2), **fields)

    def _another_team(self, snapshot: Snapshot | None) -> bool:
        """Whether the chat was one of another team at a snapshot: its states then need not be any of this one."""
        return snapshot is not None and past_at(self.again(), snapshot.offset)[1] != self.chat.team

    def _change(self, number: int) -> None:
        """The chat becomes one of another team of the family, or stays what it is."""
        known = family(self.name)
        team = known[number // 2 % len(known)]
        fields = changing(self.again(), team, self.driver.now, hears=number % 3 > 0)
        same, busy = team == self.chat.team, self.chat.state.running and not number % 2
        entry = self.driver.tell("change", force=bool(number % 2), **fields)
        assert (entry.kind == "refused") == (same or busy), entry.data
        if not same and not busy:
            assert self.chat.team == team

    def _summarize(self, number: int) -> None:
        usage: Mapping[str, Any] = {"usage": [1, 1]} if number % 2 else {}
        prepared = {"method": "reflection_with_llm", "content": "all of it", **usage}
        busy = self.chat.state.running
        entry = self.driver.tell("summarize", method="reflection_with_llm", prepared=prepared)
        assert (entry.kind == "refused") == busy

    def _outcome(self, verb: str, number: int) -> None:
        driver = self.driver
        if verb == "late" and self._old:
            old = self._old[number % len(self._old)]
            # A call that is made again after a summary has been made again: its first attempt has long been over.
            call = next(later for later in reversed(self._old) if later.key == old.key)
            driver.finish(call, self.answer(call, self.asked_in(call)) if self.chat.needs(call) else Failure("E", "no"))
        elif driver.calls and verb in ("fails", "waits"):
            call = driver.calls[number % len(driver.calls)]
            if verb == "fails":
                driver.finish(call, Failure("ModelCallError", "no"))
            else:
                self.chat.wait(call, "worker:tool:x", driver.now, "unknown", driver.now)
                driver.settle()
        elif driver.calls or self.chat.state.requests:
            self.step()
        else:
            driver.tell("resume" if self.chat.state.pause else "run", task=self._tasks(number))
