"""The verb summarize: what it prints, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests._support.command_line import CommandLine

TEAM = {"type": "AssistantAgent", "name": "writer", "model_client": "m"}


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    cli = CommandLine(tmp_path_factory.mktemp("summarize"))
    cli.write("team.json", TEAM)
    cli.scripted_model([{"text": "Words [bold]as they are[/bold] TERMINATE", "repeat": True}])
    cli.start("dev").kind("dev")
    cli.json("run", "team.json", "--task", "Write", "--id", "first")
    yield cli
    cli.close()


def test_it_is_printed(cli: CommandLine) -> None:
    assert cli.run("summarize", "first").stdout == "Words [bold]as they are[/bold]\n"
    given = ("--method", "reflection_with_llm", "--prompt", "Say.")
    (told,) = cli.json("summarize", "first", *given)
    assert told == {
        "chat": "first",
        "method": "reflection_with_llm",
        "summary": "Words [bold]as they are[/bold] TERMINATE",
    }


def test_refusals(cli: CommandLine) -> None:
    assert "There is no chat 'nobody'" in cli.run("summarize", "nobody", code=1).stderr
    assert "Unknown function 'shout'" in cli.run("summarize", "first", "--method", "shout", code=1).stderr
    assert "is for the method reflection_with_llm" in cli.run("summarize", "first", "--prompt", "Say.", code=1).stderr
