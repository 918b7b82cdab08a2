"""Model contexts: which messages a model sees, and that no view tears a tool call from its results."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from folkmoot.contexts import (
    BufferedChatCompletionContext,
    ChatCompletionContext,
    HeadAndTailChatCompletionContext,
    Placeholder,
    TokenLimitedChatCompletionContext,
    UnboundedChatCompletionContext,
    select,
)

KINDS = {
    "u": "UserMessage",
    "a": "AssistantMessage",
    "r": "FunctionExecutionResultMessage",
    "s": "SystemMessage",
}


def view(context: ChatCompletionContext, story: str, window: int | None = None) -> str:
    """What is left of a story of one-letter messages; a message costs one token."""
    kinds = [KINDS[letter] for letter in story]
    picked = select(context, kinds, len, window=window)
    return "".join("." if isinstance(item, Placeholder) else story[item] for item in picked)


def test_unbounded_keeps_everything_but_orphans() -> None:
    assert view(UnboundedChatCompletionContext(), "uauarua") == "uauarua"
    assert view(UnboundedChatCompletionContext(), "ruarr") == "uarr"
    assert view(UnboundedChatCompletionContext(), "") == ""


def test_call_that_still_waits_for_its_result_stays() -> None:
    assert view(UnboundedChatCompletionContext(), "uaua") == "uaua"


@pytest.mark.parametrize(
    ("size", "story", "seen"),
    [
        (2, "uaua", "ua"),
        (9, "uaua", "uaua"),
        (2, "uara", "a"),
        (3, "uara", "ara"),
        (1, "uar", ""),
        (1, "u", "u"),
    ],
)
def test_buffered_keeps_the_last_and_drops_a_leading_result(size: int, story: str, seen: str) -> None:
    assert view(BufferedChatCompletionContext(size), story) == seen


@pytest.mark.parametrize(
    ("head", "tail", "story", "seen"),
    [
        (1, 1, "uauau", "u.u"),
        (2, 2, "uaua", "uaua"),
        (2, 1, "uaruu", "u.u"),  # the head would end in a call whose result is skipped
        (1, 2, "uauara", "u.a"),  # the tail would begin with a result whose call is skipped
        (2, 1, "uauau", "ua.u"),
    ],
)
def test_head_and_tail_with_a_placeholder_between(head: int, tail: int, story: str, seen: str) -> None:
    assert view(HeadAndTailChatCompletionContext(head, tail), story) == seen


def test_placeholder_counts_what_lies_outside_head_and_tail() -> None:
    picked = select(HeadAndTailChatCompletionContext(2, 1), [KINDS[letter] for letter in "uaruuu"])
    holders = [item for item in picked if isinstance(item, Placeholder)]
    assert [holder.message for holder in holders] == [
        {"type": "UserMessage", "content": "Skipped 3 messages.", "source": "System"}
    ]


def popped(total: int, limit: int) -> list[int]:
    """AutoGen's rule, step by step: take out the middle until it fits."""
    left = list(range(total))
    while len(left) > limit:
        left.pop(len(left) // 2)
    return left


@pytest.mark.parametrize("total", range(8))
@pytest.mark.parametrize("limit", range(1, 9))
def test_token_limit_takes_out_the_middle_as_autogen_does(total: int, limit: int) -> None:
    picked = select(TokenLimitedChatCompletionContext(limit), ["UserMessage"] * total, len)
    assert picked == popped(total, limit)


def test_token_limit_weighs_messages() -> None:
    weights = [1, 50, 1, 1]

    def count(places: Sequence[int]) -> int:
        return sum(weights[place] for place in places)

    # 53 tokens, then the middle goes: places 2, 1.
    assert select(TokenLimitedChatCompletionContext(10), ["UserMessage"] * 4, count) == [0, 3]
    assert select(TokenLimitedChatCompletionContext(1), ["UserMessage"] * 4, count) == [0]


def test_token_limit_never_leaves_half_an_exchange() -> None:
    # Four messages fit: u a . . a u, where the first `a` is a call whose result went.
    assert view(TokenLimitedChatCompletionContext(4), "uaruau") == "uau"


def test_without_a_limit_of_its_own_the_window_of_the_model_counts() -> None:
    assert view(TokenLimitedChatCompletionContext(), "uauau", window=3) == "uau"
    assert view(TokenLimitedChatCompletionContext(), "uauau") == "uauau"
    assert view(TokenLimitedChatCompletionContext(5), "uauau", window=1) == "uauau"


def test_token_limit_needs_a_counter() -> None:
    with pytest.raises(ValueError, match="needs a function that counts tokens"):
        select(TokenLimitedChatCompletionContext(5), ["UserMessage"])
