"""Old messages said again in a scratch chat: runs, turns of nested teams, answers.

The entries are those that a run would have left, so fold, contexts and threads need no rules of their own for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from folkmoot._chat.engine import Chat
from folkmoot._chat.plan import Link, Node, Seat
from folkmoot._chat.state import Turn
from folkmoot.agents import AssistantAgent
from folkmoot.messages import text_of
from folkmoot.teams import MagenticOneGroupChat

from .cast import Part
from .exchanges import Exchange, Exchanges
from .formats import Old
from .pending import taker_of
from .speakers import Managers, Speakers

__all__ = ["Stage"]

NO_GROUND = "Nothing was kept of this; what has been said so far tells what is known."
_GROUND = (
    ("The facts so far:\n\n", "The plan to follow:\n\n"),
    ("Here is an initial fact sheet to consider:\n\n", "Here is the plan to follow as best as possible:\n\n"),
)
"""What stands before facts and plan in an orchestrator's announcement: ours, and AutoGen's."""


class Stage:
    """Where old messages are said again.

    Args:
        chat: The scratch chat, opened.
        parts: The messages, with who said them.
        time: ISO 8601, UTC.

    Attributes:
        warnings: What does not fit the team, or had to be made up.
        last: The path of whose turn was last.
    """

    def __init__(self, chat: Chat, parts: Sequence[Part], time: str) -> None:
        self.chat = chat
        self.parts = parts
        self.time = time
        self.warnings: list[str] = []
        self.last: str | None = None
        self.speakers = Speakers(chat, parts, time, self.warnings)
        self.exchanges = Exchanges(chat, time, self.warnings)

    def play(self, places: Iterable[int], resumed: int | None = None, managers: Managers | None = None) -> Stage:
        """Say messages.

        Args:
            places: Theirs in the parts.
            resumed: Place of one before which others were left out.
            managers: What the managers kept there.
        """
        tasks: list[Mapping[str, Any]] = []
        for place in places:
            if place == resumed and managers is not None:
                self._run(tasks)
                self.speakers.set_managers(managers)
            part = self.parts[place]
            message = _as_task(part)
            if message is not None:
                tasks.append(message)
                continue
            self._run(tasks)
            self._say(part, place)
        self._run(tasks)
        return self

    def _run(self, tasks: list[Mapping[str, Any]]) -> None:
        """A run begins, with the tasks that came one after another."""
        if not tasks:
            return
        self.speakers.check(None)
        if self.chat.state.running:
            self._leave(self.chat.plan.root)
            self.end_run()
        self.chat.start_run("", [dict(task) for task in tasks], True, None, self.time)
        tasks.clear()

    def end_run(self) -> None:
        """The run is over. Where functions must still decide about edges it is broken off: the next run asks them."""
        status = "cancelled" if self.speakers.undecided else "stopped"
        self.chat.append(self.time, "run_ended", run=self.chat.state.run, status=status, stop_reason=None)

    # --- What is said ------------------------------------------------------------------------------------------------

    def _say(self, part: Part, place: int) -> None:
        if not self.chat.state.running:
            self.chat.start_run("", [], True, None, self.time)
        self.speakers.check(place)
        old = part.old
        if old.kind == "results":
            self._results(part, place)
        elif part.node is not None:
            self._orchestrate(part.node, old, place)
        elif part.seat is None:
            raise ValueError(
                f"{old.where}: {old.message['source']!r} takes no part, and so has no {old.message['type']}."
            )
        else:
            turn = self.turn(part.seat, place)
            if old.kind == "message":
                self._answer(part.seat, turn, old)
            elif old.kind == "calls":
                self.exchanges.ask(part.seat, turn, old)
            else:
                self._event(part.seat, turn, old)

    def _results(self, part: Part, place: int) -> None:
        orphans = self.exchanges.answer(part.seat, part.old)
        if not orphans:
            return
        names = ", ".join(result["call_id"] or result["name"] for result in orphans)
        seat = part.seat
        told = "left out"
        if part.old.dictionary and seat is not None:
            told = f"taken as what {seat.path!r} said"
            text = "\n".join(result["content"] for result in orphans)
            message = {"type": "TextMessage", "source": seat.source, "content": text}
            self._answer(seat, self.turn(seat, place), Old(part.old.place, seat.source, "message", message, True))
        self.warnings.append(f"{part.old.where}: results of {names}, which no message before asks for, are {told}.")

    def _event(self, seat: Seat, turn: Turn, old: Old) -> None:
        if old.message["type"] == "MemoryQueryEvent":
            # What memories said then is no part of what they say now: readers see it, contexts do not have it.
            where = {"run": self.chat.state.run, "turn": self.chat.state.scopes[seat.node.path].turn}
            place = self.chat.place(seat, old.message["source"])
            self.chat.append(self.time, "event", **where, **place, message=old.message)
            return
        shown = {"role": "shown"} if old.message["type"].startswith("Code") else {}
        self.chat.say(seat, self.time, "event", old.message, call=turn.need, part=self.exchanges.part(), **shown)

    def _answer(self, seat: Seat, turn: Turn, old: Old) -> None:
        if seat.path not in self.exchanges.open:
            self.exchanges.supplied(seat, turn, old)
        exchange = self.exchanges.end(seat)
        if seat.inner is not None:
            if not self.chat.state.scopes[seat.inner.path].open and turn.phase == "begin":
                self.chat.start_scope(seat.inner, self.time, call=turn.need)
            self._leave(seat.inner)
            if seat.inner.link is Link.SOCIETY and self.chat.state.scopes[seat.inner.path].open:
                self.chat.end_scope(seat.inner, self.time, stop_reason=None)
        message, fields = self.exchanges.told(exchange, old)
        self.chat.say(seat, self.time, "message", message, role="answer", call=turn.need, **fields)
        if seat.inner is not None and seat.inner.link is Link.TEAM:
            self.chat.end_scope(seat.inner, self.time, stop_reason=None)

    def _orchestrate(self, node: Node, old: Old, place: int) -> None:
        """An orchestrator tells everybody something: the plan, or who is to do what."""
        if node.parent is not None:
            self._enter(node, place)
        self._leave(node)
        self._ground(node, text_of(old.message))
        where = {"scope": node.path} if node.path else {}
        message, run = old.message, self.chat.state.run
        self.chat.append(self.time, "message", run=run, role="manager", message=message, **where)

    def _ground(self, node: Node, announced: str = "") -> None:
        """Facts and plan of an orchestrator, before anybody acts on them: as it announced them, or as good as none."""
        if not isinstance(node.team, MagenticOneGroupChat):
            return
        facts, plan = _facts_and_plan(announced)
        if facts == NO_GROUND and "facts" in self.chat.state.scopes[node.path].manager:
            return
        if facts == NO_GROUND:
            self.warnings.append("No facts and no plan of the orchestrator were found in the messages.")
        where = {"scope": node.path} if node.path else {}
        run = self.chat.state.run
        for step, fields in (("facts", {"content": facts}), ("plan", {"content": plan}), ("planned", {})):
            self.chat.append(self.time, "manager", run=run, step=step, **fields, **where)

    # --- Turns -------------------------------------------------------------------------------------------------------

    def turn(self, seat: Seat, place: int) -> Turn:
        """The turn in which a participant says something; it begins, and those around it, if need be."""
        node = seat.node
        if node.parent is not None:
            self._enter(node, place)
        turn = self.chat.fold.turn_of(self.chat.state, seat)
        if turn is None:
            self._leave(node)
            self._ground(node)
            self.speakers.begin(node, seat.name, place)
            turn = self.chat.fold.turn_of(self.chat.state, seat)
            assert turn is not None
        self.last = seat.path
        return turn

    def _enter(self, node: Node, place: int) -> None:
        """A run of an inner team is under way."""
        assert node.parent is not None
        turn = self.turn(node.parent, place)
        if not self.chat.state.scopes[node.path].open:
            self.chat.start_scope(node, self.time, call=turn.need)
            self.speakers.check(place)

    def _leave(self, node: Node) -> None:
        """Nothing more comes in the turns in progress at a node."""
        for name, turn in list(self.chat.state.scopes[node.path].turns.items()):
            seat = node.seats[name]
            exchange = self.exchanges.end(seat)
            if exchange is not None:
                self.exchanges.conclude(exchange, turn)
            elif seat.inner is not None and self.chat.state.scopes[seat.inner.path].open:
                self._leave(seat.inner)
                self.chat.end_scope(seat.inner, self.time, stop_reason=None)
        self.speakers.check(None)

    # --- The end -----------------------------------------------------------------------------------------------------

    def finish(self) -> list[Exchange]:
        """After the last message: who has not finished goes on in the next run.

        Returns:
            Calls that are under way; if there are any, the run is too.

        Raises:
            ValueError: Whoever asked for them cannot run them.
        """
        pending = [exchange for exchange in self.exchanges.open.values() if exchange.missing]
        # Of calls that are the last message it was looked at already who can.
        for exchange in (item for item in pending if item.place != self.parts[-1].old.place):
            calls = [exchange.calls[place] for place in exchange.missing]
            taker_of(exchange.seat, [exchange.seat], calls, self.warnings)
        self._finish(self.chat.plan.root, bool(pending))
        self.speakers.check(None)
        if self.chat.state.running and not pending:
            self.end_run()
        return pending

    def _finish(self, node: Node, goes_on: bool) -> bool:
        """Whether everybody at a node has finished; `goes_on`: the run does."""
        for name, turn in list(self.chat.state.scopes[node.path].turns.items()):
            seat = node.seats[name]
            exchange = self.exchanges.open.get(seat.path)
            if exchange is not None:
                if not exchange.missing and not _reads_results(exchange, turn, goes_on):
                    self.exchanges.conclude(exchange, turn)
            elif seat.inner is not None and seat.inner.link is Link.TEAM and self._finish(seat.inner, goes_on):
                self.speakers.check(None)
                if not self.chat.state.scopes[seat.inner.path].ended:
                    last = self.parts[-1].old.where
                    self.warnings.append(
                        f"{last} is of the inner team {seat.path!r}, whose run is taken to be over with it, though "
                        "nothing ends it."
                    )
                self.chat.end_scope(seat.inner, self.time, stop_reason=None)
        return not self.chat.state.scopes[node.path].turns


def _reads_results(exchange: Exchange, turn: Turn, goes_on: bool) -> bool:
    """Whether an agent's model is asked once more after its calls; in 0.2 whoever asked for calls always hears of them.

    One whose calls hand over, or whose results are shown as they are, is not. In a run that goes on there is no other
    turn in which it could be.
    """
    agent = exchange.seat.agent
    if not isinstance(agent, AssistantAgent):
        return False
    handoffs = {handoff.name for handoff in agent.resolved_handoffs}
    if any(call["name"] in handoffs for call in exchange.calls):
        return False
    return turn.phase != "tools" or (exchange.elsewhere and not goes_on)


def _as_task(part: Part) -> Mapping[str, Any] | None:
    """The message that comes from outside the team, if it does."""
    if not part.is_task:
        return None
    old = part.old
    if old.kind == "message":
        return old.message
    if old.message["type"] != "ThoughtEvent":
        return None
    # Words beside calls that somebody outside suggested.
    return {"type": "TextMessage", "source": old.message["source"], "content": old.message["content"]}


def _facts_and_plan(announced: str) -> tuple[str, str]:
    for before_facts, before_plan in _GROUND:
        _, found, rest = announced.partition(before_facts)
        facts, found_plan, plan = rest.partition(before_plan)
        if found and found_plan:
            return facts.strip(), plan.strip()
    return NO_GROUND, NO_GROUND
