"""Answers to what is asked in a chat, made of the question and of nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import cycle, islice
from typing import Any

from folkmoot._chat.agent_state import StateView, change_of
from folkmoot._chat.calls import Call
from folkmoot._chat.managers.selector import candidates_of
from folkmoot._temporal.condensing import Summing, summing
from folkmoot._temporal.log_cache import LogCache
from folkmoot._temporal.reader import LogReader
from folkmoot._temporal.registry import Registry
from folkmoot._temporal.side import Side
from folkmoot.agents import CodeExecutorAgent, SocietyOfMindAgent
from folkmoot.contexts import SummarizedChatCompletionContext
from folkmoot.models import ModelRegistry
from folkmoot.teams import SelectorGroupChat
from folkmoot.testing import ScriptedModel
from tests.unit.chat.driver import Json, said
from tests.unit.chat.time.questions import Asked, Asker, number_of

__all__ = ["Answerer"]

CODE = "```python\nprint({!r})\n```"
MORE = " and so on" * 30
"""What makes a message one that is summarised alone."""


async def _never(*_: Any) -> Any:
    raise AssertionError("nothing is read from a workflow's history")


SIDE = Side(Registry(ModelRegistry({"scripted": ScriptedModel([])})), LogReader(LogCache(), None, _never))


class Answerer(Asker):
    """What is said holds a digest of the question, so whoever is shown something else says something else."""

    def text(self, asked: Asked) -> str:
        """What is said to a question."""
        number = number_of(asked)
        words = f"<{asked.question}> " + ("", "yes", "no", "yes no", "", "so", "DONE")[number % 7]
        return words + MORE if number % 11 == 0 and self._condenses() else words

    def summary(self, asked: Asked, request: bytes) -> str:
        """What is written to a request for a summary."""
        return f"so far {number_of([asked, request.decode()]):x}"

    def _condenses(self) -> bool:
        plan = self.chat.plan
        owners = [*(seat.agent for seat in plan.seats.values()), *(node.team for node in plan.nodes.values())]
        return any(isinstance(getattr(one, "model_context", None), SummarizedChatCompletionContext) for one in owners)

    def answer(self, call: Call, asked: Asked) -> Json:
        """What a call brings."""
        if call.kind == "model" and (due := self._due(call)) is not None:
            return self._condensed(due, asked)
        number, text = number_of(asked), self.text(asked)
        makers: Mapping[str, Callable[[], Json]] = {
            "model": lambda: self._reply(call, number, text),
            "functions": lambda: self._functions(call, number),
            "select": lambda: self._selected(call, asked, text),
            "manage": lambda: self._managed(call, number, text),
            "agent": lambda: self._own(call, number, text),
            "code": lambda: self._ran(call, number, text),
            "tool": lambda: {"content": text, "is_error": number % 9 == 0},
            "undo": lambda: {"content": text, "is_error": number % 9 == 0},
        }
        return makers.get(call.kind, lambda: {"content": text})()

    def _ran(self, call: Call, number: int, text: str) -> Json:
        if call.name == "approve":
            return {"approved": number % 5 > 0, "reason": text}
        return {"exit_code": number % 2, "output": text}

    def _due(self, call: Call) -> Summing | None:
        """The summary that has to be written in place of a call, as the activity finds it."""
        if not call.node and isinstance(self.chat.plan.seats[call.path].agent, SocietyOfMindAgent):
            return None
        items, begun, spec = self.seen(call)
        return summing(spec, items, begun, SIDE)

    def _condensed(self, due: Summing, asked: Asked) -> Json:
        return {"condense": {**due.told, "content": self.summary(asked, due.messages[-1])}, "usage": [1, 1]}

    def _reply(self, call: Call, number: int, text: str) -> Json:
        spec: Any = self.chat.plan.seats[call.path].agent
        if call.name == "retry":
            return said(json.dumps({"retry": bool(number % 2), "reason": text}))
        if isinstance(spec, CodeExecutorAgent):
            return said(CODE.format(text) if number % 3 and not call.name else text)
        tools = {tool.name: tool for tool in getattr(spec, "tools", ())}
        names = [*tools, *(handoff.name for handoff in getattr(spec, "resolved_handoffs", ()))]
        thought: Json = {"thought": f"hm {text}"} if number % 4 == 0 else {}
        if call.reflect or not names or number % 2:
            return said(text, **thought)
        wanted = list(islice(cycle(names), number % len(names), number % len(names) + 1 + number // 8 % 2))
        calls = [
            {"id": f"c{number:x}-{place}", "name": name, "arguments": json.dumps({"task": f"{text} {place}"})}
            for place, name in enumerate(wanted)
        ]
        options = [getattr(tools.get(name), "options", None) for name in wanted]
        policies = {
            str(place): kept.model_dump(exclude_defaults=True)
            for place, kept in enumerate(options)
            if kept is not None and kept.side_effects
        }
        return {**said(calls, **thought), **({"policies": policies} if policies else {})}

    def _functions(self, call: Call, number: int) -> Json:
        node = self.chat.plan.nodes[call.path]
        edges = self.edges(node, self.new(call))
        answers = [number % 7 == 0 for _ in node.functions]
        return {"answers": answers, "edges": [bool((number >> place) & 1) for place in range(len(edges))]}

    def _selected(self, call: Call, asked: Asked, text: str) -> Json:
        node, number = self.chat.plan.nodes[call.path], number_of(asked)
        spec = node.team
        assert isinstance(spec, SelectorGroupChat)
        before = self.log.at(call.need)
        # Functions that were asked before a summary had to be made are not asked again.
        known = before.data.get("candidates") if before.kind == "summary" else None
        first = not call.index and known is None
        # They are shown all that was said, whatever has been summarised of it for the model.
        told = number_of(self.thread(call.path, call.until))
        if first and spec.selector_func is not None and told % 2:
            return {"speaker": node.names[told % len(node.names)], "by": "function"}
        found: Json = {} if known is None else {"candidates": known}
        if first and spec.candidate_func is not None and spec.selector_func is None:
            found = {"candidates": node.names[told % len(node.names) :]}
        candidates = candidates_of(node, {**self.chat.state.scopes[node.path].manager, **found})
        if spec.speaker_selection_method != "auto" or len(candidates) < 2:
            return {"candidates": candidates}
        if (due := self._due(call)) is not None:
            return {**self._condensed(due, asked), "candidates": candidates}
        verdict: Json = {"problem": ("none", "several", "repeated")[number % 3]}
        if number % 5 > 1:
            verdict = {"speaker": candidates[number % len(candidates)], "by": "model"}
        return {**found, "reply": text, "usage": [1, 1], **verdict}

    def _managed(self, call: Call, number: int, text: str) -> Json:
        if call.name != "ledger":
            return {"content": text, "usage": [1, 1]}
        if number % 6 == 5:
            return {"problem": "not JSON", "usage": [1, 1]}
        names = self.chat.plan.nodes[call.path].names
        answers = {"satisfied": number % 9 == 7, "reason": text, "stalled": number % 3 == 0}
        return {**answers, "speaker": names[number % len(names)], "instruction": text, "usage": [1, 1]}

    def _own(self, call: Call, number: int, text: str) -> Json:
        before = self.view(StateView, call.path, call.until).state
        heard = [*(before or {}).get("heard", []), call.name or text][-5:]
        change, _ = change_of(before, {"heard": heard})
        if call.name:
            return {"state": change}
        own = {"type": "TextMessage", "source": call.path.rpartition("/")[2], "content": text}
        inner = {"message": {**own, "content": f"hm {text}"}, "chat": True, "shown": bool(number % 2)}
        return {"messages": [inner, {"message": own}], "state": change}
