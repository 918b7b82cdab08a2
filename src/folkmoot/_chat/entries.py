"""What an entry can be, and how each is made. Fields are only ever added.

Every kind and its fields (all entries also have `kind` and `time`; those of an inner team have `scope`, its path; those
of a speaker have `agent`, its name, unless that is the message's source):

| kind | fields |
|---|---|
| `opened` | `uuid`, `team`, `spec` (digest) |
| `run_started` | `run`, `engine`, `command`, `echo` (false: the caller does not want its task back) |
| `scope_started` | `run`, `call`, for a tool's run also `index` and `tasks`: an inner team's run begins |
| `scope_ended` | `run`, `stop_reason` or `error` |
| `message` | `message`, `run`, `role`, `turn`, `call`, `request`, `results`, `thought`, `parts`, `part` |
| `event` | as `message`, for agent events |
| `tool` | `agent`, `call` (offset of the request), `index`, `id`, `name`, `content` or `said`, `note`, `is_error` |
| `turn` | `run`, `turn`, `speakers` |
| `step` | `step`: a step of a speaker's turn that is no message; `usage` |
| `manager` | `run`, `step`: a step of the team's own (selection, facts, plan, ledger, ...); `usage` |
| `summary` | `run`, `call`, `count` (items of a context it stands for), `content`, `usage`; see `condensing` |
| `checked` | `run`, `results` (of functional conditions, in declaration order), `edges` (of a graph's functions) |
| `waiting` | `call`, `path` (whose), `for` (what is waited for), `since`, `error` |
| `request` | `request` (id), `for` (kind), `prompt`, `run`, `policy`: something asked of people, see `Request` |
| - to be decided | `arguments`, `hash`, `call`, `index`, `name`, `key` (of a call), `schema`, `secrets` |
| `answered` | `request`, `command`, `by`, `content` |
| `vote` | `request`, `command`, `by`, `verdict`, `hash`, `reason`, `comment`, `signature` |
| - changes | `revision`, `arguments` or `content` |
| `reminded`, `escalated`, `expired` | `request`, `path`, `number` or `step` and `approvers` |
| `decided` | `request`, `for`, `verdict`, `by`, `hash`, `path`, `call`, `index`, `timeout` |
| - brings | `reason`, `arguments`, `content` |
| `budget_warned` | `path` (whose budget), `limit`, `used`, `max`: a limit is nearly reached |
| `clock` | `on`: paths of the budgets whose time is counted from now on |
| `agent_state` | `path`, `state` (what changed), `call` or `hook`: a custom agent's state |
| `run_ended` | `run`, `status` (stopped, failed, cancelled), `stop_reason`, `error`, `command`, `budget` |
| `said` | `command`, `by`, `when`, `message`: said by a person; once heard, a message has its offset as `said` |
| `interrupted` | `run`: the turns under way are broken off for it |
| `pause` | `command`, `now`, then `paused` once nothing is in flight; `resumed` with `command` |
| `stop`, `reset`, `closed` | `command` |
| `rolled_back` | `command`, `to` (offset), `state` (there), `needs` (offsets), `crossed`, `undo` (tool calls) |
| `compensated` | `since` (the rollback), `offset` (of the call's outcome), `name`, `content`, `is_error` |
| `copied` | `as` (its kind), and what else it has: an entry of another log that a loaded state refers to |
| `loaded` | `command`, `state` (as saved, or a reference), `engine` (what the engine makes of it), `turn` (so far) |
| both | `spec`, `was`: the chat's spec becomes another |
| `summarized` | `command`, `method`, `content`, `usage`: what the chat came to |
| `labelled` | `command`, `label`, `offset` (absent: the label is taken away) |
| `late` | `call`, `agent`, `outcome`: a result that came when nobody wanted it any more |
| `noted` | `command`, `verb`, `note`: a command that had nothing to do |
| `refused` | `command`, `verb`, `error` {type, message}; `by`; of votes and answers `request`, `verdict`, `hash` |
| `undelivered` | `offset`, `sink`, `error`: a notice of that entry was given up, for good; at most one for each sink |

`role` is `task`, `answer`, `manager` (the team's own word to its participants), `team` or `shown` (for readers only),
`again` (said before), or absent: an event on the way to an answer. `call` is the offset of the entry a step hangs on; a
message's id is derived from it, so that every attempt gives the same. Contents that are made of others hold their
offsets: `results` of a request's outcomes, `said` by an agent or team that is a tool, `parts` of a text (offsets and
texts in between). Where workers have a price function, `cost` (millionths; null: it failed) stands beside what a call
used; in chats with budgets `unmade` beside the outcome of a tool call that was not made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from folkmoot.messages import is_builtin_kind, model_text_of

from .log import Entry, derive_id

__all__ = [
    "BLOB",
    "CHAT_KINDS",
    "STORED",
    "all_references",
    "blob_key",
    "blob_of",
    "blobs_in",
    "checked_reference",
    "content_of",
    "fill",
    "is_image",
    "message_id",
    "message_of",
    "references_in",
    "refers_to",
]

BLOB = "$blob"
"""Key of a reference to a content in the store: `{"$blob": sha256, "size": bytes, "mentions": [texts]}`.

