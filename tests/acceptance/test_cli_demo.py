"""`folkmoot demo` end to end: the worker is killed in the middle of a turn, the chat goes on, the count is right."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from folkmoot._local.locks import is_held
from tests._support.command_line import CommandLine


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CommandLine]:
    cli = CommandLine(tmp_path)
    yield cli
    cli.close()


def test_nothing_is_lost_and_nothing_done_twice(cli: CommandLine) -> None:
    lines = cli.json("demo")
    first, second = (line["pid"] for line in lines if line["kind"] == "worker")
    (killed,) = [line for line in lines if line["kind"] == "killed"]
    assert (killed["pid"], killed["signal"]) == (first, "SIGKILL")
    for pid in (first, second):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert [line["source"] for line in lines if line["kind"] == "message"] == [
        "user",
        "writer",
        "critic",
        "writer",
        "critic",
    ]
    order = [line["kind"] for line in lines if line["kind"] in ("killed", "resumed", "result", "proof")]
    assert order == ["killed", "resumed", "result", "proof"]

    proof = lines[-1]
    calls = [(call["turn"], call["speaker"], call["requests"]) for call in proof["calls"]]
    assert calls == [(1, "writer", 1), (1, "writer", 1), (2, "critic", 1), (3, "writer", 2), (4, "critic", 1)]
    assert (proof["requests"], proof["repeated"], proof["kills"], proof["failures"]) == (6, 0, 1, [])
    assert (proof["tool_runs"], proof["tool_keys"]) == (2, 2)

    # No server is left behind; what the demo tells to look at is there.
    assert not is_held(cli.data / "server.alive")
    (info,) = cli.json("ls")
    (shown,) = cli.json("show", info["id"])
    assert (shown["status"], shown["turn"], shown["stop_reason"]) == ("idle", 4, "Text 'APPROVE' mentioned")
    assert len(cli.json("tail", info["id"])) == proof["entries"]
    assert len(cli.json("snapshots", info["id"])) == 4


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ended_half_way_it_leaves_no_process_behind(cli: CommandLine, number: signal.Signals, code: int) -> None:
    demo = cli.start("demo")
    worker = demo.kind("worker")["pid"]
    demo.kind("message")
    assert demo.end(number) == code
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    assert not is_held(cli.data / "server.alive")


def test_people_are_told_what_is_real_and_what_was_counted(cli: CommandLine) -> None:
    said = cli.run("demo", "--in-memory").stdout
    assert "no OPENAI_API_KEY: the model's words are scripted, over real HTTP" in said
    assert "killed with SIGKILL while writer's model call was in flight" in said
    assert "the chat goes on, " in said
    assert "turn 3  writer  2 requests  the worker died during the first" in said
    assert "5 model calls took 6 requests" in said
    assert not cli.data.exists()
