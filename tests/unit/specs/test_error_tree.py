"""Errors: one tree, AutoGen's builtin types where it has them, a wire form that brings every one back."""

from __future__ import annotations

import json
import pickle

import pytest

from folkmoot import errors
from folkmoot.errors import FolkmootError, error_from_wire, to_wire

SAMPLES: list[FolkmootError] = [
    FolkmootError("Something."),
    errors.ChatError("About a chat.", chat_id="c"),
    errors.ChatNotFoundError("No chat 'c'.", chat_id="c"),
    errors.ChatClosedError("Chat 'c' is closed; pass replace=True.", chat_id="c"),
    errors.ChatExistsError("Chat 'c' is of another team."),
    errors.ChatBusyError("The team is already running, it cannot run again until it is stopped."),
    errors.ChatCancelled(chat_id="c"),
    errors.ChatFailedError("writer", "KeyError", "'x'", chat_id="c"),
    errors.UnknownNameError("tool", "t", ["a", "b"], "Register it with FolkmootPlugin(tools=[...])."),
    errors.NoWorkerError("folkmoot", "default"),
    errors.ServerUnavailableError("No server at localhost:7233."),
    errors.PayloadTooLargeError(2_000_000, 1_500_000),
    errors.StoreMissingError("No store."),
    errors.BadCommandError("Unknown field 'x'."),
    errors.DecisionRefusedError("'eve' may not decide this."),
    errors.ModelCallError("m answered 429.", status=429, retryable=True, retry_after=1.5),
    errors.LogReadError("Query timed out."),
]


def test_samples_hold_every_error() -> None:
    public = {name for name in errors.__all__ if name[0].isupper()}
    assert public == {type(sample).__name__ for sample in SAMPLES}


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: error.type)
def test_error_comes_back_from_the_wire(error: FolkmootError) -> None:
    wire = json.loads(json.dumps(to_wire(error)))
    assert wire["type"] == type(error).__name__ == type(error).type
    again = error_from_wire(**wire)
    assert type(again) is type(error)
    assert str(again) == str(error) == wire["message"]
    assert again.details() == error.details()
    assert type(pickle.loads(pickle.dumps(error))) is type(error)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: error.type)
def test_details_may_be_missing_or_odd(error: FolkmootError) -> None:
    odd = {name: {"odd": 1} for name in error.details()}
    for details in ({}, None, odd, {"of": "a newer release"}):
        again = error_from_wire(error.type, "What happened.", details)
        assert type(again) is type(error)
        assert str(again) == "What happened."
        json.dumps(to_wire(again))


def test_unknown_type_becomes_a_plain_error_that_names_it() -> None:
    error = error_from_wire("ChatSleepsError", "It sleeps.")
    assert type(error) is FolkmootError
    assert str(error) == "ChatSleepsError: It sleeps."
    assert str(error_from_wire("", "It sleeps.")) == "It sleeps."


def test_builtin_types_are_autogens() -> None:
    assert issubclass(errors.ChatBusyError, ValueError)
    assert issubclass(errors.ChatBusyError, RuntimeError)
    assert issubclass(errors.ChatFailedError, RuntimeError)
    assert issubclass(errors.BadCommandError, ValueError)


def test_texts_name_what_to_do() -> None:
    texts = {error.type: str(error) for error in SAMPLES}
    assert texts["ChatFailedError"] == "Agent 'writer' failed: KeyError: 'x'"
    assert texts["UnknownNameError"].startswith("Unknown tool 't'; known: 'a', 'b'. Register it")
    assert "task queue 'folkmoot' in namespace 'default'" in texts["NoWorkerError"]
    assert texts["PayloadTooLargeError"] == "The payload has 2,000,000 bytes; at most 1,500,000 are allowed."
    assert str(errors.ChatFailedError("", "ValueError", "bad")) == "ValueError: bad"
    assert str(errors.UnknownNameError("model", "m")) == "Unknown model 'm'; known: none."
