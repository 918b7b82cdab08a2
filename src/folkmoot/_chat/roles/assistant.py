"""An assistant's turn (AutoGen behaviour, AssistantAgent turn): what a model's reply and tool outcomes lead to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from folkmoot._chat.budgets import unmade
from folkmoot._chat.calls import AgentFailure, Call, cost_of
from folkmoot._chat.condensing import write_summary
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.plan import Node, Seat, runner_tools
from folkmoot._chat.requests import verdict_text
from folkmoot._chat.state import Request, Turn, call_key
from folkmoot.agents import AssistantAgent, Handoff

from .answers import answer_of
from .approving import ask_approval, ask_approvals, asked_about, note_of
from .base import Role, step_inside

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat
    from folkmoot._chat.fold import Fold
    from folkmoot._chat.state import ChatState

__all__ = ["Assistant", "handoff_of"]

CANCELLED_TOOL = "The call was cancelled before it finished."

Fields = dict[str, Any]


class Assistant(Role):
    """Model calls, and tool calls in between.

    Phases: `model` and `reflect` wait for a model's reply, `format` for a registered function that words the summary;
    `tools` waits for the outcomes of `request`, and, once they are complete, stands for: the answer needs no one. In
    `again` the request of an interrupted turn is made again, at a place of its own; outcomes that came before count.

    Notes: the offsets of the `thought` that came with the request, and of the outcomes that were `executed`.
    """

    goes_on = True

    def begin(self, state: ChatState, seat: Seat, turn: Turn, again: Mapping[str, Any] | None) -> None:
        if not again:
            return
        turn.phase, turn.iteration, turn.request = again["phase"], again["iteration"], again["request"]
        turn.notes = dict(again["notes"])
        turn.outcomes = {int(index): offset for index, offset in again["outcomes"].items()}

    def suspend(self, turn: Turn) -> dict[str, Any]:
        return {
            "phase": "again" if _in_tools(turn) else turn.phase,
            "iteration": turn.iteration,
            "request": turn.request,
            "outcomes": {str(index): offset for index, offset in turn.outcomes.items()},
            "notes": turn.notes,
        }

    def refers(self, again: Mapping[str, Any]) -> Sequence[int]:
        if not again:
            return ()
        found = (again["request"], *again["notes"].values(), *again["outcomes"].values())
        return [offset for offset in found if offset is not None]

    def moved(self, again: Mapping[str, Any], move: Callable[[int], int]) -> dict[str, Any]:
        if not again:
            return {}
        request = again["request"]
        return {
            **again,
            "request": None if request is None else move(request),
            "outcomes": {index: move(offset) for index, offset in again["outcomes"].items()},
            "notes": {name: move(offset) for name, offset in again["notes"].items()},
        }

    def fold(self, fold: Fold, state: ChatState, log: Log, seat: Seat, turn: Turn, entry: Entry) -> None:
        if "message" not in entry.data:
            if entry.kind == "decided" and entry.data["verdict"] == "approve":
                turn.let = {**turn.let, entry.data["index"]: entry.offset}
            return
        kind = entry.data["message"]["type"]
        if kind == "ThoughtEvent":
            turn.notes["thought"] = entry.offset
        elif entry.data.get("role") == "again":
            turn.phase, turn.request, turn.need = "tools", entry.offset, entry.offset
            for node in seat.tools.values():
                if state.scopes[node.path].open:
                    state.scopes[node.path].call = entry.offset
        elif kind == "ToolCallRequestEvent":
            if turn.notes.get("thought") != entry.offset - 1:
                turn.notes.pop("thought", None)
            turn.phase, turn.request, turn.need = "tools", entry.offset, entry.offset
            turn.outcomes, turn.let = {}, {}
        elif kind == "ToolCallExecutionEvent":
            turn.phase = _phase_after_tools(_spec(seat), turn)
            if turn.phase == "format":
                turn.notes["executed"] = entry.offset
            turn.iteration += 1
            turn.need = entry.offset
        elif entry.data.get("role") == "answer":
            fold.done(state, log, seat, entry)

    def settle(self, chat: Chat, seat: Seat, turn: Turn, time: str) -> bool:
        """Answer handoffs, run agents and teams that are tools, and close a complete set of outcomes."""
        if turn.phase == "again":
            _ask_again(chat, seat, turn, time)
            return True
        if not _in_tools(turn):
            return False
        spec, calls = _spec(seat), calls_of(chat, turn)
        for index, call in enumerate(calls):
            handoff = handoff_of(spec, call["name"])
            if handoff is not None and index not in turn.outcomes:
                _outcome(chat, seat, turn, index, time, {"content": handoff.message})
        if ask_approvals(chat, seat, turn, calls, time) or self._run_tools(chat, seat, turn, calls, time):
            return True
        if len(turn.outcomes) < len(calls):
            return False
        outcomes = [turn.outcomes[index] for index in range(len(calls))]
        _execution_event(chat, seat, turn, outcomes, time)
        answer = _after_tools(spec, turn, calls, outcomes)
        if answer is not None:
            message = answer.pop("message")
            chat.say(seat, time, "message", message, role="answer", call=turn.need, **answer)
        return True

    def _run_tools(self, chat: Chat, seat: Seat, turn: Turn, calls: Sequence[Mapping[str, Any]], time: str) -> bool:
        """Take the runs of agents and teams that are tools a step further; of one tool they go one after another."""
        wrote, busy = False, set[str]()
        for index, call in enumerate(calls):
            node = seat.tools.get(call["name"])
            if node is None or index in turn.outcomes or call["name"] in busy:
                continue
            busy.add(call["name"])
            if chat.state.scopes[node.path].open:
                wrote = step_inside(chat, node, time) or wrote
            else:
                self._start_tool(chat, seat, turn, node, index, time)
                wrote = True
            if not chat.state.running:
                return False
        return wrote

    def _start_tool(self, chat: Chat, seat: Seat, turn: Turn, node: Node, index: int, time: str) -> None:
        call = calls_of(chat, turn)[index]
        try:
            task = _task_of(call["arguments"])
        except ValueError as error:
            _outcome(chat, seat, turn, index, time, {"content": f"Error: {error}"}, is_error=True)
            return
        chat.start_scope(node, time, call=turn.request, index=index, tasks=1)
        message = {"type": "TextMessage", "source": "user", "content": task}
        fields: Fields = {"run": chat.state.run, "scope": node.path, "call": turn.request, "part": f"-{index}"}
        chat.append(time, "message", role="task", message=message, **fields)

    def tool_ended(self, chat: Chat, node: Node, said: list[int], error: str | None, time: str) -> None:
        seat, scope = node.parent, chat.state.scopes[node.path]
        assert seat is not None
        turn = chat.fold.turn_of(chat.state, seat)
        if turn is None or turn.request != scope.call or scope.index in turn.outcomes:
            return
        tool = dict(runner_tools(_spec(seat)))[node.path.rpartition("/")[2]]
        if error is not None:
            outcome: Fields = {"content": error}
        elif not tool.return_value_as_last_message:
            outcome = {"said": said}
        elif said:
            outcome = {"said": said[-1:], "plain": True}
        else:
            # Nobody spoke: the last message is the task (AutoGen).
            outcome = {"content": _task_of(calls_of(chat, turn)[scope.index]["arguments"])}
        _outcome(chat, seat, turn, scope.index, time, outcome, is_error=error is not None)

    def calls(self, chat: Chat, seat: Seat, turn: Turn) -> list[Call]:
        if turn.phase == "format":
            key = call_key("format", turn.need, seat.path)
            return [Call(key, "format", seat.path, turn.notes["executed"], turn.need + 1, index=turn.request or 0)]
        if turn.phase != "tools":
            reflect = turn.phase == "reflect"
            key = call_key("model", turn.need, seat.path)
            # A turn that goes on after an interruption has asked its memories.
            later = turn.iteration if turn.need == turn.started else 0
            return [Call(key, "model", seat.path, turn.need, turn.reads, index=later, reflect=reflect)]
        request, found = turn.need, list[Call]()
        data = chat.log.at(request).data
        policies, approvals = data.get("policies", {}), data.get("approvals", {})
        for index, call in enumerate(calls_of(chat, turn)):
            if index in turn.outcomes:
                continue
            name = call["name"]
            node = seat.tools.get(name)
            if node is None:
                let = turn.let.get(index, 0)
                if let or not (str(index) in approvals or asked_about(chat, seat, turn, index)):
                    key, until = call_key("tool", request, index), max(request, let) + 1
                    policy = policies.get(str(index))
                    found.append(Call(key, "tool", seat.path, request, until, index, name, policy, let=let))
            elif chat.state.scopes[node.path].open and chat.state.scopes[node.path].index == index:
                found += chat.calls_of_node(node)
        return found

    def take(self, chat: Chat, seat: Seat, turn: Turn, call: Call, result: Mapping[str, Any], time: str) -> None:
        if call.kind == "tool" and "asks" in result:
            # The request is not one a worker's model made, and nobody had looked yet at who has to be asked.
            ask_approval(chat, seat, turn, call.index, result["asks"], time)
            return
        if call.kind == "tool":
            outcome = {"content": result["content"], **note_of(chat, call)}
            _outcome(chat, seat, turn, call.index, time, outcome, is_error=bool(result.get("is_error")), made=True)
            return
        if call.kind == "format":
            outcomes = [turn.outcomes[index] for index in sorted(turn.outcomes)]
            message = {"type": "ToolCallSummaryMessage", "source": seat.source, "content": result["content"]}
            fields = {"call": turn.need, "request": turn.request, "results": outcomes}
            chat.say(seat, time, "message", message, role="answer", **fields)
            return
        if "condense" in result:
            write_summary(chat, seat, call, result, time)
            return
        for field in _reply_entries(_spec(seat), turn, result):
            chat.say(seat, time, field.pop("kind"), field.pop("message"), **field)

    def decided(self, chat: Chat, seat: Seat, turn: Turn, request: Request, data: Mapping[str, Any], time: str) -> None:
        is_error = data["verdict"] in ("reject", "failed")
        outcome, made = {"content": verdict_text(data)}, request.kind == "outcome"
        _outcome(chat, seat, turn, request.index, time, outcome, is_error=is_error, made=made)

    def abort(self, chat: Chat, seat: Seat, turn: Turn, time: str) -> None:
        """No tool call is left without a result in a context."""
        if not _in_tools(turn):
            return
        for index in range(len(calls_of(chat, turn))):
            if index not in turn.outcomes:
                made = call_key("tool", turn.request, index) in chat.in_flight
                _outcome(chat, seat, turn, index, time, {"content": CANCELLED_TOOL}, is_error=True, made=made)
        _execution_event(chat, seat, turn, [turn.outcomes[index] for index in sorted(turn.outcomes)], time)


def _spec(seat: Seat) -> AssistantAgent:
    assert isinstance(seat.agent, AssistantAgent)
    return seat.agent


def _in_tools(turn: Turn) -> bool:
    return turn.phase == "tools" and turn.request == turn.need


def calls_of(chat: Chat, turn: Turn) -> list[dict[str, Any]]:
    """The tool calls a turn waits for, in order."""
    assert turn.request is not None
    return chat.log.at(turn.request).data["message"]["content"]


def _ask_again(chat: Chat, seat: Seat, turn: Turn, time: str) -> None:
    """Make the request of an interrupted turn again; its use of the model was counted."""
    assert turn.request is not None
    data = chat.log.at(turn.request).data
    # What was copied from another log brings an id and a time along, but this one is new.
    old = ("id", "created_at", "models_usage")
    message = {name: value for name, value in data["message"].items() if name not in old}
    policies = {name: data[name] for name in ("policies", "approvals") if name in data}
    # What may have been done once must not be done twice: it keeps its idempotency key.
    known = data.get("keys", {})
    keys = {str(index): known.get(str(index), turn.request) for index in turn.unknown}
    more = {"keys": keys} if keys else {}
    chat.say(seat, time, "event", message, role="again", call=turn.need, **policies, **more)


def _task_of(arguments: str) -> str:
    """The task in the arguments of a call of an agent or a team.

    Raises:
        ValueError: There is none; the text is for the model.
    """
    given: Any = json.loads(arguments or "{}")
    task = cast(dict[str, object], given).get("task") if isinstance(given, dict) else None
    if not isinstance(task, str):
        raise ValueError("the tool takes one argument, 'task', which is a text")
    return task


def _outcome(
    chat: Chat,
    seat: Seat,
    turn: Turn,
    index: int,
    time: str,
    outcome: Fields,
    *,
    is_error: bool = False,
    made: bool = False,
) -> None:
    """Write a call's outcome; `made`: something outside was, or may have been, called for it."""
    call = calls_of(chat, turn)[index]
    fields: Fields = {"id": call["id"], "name": call["name"], **outcome}
    if is_error:
        fields["is_error"] = True
    if not made:
        fields |= unmade(chat)
    number = chat.state.scopes[seat.node.path].turn
    chat.append(time, "tool", **chat.place(seat), turn=number, call=turn.request, index=index, **fields)


