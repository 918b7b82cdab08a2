"""A chat whose workers, models and people answer by what they are asked, and by nothing else.

What is said holds a digest of the question, so whoever is shown one word more, less or other than in another
performance says something else, and so does everybody after. Two performances in which the same was asked are the same.
"""

from __future__ import annotations

from typing import NamedTuple

from folkmoot._chat.calls import Call
from folkmoot._chat.managers.selector import candidates_of
from tests.unit.chat.driver import Driver, Json, task
from tests.unit.chat.time.answers import Answerer
from tests.unit.chat.time.questions import Asked, number_of

__all__ = ["TASKS", "End", "Performer"]

TASKS: list[list[Json]] = [[task("first")], [task("second"), task("yes", source="a")], [], [task("third")]]
"""What the runs of a performance are about, over and over again."""


class End(NamedTuple):
    """How a run ended."""

    status: str
    reason: str | None
    error: str | None


class Performer(Answerer):
    """A driver that answers by itself.

    Args:
        driver: Of the chat, at whatever point it is.
        waits: Each call first waits for a worker that can make it, so that there is a snapshot before it.

    Attributes:
        asked: What was asked and answered.
        heads: Where the log ended before each of these answers.
        tries: Which try of a choice each of these was: a choice that is interrupted is made anew.
        ends: How each run ended.
    """

    def __init__(self, driver: Driver, waits: bool = False) -> None:
        super().__init__(driver)
        self.waits = waits
        self.asked: list[Asked] = []
        self.heads: list[int] = []
        self.tries: list[int] = []
        self.ends: list[End] = []

    def run(self, tasks: list[Json]) -> None:
        """A run, to its end."""
        entry = self.driver.tell("run", task=tasks)
        assert entry.kind == "run_started", entry.data
        self.drain()

    def drain(self) -> None:
        """Answer until the run is over."""
        for _ in range(500):
            if not self.chat.state.running:
                break
            self.step()
        state = self.chat.state
        assert not state.running, "a run does not end"
        error = None if state.error is None else str(state.error["message"])
        self.ends.append(End(state.status, state.stop_reason, error))

    def step(self) -> None:
        """Answer one of the open questions: which, is told by what they are."""
        state = self.chat.state
        open_now: list[tuple[Asked, Call | str]] = [(self.asked_in(call), call) for call in self.driver.calls]
        open_now += [(self.asked_by(request), name) for name, request in state.requests.items()]
        assert open_now, "a chat that runs waits for something"
        open_now.sort(key=lambda item: item[0])
        asked, which = open_now[number_of([item for item, _ in open_now]) % len(open_now)]
        self.driver.seconds += 1
        if isinstance(which, Call):
            if self.waits:
                self.chat.wait(which, f"worker:{which.kind}:x", self.driver.now, "unknown", self.driver.now)
                self.driver.settle()
            self._note(asked, which.index if which.kind in ("select", "manage") else 0)
            self.driver.finish(which, self.answer(which, asked))
        else:
            self._note(asked)
            request = state.requests[which]
            text = self.text(asked)
            if request.kind == "speaker":
                names = candidates_of(self.chat.plan.nodes[request.path], state.scopes[request.path].manager)
                text = names[number_of(asked) % len(names)]
            assert self.driver.tell("answer", request=which, content=text).kind != "refused"

    def _note(self, asked: Asked, attempt: int = 0) -> None:
        self.asked.append(asked)
        self.tries.append(attempt)
        self.heads.append(self.chat.log.head)
