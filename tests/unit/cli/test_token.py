"""`folkmoot token`: issues tokens and makes keys, shows what a token says, and shows no key."""

from __future__ import annotations

import builtins
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from folkmoot.cli.app import app
from folkmoot.server.tokens import TokenKey, issue, parse_keys, verify
from folkmoot.signatures import DecisionKey, public_keys

SECRET = "a-key-of-more-than-thirty-two-bytes"
KEY = TokenKey(SECRET.encode())


def run(*arguments: str, key: str | None = SECRET, input: str | None = None, **environment: str) -> Result:
    set_to = {"FOLKMOOT_TOKEN_KEY": key, "FOLKMOOT_TOKEN_KEY_FILE": None, **environment}
    result = CliRunner().invoke(app, ["token", *arguments], env=set_to, input=input)
    assert SECRET not in result.output
    return result


def test_a_token_is_issued() -> None:
    result = run(
        *("--subject", "alice", "--role", "approver", "--role", "finance"),
        *("--tenant", "acme", "--name", "Alice Smith", "--expires", "90m"),
    )
    assert (result.exit_code, result.stderr) == (0, "")
    claims = verify(result.stdout.strip(), (KEY,))
    assert (claims.subject, claims.name, claims.tenant, claims.tenants) == ("alice", "Alice Smith", "acme", ())
    assert claims.roles == {"approver", "finance"}
    assert claims.expires is not None
    assert timedelta(minutes=89) < claims.expires - datetime.now(UTC) <= timedelta(minutes=90)


def test_the_options_have_variables() -> None:
    result = run(FOLKMOOT_TOKEN_SUBJECT="alice", FOLKMOOT_TOKEN_ROLES="viewer finance")
    assert verify(result.stdout.strip(), (KEY,)).roles == {"viewer", "finance"}


def test_a_token_as_json() -> None:
    said = json.loads(run("--subject", "alice", "--role", "viewer", "--json").stdout)
    assert (said["kind"], said["subject"], verify(said["token"], (KEY,)).subject) == ("token", "alice", "alice")


def test_a_token_for_all_tenants() -> None:
    result = run("--subject", "root", "--role", "admin", "--all-tenants")
    assert verify(result.stdout.strip(), (KEY,)).tenants == ("*",)


def test_a_token_of_somebody_whom_only_requests_name_is_noted() -> None:
    result = run("--subject", "alice", "--role", "finance")
    assert result.exit_code == 0
    said = " ".join(result.stderr.split())
    assert "Without --role viewer, operator, designer, approver, admin the API lets 'alice' only see and decide" in said
    assert "Without --role" not in run("--subject", "alice", "--role", "designer").stderr


def test_a_key_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = run("--new-key", str(path), key=None)
    assert (made.exit_code, made.stdout) == (0, f"{path}: a new key; set FOLKMOOT_TOKEN_KEY_FILE={path}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() not in made.output
    result = run("--subject", "alice", "--role", "viewer", key=None, FOLKMOOT_TOKEN_KEY_FILE=str(path))
    assert verify(result.stdout.strip(), parse_keys(path.read_text())).subject == "alice"


def test_a_key_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("in use")
    for option in ("--new-key", "--new-decision-key"):
        result = run(option, str(path))
        assert result.exit_code == 1
        assert result.stderr.startswith("folkmoot: ")
        assert f"There is a file {str(path)!r} already" in result.stderr
    assert path.read_text() == "in use"


def test_a_decision_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    said = json.loads(run("--new-decision-key", str(path), "--json", key=None).stdout)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = DecisionKey.parse(path.read_text())
    assert public_keys(said["public_key"]) == (key.public,)
    assert key.text not in json.dumps(said)


def test_what_a_token_says() -> None:
    made = issue((KEY,), "alice", roles=["viewer"])
    said = json.loads(run("--show-claims", "--json", input=f"{made}\n").stdout)
    assert (said["claims"]["sub"], said["claims"]["roles"], said["valid"]) == ("alice", ["viewer"], True)
    shown = run("--show-claims", input=made)
    assert shown.stdout.endswith("}\nvalid\n")
    assert made not in shown.output


def test_a_token_that_would_be_refused() -> None:
    old = issue((KEY,), "alice", now=datetime.now(UTC) - timedelta(days=1))
    assert run("--show-claims", input=old).stdout.endswith("refused: The token has expired.\n")
    assert json.loads(run("--show-claims", "--json", input=old).stdout)["valid"] is False
    assert "not checked: no FOLKMOOT_TOKEN_KEY" in run("--show-claims", input=old, key=None).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "give one of --subject"),
        (["--subject", "alice", "--show-claims"], 2, "give one of --subject"),
        (["--subject", "alice", "--expires", "soon"], 2, "got 'soon'"),
        (["--subject", "alice", "--expires", "0s"], 1, "expected more than 0"),
        (["--subject", "alice", "--role", "viewer", "--all-tenants"], 2, "is for --role admin"),
        (["--subject", "a", "--role", "admin", "--tenant", "t", "--all-tenants"], 2, "without --tenant"),
        (["--subject", " "], 1, "expected whose token it is"),
        (["--subject", "role:admin"], 1, "is a role"),
        (["--show-claims"], 1, "The token is none, or damaged"),
    ],
)
def test_wrong_usage(arguments: list[str], code: int, said: str) -> None:
    result = run(*arguments, input="none")
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("key", "said"), [(None, "There is no token key"), ("short", "has 5 bytes; expected at least 32")]
)
def test_without_a_good_key(key: str | None, said: str) -> None:
    result = run("--subject", "alice", key=key)
    assert result.exit_code == 1
    assert said in result.stderr


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def missing(asked: str, *arguments: Any, **more: Any) -> Any:
        if asked == "folkmoot.server" or asked.startswith("folkmoot.server."):
            raise ModuleNotFoundError("No module named 'jwt'", name="jwt")
        return imported(asked, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    result = run("--subject", "alice")
    assert result.exit_code == 1
    assert "need 'jwt'; install it with: pip install 'folkmoot[server]'" in result.stderr