def _execution_event(chat: Chat, seat: Seat, turn: Turn, outcomes: list[int], time: str) -> None:
    event = {"type": "ToolCallExecutionEvent", "source": seat.source}
    chat.say(seat, time, "event", event, call=turn.request, results=outcomes)


def _reply_entries(spec: AssistantAgent, turn: Turn, reply: Mapping[str, Any]) -> list[Fields]:
    """The entries a model's reply becomes.

    Args:
        spec: The agent.
        turn: Its turn; the reply answers `turn.need`.
        reply: `content` (text, or a list of calls), `usage` [prompt, completion], `thought`, `policies` of the calls,
            `memory` (what was remembered: results and what they are shown as).

    Raises:
        AgentFailure: The reply cannot be used.
    """
    fields: list[Fields] = []
    content: Any = reply["content"]
    usage = {"prompt_tokens": reply["usage"][0], "completion_tokens": reply["usage"][1]}
    calls, cost = isinstance(content, list), cost_of(reply)
    for number, memory in enumerate(reply.get("memory", ())):
        event = {"type": "MemoryQueryEvent", "source": spec.name, **memory.get("event", {})}
        extra = {name: memory[name] for name in ("context", "same") if name in memory}
        fields.append({"kind": "event", "call": turn.need, "part": f"-m{number}", "message": event, **extra})
    thought = reply.get("thought")
    if thought:
        event = {"type": "ThoughtEvent", "source": spec.name, "content": thought}
        # The first message of a reply has the id that streamed chunks carry (AutoGen), so a thought takes it.
        fields.append({"kind": "event", "call": turn.need, "message": event})
    part: Fields = {"part": "-2"} if thought else {}
    if calls and turn.phase == "reflect":
        raise AgentFailure("RuntimeError", "Reflect on tool use produced no valid text response.")
    if calls:
        request: Fields = {
            "type": "ToolCallRequestEvent",
            "source": spec.name,
            "content": content,
            "models_usage": usage,
        }
        policies: Fields = {name: reply[name] for name in ("policies", "approvals") if reply.get(name)}
        fields.append({"kind": "event", "call": turn.need, **part, "message": request, **policies, **cost})
    else:
        answer = answer_of(spec, content, usage)
        fields.append({"kind": "message", "role": "answer", "call": turn.need, **part, "message": answer, **cost})
    return fields


