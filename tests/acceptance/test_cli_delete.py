"""`folkmoot delete` and a store by URL, in processes of their own: a chat is deleted from an S3-compatible store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests._support.command_line import CommandLine
from tests._support.s3_server import SECRET_KEY, S3Server

TEAM = {
    "type": "RoundRobinGroupChat",
    "name": "solo",
    "participants": [{"type": "AssistantAgent", "name": "writer", "model_client": "m"}],
    "max_turns": 1,
}


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3"))
    server.start()
    yield server
    server.end()


@pytest.fixture
def cli(tmp_path: Path, s3: S3Server) -> Iterator[CommandLine]:
    cli = CommandLine(tmp_path)
    cli.write("team.json", TEAM)
    cli.environment["FOLKMOOT_STORE"] = s3.url
    cli.scripted_model([{"text": "large " * 20_000, "repeat": True}])
    cli.start("dev").kind("dev")
    yield cli
    cli.close()


def test_a_closed_chat_is_deleted_from_server_and_store(cli: CommandLine, s3: S3Server) -> None:
    cli.json("run", "team.json", "--task", "Write", "--id", "c1")
    refused = cli.error("delete", "c1")
    assert "not closed" in refused
    assert "use --force" in refused
    cli.json("close", "c1")
    blobs = [key for key in s3.keys if "_manifests" not in key]
    assert blobs
    dry = cli.json("delete", "c1", "--dry-run")[-1]
    assert (dry["dry_run"], dry["chats"]) == (True, 1)
    assert dry["blobs"] >= len(blobs)
    assert set(blobs) <= set(s3.keys)
    done = cli.json("delete", "c1")
    assert [line["kind"] for line in done] == ["chat", "delete"]
    assert done[0]["id"] == "c1"
    assert s3.keys == []
    for line in (refused, str(dry), str(done)):
        assert SECRET_KEY not in line


def test_by_age(cli: CommandLine) -> None:
    assert cli.json("delete", "--older-than", "1d")[-1]["chats"] == 0
    cli.json("run", "team.json", "--task", "Write", "--id", "c2")
    cli.json("close", "c2")

    def deleted() -> bool:
        # The server lists what was closed a moment later.
        return any(line.get("id") == "c2" for line in cli.json("delete", "--older-than", "0s"))

    cli.until(deleted, "the chat was deleted")
