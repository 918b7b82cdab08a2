"""`folkmoot serve`: a chat over HTTP through real processes, an API that is stopped under its readers, refusals."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests._support.command_line import CommandLine

KEY = "0123456789abcdef0123456789abcdef"
TEAM: dict[str, Any] = {
    "type": "RoundRobinGroupChat",
    "participants": [{"type": "AssistantAgent", "name": "writer", "model_client": "m"}],
    "max_turns": 1,
}


@pytest.fixture
def cli(tmp_path: Path, server_address: str) -> Iterator[CommandLine]:
    environment = {"FOLKMOOT_TASK_QUEUE": tmp_path.name, "FOLKMOOT_TOKEN_KEY": KEY, "FOLKMOOT_API_PORT": "0"}
    cli = CommandLine(tmp_path, TEMPORAL_ADDRESS=server_address, **environment)
    (tmp_path / "teams").mkdir()
    cli.write("teams/notes.json", TEAM)
    yield cli
    cli.close()
    assert not cli.data.exists()


def client(cli: CommandLine, url: str) -> httpx.Client:
    """An operator."""
    (said,) = cli.json("token", "--subject", "olga", "--role", "operator")
    return httpx.Client(base_url=f"{url}/v1", headers={"Authorization": f"Bearer {said['token']}"}, timeout=60)


def test_a_chat_over_http_outlives_the_api(cli: CommandLine) -> None:
    cli.scripted_model([{"text": "hello", "repeat": True}])
    cli.start("worker").kind("worker")
    api = cli.start("serve", "--teams", "teams")
    said = api.kind("serve")
    assert said["queue"] == cli.environment["FOLKMOOT_TASK_QUEUE"]
    assert httpx.get(f"{said['url']}/readyz").json() == {"ready": True, "checks": {"temporal": "ok"}}
    chat_id = cli.folder.name
    with client(cli, said["url"]) as http:
        assert http.post("/chats", json={"team": "notes", "id": chat_id}).status_code == 201
        run = http.post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 60}).json()
        assert [message["content"] for message in run["messages"]] == ["go", "hello"]
        with http.stream("GET", f"/chats/{chat_id}/events") as stream:
            lines: list[str] = []
            reading = threading.Event()

            def read() -> None:
                for line in stream.iter_lines():
                    lines.append(line)
                    if line.startswith(f"id: {run['offset']}"):
                        reading.set()

            thread = threading.Thread(target=read)
            thread.start()
            assert reading.wait(60)
            assert api.end(signal.SIGTERM) == 0
            thread.join(60)
    assert lines[-2:] == [": the server stops; reconnect", ""]
    assert api.stderr == ""
    last = max(int(line.removeprefix("id: ")) for line in lines if line.startswith("id: "))

    other = cli.start("serve").kind("serve")
    with client(cli, other["url"]) as http:
        http.post(f"/chats/{chat_id}/close").raise_for_status()
        with http.stream("GET", f"/chats/{chat_id}/events", headers={"Last-Event-ID": str(last)}) as stream:
            ids = [int(line.removeprefix("id: ")) for line in stream.iter_lines() if line.startswith("id: ")]
    assert ids == list(range(last + 1, ids[-1] + 1))
    assert cli.json("show", chat_id)[0]["status"] == "closed"


def test_a_server_of_named_teams_takes_no_spec(cli: CommandLine) -> None:
    (said,) = cli.json("token", "--subject", "ada", "--role", "admin")
    headers = {"Authorization": f"Bearer {said['token']}"}
    cli.scripted_model([{"text": "hello", "repeat": True}])
    cli.start("worker").kind("worker")
    for options, variables in ((["--named-teams"], {}), ([], {"FOLKMOOT_NAMED_TEAMS": "1"})):
        api = cli.start("serve", "--teams", "teams", *options, **variables)
        url = api.kind("serve")["url"]
        with httpx.Client(base_url=f"{url}/v1", headers=headers, timeout=60) as http:
            refused = http.post("/chats", json={"team": TEAM})
            assert (refused.status_code, refused.json()["code"]) == (403, "ForbiddenError")
            assert http.post("/chats", json={"team": "notes"}).status_code == 201
        assert api.end(signal.SIGTERM) == 0


def test_what_cannot_be_served_is_told_in_one_line(cli: CommandLine) -> None:
    without = {"FOLKMOOT_TOKEN_KEY": ""}
    assert "FOLKMOOT_TOKEN_KEY" in cli.error("serve", **without)
    assert "nowhere" in cli.error("serve", "--teams", "nowhere")
    (cli.folder / "teams" / "bad.json").write_text(json.dumps({"type": "Nothing"}))
    assert "bad.json" in cli.error("serve", "--teams", "teams")
    port = cli.start("serve").kind("serve")["url"].rpartition(":")[2]
    assert f"cannot listen on 127.0.0.1:{port}" in cli.error("serve", "--port", port)


def test_without_authentication_only_this_machine_is_served(cli: CommandLine) -> None:
    without = {"FOLKMOOT_TOKEN_KEY": "", "FOLKMOOT_AUTH": "none"}
    assert "127.0.0.1" in cli.error("serve", "--host", "0.0.0.0", **without)
    url = cli.start("serve", **without).kind("serve")["url"]
    assert httpx.get(f"{url}/v1/teams").json() == {"teams": []}
