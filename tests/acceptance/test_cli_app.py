"""Without a worker of the user's the verbs work themselves: what they do not know is told with the option that says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests._support.command_line import CommandLine

TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "participants": [{"type": "AssistantAgent", "name": "writer", "model_client": "m", "tools": ["look"]}],
    "max_turns": 1,
}
APP = '''
def look(place: str) -> str:
    """Looks at a place."""
    return "nothing"

plugin = {"tools": [look]}
'''
SAID = "folkmoot: Unknown tool 'look'; known: none. This command's own worker knows what --app names; none was given."


def test_an_unknown_name_names_the_option(tmp_path: Path) -> None:
    cli = CommandLine(tmp_path)
    try:
        cli.write("team.json", TEAM)
        cli.write("app.py", APP)
        cli.scripted_model({"*": [{"text": "words", "repeat": True}]})
        cli.run("run", "team.json", "--app", "app:plugin", "--task", "Write", "--id", "c")
        assert cli.error("fork", "c", "d") == SAID
        assert cli.error("run", "team.json", "--task", "Write", "--id", "e") == SAID
        assert cli.run("fork", "c", "d", "--app", "app:plugin").stdout == "d: idle, forked from c\n"
    finally:
        cli.close()
