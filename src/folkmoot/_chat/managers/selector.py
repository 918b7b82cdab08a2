"""Speakers selected by functions, a model, chance, order or a person (AutoGen: SelectorGroupChat; 0.2: GroupChat)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from folkmoot._chat.calls import Call, cost_of
from folkmoot._chat.condensing import write_summary
from folkmoot._chat.log import Entry, Log, derive_id
from folkmoot._chat.plan import Node
from folkmoot._chat.state import ChatState, Scope, call_key
from folkmoot.teams import SelectorGroupChat

from .base import Manager, eligible

if TYPE_CHECKING:
    from folkmoot._chat.engine import Chat
    from folkmoot._chat.fold import Fold

__all__ = ["Selector", "candidates_of"]


class Selector(Manager):
    """One call per attempt: the functions, and at most one answer of the model.

    State: `previous` (speaker), `drawn` (how many chance has named), and while a choice is under way `tries` (answers
    of the model that named nobody), `candidates` (as a function gave them), `pick`, and `by` (who picked).
    """

    def break_off(self, node: Node, scope: Scope) -> None:
        for name in ("tries", "candidates", "pick", "by"):
            scope.manager.pop(name, None)

    def chosen(self, node: Node, scope: Scope, batch: list[str]) -> None:
        # A function's choice does not count as the previous speaker (AutoGen).
        if scope.manager.get("by") != "function":
            scope.manager["previous"] = batch[0]
        if _spec(node).speaker_selection_method == "random":
            scope.manager["drawn"] = scope.manager.get("drawn", 0) + 1
        self.break_off(node, scope)

    def fold(self, fold: Fold, state: ChatState, log: Log, node: Node, scope: Scope, entry: Entry) -> None:
        super().fold(fold, state, log, node, scope, entry)
        data, kept = entry.data, scope.manager
        if data["step"] != "selected":
            return
        if "candidates" in data:
            kept["candidates"] = data["candidates"]
        if "speaker" in data:
            kept["pick"], kept["by"] = data["speaker"], data["by"]
        elif "reply" in data:
            kept["tries"] = kept.get("tries", 0) + 1

    def choose(self, chat: Chat, node: Node, scope: Scope, time: str) -> list[str]:
        if "pick" in scope.manager:
            return [scope.manager["pick"]]
        spec = _spec(node)
        if self._asks_functions(spec, scope):
            return []
        candidates, previous = candidates_of(node, scope.manager), scope.manager.get("previous")
        if not candidates:
            return self.nobody(chat, node, scope, time)
        if len(candidates) == 1:
            return candidates
        match spec.speaker_selection_method:
            case "random":
                return [candidates[_draw(spec.seed, node.path, scope.manager.get("drawn", 0)) % len(candidates)]]
            case "round_robin":
                return [_next_in_order(node.names, previous, candidates)]
            case "manual":
                self._ask_person(chat, node, candidates, time)
                return []
            case _:
                given_up = scope.manager.get("tries", 0) >= spec.max_selector_attempts
                return [_fallback(spec, previous, candidates)] if given_up else []

    def calls(self, node: Node, scope: Scope) -> Sequence[Call]:
        spec, tries = _spec(node), scope.manager.get("tries", 0)
        if "pick" in scope.manager:
            return ()
        asks_model = (
            spec.speaker_selection_method == "auto"
            and len(candidates_of(node, scope.manager)) > 1
            and tries < spec.max_selector_attempts
        )
        if not asks_model and not self._asks_functions(spec, scope):
            return ()
        key = call_key("select", scope.at, node.path)
        previous = scope.manager.get("previous") or ""
        return [Call(key, "select", node.path, scope.at, scope.at + 1, index=tries, name=previous, node=True)]

    def _asks_functions(self, spec: SelectorGroupChat, scope: Scope) -> bool:
        """Whether a function has not said anything yet about this choice."""
        if "candidates" in scope.manager or scope.manager.get("tries"):
            return False
        return spec.selector_func is not None or spec.candidate_func is not None

    def take(self, chat: Chat, node: Node, scope: Scope, call: Call, result: Mapping[str, Any], time: str) -> None:
        if "condense" in result:
            write_summary(chat, node, call, result, time)
            return
        fields = {
            name: result[name]
            for name in ("candidates", "reply", "problem", "usage", "speaker", "by")
            if result.get(name) is not None
        }
        self.took(chat, node, call, time, "selected", **fields, **cost_of(result))
        spec = _spec(node)
        if "reply" in result and spec.model_client_streaming and spec.emit_team_events:
            event = {"type": "SelectorEvent", "source": node.manager_name, "content": result["reply"]}
            where = {"scope": node.path} if node.path else {}
            run = chat.state.run
            chat.append(time, "event", run=run, role="team", call=call.need, message=event, **where)

    def _ask_person(self, chat: Chat, node: Node, candidates: list[str], time: str) -> None:
        """A person selects: the answer must be a name (AutoGen 0.2: manual)."""
        request = derive_id(chat.uuid, f"speaker-{chat.state.scopes[node.path].at}-{node.path}")
        if request in chat.state.requests:
            return
        prompt = f"Who speaks next? One of: {', '.join(candidates)}"
        where = {"scope": node.path} if node.path else {}
        fields = {"for": "speaker", "request": request, "prompt": prompt, "run": chat.state.run}
        chat.append(time, "request", manager=True, **where, **fields)

    def answer(self, chat: Chat, node: Node, name: str, time: str) -> None:
        """A person's choice."""
        self.write(chat, node, time, "selected", speaker=name, by="person")


def candidates_of(node: Node, kept: Mapping[str, Any]) -> list[str]:
    """Who may be selected: as a function said, else everyone but the previous speaker, by the transitions."""
    spec = _spec(node)
    names: Sequence[str] = kept.get("candidates") or [
        name for name in node.names if spec.may_repeat or name != kept.get("previous")
    ]
    return eligible(node, kept, names)


def _spec(node: Node) -> SelectorGroupChat:
    assert isinstance(node.team, SelectorGroupChat)
    return node.team


def _fallback(spec: SelectorGroupChat, previous: str | None, candidates: Sequence[str]) -> str:
    """Who speaks if the model names nobody: who spoke last (AutoGen), unless the transitions forbid it."""
    held = spec.allowed_or_disallowed_speaker_transitions is not None
    return candidates[0] if previous is None or (held and previous not in candidates) else previous


def _draw(seed: int, path: str, number: int) -> int:
    """A number that is the same whenever this speaker of a chat with this seed is drawn."""
    digest = hashlib.blake2b(f"{seed}-{path}-{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _next_in_order(names: Sequence[str], previous: str | None, candidates: Sequence[str]) -> str:
    start = names.index(previous) + 1 if previous in names else 0
    ordered = [*names[start:], *names[:start]]
    return next(name for name in ordered if name in candidates)
