"""A server process of a test: started, waited for, killed by its own handle, started again on the same port."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from typing import Any

from folkmoot._local.ports import LOOPBACK, free_port

_SECONDS = 30.0


class Service:
    """A program that listens on a port of the loopback interface."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, *command: str, **options: Any) -> None:
        """Start it, and wait until it listens."""
        silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = process = subprocess.Popen(command, **silent, **options)
        end = time.monotonic() + _SECONDS
        while not self._is_up():
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with code {process.returncode}")
            if time.monotonic() > end:
                raise RuntimeError(f"{command[0]} does not listen after {_SECONDS:.0f} s")
            time.sleep(0.01)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal, and wait until it is gone."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait()

    def _is_up(self) -> bool:
        """Whether it can be used."""
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0
