"""A code executor's turn: code that was heard, or that its model writes, is approved, run, and reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from folkmoot._chat.calls import AgentFailure, Call, cost_of
from folkmoot._chat.condensing import write_summary
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.plan import Seat
from folkmoot._chat.requests import ask, open_request, request_id, verdict_text
from folkmoot._chat.state import ChatState, Request, Turn, call_key
from folkmoot.agents import CodeExecutorAgent

from .base import Role, policy_of

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat
    from folkmoot._chat.fold import Fold

__all__ = ["Code"]


CODE_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "code_blocks": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {"code": {"type": "string"}, "language": {"type": "string"}},
                "required": ["code", "language"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["code_blocks"],
    "additionalProperties": False,
}
"""What people may change code to."""


class Code(Role):
    """AutoGen's CodeExecutorAgent. What was run is never run again by a later step of the turn.

    Phases: `model` writes code; `approve` asks the approval function; `find` looks for code that was heard; `ask` asks
    people; `run` runs it; `retry` asks the model whether an error is worth another attempt; `reflect` lets it put the
    result into words. Without a model: `approve`, `find`, `ask`, `run`.

    Notes: the offsets of the `code` and of the `result` of running it.
    """

    goes_on = True

    def begin(self, state: ChatState, seat: Seat, turn: Turn, again: Mapping[str, Any] | None) -> None:
        spec = _spec(seat)
        turn.phase = "model" if spec.model_client is not None else _first(spec)
        if again and "phase" in again:
            turn.phase, turn.iteration, turn.notes = again["phase"], again["iteration"], dict(again["notes"])
            if (let := turn.notes.pop("let", None)) is not None:
                turn.let = {0: let}

    def suspend(self, turn: Turn) -> dict[str, Any]:
        let = {"let": turn.let[0]} if turn.phase == "run" and turn.let else {}
        return {"phase": turn.phase, "iteration": turn.iteration, "notes": {**turn.notes, **let}}

    def refers(self, again: Mapping[str, Any]) -> Sequence[int]:
        return list(again.get("notes", {}).values())

    def moved(self, again: Mapping[str, Any], move: Callable[[int], int]) -> dict[str, Any]:
        if "notes" not in again:
            return dict(again)
        unknown = {"unknown": [move(offset) for offset in again["unknown"]]} if again.get("unknown") else {}
        return {**again, "notes": {name: move(offset) for name, offset in again["notes"].items()}, **unknown}

    def fold(self, fold: Fold, state: ChatState, log: Log, seat: Seat, turn: Turn, entry: Entry) -> None:
        data, spec = entry.data, _spec(seat)
        if data.get("role") == "answer":
            fold.done(state, log, seat, entry)
            return
        kind = data["message"]["type"] if "message" in data else data.get("step")
        match kind:
            case "CodeGenerationEvent" if data["message"]["code_blocks"]:
                turn.phase, turn.notes["code"], turn.let = _first(spec), entry.offset, {}
            case "approved":
                turn.phase = _second(spec)
            case "unasked":
                turn.phase = "run"
            case "found":
                turn.phase, turn.notes["code"] = "ask", entry.offset
            case None if entry.kind == "decided" and data["verdict"] == "approve":
                turn.phase, turn.let = "run", {0: entry.offset}
            case "CodeExecutionEvent":
                failed = data["message"]["result"]["exit_code"] != 0
                turn.phase = "retry" if failed and turn.iteration < spec.max_retries_on_error else "reflect"
                turn.notes["result"] = entry.offset
            case "retry":
                turn.phase = "model" if data["retry"] else "reflect"
                turn.iteration += 1
            case _:
                return
        turn.need = entry.offset

    def calls(self, chat: Chat, seat: Seat, turn: Turn) -> Sequence[Call]:
        if turn.phase == "ask":
            return ()
        kind = "code" if turn.phase in ("approve", "find", "run") else "model"
        key = call_key(turn.phase, turn.need, seat.path)
        step = "" if turn.phase == "model" else turn.phase
        policy = policy_of(_spec(seat).options) if turn.phase == "run" else None
        index = turn.notes.get("code", 0) if kind == "code" else turn.started
        need = turn.notes["result"] if turn.phase == "retry" else turn.need
        let = turn.let.get(0, 0) if turn.phase == "run" else 0
        return [Call(key, kind, seat.path, need, turn.reads, index=index, name=step, policy=policy, let=let)]

    def settle(self, chat: Chat, seat: Seat, turn: Turn, time: str) -> bool:
        if turn.phase != "ask" or open_request(chat.state, seat, "code", turn.notes["code"]) is not None:
            return False
        policy, blocks = _spec(seat).approval, _blocks(chat, turn)
        assert policy is not None
        if isinstance(policy.when, dict) and not policy.matches({"code_blocks": blocks}):
            chat.append(time, "step", **chat.place(seat), step="unasked")
            return True
        name = request_id(chat, "code", turn.need, seat.path)
        arguments = json.dumps({"code_blocks": blocks}, ensure_ascii=False)
        fields = {"policy": policy.to_json(), "schema": CODE_SCHEMA, "call": turn.notes["code"]}
        ask(chat, seat, time, "code", name, f"{seat.source} wants to run code.", arguments=arguments, **fields)
        return True

    def decided(self, chat: Chat, seat: Seat, turn: Turn, request: Request, data: Mapping[str, Any], time: str) -> None:
        text = verdict_text(data)
        if request.kind == "code" and data["verdict"] == "reject":
            text = f"Code execution was not approved. Reason: {text}"
        failed = data["verdict"] in ("reject", "failed")
        self._ran(chat, seat, turn, {"exit_code": 1 if failed else 0, "output": text}, time)

    def take(self, chat: Chat, seat: Seat, turn: Turn, call: Call, result: Mapping[str, Any], time: str) -> None:
        if "condense" in result:
            write_summary(chat, seat, call, result, time)
            return
        match call.name:
            case "find":
                if result.get("none"):
                    self._ran(chat, seat, turn, result, time)
                else:
                    chat.append(time, "step", **chat.place(seat), step="found", code_blocks=result["code_blocks"])
            case "approve":
                self._decided(chat, seat, turn, result, time)
            case "run":
                self._ran(chat, seat, turn, result, time)
            case "retry":
                self._judged(chat, seat, turn, result, time)
            case step:
                self._wrote(chat, seat, turn, step, result, time)

    def _wrote(self, chat: Chat, seat: Seat, turn: Turn, step: str, reply: Mapping[str, Any], time: str) -> None:
        content, usage, cost = reply["content"], reply["usage"], cost_of(reply)
        if reply.get("thought"):
            event = {"type": "ThoughtEvent", "source": seat.source, "content": reply["thought"]}
            chat.say(seat, time, "event", event, call=turn.need, part="-t")
        message: dict[str, Any] = {"type": "TextMessage", "source": seat.source, "content": content}
        if step == "reflect":
            message["models_usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
            chat.say(seat, time, "message", message, role="answer", call=turn.need, **cost)
            return
        blocks = _spec(seat).code_blocks(content)
        if not blocks:
            chat.say(seat, time, "message", message, role="answer", call=turn.need, usage=usage, **cost)
            return
        shown = [{"code": block.code, "language": block.language} for block in blocks]
        event = self._generation(seat, turn, content, shown)
        chat.say(seat, time, "event", event, role="shown", call=turn.need, usage=usage, **cost)

    def _generation(self, seat: Seat, turn: Turn, content: str, blocks: list[dict[str, str]]) -> dict[str, Any]:
        event = {"type": "CodeGenerationEvent", "source": seat.source, "content": content}
        return {**event, "retry_attempt": turn.iteration, "code_blocks": blocks}

    def _decided(self, chat: Chat, seat: Seat, turn: Turn, result: Mapping[str, Any], time: str) -> None:
        if result.get("approved"):
            chat.append(time, "step", **chat.place(seat), step="approved", reason=result.get("reason", ""))
        elif result.get("none"):
            self._ran(chat, seat, turn, result, time)
        else:
            text = f"Code execution was not approved. Reason: {result['reason']}"
            self._ran(chat, seat, turn, {"exit_code": 1, "output": text}, time)

    def _ran(self, chat: Chat, seat: Seat, turn: Turn, result: Mapping[str, Any], time: str) -> None:
        if _spec(seat).model_client is None:
            content = CodeExecutorAgent.NO_CODE_BLOCKS_FOUND_MESSAGE if result.get("none") else result["output"]
            message = {"type": "TextMessage", "source": seat.source, "content": content}
            chat.say(seat, time, "message", message, role="answer", call=turn.need)
            return
        outcome = {"exit_code": result["exit_code"], "output": result["output"]}
        event = {"type": "CodeExecutionEvent", "source": seat.source, "retry_attempt": turn.iteration}
        chat.say(seat, time, "event", {**event, "result": outcome}, role="shown", call=turn.need)

    def _judged(self, chat: Chat, seat: Seat, turn: Turn, reply: Mapping[str, Any], time: str) -> None:
        again, reason = _decision(reply["content"])
        need = turn.need
        if again:
            text = f"Attempt number: {turn.iteration + 1}\nProposed correction: {reason}"
            event = self._generation(seat, turn, text, [])
            chat.say(seat, time, "event", event, role="shown", call=need, part="-r")
        where = chat.place(seat)
        paid = {"usage": reply["usage"], **cost_of(reply)}
        chat.append(time, "step", **where, step="retry", retry=again, reason=reason, **paid)


def _spec(seat: Seat) -> CodeExecutorAgent:
    assert isinstance(seat.agent, CodeExecutorAgent)
    return seat.agent


def _first(spec: CodeExecutorAgent) -> str:
    return _second(spec) if spec.approval_func is None else "approve"


def _second(spec: CodeExecutorAgent) -> str:
    """What follows once the approval function has nothing against the code."""
    if spec.approval is None:
        return "run"
    return "find" if spec.model_client is None else "ask"


def _blocks(chat: Chat, turn: Turn) -> list[dict[str, str]]:
    """The code that is to be run."""
    data = chat.log.at(turn.notes["code"]).data
    return data["message"]["code_blocks"] if "message" in data else data["code_blocks"]


def _decision(text: str) -> tuple[bool, str]:
    """The model's {retry, reason}."""
    try:
        given = json.loads(text)
        return bool(given["retry"]), str(given["reason"])
    except (ValueError, KeyError, TypeError) as error:
        raise AgentFailure("ModelOutputError", f"The reply is no decision {{retry, reason}}: {error!r}") from None
