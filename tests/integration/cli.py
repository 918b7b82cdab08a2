"""The real `temporal` command line, as an operator uses it on chats."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from folkmoot import Chat
from folkmoot._local import find_cli
from tests.integration.conftest import Site

HUGE = 1_900_000
"""Just below what the server takes: it reaches the chat."""


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class TemporalCli:
    """Sends to one chat."""

    site: Site
    chat: Chat
    folder: Path

    async def signal(self, name: str, *payloads: Any, raw: bytes | None = None) -> Answer:
        """`temporal workflow signal`; each payload as JSON, or one of bytes that are no JSON."""
        return await self._send(["signal", "--name", name], payloads, raw)

    async def update(self, name: str, *payloads: Any, raw: bytes | None = None) -> Answer:
        """`temporal workflow update execute`."""
        return await self._send(["update", "execute", "--name", name, "--output", "json"], payloads, raw)

    async def query(self, name: str, *payloads: Any, raw: bytes | None = None) -> Answer:
        """`temporal workflow query`."""
        return await self._send(["query", "--type", name, "--output", "json"], payloads, raw)

    async def _send(self, command: list[str], payloads: tuple[Any, ...], raw: bytes | None) -> Answer:
        arguments = ["workflow", *command, "--workflow-id", self.chat.id, "--address", self.site.address]
        for number, payload in enumerate(payloads):
            # In files, as a huge one fits no argument.
            file = self.folder / f"payload{number}.json"
            file.write_text(json.dumps(payload))
            arguments += ["--input-file", str(file)]
        if raw is not None:
            (self.folder / "raw").write_bytes(raw)
            arguments += ["--input-file", str(self.folder / "raw"), "--input-meta", "encoding=binary/unheard-of"]
        return await run_cli(*arguments)


async def run_cli(*arguments: str) -> Answer:
    """Run the CLI to its end."""
    path = find_cli()
    assert path is not None, "the server's own binary is the CLI"
    process = await asyncio.create_subprocess_exec(
        str(path),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Answer(process.returncode or 0, out.decode(), err.decode())
