"""Every verb takes --json, every option has an environment variable that is told of, and wrong usage is exit code 2."""

from __future__ import annotations

from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from folkmoot._local import ENVIRONMENT
from folkmoot.cli.app import app

COMMANDS: dict[str, Any] = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
VERBS = [
    "dev",
    "worker",
    "demo",
    "run",
    "ls",
    "show",
    "summarize",
    "tail",
    "pause",
    "resume",
    "reset",
    "stop",
    "cancel",
    "snapshots",
    "branches",
    "label",
    "diff",
    "rollback",
    "fork",
    "save",
    "load",
    "export",
    "import",
    "context",
    "usage",
    "inbox",
    "pending",
    "answer",
    "approve",
    "reject",
    "edit",
    "settle",
    "say",
    "change",
    "close",
    "delete",
    "replay",
    "serve",
    "setup",
    "doctor",
    "token",
    "encryption-key",
    "scripted-model",
]


def test_the_verbs_are_these() -> None:
    assert sorted(COMMANDS) == sorted(VERBS)


@pytest.mark.parametrize("name", VERBS)
def test_every_option_has_a_variable_that_is_told_of(name: str) -> None:
    for parameter in COMMANDS[name].params:
        if parameter.name != "help":
            assert parameter.envvar in ENVIRONMENT, f"{name}: {parameter.name} has {parameter.envvar!r}"


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help_and_json(name: str) -> None:
    assert COMMANDS[name].help
    assert any("--json" in parameter.opts for parameter in COMMANDS[name].params)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ls", "--nonsense"], "--nonsense"),
        (["show"], "Missing argument"),
        (["answer", "c", "r"], "Missing argument 'TEXT"),
        (["settle", "c", "r", "maybe"], "'maybe' is not one of 'succeeded', 'failed', 'retry'"),
        (["say", "c", "hi", "--when", "soon"], "'--when'"),
        (["inbox", "--limit", "0"], "'--limit'"),
        (["nonsense"], "No such command 'nonsense'"),
        (["ls", "--limit", "0"], "'--limit'"),
        (["ls", "--limit", "many"], "'--limit'"),
        (["tail", "c", "--after", "-2"], "'--after'"),
        (["ls", "--log-level", "loud"], "'loud' is none of: debug, info"),
        (["dev", "--port", "70000"], "'--port'"),
        (["rollback", "c", "-1"], "No such option: -1"),
        (["rollback", "c", "six"], "'OFFSET'"),
        (["save", "c", "--turn", "0"], "'--turn'"),
        (["fork", "c"], "Missing argument 'NEWID"),
        (["label", "c", "x", "--at", "-1"], "'--at'"),
        (["load", "c"], "Missing argument 'FILE"),
        (["resume", "c", "m.json", "--max-tokens", "0"], "'--max-tokens'"),
        (["setup", "--wait", "-1"], "'--wait'"),
        (["worker", "--graceful-shutdown-timeout", "-1"], "'--graceful-shutdown-timeout'"),
    ],
)
def test_wrong_usage_is_told_with_code_2(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_the_version_is_told() -> None:
    from folkmoot import __version__

    assert CliRunner().invoke(app, ["--version"]).stdout == f"folkmoot {__version__}\n"
