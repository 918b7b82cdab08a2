"""What an entry can be, and how each is made. Fields are only ever added.

Every kind and its fields (all entries also have `kind` and `time`):

| kind | fields |
|---|---|
| `opened` | `uuid`, `team`, `spec` (digest) |
| `run_started` | `run`, `engine`, `command`, `echo` (false: the caller does not want its task back) |
| `message` | `message`, `run`, `role` (`task` or `answer`), `turn`, `call`, `request`, `results`, `part` |
| `event` | as `message`, for agent events |
| `tool` | `agent`, `call` (offset of the request), `index`, `id`, `name`, `content`, `is_error`, `turn` |
| `turn` | `run`, `turn`, `speakers` |
| `checked` | `run`, `results` (of functional conditions, in declaration order) |
| `waiting` | `call`, `for` (what is waited for), `since`, `error` |
| `run_ended` | `run`, `status` (stopped, failed, cancelled), `stop_reason`, `error`, `command` |
| `pause` | `command`, `now`, then `paused` once nothing is in flight; `resumed` with `command` |
| `stop`, `reset`, `closed` | `command` |
| `late` | `call`, `agent`, `outcome`: a result that came when nobody wanted it any more |
| `noted` | `command`, `verb`, `note`: a command that had nothing to do |
| `refused` | `command`, `verb`, `error` {type, message} |

`call` is the offset of the entry a step hangs on; a message's id is derived from it, so that every attempt gives the
same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from .log import Entry, derive_id

__all__ = ["BLOB", "CHAT_KINDS", "blob_of", "blobs_in", "message_id", "message_of", "refers_to"]

BLOB = "$blob"
"""Key of a content that lies in the store: `{"$blob": sha256, "size": bytes, "mentions": [texts]}`."""

CHAT_KINDS = ("message", "event")
"""Kinds that carry an AutoGen message or event."""

Lookup = Callable[[int], Entry]


def blob_of(content: object) -> Mapping[str, Any] | None:
    """The reference, if a content lies in the store."""
    if isinstance(content, Mapping) and BLOB in content:
        return cast(Mapping[str, Any], content)
    return None


def blobs_in(entry: Entry) -> list[str]:
    """The hashes of the contents of this very entry that lie in the store."""
    holders = [entry.data, entry.data.get("message", {})]
    refs = (blob_of(holder.get("content")) for holder in holders)
    return [ref[BLOB] for ref in refs if ref is not None]


def content_of(content: Any, blobs: Mapping[str, str] | None) -> Any:
    """A content, fetched from `blobs` (hash to text) if it lies in the store; a short note if it is not there.

    Without `blobs`, what the engine may know of it: the watched texts that its worker found in it.
    """
    ref = blob_of(content)
    if ref is None:
        return content
    if blobs is None:
        return "\n".join(ref.get("mentions", ()))
    return blobs.get(ref[BLOB], f"[{ref['size']} bytes in the store, sha256 {ref[BLOB]}]")


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
    return derive_id(uuid, step_key(call, entry.data["message"]["source"], entry.data.get("part", "")))


def refers_to(entry: Entry) -> Sequence[int]:
    """Offsets of the entries whose content this one shows: tool outcomes enter the log once and are referred to."""
    data = entry.data
    if "results" not in data or data["kind"] not in CHAT_KINDS:
        return ()
    request = data.get("request")
    return (*([] if request is None else [request]), *data["results"])


def message_of(
    uuid: str, entry: Entry, lookup: Lookup, blobs: Mapping[str, str] | None = MappingProxyType({})
) -> dict[str, Any]:
    """The AutoGen message or event of an entry in full: id, time, usage and contents that the log holds elsewhere.

    Args:
        uuid: The chat's uuid.
        entry: A `message` or `event` entry.
        lookup: Gives the entries `refers_to` names.
        blobs: Contents that lie in the store, by hash, as far as the caller fetched them. None: only the watched
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
    if "content" in full:
        full["content"] = content_of(full["content"], blobs)
    full.update(_derived(entry, lookup, blobs))
    return full


def _derived(entry: Entry, lookup: Lookup, blobs: Mapping[str, str] | None) -> Mapping[str, Any]:
    if "results" not in entry.data:
        return {}
    outcomes = [lookup(offset) for offset in entry.data["results"]]
    results = [result_of(outcome, blobs) for outcome in outcomes]
    kind = entry.data["message"]["type"]
    if kind == "ToolCallExecutionEvent":
        return {"content": results}
    calls = lookup(entry.data["request"]).data["message"]["content"]
    # By place: some models give several calls the same id.
    shown = [calls[outcome.data["index"]] for outcome in outcomes]
    if kind == "ToolCallSummaryMessage":
        form = entry.data["message"].get("format", "{result}")
        text = "\n".join(summarise(form, call, result) for call, result in zip(shown, results, strict=True))
        return {"content": text, "tool_calls": shown, "results": results}
    # A handoff carries what its sibling calls did, so that the next agent knows (AutoGen: HandoffMessage.context).
    if not results:
        return {"context": []}
    source = entry.data["message"]["source"]
    return {
        "context": [
            {"type": "AssistantMessage", "content": shown, "thought": None, "source": source},
            {"type": "FunctionExecutionResultMessage", "content": results},
        ]
    }


def result_of(entry: Entry, blobs: Mapping[str, str] | None = MappingProxyType({})) -> dict[str, Any]:
    """A `tool` entry as AutoGen's FunctionExecutionResult."""
    data = entry.data
    return {
        "content": content_of(data["content"], blobs),
        "name": data["name"],
        "call_id": data["id"],
        "is_error": data.get("is_error", False),
    }


def summarise(form: str, call: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """One line of a tool call summary (AutoGen: `tool_call_summary_format`)."""
    return form.format(
        tool_name=call["name"], arguments=call["arguments"], result=result["content"], is_error=result["is_error"]
    )
