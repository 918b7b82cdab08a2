"""What of a context is summarised next, how a summary takes its place, and which specs cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from folkmoot._chat.condensing import Begun, Condensed, Item, Step, next_step
from folkmoot.contexts import SummarizedChatCompletionContext

LIMIT = 1_000


def context(**options: Any) -> SummarizedChatCompletionContext:
    return SummarizedChatCompletionContext("scripted", **{"token_limit": LIMIT, "keep_last": 2, **options})


def user(number: int, tokens: int = 100) -> Item:
    text = f"<m{number}>".ljust((tokens - 4) * 4, ".")
    return Item({"type": "UserMessage", "content": text, "source": "user"}, tokens=tokens)


def calls() -> Item:
    call = {"id": "1", "name": "look", "arguments": "{}"}
    return Item({"type": "AssistantMessage", "content": [call], "thought": None, "source": "a"}, tokens=10)


def results(tokens: int = 100) -> Item:
    result = {"content": "seen", "name": "look", "call_id": "1", "is_error": False}
    return Item({"type": "FunctionExecutionResultMessage", "content": [result]}, tokens=tokens)


def tokens_of(item: Item) -> int:
    assert item.tokens is not None
    return item.tokens


def step(items: Sequence[Item], fixed: int = 0, begun: Begun | None = None, **options: Any) -> Step | None:
    return next_step(context(**options), items, fixed, tokens_of, begun)


def summary(tokens: int = 100, stands: Any = "many") -> Item:
    return Item({"type": "UserMessage", "content": "s", "source": "summary"}, tokens=tokens, stands=stands)


def test_nothing_below_the_limit() -> None:
    assert step([user(n) for n in range(10)]) is None
    assert step([]) is None


def test_the_oldest_go_as_many_as_make_up_a_stretch() -> None:
    assert step([user(n) for n in range(11)]) == Step(5)
    assert step([user(n) for n in range(11)], stretch_tokens=250) == Step(2)
    assert step([user(n) for n in range(11)], stretch_tokens=10_000) == Step(9)


def test_initial_messages_and_memories_count() -> None:
    assert step([user(n) for n in range(10)], fixed=1) == Step(5)


def test_the_running_summary_goes_into_the_next_one() -> None:
    assert step([summary(), *(user(n) for n in range(10))]) == Step(6)


def test_calls_stay_with_their_results() -> None:
    items = [user(0), calls(), results(), *(user(n) for n in range(9))]
    assert step(items, stretch_tokens=150) == Step(1)
    assert step(items, stretch_tokens=210) == Step(3)
    # Kept as a whole, though that is one more than asked for.
    assert step([*(user(n) for n in range(10)), calls(), results(), user(11)], stretch_tokens=9_999) == Step(10)


def test_results_without_their_call_are_a_message_of_their_own() -> None:
    assert step([results(), *(user(n) for n in range(10))], stretch_tokens=150) == Step(1)


def test_a_large_message_is_summarised_alone_first() -> None:
    assert step([user(0), user(1, 600), *(user(n) for n in range(5))]) == Step(1)
    assert step([user(1, 600), *(user(n) for n in range(5))]) == Step(1, 0)
    assert step([summary(stands="one"), *(user(n) for n in range(10))]) == Step(5)


def test_last_messages_without_room_are_not_kept() -> None:
    assert step([user(0, 400), user(1, 400), user(2, 400)], keep_last=3) == Step(1)


def test_a_last_message_that_never_fits_gives_way_before_the_others() -> None:
    assert step([user(0), user(1, 2_000)]) == Step(1, 1)
    assert step([summary(), user(0), calls(), results(900)]) == Step(2, 2)


def test_there_is_an_end() -> None:
    """What cannot be made shorter is shown as it is."""
    assert step([summary(900), summary(900, "one")]) is None
    assert step([user(0, 200)], fixed=5_000) is None


def test_what_was_begun_is_ended() -> None:
    assert step([user(0)], begun=Begun(0, 1, 40, "so far")) == Step(1, 0)


def test_each_earlier_message() -> None:
    items = [user(0, 40), user(1, 60), summary(90, "one"), user(2, 60), user(3, 60), user(4, 60)]
    assert step(items, each=True, message_tokens=50) == Step(1, 1)
    assert step([*items[:1], *items[2:4]], each=True, message_tokens=50) is None


def test_a_summary_takes_the_place_of_what_it_tells() -> None:
    memory = Item({"type": "SystemMessage", "content": "m", "memory": "-m0"})
    told = Condensed([user(0), memory, calls(), results(), user(3)])
    told.take({"count": 2, "place": 1, "done": 7}, "half")
    assert (told.begun, len(told.items)) == (Begun(1, 2, 7, "half"), 5)
    told.take({"count": 2, "place": 1}, "looked")
    assert [item.message["content"] for item in told.items[1:3]] == ["m", "[Summary of a longer message]\nlooked"]
    assert (told.begun, told.items[2].message["source"], told.items[2].stands) == (None, "a", "one")
    told.take({"count": 2}, "all")
    assert [item.stands for item in told.items] == ["many", "", ""]
    assert told.items[1] is memory


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token_limit": 0}, "token_limit must be greater than 0"),
        ({"keep_last": 0}, "keep_last must be greater than 0"),
        ({"message_tokens": -1}, "message_tokens must be greater than 0"),
        ({"stretch_tokens": 0}, "stretch_tokens must be greater than 0"),
        ({"summary_tokens": 1_000}, "summary_tokens must be less than token_limit, 1000, got 1000"),
        ({"prompt": " "}, "prompt must tell the model what to write, got ' '"),
        ({"model_client": ""}, "model_client must be the name of a model"),
    ],
)
def test_specs_that_cannot_be(options: dict[str, Any], words: str) -> None:
    fields = {"model_client": "m", "token_limit": LIMIT, **options}
    with pytest.raises(ValueError, match=words):
        SummarizedChatCompletionContext(**fields)
