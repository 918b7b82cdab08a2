"""What a scenario came to in one library, in a form that both can be compared in.

Taken out are only what no two runs share: times, ids (numbered by their first appearance instead, so that who refers to
whom stays visible), and tracebacks in errors.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

__all__ = ["Failure", "Ids", "Outcome", "Record", "difference", "normal_items", "normal_request"]

CHUNK = "ModelClientStreamingChunkEvent"


@dataclass(frozen=True)
class Failure:
    """How a verb failed.

    Attributes:
        type: The class of the error; that of the original one where the library wraps it; `Cancelled`; `Hangs`.
        text: Its text.
    """

    type: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """What one verb, such as a run, came to.

    Attributes:
        verb: The verb.
        messages: Messages and events as they came, as JSON.
        stop_reason: Of the result; None also where there was none.
        failure: None: it went well.
    """

    verb: str
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    stop_reason: str | None = None
    failure: Failure | None = None

    @property
    def said(self) -> list[tuple[str, Any]]:
        """Who said what, events included."""
        return [(message["source"], message.get("content")) for message in self.messages]

    @property
    def types(self) -> list[str]:
        """The types of the messages."""
        return [message["type"] for message in self.messages]


@dataclass
class Record:
    """A whole scenario in one library.

    Attributes:
        outcomes: Of the verbs, in the order they were called.
        asked: The bodies of all requests to models, in their order.
        notes: What the scenario's tools, functions or story noted down.
    """

    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    notes: list[Any] = field(default_factory=list[Any])

    @property
    def last(self) -> Outcome:
        """The outcome of the last verb."""
        return self.outcomes[-1]

    @property
    def stop_reasons(self) -> list[str | None]:
        """The stop reasons of all verbs."""
        return [outcome.stop_reason for outcome in self.outcomes]

    @property
    def failure(self) -> Failure:
        """How the last verb failed; it must have."""
        assert self.last.failure is not None, f"expected a failure, got {self.last}"
        return self.last.failure

    def heard(self, model: str, call: int = -1) -> list[tuple[str, Any]]:
        """What a model was told in one of its calls: name or role, and content; system messages left out."""
        body = [body for body in self.asked if body["model"] == model][call]
        return [
            (message.get("name", message["role"]), message.get("content"))
            for message in body["messages"]
            if message["role"] != "system"
        ]

    def comparable(self, parallel: bool, unheard: Sequence[str], own_words: Callable[[str], bool] | None) -> Record:
        """The record with what cannot be compared left out; see `Player`."""
        asked = [{"model": body["model"]} if body["model"] in unheard else body for body in self.asked]
        if parallel:
            asked.sort(key=lambda body: body["model"])
        if own_words is None:
            return replace(self, asked=asked)
        outcomes = [replace(outcome, messages=_masked(outcome.messages, own_words)) for outcome in self.outcomes]
        return replace(self, asked=_masked(asked, own_words), outcomes=outcomes)

    def lines(self) -> list[str]:
        """The record as text, for a comparison line by line."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, sort_keys=True, default=repr).splitlines()


def _masked(value: Any, own_words: Callable[[str], bool]) -> Any:
    if isinstance(value, list):
        return [_masked(item, own_words) for item in value]
    if isinstance(value, dict):
        return {key: _masked(item, own_words) for key, item in value.items()}
    return "(own words)" if isinstance(value, str) and own_words(value) else value


class Ids:
    """Ids as numbers, in the order in which they first appear."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def __call__(self, id: str) -> str:
        return self._numbers.setdefault(id, f"#{len(self._numbers) + 1}")


def normal_items(dumps: Sequence[Mapping[str, Any]], ids: Ids, *, chunks: bool = False) -> list[dict[str, Any]]:
    """Messages without times, with numbered ids.

    Args:
        dumps: The JSON of messages and events.
        ids: The scenario's ids so far.
        chunks: Keep pieces of streamed text, those of one message joined: how a text is cut up depends on timing.
    """
    found: list[dict[str, Any]] = []
    for dump in dumps:
        if dump["type"] != CHUNK:
            found.append(_normal(dump, ids))
        elif (
            chunks and found and found[-1]["type"] == CHUNK and found[-1]["full_message_id"] == dump["full_message_id"]
        ):
            found[-1]["content"] += dump["content"]
        elif chunks:
            found.append({"type": CHUNK, **{key: dump[key] for key in ("source", "content", "full_message_id")}})
    for item in found:
        if item["type"] == CHUNK:
            item["full_message_id"] = ids(item["full_message_id"])
    return found


def _normal(dump: Mapping[str, Any], ids: Ids) -> dict[str, Any]:
    item = dict(dump)
    assert item.pop("created_at"), f"a message without a time: {dump}"
    item["id"] = ids(item["id"])
    if item["type"] == "UserInputRequestedEvent":
        item["request_id"] = ids(item["request_id"])
    return item


def normal_request(body: Mapping[str, Any]) -> dict[str, Any]:
    """A request without what tells the model nothing.

    That is: that it does not stream, which is the default, and in the schemas of tools titles, and descriptions that
    only repeat a parameter's name, which AutoGen makes up.
    """
    found = {key: value for key, value in body.items() if (key, value) != ("stream", False)}
    if "tools" in found:
        found["tools"] = _told(found["tools"])
    return found


def _told(schema: Any, name: str = "") -> Any:
    if isinstance(schema, list):
        return [_told(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made_up = (("description", name), ("title", schema.get("title")))
    return {
        key: _named(value) if key == "properties" else _told(value)
        for key, value in schema.items()
        if (key, value) not in made_up
    }


def _named(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _told(schema, name) for name, schema in properties.items()}


def difference(autogen: Record, folkmoot: Record) -> str:
    """The lines in which two records differ; empty if they are the same."""
    pieces = difflib.unified_diff(autogen.lines(), folkmoot.lines(), "autogen", "folkmoot", lineterm="", n=4)
    return "\n".join(pieces)
