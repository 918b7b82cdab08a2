"""`folkmoot` in processes of its own, without the second of computing that each start takes.

One process imports the command line, and forks for each command: arguments, folder, environment and the three streams
are the command's own, as are its process and its exit code. What is long under way, such as servers and workers, is
started as users start it, by the executable itself.

`python -m tests._support.warm FD` is that process; FD is the socket of its requests.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]
LATE = ("FOLKMOOT_", "TEMPORAL_", "OPENAI_", "OTEL_", "XDG_", "PYTEST_")
"""Variables that are read when a command runs, or never. Others may be read by the interpreter or as it imports."""


class Warm:
    """The process that forks, seen from the tests."""

    def __init__(self) -> None:
        self._environment = dict(os.environ)
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests._support.warm", str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        atexit.register(self._close)

    def _close(self) -> None:
        self._socket.close()
        self._process.wait()

    def serves(self, environment: Mapping[str, str]) -> bool:
        """Whether a command may be forked: its environment differs from the forking process's only in late ones."""
        differing = dict(set(self._environment.items()) ^ set(environment.items()))
        return all(name.startswith(LATE) for name in differing)

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str, seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end.

        Raises:
            subprocess.TimeoutExpired: It took longer than so many seconds, and was killed.
        """
        request = json.dumps({"arguments": arguments, "folder": str(folder), "environment": dict(environment)}).encode()
        with tempfile.TemporaryFile() as fed, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            fed.write(stdin.encode())
            fed.seek(0)
            reply, theirs = socket.socketpair()
            with reply:
                with theirs:
                    streams = [file.fileno() for file in (fed, out, errors, theirs)]
                    socket.send_fds(self._socket, [request], streams)
                code = _awaited(reply, arguments, seconds)
            texts = [_text(file) for file in (out, errors)]
        return subprocess.CompletedProcess(list(arguments), code, *texts)


@cache
def warm() -> Warm:
    """The forking process of this test process; started when first needed."""
    return Warm()


def _awaited(reply: socket.socket, arguments: Sequence[str], seconds: float) -> int:
    reply.settimeout(seconds)
    with reply.makefile() as lines:
        process = int(lines.readline())
        try:
            return os.waitstatus_to_exitcode(int(lines.readline()))
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(arguments), seconds) from None


def _text(file: Any) -> str:
    file.seek(0)
    return file.read().decode()


def _serve(requests: socket.socket) -> None:
    # Nobody waits for those who wait for the commands.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, streams, _, _ = socket.recv_fds(requests, 1 << 20, 4)
        if not data:
            return
        if os.fork() == 0:
            requests.close()
            _wait_for(json.loads(data), streams)
        for stream in streams:
            os.close(stream)


def _wait_for(request: dict[str, Any], streams: list[int]) -> NoReturn:
    """Run a command, tell its process's id and how it ended, and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *own, reply = streams
    process = os.fork()
    if process == 0:
        os.close(reply)
        _become(request, own)
    os.write(reply, f"{process}\n".encode())
    _, status = os.waitpid(process, 0)
    os.write(reply, f"{status}\n".encode())
    os._exit(0)


def _become(request: dict[str, Any], streams: list[int]) -> NoReturn:
    from folkmoot.cli.main import main

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["folkmoot", *request["arguments"]]
    main()


if __name__ == "__main__":
    import folkmoot.cli.app  # noqa: F401

    with socket.socket(fileno=int(sys.argv[1])) as opened:
        _serve(opened)
