"""What the runbook has operators type does what it says."""

from __future__ import annotations

import re
from pathlib import Path

from tests._support.command_line import CommandLine

RUNBOOK = Path(__file__).parents[2] / "docs" / "operations.md"
TEAM = {
    "type": "RoundRobinGroupChat",
    "participants": [{"type": "AssistantAgent", "name": "writer", "model_client": "m"}],
    "max_turns": 1,
}


def test_a_failed_turn_is_taken_again_by_the_command_of_its_alert(tmp_path: Path, server_address: str) -> None:
    (section,) = re.findall(r"### FolkmootRunsFail\n(.*?)\n###", RUNBOOK.read_text(encoding="utf-8"), re.DOTALL)
    command: str = next(each for each in re.findall(r"`folkmoot ([^`]+)`", section) if "TEAM" in each)
    cli = CommandLine(tmp_path, TEMPORAL_ADDRESS=server_address, FOLKMOOT_TASK_QUEUE=tmp_path.name)
    try:
        cli.scripted_model([{"status": 401, "message": "a wrong key"}, {"text": "a report"}])
        cli.write("team.json", TEAM)
        cli.start("worker").kind("worker")
        assert "a wrong key" in cli.error("run", "team.json", "--id", tmp_path.name, "--task", "Write")
        here = {"TEAM": "team.json", "ID": tmp_path.name}
        arguments = [here.get(word, word) for word in command.split()]
        *said, result = cli.json(*arguments)
        assert (result["kind"], result["run"]) == ("result", 2)
        assert any(each.get("content") == "a report" for each in said), said
    finally:
        cli.close()
