"""Tool calls and their results in old messages, put into the turn of whoever asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from folkmoot._chat.engine import Chat
from folkmoot._chat.plan import Seat
from folkmoot._chat.roles.assistant import CANCELLED_TOOL, handoff_of
from folkmoot._chat.state import Turn
from folkmoot.agents import AssistantAgent

from .formats import Old
from .pending import policies_of

__all__ = ["Exchange", "Exchanges"]


@dataclass
class Exchange:
    """Calls that an agent asked for in its turn, and what came of them so far.

    Attributes:
        seat: The agent's.
        place: Of the old message.
        request: Offset of the request.
        calls: As in the request.
        outcomes: By the place of the call, the offset of its `tool` entry.
        elsewhere: The results came from another agent, or nobody knows whom (AutoGen 0.2).
        closed: Its results have been shown to the agent.
    """

    seat: Seat
    place: int
    request: int
    calls: list[Mapping[str, Any]]
    outcomes: dict[int, int] = field(default_factory=dict[int, int])
    elsewhere: bool = False
    closed: bool = False

    @property
    def missing(self) -> list[int]:
        """The places of the calls without a result."""
        return [place for place in range(len(self.calls)) if place not in self.outcomes]

    def matching(self, result: Mapping[str, Any]) -> int | None:
        """Which call a result belongs to: by its id, or where it has none by the tool's name."""
        for place in self.missing:
            call = self.calls[place]
            if result["call_id"] == call["id"] if result["call_id"] else result["name"] in ("", call["name"]):
                return place
        return None


