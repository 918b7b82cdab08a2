"""Output in a pipe: JSON lines and nothing else on stdout, progress in whole lines on stderr."""

from __future__ import annotations

import json

import pytest

from folkmoot.cli.screen import Screen


def test_json_keeps_words_for_people_away(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(json=True)
    screen.say("hello")
    screen.emit({"a": "é", "b": (1, 2)}, "shown")
    assert json.loads(capsys.readouterr().out) == {"a": "é", "b": [1, 2]}


def test_words_are_whole_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    Screen(json=False).say("word " * 100)
    assert capsys.readouterr().out.count("\n") == 1


def test_progress_is_a_line_a_step_and_a_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen(json=False).waiting("starting") as show:
        show("fetching", None)
        for percent in range(101):
            show("compiling", percent / 100)
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert captured.out == ""
    assert lines[:2] == ["fetching", "compiling (0%)"]
    assert 10 <= len(lines) <= 13
