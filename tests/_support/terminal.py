"""A command at a real terminal: what it shows, and what is typed."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time

from .command_line import EXECUTABLE, SECONDS, CommandLine

__all__ = ["Terminal"]


class Terminal:
    """A command at a terminal; what it shows, and what is typed.

    Args:
        cli: Whose folder and environment.
        arguments: The command.
        environment: What is set besides.
    """

    def __init__(self, cli: CommandLine, *arguments: str, **environment: str) -> None:
        self._keys, screen = pty.openpty()
        settings = {**cli.environment, "TERM": "dumb", "COLUMNS": "200", **environment}
        self.process = subprocess.Popen(
            [EXECUTABLE, *arguments], cwd=cli.folder, env=settings, stdin=screen, stdout=screen, stderr=screen
        )
        os.close(screen)
        self.shown = ""

    def wait_for(self, text: str) -> str:
        """Read on until `text` is shown, and forget all up to there; what came before it."""
        deadline = time.monotonic() + SECONDS
        while text not in self.shown:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._keys], [], [], max(left, 0))
            assert ready, f"{text!r} never came: {self.shown}"
            self.shown += self._read()
        before, _, self.shown = self.shown.partition(text)
        return before

    def _read(self) -> str:
        try:
            data = os.read(self._keys, 65536)
        except OSError:  # Linux: nobody is at the other end any more.
            data = b""
        assert data, f"it ended: {self.shown}"
        return data.decode().replace("\r\n", "\n")

    def type(self, text: str) -> None:
        """Type at it."""
        os.write(self._keys, text.encode())

    def end(self) -> int:
        """Wait for its end; the exit code."""
        try:
            return self.process.wait(SECONDS)
        finally:
            self.process.kill()
            os.close(self._keys)