def handoff_of(spec: AssistantAgent, name: str) -> Handoff | None:
    """The handoff a call names, if it is one: handoffs need no worker, the engine answers them itself."""
    return next((handoff for handoff in spec.resolved_handoffs if handoff.name == name), None)


def _phase_after_tools(spec: AssistantAgent, turn: Turn) -> str:
    """What follows a complete set of outcomes; `tools` stands for: the engine writes the answer itself."""
    if turn.iteration + 1 < spec.max_tool_iterations:
        return "model"
    if spec.reflects:
        return "reflect"
    return "tools" if spec.tool_call_summary_formatter is None else "format"


def _after_tools(
    spec: AssistantAgent, turn: Turn, calls: Sequence[Mapping[str, Any]], outcomes: Sequence[int]
) -> Fields | None:
    """The answer that follows tool outcomes without a model: a handoff, or the summary; None if a model is next.

    Args:
        spec: The agent.
        turn: Its turn, the execution event folded in.
        calls: The request's calls, in order.
        outcomes: Offsets of their outcomes, in the same order.
    """
    handoffs = [handoff for call in calls if (handoff := handoff_of(spec, call["name"])) is not None]
    if handoffs:
        # The first handoff wins; its siblings that are tools ride along as context (AutoGen).
        others = [
            offset for call, offset in zip(calls, outcomes, strict=True) if handoff_of(spec, call["name"]) is None
        ]
        message = {
            "type": "HandoffMessage",
            "source": spec.name,
            "target": handoffs[0].target,
            "content": handoffs[0].message,
        }
        # Words beside the calls go along (AutoGen).
        thought = {"thought": turn.notes["thought"]} if "thought" in turn.notes else {}
        return {"message": message, "request": turn.request, "results": others, **thought}
    if turn.phase != "tools":
        return None
    summary: Fields = {"type": "ToolCallSummaryMessage", "source": spec.name}
    if spec.tool_call_summary_format != "{result}":
        summary["format"] = spec.tool_call_summary_format
    return {"message": summary, "request": turn.request, "results": list(outcomes)}
