"""In what forms old messages are taken, and what is said of those that are not."""

from __future__ import annotations

import json
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest

from folkmoot.messages import (
    FunctionCall,
    FunctionExecutionResult,
    TextMessage,
    ToolCallExecutionEvent,
    ToolCallRequestEvent,
)
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import Tool
from tests.unit.chat.driver import Json, agent, team
from tests.unit.chat.old.stage import by, calls, chat, going_on, old

PNG = "iVBORw0KGgo="


def test_a_list_may_mix_objects_json_and_dictionaries() -> None:
    call = FunctionCall(id="1", name="look", arguments="{}")
    result = FunctionExecutionResult(content="42", name="look", call_id="1", is_error=False)
    messages: list[Any] = [
        TextMessage(source="user", content="go"),
        ToolCallRequestEvent(source="a", content=[call]),
        ToolCallExecutionEvent(source="a", content=[result]),
        chat("a", "It is 42."),
        by("b", "Thanks."),
        SimpleNamespace(dump=lambda: chat("a", "as AutoGen's own")),
    ]
    resumed = old(RoundRobinGroupChat([agent("a", tools=[Tool("look")]), agent("b")]), messages)
    assert resumed.next == ("b",)
    assert going_on(resumed).spoken() == ["user: go", "a: It is 42.", "b: Thanks.", "a: as AutoGen's own"]


def test_json_text_is_read_as_its_list() -> None:
    messages = [by("user", "go"), chat("a", "1")]
    assert going_on(old(team(), json.dumps(messages))).spoken() == ["user: go", "a: 1"]


def test_nothing_given_is_changed() -> None:
    messages = [by("user", "go"), by("a", "1 TERMINATE")]
    before = deepcopy(messages)
    old(team(), messages, termination={"TERMINATE": ""})
    assert messages == before


def test_ids_and_times_are_kept_and_missing_ones_made() -> None:
    driver = going_on(old(team(), [chat("user", "go"), chat("a", "1"), by("b", "2"), by("a", "3")]))
    first, second, third, fourth = driver.messages()
    assert (first["id"], second["id"]) == ("id-user-TextMessage", "id-a-TextMessage")
    assert second["created_at"] == "2025-05-01T10:00:00Z"
    assert len({third["id"], fourth["id"], second["id"]}) == 3


@pytest.mark.parametrize("name", ["user", "Admin", "chat_manager", "RoundRobinGroupChatManager"])
def test_who_stands_outside_gives_tasks(name: str) -> None:
    resumed = old(team(), [by("a", "1"), by(name, "and now?")])
    assert (resumed.last_speaker, resumed.next) == ("a", ("b",))
    assert going_on(resumed).messages()[-1]["source"] == name
    assert resumed.chat.log.at(resumed.chat.log.head - 2).data["role"] == "task"


def test_a_participant_of_such_a_name_comes_first() -> None:
    assert old(team("a", "Admin", "b"), [by("Admin", "1")]).next == ("b",)
    assert old(team("a", "user"), [by(None, "1")]).last_speaker == "user"


def test_messages_without_a_name_are_the_managers_or_the_users() -> None:
    driver = going_on(old(team(), [by(None, "go"), by(None, "begin", "assistant"), by(None, "rules", "system")]))
    assert [message["source"] for message in driver.messages()] == ["user", *["RoundRobinGroupChatManager"] * 2]


def test_names_may_be_told_apart_from_the_teams() -> None:
    renamed = {"User Proxy": "user", "Senior Engineer": "a"}
    messages = [by("User Proxy", "go"), by("Senior Engineer", "1")]
    assert going_on(old(team(), messages, names=renamed)).spoken() == ["user: go", "a: 1"]
    with pytest.raises(ValueError, match=r"names lead to \['x'\], who take no part; known are a, b, Admin"):
        old(team(), messages, names={"User Proxy": "x"})


def test_parts_of_text_and_images() -> None:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    far = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    words = {"type": "text", "text": "Look:"}
    resumed = old(team(), [by("user", [words, picture]), by("a", [words, far]), by("b", [words, words])])
    contents = [message["content"] for message in going_on(resumed).messages()]
    assert contents == [["Look:", {"data": PNG}], "Look:\n[image: https://example.com/a.png]", "Look:\nLook:"]
    assert resumed.warnings == [
        "messages[1]: the image at 'https://example.com/a.png' is not in the message; its address stands for it."
    ]


@pytest.mark.parametrize("address", ["data:image/png,raw", "data:text/plain;base64,eA==", "data:image/png;base64"])
def test_only_base64_is_an_image(address: str) -> None:
    (message,) = going_on(old(team(), [by("user", [{"type": "image_url", "image_url": address}])])).messages()
    assert message["content"] == f"[image: {address}]"


def test_a_dictionary_may_have_a_type_of_its_own() -> None:
    assert going_on(old(team(), [by("user", "go", type="note"), by("a", "1", source="x")])).spoken() == [
        "user: go",
        "a: 1",
    ]


