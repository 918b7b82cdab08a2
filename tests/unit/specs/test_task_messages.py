"""A task on the wire: what it may hold, and what is refused before anything of it enters the log."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from folkmoot import AssistantAgent, RoundRobinGroupChat
from folkmoot._temporal import commands_in
from folkmoot._temporal.commands_in import Incoming, parse_command
from folkmoot.messages import BaseTextChatMessage
from folkmoot.teams import TeamSpec

HASH = "a" * 64
TEXT = {"$blob": HASH, "size": 70_000}
IMAGE = {"$blob": HASH, "size": 9, "media_type": "image/png"}
AGENT = AssistantAgent("writer", "scripted")


class Memo(BaseTextChatMessage):
    """A class that this process has."""

    type: Literal["Memo"] = "Memo"


@pytest.fixture(autouse=True)
def _outside_of_a_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands_in, "argument", lambda args: json.loads(args[0].payload.data))


def team(*kinds: str) -> TeamSpec:
    return RoundRobinGroupChat([AGENT], custom_message_types=list(kinds))


def sent(task: Any, to: TeamSpec | AssistantAgent | None = None) -> Incoming:
    payload = Payload(data=json.dumps({"task": task}).encode())
    return parse_command("run", [RawValue(payload)], "c1", to or team())


def message(kind: str = "TextMessage", content: Any = "go", **more: Any) -> dict[str, Any]:
    return {"type": kind, "source": "user", "content": content, **more}


def carrying(*parts: Any) -> dict[str, Any]:
    heard = {"type": "UserMessage", "content": list(parts), "source": "user"}
    return message("HandoffMessage", "yours", target="writer", context=[heard])


@pytest.mark.parametrize(
    "task",
    [
        message(content=TEXT),
        message(content={**TEXT, "mentions": ["APPROVE"]}),
        message("MultiModalMessage", ["look", IMAGE, TEXT, {"data": "aGVsbG8="}]),
        message("StructuredMessage[Plan]", {"steps": [None, {"$blob": "mine"}], "$blob": 5, "why": None}),
        carrying("look", IMAGE),
    ],
    ids=["text", "mentions", "parts", "structured", "carried"],
)
def test_what_is_good_enters_as_it_is(task: dict[str, Any]) -> None:
    assert sent([task]).fields == {"task": [task]}


@pytest.mark.parametrize(
    "reference",
    [
        {"$blob": "x"},
        {"$blob": "x", "size": 1},
        {"$blob": HASH.upper(), "size": 1},
        {"$blob": HASH},
        {"$blob": HASH, "size": -1},
        {"$blob": HASH, "size": "1"},
        {"$blob": HASH, "size": 1, "mentions": 5},
        {"$blob": HASH, "size": 1, "mentions": [5]},
        {"$blob": 5, "size": 1},
        {"$blob": HASH, "size": 1, "media_type": 5},
    ],
)
@pytest.mark.parametrize("where", ["content", "part", "carried", "own class"])
def test_what_is_no_reference_is_refused(reference: dict[str, Any], where: str) -> None:
    tasks = {
        "content": message(content=reference),
        "part": message("MultiModalMessage", [reference]),
        "carried": carrying(reference),
        "own class": message("Memo") | {"$stored": reference},
    }
    refused = sent([tasks[where]], team("Memo"))
    assert refused.verb == "refuse"
    assert refused.error is not None
    assert refused.error[0] == "BadCommandError"
    # An image in a text's place is refused as no text already.
    assert "reference to the store" in refused.error[1] or "media_type" in reference


@pytest.mark.parametrize(
    "task",
    [message(content=IMAGE), message("Memo") | {"$stored": IMAGE}, message("Memo") | {"$stored": "x"}],
    ids=["text", "own class", "no mapping"],
)
def test_an_image_is_no_text(task: dict[str, Any]) -> None:
    refused = sent([task], team("Memo"))
    assert refused.error is not None
    assert "valid string" in refused.error[1] or "'$stored' holds a reference to a text" in refused.error[1]


def test_a_long_text_of_a_users_own_class_is_a_reference() -> None:
    task = message("Memo") | {"$stored": TEXT}
    assert sent([task], team("Memo")).fields == {"task": [{"type": "Memo", "source": "user", "$stored": TEXT}]}


@pytest.mark.parametrize("kind", ["Memo", "Elsewhere"])
def test_a_class_that_the_team_does_not_list_is_refused(kind: str) -> None:
    refused = sent([message(kind)])
    assert refused.error is not None
    assert f"Message type '{kind}' is not registered with the message factory. Please register" in refused.error[1]


@pytest.mark.parametrize("kind", ["Memo", "Elsewhere"])
@pytest.mark.parametrize("listed", [True, False])
def test_whether_this_worker_has_the_class_makes_no_difference(kind: str, listed: bool) -> None:
    # A single agent takes any class; what a team takes it lists.
    given = message(kind, {"k": None}, id=None, metadata={}, other=[1])
    accepted = sent([given], team(kind) if listed else AGENT)
    assert accepted.fields == {"task": [message(kind, {"k": None}, other=[1])]}


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ({"content": "x", "source": "a"}, "Field 'type' is required in the message data"),
        (message("StructuredMessage"), "Unknown message type: StructuredMessage"),
        ({"type": 5, "source": "a"}, "Unknown message type: 5"),
        (message("StructuredMessage[Plan]", "text"), "pydantic object or a mapping, got 'text'"),
        (message("StructuredMessage[Plan", {}), "needs a pydantic object, or a type"),
        ({"type": "Memo", "content": "x"}, "source: Field required"),
        (message("Memo", metadata=[1]), "metadata: Input should be a valid dict"),
        (message("MemoEvent"), "All messages in task list must be valid BaseChatMessage types"),
        (message("ThoughtEvent"), "All messages in task list must be valid BaseChatMessage types"),
        (message("MultiModalMessage", "text"), "content: Input should be a valid list"),
        (message("MultiModalMessage", [5]), "content.0"),
        (message("HandoffMessage", target="a", context=5), "context: Input should be a valid list"),
    ],
)
def test_a_message_that_is_none(task: dict[str, Any], text: str) -> None:
    refused = sent([task], team("Memo", "MemoEvent"))
    assert refused.error is not None
    assert text in refused.error[1]
