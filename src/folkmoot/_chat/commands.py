"""Commands: what a person, a program or a workflow asks of a chat, and what the chat answers.

Each command leaves exactly one entry with its id: what it did, `noted` if there was nothing to do, or `refused`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import aside, travel, votes
from .crossing import MOST, crossed
from .engine import Chat
from .fold import Fold
from .loading import Loaded
from .managers import manager_of
from .managers.selector import candidates_of
from .requests import VERDICTS as DECIDED
from .resolving import answer
from .saying import WAYS, speak
from .snapshots import past_at, snapshots
from .specs import team_of
from .state import ChatState

__all__ = ["VERBS", "handle", "no_snapshot", "prepares", "refusal"]

ALREADY_RUNNING = "The team is already running, it cannot run again until it is stopped."
RUNNING = {
    "reset": "The group chat is currently running. It must be stopped before it can be reset.",
    "close": "The chat is running. Stop it before it is closed, or close it with force.",
    "load_state": "The team cannot be loaded while it is running.",
    "change": "The chat is running. Stop it before its team is changed, or change it with force.",
    "summarize": "The chat is running. Stop it before it is summarized.",
    "rollback": "The chat is running. Stop it before it is rolled back, or roll it back with force.",
}
"""Why not, without `force`."""
CLOSED = "The chat is closed."
MAX_LABEL = 100
"""Characters."""
MAX_LABELS = 200

Fields = Mapping[str, Any]
Handler = Callable[["Chat", str, Fields, str], None]


def refusal(chat: Chat, verb: str, fields: Fields) -> tuple[str, str] | None:
    """Why a command would be refused now, as (error type, text); None if it would be carried out."""
    if chat.state.closed:
        return "ChatClosedError", CLOSED
    if verb not in VERBS:
        return "BadCommandError", f"Unknown command {verb!r}; known are {', '.join(sorted(VERBS))}."
    check = _REFUSALS.get(verb)
    return None if check is None else check(chat, verb, fields)


def _run_refusal(chat: Chat, verb: str, fields: Fields) -> tuple[str, str] | None:
    if chat.state.running:
        return "ChatBusyError", ALREADY_RUNNING
    root = chat.plan.root
    why = manager_of(root).refusal(root, chat.state.root, _tasks(fields))
    return None if why is None else ("BadCommandError", why)


def _running_refusal(chat: Chat, verb: str, fields: Fields) -> tuple[str, str] | None:
    return ("ChatBusyError", RUNNING[verb]) if chat.state.running and not fields.get("force") else None


def _tasks(fields: Fields) -> list[dict[str, Any]]:
    """The task messages of a run."""
    return list(fields.get("task") or [])


def _answer_refusal(chat: Chat, verb: str, fields: Fields) -> tuple[str, str] | None:
    name, text = fields.get("request"), fields.get("content")
    request = chat.state.requests.get(str(name))
    if request is None:
        return "DecisionRefusedError", votes.gone(chat, str(name))
    if request.kind in DECIDED:
        return "BadCommandError", f"Request {name!r} is about {request.kind}: it is decided, not answered."
    if (why := votes.answer_refusal(request, fields.get("by"))) is not None:
        return "DecisionRefusedError", why
    if not isinstance(text, str):
        return "BadCommandError", f"The answer to request {name!r} must be a text, got {text!r}."
    if request.kind == "speaker":
        node = chat.plan.nodes[request.path]
        names = candidates_of(node, chat.state.scopes[request.path].manager)
        if text not in names:
            return "BadCommandError", f"The next speaker must be one of {names}, got {text!r}."
    return None


def _decide_refusal(chat: Chat, verb: str, fields: Fields) -> tuple[str, str] | None:
    why = votes.refusal(chat, fields)
    return None if why is None else ("DecisionRefusedError", why)


def _decide(chat: Chat, command: str, fields: Fields, time: str) -> None:
    if votes.signed(chat, fields) and "prepared" not in fields:
        # No vote counts before a worker has looked at its signature.
        why = ("DecisionRefusedError", "The signature was not checked.")
        chat.refuse("decide", command, why, fields, time)
        return
    votes.decide(chat, command, fields, time)


def _say_refusal(chat: Chat, verb: str, fields: Fields) -> tuple[str, str] | None:
    if fields.get("when", WAYS[0]) not in WAYS:
        return "BadCommandError", f"'when' must be one of {', '.join(WAYS)}, got {fields.get('when')!r}."
    if len(_tasks(fields)) != 1:
        return "BadCommandError", f"say needs one message, got {len(_tasks(fields))}."
    root = chat.plan.root
    why = manager_of(root).refusal(root, chat.state.root, _tasks(fields))
    return None if why is None else ("BadCommandError", why)


def _say(chat: Chat, command: str, fields: Fields, time: str) -> None:
    speak(chat, command, _tasks(fields)[0], fields.get("when", WAYS[0]), time, fields.get("by"))


def _snapshot_refusal(chat: Chat, verb: str, fields: Fields) -> tuple[str, str] | None:
    offset, label = fields.get("offset"), fields.get("label")
    if verb == "label":
        if not isinstance(label, str) or not 0 < len(label) <= MAX_LABEL:
            return "BadCommandError", f"A label must be a text of 1 to {MAX_LABEL} characters, got {label!r}."
        if offset is None:
            return None if label in chat.state.labels else ("BadCommandError", f"There is no label {label!r}.")
        if label not in chat.state.labels and len(chat.state.labels) >= MAX_LABELS:
            return "BadCommandError", f"A chat has at most {MAX_LABELS} labels; take one away first."
    if not isinstance(offset, int) or isinstance(offset, bool):
        return "BadCommandError", f"'offset' must be the offset of a snapshot, a whole number, got {offset!r}."
    sealed = 0 <= offset < chat.log.base
    if not sealed and all(item.offset != offset for item in snapshots(chat)):
        return "BadCommandError", no_snapshot(offset)
    return _running_refusal(chat, verb, fields) if verb == "rollback" else None


def prepares(chat: Chat, verb: str, fields: Fields) -> bool:
    """Whether a worker has to look at a command first: it reads saved states, what is sealed, and what was said.

    What it found is then given to `handle` under `prepared`.
    """
    sealed = verb == "rollback" and (0 <= fields["offset"] < chat.log.base or chat.log.leaves_base)
    return sealed or verb in ("load_state", "change", "summarize") or (verb == "decide" and votes.signed(chat, fields))


def no_snapshot(offset: object) -> str:
    """The error text for an offset that is none of a snapshot."""
    return f"There is no snapshot {offset}; `snapshots` lists them."


def handle(chat: Chat, verb: str, command: str, fields: Fields, time: str) -> None:
    """Carry out a checked command, or refuse it."""
    why = refusal(chat, verb, fields)
    if why is not None:
        chat.refuse(verb, command, why, fields, time)
        return
    VERBS[verb](chat, command, fields, time)


def _note(chat: Chat, verb: str, command: str, note: str, time: str) -> None:
    chat.append(time, "noted", command=command, verb=verb, note=note)


def _run(chat: Chat, command: str, fields: Fields, time: str) -> None:
    echo, by = fields.get("echo", True), fields.get("by")
    chat.start_run(command, _tasks(fields), echo, fields.get("reply"), time, by)


def _pause(chat: Chat, command: str, fields: Fields, time: str) -> None:
    now = bool(fields.get("now"))
    if chat.state.pause and not (now and not chat.state.pause_now and chat.state.pause == "pausing"):
        _note(chat, "pause", command, f"The chat is already {chat.state.pause}.", time)
    else:
        chat.append(time, "pause", command=command, now=now)


def _resume(chat: Chat, command: str, fields: Fields, time: str) -> None:
    if chat.state.pause:
        chat.append(time, "resumed", command=command)
    else:
        _note(chat, "resume", command, "The chat is not paused.", time)


def _stop(chat: Chat, command: str, fields: Fields, time: str) -> None:
    if chat.state.stop:
        _note(chat, "stop", command, "A stop was already asked for.", time)
    else:
        chat.append(time, "stop", command=command)


def _cancel(chat: Chat, command: str, fields: Fields, time: str) -> None:
    if chat.state.running:
        chat.cancel(command, time)
    elif chat.state.undo:
        # A tool that no worker has would hold the chat up for ever.
        _note(chat, "cancel", command, "What was still to be undone is given up.", time)
        aside.give_up(chat, time)
    else:
        _note(chat, "cancel", command, "No run is under way.", time)


def _answer(chat: Chat, command: str, fields: Fields, time: str) -> None:
    name, text = fields["request"], fields["content"]
    answer(chat, name, text, time, command=command, **_by(fields))


def _reset(chat: Chat, command: str, fields: Fields, time: str) -> None:
    if chat.state.running:
        chat.cancel(command, time)
    chat.append(time, "reset", command=command)


def _close(chat: Chat, command: str, fields: Fields, time: str) -> None:
    if chat.state.running:
        chat.cancel(command, time)
    chat.append(time, "closed", command=command)


def _rollback(chat: Chat, command: str, fields: Fields, time: str) -> None:
    to = fields["offset"]
    given: Mapping[str, Any] = fields.get("prepared") or {}
    # What lies in the store was looked at by a worker.
    if "state" in given:
        past, team = given["state"], chat.team if given["team"] is None else team_of(given["team"])
        asked = bool(given.get("asks"))
    else:
        state, team = past_at(chat, to)
        past, asked = state.dump(), bool(chat.log.at(to).data.get("asks"))
    chat.log.pin({int(offset): encoded.encode() for offset, encoded in given.get("entries", {}).items()})
    head = chat.log.head
    if chat.state.running:
        chat.cancel("", time)
    calls = crossed(chat.plan, chat.log, to, chat.log.head)
    if given:
        # Calls that were under way had an outcome only now.
        calls = [*given["crossed"], *(call for call in calls if call["offset"] >= head)][-MOST:]
    more: dict[str, Any] = {**({"crossed": calls} if calls else {}), **_by(fields)}
    if fields.get("compensate"):
        more |= _undoing(calls)
    travel.roll_back(chat, command, to, past, team, time, asked, **more)


def _by(fields: Fields) -> dict[str, Any]:
    """Who asks for it, where it was told."""
    return {"by": fields["by"]} if fields.get("by") else {}


def _undoing(calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What of the crossed calls is to be undone, the latest first; a call that failed has nothing to undo."""
    done = [call for call in reversed(calls) if "compensate" in call and not (call["is_error"] or call.get("undone"))]
    undo = [{"offset": call["offset"], "path": call["agent"], "name": call["compensate"]} for call in done]
    return {"undo": undo} if undo else {}


