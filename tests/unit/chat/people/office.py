"""A driver of chats that people decide in: time passes by hand, calls get lost, and the chat moves house."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from folkmoot._chat.calls import Call
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import all_references
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.needed import needed_offsets
from folkmoot._chat.requests import ask_outcome, shown
from folkmoot._chat.state import ChatState, Request
from folkmoot._chat.votes import tick
from folkmoot.agents import AssistantAgent
from folkmoot.approvals import ApprovalPolicy
from folkmoot.options import ToolOptions
from tests.unit.chat.driver import UUID, Driver, Json, agent, said

__all__ = ["SCHEMA", "Office", "again", "office", "only_once", "payer", "pays", "waiting"]

SCHEMA: Json = {
    "type": "object",
    "properties": {"amount": {"type": "integer"}, "token": {"type": "string"}},
    "required": ["amount"],
    "additionalProperties": False,
}
"""Of the arguments of `pay`."""


def pays(*amounts: int | Json, policy: ApprovalPolicy | None = None, options: ToolOptions | None = None) -> Json:
    """A reply that calls `pay`, each call under the policy, as the model call's worker tells it.

    Args:
        amounts: Of each call; or its arguments.
        policy: Of all of them; None: nobody is asked.
        options: Of the tool.
    """
    given = [amount if isinstance(amount, dict) else {"amount": amount} for amount in amounts]
    calls = [{"id": f"id{i}", "name": "pay", "arguments": json.dumps(item)} for i, item in enumerate(given)]
    options = ToolOptions() if options is None else options
    differs = options.model_dump(mode="json", exclude_defaults=True)
    more: Json = {"policies": {str(i): differs for i in range(len(calls))}} if differs else {}
    if policy is not None:
        approval: Json = {"policy": policy.to_json()}
        approval |= {"schema": SCHEMA} if policy.may_edit else {}
        approval |= {"secrets": list(options.secrets)} if options.secrets else {}
        more["approvals"] = {str(i): approval for i in range(len(calls))}
    return said(calls, **more)


def payer(name: str = "a", **options: Any) -> AssistantAgent:
    """An agent with the tool."""
    return agent(name, tools=["pay"], **{"max_tool_iterations": 3, **options})


def only_once(**more: Any) -> ToolOptions:
    """Of what must not be repeated."""
    return ToolOptions(retryable=False, **more)


class Office(Driver):
    """A chat with people around it."""

    def later(self, seconds: float) -> None:
        """Let time pass, and the timer fire."""
        self.seconds += seconds
        tick(self.chat, self.now)
        self.settle()

    def lose(self, call: Call | None = None, why: str = "its worker was lost.") -> None:
        """A call that must not be repeated is lost, as the workflow finds out."""
        call = call or self.calls[0]
        del self.flying[call.key]
        ask_outcome(self.chat, self.chat.plan.seats[call.path], call, why, self.now)
        self.settle()

    @property
    def pending(self) -> list[Json]:
        """What the query `pending` tells."""
        return [shown(self.chat, name, request) for name, request in self.chat.state.requests.items()]

    def request(self, index: int = 0) -> tuple[str, Request]:
        """The id of an open request, and the request, oldest first."""
        return list(self.chat.state.requests.items())[index]

    def vote(self, by: object, verdict: str = "approve", index: int = 0, **fields: Any) -> Entry:
        """Decide an open request, over what it is about now unless told otherwise."""
        name, request = self.request(index)
        return self.tell("decide", **{"request": name, "verdict": verdict, "hash": request.hash, "by": by, **fields})

    def refused(self, by: object, verdict: str = "approve", index: int = 0, **fields: Any) -> str:
        """Why a vote does not count; it must change nothing."""
        before = self.chat.state.dump()
        entry = self.vote(by, verdict, index, **fields)
        assert entry.kind == "refused", entry.data
        assert entry.data["error"]["type"] == "DecisionRefusedError"
        assert self.chat.state.dump() == before
        return entry.data["error"]["message"]

    @property
    def decision(self) -> Mapping[str, Any]:
        """The only decision so far."""
        (entry,) = self.entries("decided")
        return entry.data

    def outcomes(self) -> list[tuple[str, bool]]:
        """Of the tool calls so far: the result, and whether it is an error."""
        return [(entry.data["content"], bool(entry.data.get("is_error"))) for entry in self.entries("tool")]

    def move_house(self) -> Office:
        """Continue as new, the whole log sealed: another process has the state and the few entries it needs."""
        chat = self.chat
        needed = {offset: chat.log.at(offset) for offset in needed_offsets(chat.plan, chat.state)}
        pinned = {**needed, **all_references(needed.values(), chat.log.at)}
        encoded = {offset: entry.encoded for offset, entry in pinned.items()}
        log = Log.restore(chat.log.head, chat.log.digest, [], encoded)
        state = ChatState.load(json.loads(json.dumps(chat.state.dump())))
        new = Office.__new__(Office)
        new.spec, new.chat = self.spec, Chat(chat.team, UUID, log, state)
        new.seconds, new.commands, new.flying = self.seconds, self.commands, dict(self.flying)
        return new


def office(*amounts: int | Json, options: ToolOptions | None = None, **policy: Any) -> Office:
    """An agent that has asked for calls of `pay`, under a policy."""
    driver = Office(payer())
    driver.run("go", pays(*amounts or (12,), policy=ApprovalPolicy(**policy), options=options))
    return driver


def waiting(**options: Any) -> Office:
    """An agent whose call of `pay`, which must not be repeated, is lost."""
    driver = Office(payer())
    driver.run("go", pays(12, options=only_once(**options)))
    driver.lose()
    return driver


def again(driver: Office) -> Office:
    """A second look at the same log: folded from its beginning."""
    other = Office(driver.spec)
    log = Log()
    for entry in driver.chat.log:
        log.extend(entry)
    other.chat = Chat(driver.spec, UUID, log)
    return other
