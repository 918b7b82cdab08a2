"""Requests to people at the command line: who somebody is, which request is meant, and what is told of one."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from folkmoot.chat import Chat, Decision, PendingRequest
from folkmoot.cli.app import app
from folkmoot.cli.deciding import told
from folkmoot.cli.editor import edited
from folkmoot.cli.inbox import time_of
from folkmoot.cli.requests import amounts_of, arguments_of, command_for, details, given_text, person_of, request_of

IDS = ("3f4b1c2d-0001", "3f4b1c2d-0002", "77aa0000-0003")


def request(id: str = IDS[0], kind: str = "approval", **fields: Any) -> PendingRequest:
    return PendingRequest(id, kind, "writer", "writer wants to pay.", "2026-11-21T20:11:12.000Z", 4, **fields)


class Asking:
    """A chat that asks these."""

    async def pending(self) -> list[PendingRequest]:
        return [request(name) for name in IDS]


@pytest.mark.parametrize(
    ("who", "roles", "by"),
    [
        ("", None, None),
        ("ann", None, {"subject": "ann", "channel": "cli"}),
        (" ann ", ["finance", "role:it"], {"subject": "ann", "channel": "cli", "roles": ["finance", "it"]}),
    ],
)
def test_who_it_is(who: str, roles: list[str] | None, by: dict[str, Any] | None) -> None:
    assert person_of(who, roles) == by


@pytest.mark.parametrize(
    ("who", "roles", "needed", "said"),
    [("", None, True, "Say who you are"), ("", ["finance"], False, "Say who"), ("ann", ["role:"], False, "--role")],
)
def test_who_is_nobody(who: str, roles: list[str] | None, needed: bool, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        person_of(who, roles, needed=needed)


@pytest.mark.parametrize(("given", "meant"), [(IDS[0], IDS[0]), ("77aa00", IDS[2]), ("nothing", None), ("", None)])
async def test_which_request(given: str, meant: str | None) -> None:
    if not given:
        with pytest.raises(ValueError, match="at least 6 characters"):
            await request_of(cast(Chat, Asking()), given)
        return
    found = await request_of(cast(Chat, Asking()), given)
    assert (None if found is None else found.request) == meant


@pytest.mark.parametrize(("given", "said"), [("77aa0", "at least 6"), ("3f4b1c2d", "begins several requests: 3f4b")])
async def test_which_request_is_not_clear(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        await request_of(cast(Chat, Asking()), given)


def test_arguments_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "arguments.json"
    file.write_text('{"amount": 1}')
    assert arguments_of('{"amount": 1}') == arguments_of(f"@{file}") == {"amount": 1}
    monkeypatch.setattr("sys.stdin", io.StringIO('{"amount": 2}\n'))
    assert arguments_of("-") == {"amount": 2}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{amount: 1}", "are no JSON"),
        ("[1]", r"must be a JSON object.*got '\[1\]'"),
        ('{"to": [{"key": "•••"}]}', "in place of a secret"),
    ],
)
def test_what_are_no_arguments(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        arguments_of(text)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(OSError, match="no-such-file"):
        arguments_of("@no-such-file")


def test_texts_are_read_without_the_lines_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("two\nlines\n"))
    assert given_text("-") == "two\nlines"
    assert given_text("one") == "one"


def test_how_much_more() -> None:
    assert amounts_of(["tokens=1000", "cost=2.5"]) == {"tokens": 1000, "cost": 2.5}


@pytest.mark.parametrize("text", ["tokens", "tokens=", "tokens=1.5", "tokens=-1", "cost=inf", "cost=nan", "euros=5"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match=f"got {text!r}"):
        amounts_of([text])


def test_times() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert time_of("2h", now) == now + timedelta(hours=2)
    assert time_of("2026-12-24T18:00Z", now) == datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert time_of("2026-12-24T18:00", now) == datetime(2026, 12, 24, 18).astimezone(UTC)
    for text in ("soon", "", "99999999999d"):
        with pytest.raises(ValueError, match="--due-before takes a time"):
            time_of(text, now)


def test_nothing_hides_in_what_is_to_be_approved() -> None:
    code = "rm -rf x # \u202eharmless\x1b[2J\u200b"
    shown = details(request(kind="code", arguments={"code_blocks": [{"language": "sh", "code": code}]})).plain
    assert "rm -rf x # \\u{202e}harmless\\u{001b}[2J\\u{200b}\n" in shown
    shown = details(request(arguments={"to": "\u202e", "amount": 12}, content="a\u200bb")).plain
    assert '"to": "\\u{202e}"' in shown
    assert "a\\u{200b}b" in shown


def test_all_that_is_known_is_told() -> None:
    votes = ({"subject": "ann", "verdict": "approve", "offset": 3},)
    known = request(
        hash="ab" * 16,
        reason="Much.",
        name="pay",
        arguments={"amount": 12},
        approvers=("ann", "role:it"),
        quorum=2,
        votes=votes,
        verdicts=("approve", "reject"),
        deadline="2026-11-22T08:00:00.000Z",
        overdue=True,
        revision=1,
    )
    lines = details(known).plain.split("\n")
    assert [line[:12].rstrip() for line in lines if line[0] != " "] == [
        *("Request", "Kind", "Who asks", "Question", "Reason", "Tool", "Arguments", "Since", "Due", "May decide"),
        *("Votes", "Verdicts", "Revision", "Hash"),
    ]
    assert "Due         2026-11-22 08:00 UTC (overdue)" in lines
    assert "Votes       ann approve; 2 must agree" in lines


@pytest.mark.parametrize(
    ("kind", "verdicts", "command"),
    [
        ("input", (), "folkmoot answer c {} TEXT"),
        ("speaker", (), "folkmoot answer c {} NAME"),
        ("approval", ("approve",), "folkmoot approve c {}; or reject"),
        ("code", ("approve",), "folkmoot approve c {}; or reject"),
        ("outcome", ("succeeded", "failed", "retry"), "folkmoot settle c {} succeeded|failed|retry"),
        ("budget", ("approve", "reject"), "folkmoot approve c {} --add tokens=1000; or reject"),
    ],
)
def test_which_command_it_takes(kind: str, verdicts: tuple[str, ...], command: str) -> None:
    assert command_for("c", request(kind=kind, verdicts=verdicts)) == command.format(IDS[0])


def test_what_came_of_a_vote() -> None:
    assert told(Decision("r", "edit", 1, "approve", 0)) == "decided: approve"
    assert told(Decision("r", "approve", 1, None, 2)) == "the vote counts: approve; 2 more must agree"
    assert told(Decision("r", "reject", 1, None, 1)) == "the vote counts: reject; it is still open"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["approve", "c", "r"], "Say who you are"),
        (["approve", "c", "r", "--as", "ann", "--add", "much"], "got 'much'"),
        (["edit", "c", "r", "--as", "ann"], "Without a terminal there is no editor"),
        (["edit", "c", "r", "--as", "ann", "--arguments", "[]"], "must be a JSON object"),
        (["settle", "c", "r", "succeeded", "--as", "ann"], "--result TEXT tells"),
        (["settle", "c", "r", "retry", "--as", "ann", "--result", "x"], "--result TEXT tells"),
        (["settle", "c", "r", "retry", "--as", "ann", "--reason", "x"], "it does not go with retry"),
        (["say", "c", " "], "There is nothing to say"),
        (["say", "c", "hi", "--role", "finance"], "Say who you are"),
        (["inbox", "--role", ""], "--role takes the name of a role"),
        (["inbox", "--due-before", "soon"], "--due-before takes a time"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_asked(arguments: list[str], said: str, tmp_path: Path) -> None:
    # Were it to connect, it would say that there are no chats in the folder.
    environment = {"FOLKMOOT_DATA_DIR": str(tmp_path), "TEMPORAL_ADDRESS": None, "FOLKMOOT_BY": None}
    result = CliRunner().invoke(app, arguments, env=environment)
    assert result.exit_code == 1
    assert said in result.stderr


class TestEditor:
    """The editor is a program that changes the file it is given."""

    def editor(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, work: str) -> None:
        program = tmp_path / "editor.py"
        program.write_text(f"import sys, pathlib\nfile = pathlib.Path(sys.argv[1])\n{work}")
        monkeypatch.setenv("EDITOR", f"python3 '{program}'")

    async def test_what_is_saved_comes_back(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        work = "mode = oct(file.stat().st_mode & 0o777)\nfile.write_text(file.read_text().replace('x', mode))\n"
        self.editor(monkeypatch, tmp_path, work + f"pathlib.Path({str(tmp_path / 'name')!r}).write_text(str(file))")
        text = await edited({"key": "x"})
        assert json.loads(text or "") == {"key": "0o600"}
        assert not Path((tmp_path / "name").read_text()).exists()

    async def test_what_is_left_as_it_was_is_none(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.editor(monkeypatch, tmp_path, "")
        assert await edited({"amount": 1}) is None
        self.editor(monkeypatch, tmp_path, "file.write_text('')")
        assert await edited({"amount": 1}) is None

    async def test_an_editor_that_fails(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.editor(monkeypatch, tmp_path, "sys.exit(3)")
        with pytest.raises(ValueError, match="ended with exit code 3; nothing was changed"):
            await edited({})
        monkeypatch.setenv("EDITOR", "no-such-editor")
        with pytest.raises(ValueError, match="'no-such-editor' cannot be started"):
            await edited({})
