"""Publishing a release note: writes a file once, however often it is tried."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from temporalio import activity
from temporalio.exceptions import ApplicationError

__all__ = ["NOTES", "Note", "publish_note"]

NOTES = "APP_NOTES"
"""Environment variable: the folder notes are published in; `notes` if not set."""

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]*")


@dataclass
class Note:
    """A note to publish.

    Attributes:
        version: The version it is about: letters, digits, dots, plus and minus.
        text: The note.
    """

    version: str
    text: str


@activity.defn
async def publish_note(note: Note) -> str:
    """Write a note to `<notes>/<version>.md` and return that path.

    The file is moved into place whole, so a second attempt after a crash finds the same file or none.

    Raises:
        ApplicationError: The version is no file name, or a different note for it is published already. Not retried.
    """
    if not _VERSION.fullmatch(note.version):
        raise ApplicationError(f"{note.version!r} is no version", type="BadVersion", non_retryable=True)
    return await asyncio.to_thread(_publish, note)


def _publish(note: Note) -> str:
    target = Path(os.environ.get(NOTES, "notes")) / f"{note.version}.md"
    if target.exists():
        if target.read_text(encoding="utf-8") == note.text:
            return str(target)
        raise ApplicationError(f"{target} is published and differs", type="AlreadyPublished", non_retryable=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, delete=False) as file:
        file.write(note.text)
    os.replace(file.name, target)
    return str(target)