def test_words_in_parts_beside_a_call() -> None:
    parts = [{"type": "text", "text": "I "}, {"type": "image_url", "image_url": f"data:image/png;base64,{PNG}"}]
    spec = RoundRobinGroupChat([agent("a", tools=[Tool("look")]), agent("b")])
    driver = going_on(old(spec, [by("user", "go"), calls("a", "look", content=parts)]))
    assert driver.view("a")[-1]["thought"] == "I "


def test_events_for_onlookers_are_left_out() -> None:
    messages = [
        chat("user", "go"),
        chat("RoundRobinGroupChatManager", ["a"], "SelectSpeakerEvent"),
        chat("a", "he", "ModelClientStreamingChunkEvent"),
        chat("a", "hm", "ThoughtEvent"),
        chat("a", "hello"),
    ]
    driver = going_on(old(team(), messages))
    assert [message["type"] for message in driver.messages()] == ["TextMessage", "ThoughtEvent", "TextMessage"]
    driver.run(None)
    assert driver.view("a")[1]["thought"] == "hm"


def test_structured_and_own_messages() -> None:
    plan = chat("a", {"steps": 3}, "StructuredMessage[Plan]", format_string=None)
    own = chat("b", {"x": 1}, "Chart")
    spec = team(custom_message_types=["Chart"])
    driver = going_on(old(spec, [chat("user", "go"), plan, own]))
    driver.run(None)
    assert driver.heard("a") == ["U: go", 'A: {"steps":3}', 'U: {"x":1}']
    with pytest.raises(ValueError, match=r"messages\[0\]: Message type 'Chart' is not registered"):
        old(team(), [own])


def test_what_a_memory_said_then_is_for_readers_only() -> None:
    memory = chat("a", [{"content": "blue", "mime_type": "text/plain", "metadata": None}], "MemoryQueryEvent")
    driver = going_on(old(team(), [chat("user", "go"), memory, chat("a", "1")]))
    driver.run(None)
    assert driver.heard("a") == ["U: go", "A: 1"]
    assert driver.messages("MemoryQueryEvent")[0]["content"][0]["content"] == "blue"


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        (7, r"Messages is not of type str or List\[Dict\]; got 7"),
        ({"content": "x"}, r"Messages is not of type str or List\[Dict\]; got {'content': 'x'}"),
        ('{"a": 1}', r"Messages is not of type str or List\[Dict\]; got {'a': 1}"),
        ("[1", "Messages string is not a valid JSON string: Expecting"),
        ([], "Cannot resume group chat as no messages were provided"),
        ("[]", "Cannot resume group chat as no messages were provided"),
        ([by("a", "1"), 7], r"messages\[1\]: a message is an object or a dictionary, got 7"),
        (
            [by("a", "1"), by("x", "2")],
            r"Agent name in message doesn't exist as agent in group chat: x \(messages\[1\]\); known are a, b, Admin",
        ),
        ([by("a", "1", "robot")], r"messages\[0\]: the role is one of user, .*; got 'robot'"),
        ([{"role": "user", "name": 3, "content": "x"}], r"messages\[0\]: the name is a text, got 3"),
        ([by("a", None)], r"messages\[0\]: there is neither content nor a tool call in {'content': None"),
        ([{"role": "user"}], r"messages\[0\]: there is neither content nor a tool call"),
        ([by("a", 5)], r"messages\[0\]: content that is no text is a list of dictionaries, got 5"),
        (
            [by("a", [{"type": "audio", "image_url": "x"}])],
            r"messages\[0\]: a part of a content is of the type text or im",
        ),
        ([by("a", [{"type": "audio"}])], r"messages\[0\]: a part of a content is of the type text or image_url"),
        (
            [{**calls("a", "look"), "tool_calls": "look"}],
            r"messages\[0\]: tool_calls is a list of dictionaries, got 'l",
        ),
        (
            [{**calls("a", "x"), "tool_calls": [{"id": 1}]}],
            r"messages\[0\]: a tool call is .* got the id 1",
        ),
        (
            [{"role": "tool", "content": "42"}],
            r"messages\[0\]: a tool's result names its call as 'tool_call_id', got No",
        ),
        ([chat("user", [], "MemoryQueryEvent")], r"messages\[0\]: 'user' takes no part, and so has no MemoryQueryEv"),
        ([{"type": "TextMessage", "source": "a"}], r"messages\[0\]: content: Field required"),
        ([{"type": "TextMessage", "content": "a"}], r"messages\[0\]: source: Field required"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(messages: object, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        old(team(), messages)


def test_an_agent_of_one_chat_is_not_known_in_another() -> None:
    messages: list[Json] = [by("user", "go"), by("b", "1")]
    with pytest.raises(ValueError, match="doesn't exist as agent in group chat: b"):
        old(agent("a"), messages)