One with `media_type` is an image among the parts of a content: the bytes of its file. Where references may stand,
`fill` knows; elsewhere such a mapping is a user's own data.
"""

STORED = "$stored"
"""Key of the reference in a message of a user's own class, in place of its `content`, which may be any JSON."""

CHAT_KINDS = ("message", "event")
"""Kinds that carry an AutoGen message or event."""

_SHA256 = re.compile(r"[0-9a-f]{64}")

Lookup = Callable[[int], Entry]


def blob_of(content: object) -> Mapping[str, Any] | None:
    """The reference, if a content lies in the store."""
    if isinstance(content, Mapping) and BLOB in content:
        return cast(Mapping[str, Any], content)
    return None


def is_image(reference: Mapping[str, Any]) -> bool:
    """Whether it is an image's; else it is a text's."""
    return "media_type" in reference


def blob_key(reference: Mapping[str, Any]) -> str:
    """Under what fetched contents are kept: the same bytes may be a text here and an image there."""
    return f"{reference[BLOB]}/image" if is_image(reference) else reference[BLOB]


def checked_reference(reference: Mapping[str, Any]) -> dict[str, Any]:
    """A reference from outside. One that is none would hang or break whoever looks for its content.

    Raises:
        ValueError: It is none.
    """
    name, size, mentions, media_type = (reference.get(key) for key in (BLOB, "size", "mentions", "media_type"))
    words = cast(list[object], mentions) if isinstance(mentions, list) else []
    good = (
        (isinstance(name, str) and _SHA256.fullmatch(name))
        and (isinstance(size, int) and size >= 0)
        and (mentions is None or (isinstance(mentions, list) and all(isinstance(word, str) for word in words)))
        and (media_type is None or isinstance(media_type, str))
    )
    if not good:
        raise ValueError(
            f"A reference to the store is {{{BLOB!r}: SHA-256 in hex, 'size': bytes}}, if need be with 'mentions': "
            f"[texts] or, for an image, 'media_type': text; got {dict(reference)!r}"
        )
    kept: dict[str, Any] = {BLOB: name, "size": size, "mentions": mentions, "media_type": media_type}
    return {key: value for key, value in kept.items() if value is not None}


def fill(message: Mapping[str, Any], change: Callable[[Mapping[str, Any]], Any]) -> Mapping[str, Any]:
    """A message in log form with `change(reference)` in place of each reference to the store.

    A text's content may be one; parts of a content of texts and images; and such parts in what a handoff carries. The
    content of a structured message or of a user's own class is never one, whatever keys it has (see `STORED`).
    """
    if not is_builtin_kind(message.get("type")):
        if (reference := blob_of(message.get(STORED))) is None:
            return message
        rest = {key: value for key, value in message.items() if key != STORED}
        return {**rest, "content": change(reference)}
    content, context = message.get("content"), message.get("context")
    if message["type"] == "MultiModalMessage":
        message = {**message, "content": _fill_parts(content, change)}
    elif (reference := blob_of(content)) is not None:
        message = {**message, "content": change(reference)}
    if isinstance(context, list):
        carried = cast(list[Any], context)
        message = {**message, "context": [_fill_carried(item, change) for item in carried]}
    return message


