"""Transforms change what a model reads as AutoGen 0.2's do; no tool call is torn, and system messages stay."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot._spec import carried
from folkmoot.transforms import (
    FunctionTransform,
    MessageHistoryLimiter,
    MessageTokenLimiter,
    TextMessageContentName,
    Transform,
    transformed,
)

Message = Mapping[str, Any]
IMAGE = {"data": "aaaa"}


def system(text: str = "Be good.") -> Message:
    return {"type": "SystemMessage", "content": text}


def user(content: Any, source: str = "user") -> Message:
    return {"type": "UserMessage", "content": content, "source": source}


def said(content: Any, source: str = "writer") -> Message:
    return {"type": "AssistantMessage", "content": content, "source": source, "thought": None}


def call(*ids: str) -> Message:
    return said([{"id": name, "name": "look", "arguments": "{}"} for name in ids])


def results(**texts: str) -> Message:
    content = [{"call_id": name, "name": "look", "content": text, "is_error": False} for name, text in texts.items()]
    return {"type": "FunctionExecutionResultMessage", "content": content}


def words(message: Message) -> int:
    """A count of tokens: letters of all texts, two for each image, one for each call."""
    content = message["content"]
    if isinstance(content, str):
        return len(content)
    return sum(
        len(part) if isinstance(part, str) else len(part["content"]) if "call_id" in part else 2 if part == IMAGE else 1
        for part in content
    )


def apply(transform: Transform, *messages: Message) -> list[Message]:
    return transform.apply(messages, words)


TALK = [user("one"), said("two"), user("three"), said("four")]


@pytest.mark.parametrize(
    ("limiter", "places"),
    [
        (MessageHistoryLimiter(), [0, 1, 2, 3]),
        (MessageHistoryLimiter(9), [0, 1, 2, 3]),
        (MessageHistoryLimiter(4), [0, 1, 2, 3]),
        (MessageHistoryLimiter(2), [2, 3]),
        (MessageHistoryLimiter(1), [3]),
        (MessageHistoryLimiter(3, keep_first_message=True), [0, 2, 3]),
        (MessageHistoryLimiter(1, keep_first_message=True), [0]),
    ],
)
def test_a_history_keeps_its_newest_messages(limiter: MessageHistoryLimiter, places: list[int]) -> None:
    assert apply(limiter, *TALK) == [TALK[place] for place in places]
    # The system message is none of those that are counted.
    assert apply(limiter, system(), *TALK) == [system(), *(TALK[place] for place in places)]


def test_a_history_tears_no_tool_call() -> None:
    exchange = [call("x", "y"), results(x="1", y="2")]
    talk = [user("one"), *exchange, said("done")]
    assert apply(MessageHistoryLimiter(2), *talk) == [said("done")]
    assert apply(MessageHistoryLimiter(3), *talk) == [*exchange, said("done")]
    assert apply(MessageHistoryLimiter(2, keep_first_message=True), *exchange, said("done")) == [said("done")]


@pytest.mark.parametrize(
    ("limiter", "expected"),
    [
        (MessageTokenLimiter(), ["one", "two", "three", "four"]),
        (MessageTokenLimiter(3), ["one", "two", "thr", "fou"]),
        (MessageTokenLimiter(0), ["", "", "", ""]),
        (MessageTokenLimiter(max_tokens=15), ["one", "two", "three", "four"]),
        # Of the oldest that still fits in part, the beginning is kept.
        (MessageTokenLimiter(max_tokens=14), ["on", "two", "three", "four"]),
        (MessageTokenLimiter(max_tokens=12), ["two", "three", "four"]),
        (MessageTokenLimiter(max_tokens=9), ["three", "four"]),
        (MessageTokenLimiter(max_tokens=2), ["fo"]),
        (MessageTokenLimiter(max_tokens=0), []),
        (MessageTokenLimiter(3, max_tokens=8), ["tw", "thr", "fou"]),
        (MessageTokenLimiter(1, min_tokens=16), ["one", "two", "three", "four"]),
        (MessageTokenLimiter(1, min_tokens=15), ["o", "t", "t", "f"]),
    ],
)
def test_tokens_are_limited_from_the_newest_message_on(limiter: MessageTokenLimiter, expected: list[str]) -> None:
    assert [message["content"] for message in apply(limiter, *TALK)] == expected
    with_system = apply(limiter, system("A long text."), *TALK)
    assert [message["content"] for message in with_system] == ["A long text.", *expected]


def test_only_texts_are_cut() -> None:
    picture = user(["hello", IMAGE, "you"])
    assert apply(MessageTokenLimiter(6), picture) == [user(["he", IMAGE, "yo"])]
    assert apply(MessageTokenLimiter(4), call("x"), results(x="123456")) == [call("x"), results(x="1234")]
    # Nothing of it can be shown with less than the image: it is left out.
    assert apply(MessageTokenLimiter(max_tokens=2), picture) == []


def test_a_tool_call_is_kept_with_what_fits_of_its_results() -> None:
    talk = [user("one"), call("x", "y"), results(x="123456", y="1234")]
    limited = {limit: apply(MessageTokenLimiter(max_tokens=limit), *talk) for limit in (15, 14, 12, 8, 3, 2, 1)}
    assert limited[15] == talk
    assert limited[14] == [user("on"), *talk[1:]]
    assert limited[12] == talk[1:]
    assert limited[8] == [call("x", "y"), results(x="123", y="123")]
    assert limited[3] == limited[2] == limited[1] == []


def test_a_limit_of_one_kind_leaves_the_older_messages() -> None:
    """In 0.2 either limit alone leaves the newest message only."""
    assert apply(MessageTokenLimiter(max_tokens=1000), *TALK) == TALK
    assert apply(MessageTokenLimiter(1000), *TALK) == TALK


def test_names_are_put_before_texts() -> None:
    named = apply(TextMessageContentName(), system(), user("hello", "anna"), said("hi", "writer"))
    assert named == [system(), user("anna:\nhello", "anna"), said("writer:\nhi", "writer")]


@pytest.mark.parametrize(
    ("transform", "content", "expected"),
    [
        (TextMessageContentName("end", " ({name})"), "hello", "hello (anna)"),
        (TextMessageContentName(format_string="{name}"), "hello", "annahello"),
        (TextMessageContentName(), "anna:\nhello", "anna:\nhello"),
        (TextMessageContentName(deduplicate=False), "anna:\nhello", "anna:\nanna:\nhello"),
        (TextMessageContentName("end", "{name}"), "I am anna", "I am anna"),
        (TextMessageContentName(), "", ""),
        (TextMessageContentName(), [], []),
        (TextMessageContentName(), ["hello", IMAGE], ["anna:\nhello", IMAGE]),
        (TextMessageContentName(), [IMAGE, "hello"], ["anna:\n", IMAGE, "hello"]),
        (TextMessageContentName("end", "{name}"), [IMAGE, "hi "], [IMAGE, "hi anna"]),
        (TextMessageContentName("end", "{name}"), ["hi", IMAGE], ["hi", IMAGE, "anna"]),
        (TextMessageContentName(), ["anna:\nhello", IMAGE], ["anna:\nhello", IMAGE]),
    ],
)
def test_where_a_name_goes(transform: TextMessageContentName, content: Any, expected: Any) -> None:
    assert apply(transform, user(content, "anna")) == [user(expected, "anna")]


def test_tool_calls_and_nameless_messages_get_no_name() -> None:
    talk = [call("x"), results(x="1"), user("hello", "")]
    assert apply(TextMessageContentName(), *talk) == talk


def last_only(messages: list[Message]) -> Sequence[Message]:
    """A transform that tears what it likes."""
    return messages[-1:]


def test_a_function_transforms_what_comes_after_the_system_message() -> None:
    transform = FunctionTransform(last_only)
    assert apply(transform, system(), *TALK) == [system(), TALK[-1]]
    assert apply(transform, call("x"), results(x="1")) == []
    assert carried(transform).functions == {"last_only": last_only}


def test_a_function_is_found_by_its_name() -> None:
    transform = FunctionTransform("mine")
    assert transform.apply(TALK, words, {"mine": last_only}) == [TALK[-1]]
    with pytest.raises(ValueError, match=r"No transform function 'mine' is registered; known are: \['other'\]"):
        transform.apply(TALK, words, {"other": last_only})


@pytest.mark.parametrize("returned", [None, "text", [1], [{"type": "UserMessage"}], {"content": ""}])
def test_a_function_must_return_messages(returned: Any) -> None:
    with pytest.raises(ValueError, match="Transform function 'mine' must return a list of LLM messages, got "):
        FunctionTransform("mine").apply(TALK, words, {"mine": lambda messages: returned})


async def later(messages: list[Message]) -> list[Message]:
    """An async function."""
    return messages


def test_a_function_must_not_be_async() -> None:
    with pytest.raises(ValueError, match="'later' is async"):
        FunctionTransform(later)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'later' is async"):
        FunctionTransform("later").apply(TALK, words, {"later": later})


def test_a_function_cannot_change_what_it_was_given() -> None:
    def shout(messages: list[Message]) -> Sequence[Message]:
        for message in messages:
            message["content"][0] = "HI"
        return messages

    given_messages = [user(["hi", IMAGE])]
    assert apply(FunctionTransform(shout), *given_messages) == [user(["HI", IMAGE])]
    assert given_messages == [user(["hi", IMAGE])]


def test_transforms_are_applied_in_order() -> None:
    name, limit = TextMessageContentName(), MessageTokenLimiter(4)
    assert transformed([name, limit], [user("hello", "anna")], words) == [user("anna", "anna")]
    assert transformed([limit, name], [user("hello", "anna")], words) == [user("anna:\nhell", "anna")]
    assert transformed([], TALK, words) == TALK
    assert transformed([FunctionTransform("f")], TALK, words, {"f": last_only}) == [TALK[-1]]


REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("max_messages must be None or at least 1, got 0.", lambda: MessageHistoryLimiter(0)),
    (
        "max_tokens and max_tokens_per_message must be None or greater than or equal to 0",
        lambda: MessageTokenLimiter(-1),
    ),
    (
        "max_tokens and max_tokens_per_message must be None or greater than or equal to 0",
        lambda: MessageTokenLimiter(max_tokens=-1),
    ),
    ("min_tokens must be None or greater than or equal to 0.", lambda: MessageTokenLimiter(min_tokens=-1)),
    ("min_tokens must not be more than max_tokens.", lambda: MessageTokenLimiter(max_tokens=1, min_tokens=2)),
    (
        "format_string must contain {name} and no other field, got 'x'.",
        lambda: TextMessageContentName(format_string="x"),
    ),
    (
        "format_string must contain {name} and no other field, got '{name} {role}'.",
        lambda: TextMessageContentName(format_string="{name} {role}"),
    ),
    (
        "A transform function is known by its registered name, which must not be empty.",
        lambda: FunctionTransform(""),
    ),
]


@pytest.mark.parametrize(("text", "make"), REFUSED)
def test_what_no_transform_can_be(text: str, make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        make()


def test_other_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="position"):
        TextMessageContentName("middle")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"A transform function is known by its name and functools\.partial"):
        FunctionTransform(partial(list))


def test_defaults_are_those_of_0_2() -> None:
    assert (MessageHistoryLimiter().max_messages, MessageHistoryLimiter().keep_first_message) == (None, False)
    limiter = MessageTokenLimiter()
    assert (limiter.max_tokens_per_message, limiter.max_tokens, limiter.min_tokens) == (None, None, None)
    name = TextMessageContentName()
    assert (name.position, name.format_string, name.deduplicate) == ("start", "{name}:\n", True)


texts = st.text("ab", max_size=6)
exchanges = st.lists(st.tuples(st.sampled_from("xyz"), texts), min_size=1, unique_by=lambda pair: pair[0]).map(
    lambda pairs: [call(*(name for name, _ in pairs)), results(**dict(pairs))]
)
units = st.one_of(texts.map(lambda text: [user(text)]), texts.map(lambda text: [said(text)]), exchanges)
conversations = st.lists(units, max_size=7).map(lambda lists: [message for unit in lists for message in unit])
sizes = st.none() | st.integers(1, 25)
transforms = st.one_of(
    st.builds(MessageHistoryLimiter, sizes, st.booleans()),
    st.builds(MessageTokenLimiter, sizes, sizes),
    st.builds(TextMessageContentName, st.sampled_from(["start", "end"])),
)


def is_whole(messages: Sequence[Message]) -> bool:
    """Whether every call is followed by exactly its results, and every result follows its call."""
    kinds = [message["type"] for message in messages]
    for place, message in enumerate(messages):
        asked = message["type"] == "AssistantMessage" and isinstance(message["content"], list)
        answers = place + 1 < len(kinds) and kinds[place + 1] == "FunctionExecutionResultMessage"
        if asked != answers:
            return False
        # Models may use the ids of one call again in another, in another order: providers look for each id.
        if asked and sorted(item["id"] for item in message["content"]) != sorted(
            item["call_id"] for item in messages[place + 1]["content"]
        ):
            return False
    return True


@given(conversations, st.lists(transforms, max_size=3))
def test_no_conversation_is_torn_or_changed(talk: list[Message], applied: list[Transform]) -> None:
    before = copy.deepcopy(talk)
    done = transformed(applied, [system(), *talk], words)
    assert done[0] == system()
    assert is_whole(done[1:])
    assert talk == before


@given(conversations, sizes, st.integers(0, 40))
def test_a_limit_of_tokens_holds(talk: list[Message], each: int | None, limit: int) -> None:
    done = apply(MessageTokenLimiter(each, limit), *talk)
    assert sum(map(words, done)) <= limit
    if each is not None:
        # A call is never cut, whatever it counts.
        assert all(words(message) <= each for message in done if isinstance(message["content"], str))


@given(conversations, st.integers(1, 9), st.booleans())
def test_a_limit_of_messages_holds(talk: list[Message], limit: int, first: bool) -> None:
    done = apply(MessageHistoryLimiter(limit, first), *talk)
    assert len(done) <= limit
    if len(talk) <= limit:
        assert done == talk
