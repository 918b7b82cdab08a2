"""Writes each example's team as JSON beside it: `python -m examples`."""

import importlib
import json
from pathlib import Path

FOLDER = Path(__file__).parent


def team_json(name: str) -> str:
    """The team of the example of that name, as the file holds it."""
    team = importlib.import_module(f"examples.{name}").team
    return json.dumps(team.to_json(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path in sorted(FOLDER.glob("*.json")):
        if "provider" in json.loads(path.read_text(encoding="utf-8")):
            continue  # AutoGen's own
        path.write_text(team_json(path.stem), encoding="utf-8")
