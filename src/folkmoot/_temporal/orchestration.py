"""The activity of a Magentic-One orchestrator: its facts, its plan, its ledgers and its final answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from temporalio import activity

from folkmoot._chat.listener import model_content
from folkmoot._chat.managers.magentic import team_description
from folkmoot._chat.plan import Node
from folkmoot._chat.thread import ThreadView
from folkmoot.messages import is_chat, model_text_of
from folkmoot.models import Model, ModelRequest
from folkmoot.teams import MagenticOneGroupChat

from . import names, orchestration_prompts
from .heartbeat import beating
from .kill_points import reach
from .model_request import rendered, timeout_of
from .observing import call_model
from .payloads import CallInput
from .side import Side, errors_named

__all__ = ["Orchestration", "read_ledger"]

_KEYS = ("is_request_satisfied", "is_progress_being_made", "is_in_loop", "instruction_or_question", "next_speaker")


class Orchestration:
    """Orchestrators' model calls of one worker."""

    def __init__(self, side: Side) -> None:
        self._side = side

    @activity.defn(name=names.ACTIVITY_MANAGE)
    async def manage(self, raw: dict[str, Any]) -> dict[str, Any]:
        """One step: `facts`, `plan` and `final` give `content`, `ledger` what it says, or the `problem` with it."""
        data = CallInput.model_validate(raw)
        async with beating():
            chat = await self._side.read(data)
            node = chat.plan.nodes[data.a]
            spec = node.team
            assert isinstance(spec, MagenticOneGroupChat)
            view = await self._side.thread(chat, data.a, data.at)
            with errors_named():
                model = self._side.registry.models.resolve(spec.model_client)
                messages = _messages(spec, node, view, data.s)
                request = ModelRequest(
                    messages=rendered(messages, model),
                    output_schema=_schema(model) if data.s == "ledger" else None,
                    timeout=timeout_of(spec.model_client),
                    options=_json_mode(model) if data.s == "ledger" else {},
                )
                reach("model.before")
                result = await call_model(model, request)
            reach("model.after")
            text = result.content if isinstance(result.content, str) else ""
            paid = await self._side.paid(model, result)
            if data.s == "ledger":
                return self._side.bounded({**read_ledger(text, node.names), **paid}, node.manager_name)
            content = await self._side.large(text, chat)
            return self._side.bounded({"content": content, **paid}, node.manager_name)


def _messages(spec: MagenticOneGroupChat, node: Node, view: ThreadView, step: str) -> list[Mapping[str, Any]]:
    """What the model is asked, after what was said."""
    prompts, me = orchestration_prompts, node.manager_name
    team = team_description(node)
    task = " ".join(model_text_of(message) for message in view.current_tasks)
    talk = _conversation(view, me)
    surveys = [found["content"] for found in view.steps if found["step"] == "facts"]
    planned = any(step["step"] == "planned" for step in view.steps)
    ask = {"type": "UserMessage", "source": me}
    match step:
        case "facts" if planned:
            return [*talk, {**ask, "content": prompts.FACTS_UPDATE.format(task=task, facts=surveys[-1])}]
        case "facts":
            return [{**ask, "content": prompts.FACTS.format(task=task)}]
        case "plan":
            question = prompts.FACTS_UPDATE if planned else prompts.FACTS
            before = surveys[-2] if planned else ""
            return [
                *(talk if planned else ()),
                {**ask, "content": question.format(task=task, facts=before)},
                {"type": "AssistantMessage", "source": me, "content": surveys[-1], "thought": None},
                {**ask, "content": (prompts.PLAN_UPDATE if planned else prompts.PLAN).format(team=team)},
            ]
        case "ledger":
            question = prompts.LEDGER.format(task=task, team=team, names=", ".join(node.names))
            return [*talk, {**ask, "content": question}]
        case _:
            return [*talk, {**ask, "content": spec.final_answer_prompt.replace("{task}", task)}]


def _conversation(view: ThreadView, me: str) -> list[Mapping[str, Any]]:
    """The thread as the orchestrator's model reads it: its own words, and what the others said to it (AutoGen)."""
    found: list[Mapping[str, Any]] = []
    for item in view.thread:
        message = item.message
        if not is_chat(message["type"]) or item.how == "inner":
            continue
        if message["source"] == me:
            found.append({"type": "AssistantMessage", "source": me, "content": model_content(message), "thought": None})
        else:
            content = message["content"] if message["type"] == "MultiModalMessage" else model_content(message)
            found.append({"type": "UserMessage", "source": message["source"], "content": content})
    return found


def _schema(model: Model) -> Mapping[str, Any] | None:
    return orchestration_prompts.LEDGER_SCHEMA if model.info.structured_output else None


def _json_mode(model: Model) -> Mapping[str, Any]:
    json_mode = model.info.json_output and not model.info.structured_output
    return {"response_format": {"type": "json_object"}} if json_mode else {}


def read_ledger(text: str, names_known: Sequence[str]) -> dict[str, Any]:
    """What a ledger says, or the problem with it.

    AutoGen gives up at once on an unknown speaker, and dies of a ledger without `is_request_satisfied`; here both are
    asked for again.

    Args:
        text: The model's reply: a JSON object, alone or in a fenced block.
        names_known: The participants.
    """
    fenced = re.search(r"```(?:json)?\s*\n(.*?)```", text, re.DOTALL)
    try:
        ledger: object = json.loads(fenced.group(1) if fenced else text)
    except ValueError as error:
        return {"problem": f"not JSON: {error}"}
    if not isinstance(ledger, dict):
        return {"problem": f"not an object but {type(ledger).__name__}"}
    given = cast(dict[str, object], ledger)
    if len(names_known) == 1:
        given["next_speaker"] = {"reason": "The team consists of only one agent.", "answer": names_known[0]}
    answers: dict[str, Any] = {}
    for key in _KEYS:
        value = given.get(key)
        if not isinstance(value, dict) or "answer" not in value or "reason" not in value:
            return {"problem": f"no {key!r} with 'reason' and 'answer'"}
        answers[key] = value["answer"]
    satisfied = bool(answers["is_request_satisfied"])
    if not satisfied and answers["next_speaker"] not in names_known:
        return {"problem": f"next_speaker {answers['next_speaker']!r} is no participant"}
    reason: Any = given["is_request_satisfied"]
    return {
        "satisfied": satisfied,
        "reason": str(reason["reason"]),
        "stalled": not answers["is_progress_being_made"] or bool(answers["is_in_loop"]),
        "speaker": str(answers["next_speaker"]),
        "instruction": str(answers["instruction_or_question"]),
    }
