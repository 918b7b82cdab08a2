"""The command line of a vote says who decides, by which of their roles, and how requests are told."""

from __future__ import annotations

import shlex

import pytest

from folkmoot.chat import PendingRequest
from folkmoot.errors import BadCommandError, ChatNotFoundError, ServerUnavailableError
from folkmoot.server.dashboard.errors import lasting
from folkmoot.server.dashboard.requests.casting import Vote, same_command
from folkmoot.server.dashboard.requests.wording import asker_words
from folkmoot.server.identity import Identity
from folkmoot.server.refusals import ForbiddenError

FIN = Identity("fin", frozenset({"approver", "finance", "the board"}))


def asked(*approvers: str) -> PendingRequest:
    return PendingRequest(
        request="r", kind="approval", prompt="Pay?", path="buyer", offset=1, since="", hash="h", approvers=approvers
    )


@pytest.mark.parametrize(
    ("approvers", "roles"),
    [
        ((), []),
        (("role:finance",), ["finance"]),
        (("role:the board", "carol"), ["the board"]),
        (("role:finance", "fin"), []),
        (("role:travel",), []),
    ],
)
def test_the_command_line_has_the_roles_that_count(approvers: tuple[str, ...], roles: list[str]) -> None:
    words = shlex.split(same_command("c", asked(*approvers), Vote("approve", "h"), FIN))
    assert words[:4] == ["folkmoot", "approve", "c", "r"]
    assert words[words.index("--as") + 1] == "fin"
    assert [words[number + 1] for number, word in enumerate(words) if word == "--role"] == roles


def test_who_is_asked_does_not_ask() -> None:
    assert asker_words("input", "bob") == "bob is asked"
    assert asker_words("approval", "buyer") == "asked by buyer"
    assert asker_words("budget", "") == "asked by the chat"


def test_what_stays_refused_is_not_offered_again() -> None:
    for error in (BadCommandError("x"), ChatNotFoundError("x", chat_id="x"), ForbiddenError("x")):
        assert lasting(error)
    assert not lasting(ServerUnavailableError("x"))
    assert not lasting(TimeoutError())
