"""Random stories: chats that are run, paused, killed, sealed, rolled back, forked, loaded and reset in any order."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import strategies as st

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.crossing import crossed
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import all_references
from folkmoot._chat.log import EMPTY_DIGEST, Entry, Log
from folkmoot._chat.needed import needed_offsets
from folkmoot._chat.snapshots import Snapshot, snapshots, state_at
from folkmoot._chat.state import ChatState
from tests.unit.chat.driver import UUID, Driver, Json, task
from tests.unit.chat.test_nested_any_order import carried
from tests.unit.chat.time.casts import CASTS
from tests.unit.chat.time.performer import Asked, Performer, loading, saved

__all__ = ["Story", "casts", "stories"]

Step = tuple[str, int]

numbers = st.integers(0, 1000)
_answers = st.tuples(st.just("answer"), numbers)
_disturbances = st.one_of(
    st.tuples(st.sampled_from(["run", "pause", "resume", "stop", "cancel", "reset"]), numbers),
    st.tuples(st.sampled_from(["fails", "waits", "late", "label"]), numbers),
    st.tuples(st.sampled_from(["rollback", "rollback", "rollback", "load", "killed", "sealed"]), numbers),
)
# Mostly answers: chats that get somewhere, and are disturbed now and then.
_steps = st.integers(0, 9).flatmap(lambda number: _disturbances if number > 5 else _answers)
stories = st.lists(_steps, min_size=12, max_size=60)
casts = st.sampled_from(list(CASTS))


class Story(Performer):
    """A chat to which a story happens. Whatever is said in it is said once: its words are numbered.

    Args:
        name: Of the cast.
        steps: What happens.

    Attributes:
        lived: The state after the last entry of each step, as it was then, by that entry's offset.
        heard: The log as it was told at the end of each step, so far.
    """

    def __init__(self, name: str, steps: list[Step]) -> None:
        super().__init__(Driver(CASTS[name]))
        self.whole = Log()
        self.lived: dict[int, ChatState] = {}
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
        return Chat(self.chat.team, UUID, Log.restore(0, EMPTY_DIGEST, [entry.encoded for entry in self.whole]))

    def _tasks(self, number: int) -> list[Json]:
        word = f"#{next(self._numbers)}"
        return [[task(word)], [task(word), task(f"{word}b yes", source="a")], []][number % 3]

    def text(self, asked: Asked) -> str:
        return f"#{next(self._numbers)} {super().text(asked)}"

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
            assert bool(wanted or state.requests) == state.running, "a chat that runs waits for something"
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
            case "rollback":
                self._roll_back(number)
            case "load":
                self._load(number)
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
        self.driver.chat = chat

    def _snapshot(self, number: int) -> Snapshot | None:
        found = snapshots(self.again())
        return found[number % len(found)] if found else None

    def _label(self, number: int) -> None:
        if (snapshot := self._snapshot(number)) is not None:
            assert self.driver.tell("label", label=f"l{number % 3}", offset=snapshot.offset).kind == "labelled"
            assert self.chat.state.labels[f"l{number % 3}"] == snapshot.offset

    def _roll_back(self, number: int) -> None:
        snapshot = self._snapshot(number // 2)
        if snapshot is None:
            return
        fields: Json = {"offset": snapshot.offset, "force": bool(number % 2)}
        if snapshot.offset < self.chat.log.base:
            fields["prepared"] = self._prepared(snapshot.offset)
        busy = self.chat.state.running and not fields["force"]
        entry = self.driver.tell("rollback", **fields)
        assert (entry.kind == "refused") == busy

    def _prepared(self, offset: int) -> Json:
        """What a worker finds out about a snapshot that is sealed."""
        chat = self.again()
        state = state_at(chat, offset)
        needed = {place: chat.log.at(place) for place in needed_offsets(chat.plan, state)}
        needed |= all_references(needed.values(), chat.log.at)
        return {
            "state": state.dump(),
            "team": None,
            "entries": {str(place): entry.encoded.decode() for place, entry in needed.items()},
            "crossed": crossed(chat.plan, chat.log, offset, chat.log.head),
        }

    def _load(self, number: int) -> None:
        """A state that this chat had once, or has now."""
        snapshot = self._snapshot(number // 2)
        whole = saved(self.again(), None if snapshot is None else snapshot.offset)
        self.driver.tell("load_state", force=bool(number % 2), **loading(self.chat, whole, self.driver.now))

    def _outcome(self, verb: str, number: int) -> None:
        driver = self.driver
        if verb == "late" and self._old:
            call = self._old[number % len(self._old)]
            driver.finish(call, Failure("ModelCallError", "no") if not self.chat.needs(call) else self._late(call))
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

    def _late(self, call: Call) -> Any:
        return self._answer(call, self.asked_in(call))
