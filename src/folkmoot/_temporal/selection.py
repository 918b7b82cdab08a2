"""The activity that selects the next speaker: a team's functions, then at most one answer of its model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from temporalio import activity

from folkmoot._chat.listener import as_llm
from folkmoot._chat.managers.magentic import team_description
from folkmoot._chat.managers.selector import candidates_of
from folkmoot._chat.plan import Node
from folkmoot._chat.thread import ThreadView
from folkmoot.contexts import Placeholder, select
from folkmoot.messages import from_log
from folkmoot.models import Model, ModelRequest
from folkmoot.teams import SelectorGroupChat
from folkmoot.transforms import transformed

from . import names
from .condensing import summing
from .heartbeat import beating
from .kill_points import reach
from .model_calls import preview
from .model_request import rendered, timeout_of
from .observing import call_model
from .payloads import CallInput
from .side import Side, call_function, errors_named
from .tokens import count_tokens

__all__ = ["Selection", "mentioned"]

_OPENAI = re.compile(r"(gpt|o\d|chatgpt)")


class Selection:
    """Selections of one worker."""

    def __init__(self, side: Side) -> None:
        self._side = side

    @activity.defn(name=names.ACTIVITY_SELECT)
    async def select(self, raw: dict[str, Any]) -> dict[str, Any]:
        """One attempt (AutoGen: SelectorGroupChatManager.select_speaker).

        Returns a `speaker` and `by` whom, else the model's `reply` and what the `problem` with it is, or `candidates`;
        where the model would have been shown too much, a summary was made instead: `condense`.
        """
        data = CallInput.model_validate(raw)
        async with beating() as heart:
            chat = await self._side.read(data)
            node = chat.plan.nodes[data.a]
            spec = node.team
            assert isinstance(spec, SelectorGroupChat)
            view = await self._side.thread(chat, data.a, data.at)
            tries = view.steps[len(view.steps) - data.i :] if data.i else []
            with errors_named():
                # Functions that were asked before a summary had to be made are not asked again.
                known = chat.log.at(data.n).data.get("candidates") if chat.log.at(data.n).kind == "summary" else None
                found = {} if tries else {"candidates": known} if known else await self._ask_functions(spec, node, view)
                if "speaker" in found:
                    return found
                given = found if not tries else tries[0]
                kept = {"previous": data.s or None, "last": _last(view), "candidates": given.get("candidates")}
                candidates = candidates_of(node, kept)
                if spec.speaker_selection_method != "auto" or len(candidates) < 2:
                    return {"candidates": candidates}
                if view.condensed is not None:
                    seen = view.condensed
                    first = summing(spec.model_context, seen.items, seen.begun, self._side)
                    if first is not None:
                        made = await first.make(self._side, chat)
                        return self._side.bounded({**made, "candidates": candidates}, node.manager_name)
                reach("model.before")
                request, model = self._request(spec, node, view, candidates, tries)
                if spec.model_client_streaming and spec.emit_team_events:
                    request = replace(request, on_text=preview(heart, chat, data, node.manager_name))
                result = await call_model(model, request)
                reach("model.after")
            text = result.content if isinstance(result.content, str) else ""
            paid = await self._side.paid(model, result)
            verdict = _verdict(spec, node, text, candidates, data.s or None)
            return self._side.bounded({**found, "reply": text, **paid, **verdict}, node.manager_name)

    async def _ask_functions(self, spec: SelectorGroupChat, node: Node, view: ThreadView) -> dict[str, Any]:
        if spec.selector_func is None and spec.candidate_func is None:
            return {}
        thread = [from_log(item.message) for item in view.thread]
        if spec.selector_func is not None:
            speaker = await call_function(self._side.registry.function(spec.selector_func), thread)
            if speaker is not None:
                if speaker not in node.seats:
                    raise ValueError(
                        f"Selector function returned an invalid speaker name: {speaker}. Expected one of: {node.names}."
                    )
                return {"speaker": speaker, "by": "function"}
        if spec.candidate_func is None:
            return {}
        candidates = await call_function(self._side.registry.function(spec.candidate_func), thread)
        if not candidates:
            raise ValueError("Candidate function must return a non-empty list of participant names.")
        if not all(name in node.seats for name in candidates):
            raise ValueError(
                f"Candidate function returned invalid participant names: {candidates}. Expected one of: {node.names}."
            )
        return {"candidates": list(candidates)}

    def _request(
        self,
        spec: SelectorGroupChat,
        node: Node,
        view: ThreadView,
        candidates: Sequence[str],
        tries: Sequence[Any],
    ) -> tuple[ModelRequest, Model]:
        assert spec.model_client is not None
        model = self._side.registry.models.resolve(spec.model_client)
        history = "\n".join(
            f"{message['source']}: {_words(message['content'])}".rstrip() + "\n\n"
            for message in self._history(spec, view, model)
            if message["type"] in ("UserMessage", "AssistantMessage")
        )
        prompt = spec.selector_prompt.format(
            roles=team_description(node), participants=str(list(candidates)), history=history
        )
        first: dict[str, Any] = {"type": "SystemMessage", "content": prompt}
        if not _is_openai(model):
            # Many other models need a user's message to answer (AutoGen).
            first = {"type": "UserMessage", "content": prompt, "source": "user"}
        messages = [first]
        for step in tries:
            messages.append({"type": "AssistantMessage", "content": step["reply"], "source": "selector"})
            feedback = _FEEDBACK[step["problem"]].format(names=list(candidates))
            messages.append({"type": "UserMessage", "content": feedback, "source": "user"})
        return ModelRequest(messages=rendered(messages, model), timeout=timeout_of(spec.model_client)), model

    def _history(self, spec: SelectorGroupChat, view: ThreadView, model: Model) -> Sequence[Mapping[str, Any]]:
        """What the selection sees of the conversation: chat messages, and what handoffs carry."""
        initial = [message.model_dump(mode="json") for message in spec.model_context.initial_messages]
        if view.condensed is not None:
            said: Sequence[Mapping[str, Any]] = [item.message for item in view.condensed.items]
        else:
            said = [item for message in view.chat_messages() for item in as_llm(message)]
        items = [*initial, *said]

        def count(places: Sequence[int]) -> int:
            return sum(count_tokens(items[place]) for place in places)

        places = select(spec.model_context, [item["type"] for item in items], count, window=model.info.context_window)
        seen = [place.message if isinstance(place, Placeholder) else items[place] for place in places]
        functions = self._side.registry.functions
        return transformed(spec.select_speaker_transforms, seen, count_tokens, functions)


def _words(content: str | Sequence[str | Mapping[str, Any]]) -> str:
    """A message as a line of the history: an image is only told of, and a tool call is its name and arguments."""
    if isinstance(content, str):
        return content
    return "\n".join(
        part if isinstance(part, str) else f"{part['name']}({part['arguments']})" if "arguments" in part else "<image>"
        for part in content
    )


_FEEDBACK = {
    "none": "No valid name was mentioned. Please select from: {names}.",
    "several": "Expected exactly one name to be mentioned. Please select only one from: {names}.",
    "repeated": "Repeated speaker is not allowed, please select a different name from: {names}.",
    "not eligible": "That participant may not speak now, please select a different name from: {names}.",
}
"""What a model is told of an answer that named nobody (the first three are AutoGen's texts)."""


def _verdict(
    spec: SelectorGroupChat, node: Node, reply: str, candidates: Sequence[str], previous: str | None
) -> dict[str, Any]:
    """Whom a reply names. All names count: a model may name one that is no candidate, and AutoGen takes it."""
    names_in = mentioned(reply, node.names)
    if len(names_in) != 1:
        return {"problem": "several" if names_in else "none"}
    if not spec.may_repeat and names_in[0] == previous:
        return {"problem": "repeated"}
    if spec.allowed_or_disallowed_speaker_transitions is not None and names_in[0] not in candidates:
        return {"problem": "not eligible"}
    return {"speaker": names_in[0], "by": "model"}


def mentioned(text: str, names_known: Sequence[str]) -> list[str]:
    """The names a text mentions as words of their own; `_` may be a blank, or come after a backslash (AutoGen)."""
    found: list[str] = []
    for name in names_known:
        forms = {name, name.replace("_", " "), name.replace("_", "\\_")}
        pattern = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        if re.search(rf"(?<=\W)(?:{pattern})(?=\W)", f" {text} "):
            found.append(name)
    return found


def _is_openai(model: Model) -> bool:
    family = model.info.family
    return _OPENAI.match(model.name if family == "unknown" else family) is not None


def _last(view: ThreadView) -> str | None:
    """Who spoke last: a participant, or nobody the team knows."""
    return next((item.seat for item in reversed(view.thread) if item.how != "inner"), None) or None