def _fill_parts(parts: Any, change: Callable[[Mapping[str, Any]], Any]) -> Any:
    if not isinstance(parts, list):
        return parts
    found = ((part, blob_of(part)) for part in cast(list[Any], parts))
    return [part if reference is None else change(reference) for part, reference in found]


def _fill_carried(item: Any, change: Callable[[Mapping[str, Any]], Any]) -> Any:
    """An LLM message that a handoff carries."""
    if not isinstance(item, Mapping) or cast(Mapping[str, Any], item).get("type") != "UserMessage":
        return cast(Any, item)
    carried = cast(Mapping[str, Any], item)
    return {**carried, "content": _fill_parts(carried.get("content"), change)}


def references_in(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The references to the store in a message in log form."""
    found: list[Mapping[str, Any]] = []
    fill(message, found.append)
    return found


def blobs_in(entry: Entry) -> list[Mapping[str, Any]]:
    """The references of this very entry to contents that lie in the store."""
    data = entry.data
    if "message" in data:
        return references_in(data["message"])
    refs = (blob_of(item) for item in (data.get("content"), data.get("state")))
    return [ref for ref in refs if ref is not None]


def content_of(content: Any, blobs: Mapping[str, str] | None) -> Any:
    """A content, fetched from `blobs` (by `blob_key`) if it lies in the store; a short note if it is not there.

    Without `blobs`, what the engine may know of it: the watched texts that its worker found in it.
    """
    reference = blob_of(content)
    return content if reference is None else _fetched(reference, blobs)


def _fetched(reference: Mapping[str, Any], blobs: Mapping[str, str] | None) -> Any:
    if blobs is None:
        return reference if is_image(reference) else "\n".join(reference.get("mentions", ()))
    content = blobs.get(blob_key(reference))
    if content is None:
        return f"[{reference['size']} bytes in the store, sha256 {reference[BLOB]}]"
    return {"data": content} if is_image(reference) else content


def step_key(call: int, agent: str, part: str = "") -> str:
    """What the id of a message is derived from: the step it came of, so that a retried one gives the same id."""
    return f"{call}-{agent}{part}"


def message_id(uuid: str, entry: Entry) -> str:
    """The id of the message or event in `entry` (AutoGen messages carry one; ours is derived, see `derive_id`)."""
    given = entry.data["message"].get("id")
    if given:
        return given
    call = entry.data.get("call")
    if call is None:
        return derive_id(uuid, f"entry-{entry.offset}")
    who = entry.data.get("agent") or entry.data["message"]["source"]
    return derive_id(uuid, step_key(call, who, entry.data.get("part", "")))


def refers_to(entry: Entry) -> Sequence[int]:
    """Offsets of the entries whose content this very one shows: what is said enters the log once."""
    data = entry.data
    if data["kind"] == "tool":
        return data.get("said", ())
    if data["kind"] == "rolled_back":
        return data["needs"]
    if data["kind"] not in CHAT_KINDS:
        return ()
    request = data.get("request")
    parts = (part for part in data.get("parts", ()) if isinstance(part, int))
    others = (data[name] for name in ("same", "thought") if name in data)
    return (
        *([] if request is None or "results" not in data else [request]),
        *data.get("results", ()),
        *parts,
        *others,
    )


def all_references(entries: Iterable[Entry], lookup: Lookup) -> dict[int, Entry]:
    """Every entry that these show, directly or through another, by offset; what `lookup` does not have is left out."""
    found: dict[int, Entry] = {}
    waiting = [offset for entry in entries for offset in refers_to(entry)]
    while waiting:
        offset = waiting.pop()
        if offset in found:
            continue
        try:
            found[offset] = lookup(offset)
        except KeyError:
            continue
        waiting += refers_to(found[offset])
    return found


def message_of(
    uuid: str, entry: Entry, lookup: Lookup, blobs: Mapping[str, str] | None = MappingProxyType({})
) -> dict[str, Any]:
    """The AutoGen message or event of an entry in full: id, time, usage and contents that the log holds elsewhere.

    Args:
        uuid: The chat's uuid.
        entry: A `message` or `event` entry.
        lookup: Gives the entries `refers_to` names.
        blobs: Contents that lie in the store, by `blob_key`, as far as the caller fetched them. None: only the watched
            texts found in them, for termination conditions.
    """
    stored = entry.data["message"]
    full: dict[str, Any] = {
        "id": message_id(uuid, entry),
        "source": stored["source"],
        "models_usage": stored.get("models_usage"),
        "metadata": stored.get("metadata", {}),
        "created_at": stored.get("created_at", entry.time),
    }
    full.update((key, value) for key, value in stored.items() if key not in full)
    return {**fill(full, lambda reference: _fetched(reference, blobs)), **_derived(uuid, entry, lookup, blobs)}


def _derived(uuid: str, entry: Entry, lookup: Lookup, blobs: Mapping[str, str] | None) -> Mapping[str, Any]:
    data = entry.data
    if "parts" in data:
        texts = (
            part if isinstance(part, str) else _text_at(uuid, lookup(part), lookup, blobs) for part in data["parts"]
        )
        return {"content": "".join(texts)}
    if "same" in data:
        return {"content": lookup(data["same"]).data["message"]["content"]}
    if "results" not in data:
        return {}
    outcomes = [lookup(offset) for offset in data["results"]]
    results = [result_of(uuid, outcome, lookup, blobs) for outcome in outcomes]
    kind = data["message"]["type"]
    if kind == "ToolCallExecutionEvent":
        return {"content": results}
    calls = lookup(data["request"]).data["message"]["content"]
    # By place: some models give several calls the same id.
    shown = [calls[outcome.data["index"]] for outcome in outcomes]
    if kind == "ToolCallSummaryMessage":
        text = data["message"].get("content")
        if text is None:
            form = data["message"].get("format", "{result}")
            text = "\n".join(summarise(form, call, result) for call, result in zip(shown, results, strict=True))
        return {"content": text, "tool_calls": shown, "results": results}
    # A handoff carries what its sibling calls did, so that the next agent knows (AutoGen: HandoffMessage.context).
    source = data["message"]["source"]
    thought = lookup(data["thought"]).data["message"]["content"] if "thought" in data else None
    if not results:
        said = {"type": "AssistantMessage", "content": thought, "thought": None, "source": source}
        return {"context": [said] if thought else []}
    return {
        "context": [
            {"type": "AssistantMessage", "content": shown, "thought": thought, "source": source},
            {"type": "FunctionExecutionResultMessage", "content": results},
        ]
    }


def _text_at(uuid: str, entry: Entry, lookup: Lookup, blobs: Mapping[str, str] | None) -> str:
    """The text of an entry that a message quotes."""
    if "message" in entry.data:
        return model_text_of(message_of(uuid, entry, lookup, blobs))
    return content_of(entry.data["content"], blobs)


def result_of(
    uuid: str, entry: Entry, lookup: Lookup, blobs: Mapping[str, str] | None = MappingProxyType({})
) -> dict[str, Any]:
    """A `tool` entry as AutoGen's FunctionExecutionResult."""
    data = entry.data
    if "said" in data:
        # An agent or a team as a tool: the last message, or what all but `user` said (AutoGen: TaskRunnerTool).
        messages = [message_of(uuid, lookup(offset), lookup, blobs) for offset in data["said"]]
        content = "\n\n".join(
            model_text_of(message) if data.get("plain") else f"{message['source']}: {model_text_of(message)}"
            for message in messages
            if data.get("plain") or message["source"] != "user"
        )
    else:
        content = content_of(data["content"], blobs)
    if "note" in data:
        content = f"{data['note']}\n{content}"
    return {
        "content": content,
        "name": data["name"],
        "call_id": data["id"],
        "is_error": data.get("is_error", False),
    }


def summarise(form: str, call: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """One line of a tool call summary (AutoGen: `tool_call_summary_format`)."""
    return form.format(
        tool_name=call["name"], arguments=call["arguments"], result=result["content"], is_error=result["is_error"]
    )
