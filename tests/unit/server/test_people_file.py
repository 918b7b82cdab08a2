"""The file of people: what it says wins, changes count at once, and a bad one leaves things as they were."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from folkmoot.server.claims import Claims
from folkmoot.server.people import People, Person, read_people

GOOD = """
[people.alice]
name = "Alice Smith"
roles = ["approver", "finance"]
tenant = "acme"

[people."bob@example.org"]
roles = []
"""


def written(path: Path, text: str) -> Path:
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    # Two writes may fall into one tick of the file system's clock.
    os.utime(path, ns=(before + 1_000_000_000, before + 1_000_000_000))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "people.toml", GOOD)


def test_a_file_is_read(path: Path) -> None:
    assert read_people(path) == {
        "alice": Person(name="Alice Smith", roles=frozenset({"approver", "finance"}), tenant="acme"),
        "bob@example.org": Person(roles=frozenset()),
    }


def test_what_the_file_says_wins_over_the_token(path: Path) -> None:
    people = People(path)
    found = people.merged(Claims("alice", frozenset({"admin"}), tenant="other", tenants=("*",), name="A", token_id="1"))
    assert found == Claims(
        "alice", frozenset({"approver", "finance"}), tenant="acme", tenants=("*",), name="Alice Smith", token_id="1"
    )


def test_what_it_does_not_say_is_the_tokens(path: Path) -> None:
    found = People(path).merged(Claims("bob@example.org", frozenset({"admin"}), tenant="acme", name="Bob"))
    assert (found.roles, found.tenant, found.name) == (frozenset(), "acme", "Bob")
    stranger = Claims("carol", frozenset({"viewer"}))
    assert People(path).merged(stranger) is stranger
    assert People(None).merged(stranger) is stranger


def test_a_change_counts_at_once(path: Path) -> None:
    people = People(path)
    alice = Claims("alice")
    assert people.merged(alice).roles == {"approver", "finance"}
    written(path, '[people.alice]\nroles = ["viewer"]\n')
    assert people.merged(alice).roles == {"viewer"}
    written(path, "")
    assert people.merged(alice) is alice


def test_a_bad_file_leaves_things_as_they_were_and_is_told_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    people = People(path)
    written(path, "[people.alice]\nroles = 'viewer'\n")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert people.merged(Claims("alice")).roles == {"approver", "finance"}
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "people.alice.roles: expected a list of texts, got 'viewer'" in caplog.text
    written(path, '[people.alice]\nroles = ["viewer"]\n')
    assert people.merged(Claims("alice")).roles == {"viewer"}


def test_a_file_that_goes_away_and_comes_back(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    people = People(path)
    path.unlink()
    for _ in range(2):
        assert people.merged(Claims("alice")).tenant == "acme"
    assert len(caplog.records) == 1
    written(path, '[people.alice]\ntenant = "other"\n')
    assert people.merged(Claims("alice")).tenant == "other"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[people.alice\n", r"line 1, column .*expected a TOML file of tables"),
        ("[people.alice]\n\nroles = viewer\n", "line 3"),
        ("[alice]\n", "alice: expected nothing but tables"),
        ("people = 3\n", "people: expected tables .* got 3"),
        ("[people]\nalice = 'admin'\n", "people.alice: expected a table of name, roles, tenant, tenants, got 'admin'"),
        ("[people.alice]\nrole = 'admin'\n", "people.alice.role: expected one of name, roles, tenant, tenants"),
        ("[people.alice]\nroles = 'admin'\n", "people.alice.roles: expected a list of texts, got 'admin'"),
        ("[people.alice]\nroles = ['']\n", r"people.alice.roles: expected a list of texts, got \[''\]"),
        ("[people.alice]\ntenants = ['*', 1]\n", "people.alice.tenants: expected a list of texts"),
        ("[people.alice]\ntenant = 7\n", "people.alice.tenant: expected a text, got 7"),
        ("[people.alice]\nname = ['A']\n", "people.alice.name: expected a text"),
        ("[people.'role:finance']\nname = 'F'\n", "people.role:finance: expected the id of somebody"),
    ],
)
def test_a_file_that_is_bad_from_the_start(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path / "people.toml", text)
    with pytest.raises(ValueError, match=f"people.toml: .*{said}"):
        People(path)


def test_a_file_of_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "people.toml"
    path.write_bytes(b"[people.a]\xff\n")
    with pytest.raises(ValueError, match="byte 10 is no UTF-8"):
        People(path)


def test_a_file_that_is_not_there_from_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        People(tmp_path / "none.toml")