def _load_state(chat: Chat, command: str, fields: Fields, time: str) -> None:
    given = fields["prepared"]
    if chat.state.running:
        chat.cancel("", time)
    loaded = Loaded(ChatState.load(given["state"]), given["entries"], given["turn"], given["asks"])
    more = {name: fields[name] for name in ("by", "origin") if fields.get(name)}
    team = team_of(fields["spec"]) if "spec" in fields else None
    travel.load(chat, command, loaded, given["stored"], time, team, **more)


def _load_refusal(chat: Chat, verb: str, fields: Fields) -> tuple[str, str] | None:
    if verb == "load_state" and not fields.get("state"):
        return "BadCommandError", "load_state needs a saved state, as 'state'."
    at = fields.get("at")
    if at is not None and at != chat.log.head:
        return "ChatBusyError", f"The chat has gone on: its log ends at {chat.log.head}, not at {at}."
    return _running_refusal(chat, verb, fields)


def _change_refusal(chat: Chat, verb: str, fields: Fields) -> tuple[str, str] | None:
    try:
        team = team_of(fields.get("spec"))
        Fold(team, chat.uuid)
    except ValueError as error:
        return "BadCommandError", f"The chat cannot become one of that team: {error}"
    if team == chat.team:
        return "BadCommandError", "The chat is one of that very team already."
    return _load_refusal(chat, verb, fields)


