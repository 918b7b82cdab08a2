"""`folkmoot dev`: a server with Web UI and a worker until Ctrl-C; a second one adopts the server, the last ends it."""

from __future__ import annotations

import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from folkmoot._local.locks import is_held
from folkmoot._local.ports import free_port
from tests._support.command_line import EXECUTABLE, CommandLine


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CommandLine]:
    cli = CommandLine(tmp_path)
    yield cli
    cli.close()


def test_two_of_them_share_a_server_which_ends_with_the_last(cli: CommandLine) -> None:
    first = cli.start("dev")
    said = first.kind("dev")
    assert (said["adopted"], said["namespace"], said["queue"]) == (False, "default", "folkmoot")
    with urllib.request.urlopen(said["ui_url"]) as page:
        assert page.status == 200
    second = cli.start("dev")
    again = second.kind("dev")
    assert (again["adopted"], again["address"], again["ui_url"]) == (True, said["address"], said["ui_url"])

    assert first.end(signal.SIGINT) == 0
    assert first.stderr == ""
    assert is_held(cli.data / "server.alive")
    assert cli.json("ls") == []
    assert second.end(signal.SIGTERM) == 0
    assert not is_held(cli.data / "server.alive")


def test_people_are_told_address_web_ui_and_worker(cli: CommandLine) -> None:
    port = free_port()
    cli.start("dev", "--port", str(port)).kind("dev")
    # The second one speaks to people; its first words are read from a pipe.
    with subprocess.Popen(
        [EXECUTABLE, "dev"], cwd=cli.folder, env=cli.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert lines[0] == f"Temporal server  127.0.0.1:{port} (adopted)\n"
    assert lines[1].startswith("Web UI           http://127.0.0.1:")
    assert lines[2] == "Worker           polls task queue 'folkmoot' in namespace 'default'\n"
    assert lines[3] == "Stop with Ctrl-C.\n"


def test_a_port_in_use_is_told(cli: CommandLine) -> None:
    port = int(cli.start("dev").kind("dev")["address"].rpartition(":")[2])
    other = CommandLine(cli.folder / "other")
    other.folder.mkdir()
    assert other.error("dev", "--port", str(port)) == (
        f"folkmoot: Port {port} is in use; give another port, or none for a free one."
    )


def test_a_bad_app_is_told_before_a_server_is_started(cli: CommandLine) -> None:
    assert "Importing 'no_such_module' for 'no_such_module:app' failed" in cli.error(
        "dev", "--app", "no_such_module:app"
    )
    assert not (cli.data / "temporal.db").exists()
