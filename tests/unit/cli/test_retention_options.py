"""`folkmoot delete`: what it takes for an age, and what it refuses before anything is connected to."""

from __future__ import annotations

from datetime import timedelta

import pytest
import typer
from typer.testing import CliRunner

from folkmoot.cli.app import app
from folkmoot.cli.retention import age_of


@pytest.mark.parametrize(
    ("text", "age"),
    [("90d", timedelta(days=90)), ("12h", timedelta(hours=12)), ("4w", timedelta(weeks=4)), ("0s", timedelta())],
)
def test_ages(text: str, age: timedelta) -> None:
    assert age_of(text) == age


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1.5d", "3 months"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="as in 90d"):
        age_of(text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either the ID of a chat or --older-than"),
        (["c", "--older-than", "1d"], "give either the ID of a chat or --older-than"),
        (["--older-than", "1d", "--force"], "--force is for a chat given by its ID"),
        (["--older-than", "soon"], "got 'soon'"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["delete", *arguments])
    assert result.exit_code == 2, "as other commands answer wrong usage"
    assert said in result.stderr
    assert result.stderr.startswith("Usage: ")
    assert "Traceback" not in result.stderr
    assert "BadParameter" not in result.stderr