class Exchanges:
    """The exchanges of the turns in progress; every one ends in a result for each call.

    Args:
        chat: The scratch chat.
        time: ISO 8601, UTC.
        warnings: What had to be made up is added here.
    """

    def __init__(self, chat: Chat, time: str, warnings: list[str]) -> None:
        self.chat = chat
        self.time = time
        self.warnings = warnings
        self.open: dict[str, Exchange] = {}
        self._parts = 0

    def part(self) -> str:
        """Makes the id of a further message of one step differ from the others'."""
        self._parts += 1
        return f"-o{self._parts}"

    def ask(self, seat: Seat, turn: Turn, old: Old) -> None:
        """An agent asks for calls."""
        self.end(seat)
        policies = policies_of(seat, old.message["content"])
        fields = {"policies": policies} if policies else {}
        entry = self.chat.say(seat, self.time, "event", old.message, call=turn.need, part=self.part(), **fields)
        calls = list(old.message["content"])
        self.open[seat.path] = Exchange(seat, old.place, entry.offset, calls, elsewhere=old.dictionary)

    def answer(self, seat: Seat | None, old: Old) -> list[Mapping[str, Any]]:
        """Results came, of whosever calls; those that belong to none are given back."""
        orphans: list[Mapping[str, Any]] = []
        # Their own calls first: some models give different calls the same id.
        exchanges = sorted(self.open.values(), key=lambda exchange: exchange.seat is not seat)
        for result in old.message["content"]:
            found = next(
                ((exchange, place) for exchange in exchanges if (place := exchange.matching(result)) is not None), None
            )
            if found is None:
                orphans.append(result)
                continue
            self._outcome(*found, result)
        for exchange in exchanges:
            if not exchange.missing and not exchange.closed:
                self._close(exchange, old)
        return orphans

    def _outcome(self, exchange: Exchange, place: int, result: Mapping[str, Any]) -> None:
        call = exchange.calls[place]
        fields: dict[str, Any] = {"id": call["id"], "name": call["name"], "content": result["content"]}
        if result.get("is_error"):
            fields["is_error"] = True
        number = self.chat.state.scopes[exchange.seat.node.path].turn
        where = {"turn": number, "call": exchange.request, "index": place}
        entry = self.chat.append(self.time, "tool", **self.chat.place(exchange.seat), **where, **fields)
        exchange.outcomes[place] = entry.offset

    def _close(self, exchange: Exchange, old: Old | None) -> None:
        """All results are there: the agent sees them."""
        event = {"type": "ToolCallExecutionEvent", "source": exchange.seat.source}
        if old is not None and not old.dictionary:
            event = {**{key: value for key, value in old.message.items() if key != "content"}, **event}
        results = [exchange.outcomes[place] for place in range(len(exchange.calls))]
        self.chat.say(exchange.seat, self.time, "event", event, call=exchange.request, results=results)
        exchange.closed = True

    def end(self, seat: Seat) -> Exchange | None:
        """Nothing more comes of an agent's calls: those without a result are cancelled, as when a run is."""
        exchange = self.open.pop(seat.path, None)
        if exchange is None or exchange.closed:
            return exchange
        names = ", ".join(exchange.calls[place]["name"] for place in exchange.missing)
        self.warnings.append(
            f"messages[{exchange.place}]: no result followed on the calls of {names} by {seat.path!r}; they count as "
            "cancelled."
        )
        for place in exchange.missing:
            self._outcome(exchange, place, {"content": CANCELLED_TOOL, "is_error": True})
        self._close(exchange, None)
        return exchange

    def told(self, exchange: Exchange | None, old: Old) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """An answer as the log holds it: a summary refers to the calls and results it is made of."""
        message = old.message
        if exchange is None or message["type"] != "ToolCallSummaryMessage":
            return message, {}
        ids = [call["id"] for call in message["tool_calls"]]
        if ids != [call["id"] for call in exchange.calls]:
            return message, {}
        plain = {key: value for key, value in message.items() if key not in ("tool_calls", "results")}
        return plain, self._references(exchange)

    def conclude(self, exchange: Exchange, turn: Turn) -> None:
        """The agent said nothing of its results: they are its answer, or the handoff among its calls is."""
        seat = exchange.seat
        message: dict[str, Any] = {"type": "ToolCallSummaryMessage", "source": seat.source}
        fields = self._references(exchange)
        agent = seat.agent
        if isinstance(agent, AssistantAgent):
            handoffs = [handoff_of(agent, call["name"]) for call in exchange.calls]
            if handoff := next((item for item in handoffs if item is not None), None):
                words = {"target": handoff.target, "content": handoff.message}
                message = {"type": "HandoffMessage", "source": seat.source, **words}
                kept = [place for place, item in enumerate(handoffs) if item is None]
                fields["results"] = [exchange.outcomes[place] for place in kept]
            elif agent.tool_call_summary_format != "{result}":
                message["format"] = agent.tool_call_summary_format
        self.chat.say(seat, self.time, "message", message, role="answer", call=turn.need, **fields)

    def _references(self, exchange: Exchange) -> dict[str, Any]:
        results = [exchange.outcomes[place] for place in range(len(exchange.calls))]
        return {"request": exchange.request, "results": results}

    def supplied(self, seat: Seat, turn: Turn, old: Old) -> None:
        """A summary or handoff whose calls were not kept beside it: they are made of what it tells of them."""
        message, agent = old.message, seat.agent
        if message["type"] == "ToolCallSummaryMessage":
            calls, results = message["tool_calls"], message["results"]
        elif message["type"] == "HandoffMessage" and isinstance(agent, AssistantAgent):
            to = (handoff for handoff in agent.resolved_handoffs if handoff.target == message["target"])
            if (handoff := next(to, None)) is None:
                return
            call = f"handoff_{old.place}"
            calls = [{"id": call, "name": handoff.name, "arguments": "{}"}]
            results = [{"call_id": call, "name": handoff.name, "content": message["content"]}]
        else:
            return
        if not calls or len(calls) != len(results):
            return
        request = {"type": "ToolCallRequestEvent", "source": seat.source, "content": calls}
        self.ask(seat, turn, Old(old.place, seat.source, "calls", request))
        outcome = {"type": "ToolCallExecutionEvent", "content": results}
        self.answer(seat, Old(old.place, seat.source, "results", outcome, True))