def _label(chat: Chat, command: str, fields: Fields, time: str) -> None:
    place = {} if fields.get("offset") is None else {"offset": fields["offset"]}
    chat.append(time, "labelled", command=command, label=fields["label"], **place, **_by(fields))


def _summarize(chat: Chat, command: str, fields: Fields, time: str) -> None:
    chat.append(time, "summarized", command=command, **fields["prepared"], **_by(fields))


def _summarize_refusal(chat: Chat, verb: str, fields: Fields) -> tuple[str, str] | None:
    method = fields.get("method", "last_msg")
    if not method:
        return "BadCommandError", "'method' must be last_msg, reflection_with_llm or the name of a function, got ''."
    if method != "reflection_with_llm" and (given := [name for name in ("prompt", "model_client") if name in fields]):
        return "BadCommandError", f"{given[0]!r} is for the method reflection_with_llm, not for {method!r}."
    return _running_refusal(chat, verb, fields)


VERBS: Mapping[str, Handler] = {
    "run": _run,
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "cancel": _cancel,
    "answer": _answer,
    "decide": _decide,
    "say": _say,
    "reset": _reset,
    "close": _close,
    "rollback": _rollback,
    "label": _label,
    "load_state": _load_state,
    "change": _load_state,
    "summarize": _summarize,
}

_REFUSALS: Mapping[str, Callable[[Chat, str, Fields], tuple[str, str] | None]] = {
    "run": _run_refusal,
    "reset": _running_refusal,
    "close": _running_refusal,
    "answer": _answer_refusal,
    "decide": _decide_refusal,
    "say": _say_refusal,
    "rollback": _snapshot_refusal,
    "label": _snapshot_refusal,
    "load_state": _load_refusal,
    "change": _change_refusal,
    "summarize": _summarize_refusal,
}
