"""Secrets where processes find them: in a variable, or in a file that a variable names and only its owner may read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["secret_text", "write_secret"]


def secret_text(environment: Mapping[str, str], name: str) -> str | None:
    """The text of a variable, or of the file that the variable of that name with `_FILE` names; None: neither is set.

    Raises:
        ValueError: Both are set, or the file is empty or no text.
        OSError: The file cannot be read.
    """
    text, file = environment.get(name, "").strip(), environment.get(f"{name}_FILE", "").strip()
    if text and file:
        raise ValueError(f"Both {name} and {name}_FILE are set; expected one.")
    if not file:
        return text or None
    try:
        found = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        # Its own message would show some of the file.
        raise ValueError(f"{name}_FILE: {file!r} is no text; expected a key.") from None
    if not found:
        raise ValueError(f"{name}_FILE: {file!r} is empty; expected a key.")
    return found


def write_secret(path: Path, text: str) -> None:
    """Write a line to a new file that only its owner may read.

    Raises:
        FileExistsError: There is such a file; what it holds may be in use.
        OSError: It cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise FileExistsError(
            f"There is a file {str(path)!r} already, and what it holds may be in use; expected the path of a new one."
        ) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
