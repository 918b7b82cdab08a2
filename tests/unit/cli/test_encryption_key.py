"""`folkmoot encryption-key`: makes keys, shows one where it is asked to, and overwrites none."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from folkmoot.cli.app import app
from folkmoot.encryption import KeyRing


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["encryption-key", *arguments], env=environment)


def test_a_key_is_made() -> None:
    texts = [run().stdout.strip() for _ in range(2)]
    assert texts[0] != texts[1]
    today = datetime.now(UTC).date()
    assert abs((datetime.fromisoformat(KeyRing.parse(texts[0]).first[:10]).date() - today).days) <= 1
    # A key may be changed on the day it was made.
    assert len(KeyRing.parse(",".join(texts)).keys) == 2
    assert KeyRing.parse(run("--id", "blue").stdout).first == "blue"
    assert KeyRing.parse(run(FOLKMOOT_ENCRYPTION_KEY_ID="red").stdout).first == "red"
    said = json.loads(run("--id", "blue", "--json").stdout)
    assert (said["kind"], said["id"], KeyRing.parse(said["key"]).first) == ("encryption-key", "blue", "blue")


def test_a_key_in_a_file_is_its_owners_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    result = run("--id", "blue", "--new-file", str(path))
    assert (result.exit_code, result.stderr) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert KeyRing.from_environment({"FOLKMOOT_ENCRYPTION_KEYS_FILE": str(path)}) == KeyRing.parse(text)
    assert text.strip().partition(":")[2] not in result.output
    assert f"FOLKMOOT_ENCRYPTION_KEYS_FILE={path}" in result.stdout
    again = run("--new-file", str(path))
    assert again.exit_code == 1
    assert "already, and what it holds may be in use" in again.stderr
    assert "Errno" not in again.output
    assert path.read_text() == text


def test_a_bad_id_is_refused() -> None:
    result = run("--id", "not good")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Encryption key 1" in result.stderr
