"""The real `folkmoot` executable, in processes of its own, on a private data folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests._support.warm import warm

EXECUTABLE = Path(sys.executable).with_name("folkmoot")
SECONDS = 90.0
"""A bound for what never comes."""


class Running:
    """A process that is under way; its stdout is JSON lines."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._stderr: list[str] = []
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read, self._read_errors)]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self._stderr.extend(self.process.stderr)

    @property
    def stderr(self) -> str:
        return "".join(self._stderr)

    def wait_for(self, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line that matches."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines if matches(line)]

        with self._changed:
            over = self._changed.wait_for(lambda: found() or not self._threads[0].is_alive(), SECONDS)
            lines = found()
        assert over, "it took too long"
        assert lines, f"it never came; stdout: {self.lines}, stderr: {self.stderr}"
        return lines[0]

    def kind(self, kind: str) -> dict[str, Any]:
        """The first line of that kind."""
        return self.wait_for(lambda line: line.get("kind") == kind)

    def end(self, number: signal.Signals | None = None) -> int:
        """The exit code, after sending a signal if one is given."""
        if number is not None and self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        for thread in self._threads:
            thread.join(SECONDS)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        return code


class CommandLine:
    """Runs `folkmoot` with an environment that nothing of the developer's shell is in."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("FOLKMOOT_", "TEMPORAL_", "OPENAI_")) or name == "FOLKMOOT_TEMPORAL_CLI"
        }
        # Temporal's own configuration file is looked for below these.
        self.environment = {**kept, "FOLKMOOT_DATA_DIR": str(self.data), "XDG_CONFIG_HOME": str(folder), **environment}
        self._started: list[Running] = []

    def run(
        self, *arguments: str, code: int = 0, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end; the exit code is checked."""
        own = {**self.environment, **environment}
        if warm().serves(own):
            done = warm().run(arguments, self.folder, own, stdin, SECONDS)
        else:
            done = subprocess.run(
                [EXECUTABLE, *arguments],
                cwd=self.folder,
                env=own,
                input=stdin,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str, **options: Any) -> list[dict[str, Any]]:
        """Run to the end with --json; the lines."""
        return [json.loads(line) for line in self.run(*arguments, "--json", **options).stdout.splitlines()]

    def error(self, *arguments: str, code: int = 1, **environment: str) -> str:
        """The only line on stderr of a command that fails."""
        done = self.run(*arguments, code=code, **environment)
        assert "Traceback" not in done.stderr, done.stderr
        lines = done.stderr.splitlines()
        assert len(lines) == 1, done.stderr
        return lines[0]

    def start(self, *arguments: str, **environment: str) -> Running:
        """Start with --json."""
        process = subprocess.Popen(
            [EXECUTABLE, *arguments, "--json"],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running = Running(process)
        self._started.append(running)
        return running

    def until(self, probe: Callable[[], Any], what: str) -> Any:
        """The first true answer of `probe`, each of which takes a process."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            answer = probe()
            if answer:
                return answer
        raise AssertionError(f"{what} did not come true")

    def write(self, name: str, content: Mapping[str, Any] | list[Any] | str) -> str:
        """A file in the folder commands run in; its name."""
        text = content if isinstance(content, str) else json.dumps(content)
        (self.folder / name).write_text(text)
        return name

    def scripted_model(self, script: Mapping[str, Any] | list[Any]) -> str:
        """Start a scripted model, make it the default endpoint, and give its address without the path."""
        running = self.start("scripted-model", self.write("script.json", script))
        url = running.kind("scripted-model")["base_url"]
        self.environment |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none"}
        return url.removesuffix("/v1")

    def close(self) -> None:
        """End what was started, politely, then not."""
        for running in reversed(self._started):
            if running.process.poll() is None:
                running.process.send_signal(signal.SIGINT)
        for running in self._started:
            try:
                running.process.wait(20)
            except subprocess.TimeoutExpired:
                running.process.kill()
            running.end()


def release(model: str, hold: str) -> None:
    """Let the answers a scripted model holds under that name go."""
    urllib.request.urlopen(f"{model}/_scripted/release/{hold}", data=b"").close()


def wait_for_requests(model: str, count: int) -> None:
    """Wait until a scripted model got that many requests."""
    url = f"{model}/_scripted/requests?after={count - 1}&wait={SECONDS:g}"
    with urllib.request.urlopen(url) as response:
        assert json.load(response)["total"] >= count
