"""Errors are one line and exit code 1; with --debug the traceback comes too, with --json the line is an object."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer
from pydantic import BaseModel, ValidationError
from typer.testing import CliRunner

from folkmoot.cli.verbs import Invocation, one_line, verb
from folkmoot.errors import ChatNotFoundError

RAISED: dict[str, BaseException] = {
    "domain": ChatNotFoundError("There is no\nchat 'x'.", chat_id="x"),
    "value": ValueError("A bad value."),
    "surprise": KeyError("key"),
    "exit": typer.Exit(7),
    "ctrl-c": KeyboardInterrupt(),
}


async def fail(invocation: Invocation, what: str) -> None:
    """Fail."""
    raise RAISED[what]


async def work(invocation: Invocation) -> None:
    """Work."""
    invocation.screen.emit({"queue": invocation.settings.queue}, "done")


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    verb("fail", fail)(app)
    verb("work", work)(app)
    return app


@pytest.mark.parametrize(
    ("what", "code", "said"),
    [
        ("domain", 1, "folkmoot: There is no chat 'x'.\n"),
        ("value", 1, "folkmoot: A bad value.\n"),
        ("surprise", 1, "folkmoot: KeyError: 'key' (--debug shows where)\n"),
        ("exit", 7, ""),
        ("ctrl-c", 130, ""),
    ],
)
def test_an_error_is_one_line(app: typer.Typer, what: str, code: int, said: str) -> None:
    result = CliRunner().invoke(app, ["fail", what])
    assert (result.exit_code, result.stderr, result.stdout) == (code, said, "")


def test_debug_shows_the_traceback(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["fail", "value", "--debug"])
    assert "Traceback" in result.stderr
    assert result.stderr.endswith("folkmoot: A bad value.\n")


def test_json_makes_the_error_an_object(app: typer.Typer) -> None:
    error = json.loads(CliRunner().invoke(app, ["fail", "domain", "--json"]).stderr)["error"]
    assert error == {
        "type": "ChatNotFoundError",
        "message": "There is no chat 'x'.",
        "details": {"chat_id": "x"},
    }


def test_options_come_from_the_environment(app: typer.Typer) -> None:
    environment = {"FOLKMOOT_TASK_QUEUE": "q", "FOLKMOOT_JSON": "1"}
    assert CliRunner().invoke(app, ["work"], env=environment).stdout == '{"queue": "q"}\n'
    assert CliRunner().invoke(app, ["work"]).stdout == "done\n"


def test_an_option_outranks_the_environment(app: typer.Typer) -> None:
    arguments = ["work", "--queue", "mine", "--json"]
    assert CliRunner().invoke(app, arguments, env={"FOLKMOOT_TASK_QUEUE": "q"}).stdout == '{"queue": "mine"}\n'


def test_a_validation_error_tells_place_and_reason_but_not_the_input() -> None:
    class Settings(BaseModel):
        key: int

    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"key": "sk-secret"})
    line = one_line(caught.value)
    assert line.startswith("key: ")
    assert "sk-secret" not in line
    assert "\n" not in line


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_the_command_says_how_to_install_it(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from folkmoot.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"folkmoot: the command line needs {missing!r}; install it with: pip install 'folkmoot[cli]'\n"
    )
