"""Arguments in a person's own editor."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["edited"]


async def edited(arguments: Any) -> str | None:
    """What a person makes of arguments in the editor that EDITOR names.

    Args:
        arguments: As they are.

    Returns:
        The text they saved; None: they changed nothing.

    Raises:
        ValueError: There is no such editor, or it failed.
    """
    command = os.environ.get("EDITOR") or "vi"
    before = json.dumps(arguments, ensure_ascii=False, indent=2) + "\n"
    # Only its owner may read the file.
    number, name = tempfile.mkstemp(prefix="folkmoot-", suffix=".json")
    path = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(before)
        await _edit(command, path)
        after = path.read_text(encoding="utf-8")
    finally:
        path.unlink(missing_ok=True)
    return None if after == before or not after.strip() else after


async def _edit(command: str, path: Path) -> None:
    try:
        process = await asyncio.create_subprocess_exec(*shlex.split(command), str(path))
    except (OSError, ValueError) as error:
        raise ValueError(f"The editor {command!r} cannot be started: {error}; EDITOR names another.") from None
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if code:
        raise ValueError(f"The editor {command!r} ended with exit code {code}; nothing was changed.")
