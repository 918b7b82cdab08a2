"""Whether a folder lies on a disk that this machine is to mount, and has not mounted yet."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

__all__ = ["unmounted"]

_WANTED = Path("/etc/fstab")
"""What is to be mounted; other systems have none, and nothing is known of them."""
_MOUNTED = Path("/proc/self/mountinfo")


def unmounted(folder: Path) -> Path | None:
    """The place at or above a folder where something is to be mounted, and nothing is.

    Args:
        folder: The folder; it may be missing.
    """
    whole = folder.resolve()
    with suppress(OSError):
        mounted = _places(_MOUNTED, 4)
        for place in sorted(_places(_WANTED, 1) - mounted):
            if whole.is_relative_to(place):
                return place
    return None


def _places(table: Path, field: int) -> set[Path]:
    """The absolute paths in that field of a table's lines. Spaces in them are written as octal numbers."""
    lines = (line.split() for line in table.read_text(errors="replace").splitlines() if not line.startswith("#"))
    found = (re.sub(r"\\([0-7]{3})", _character, fields[field]) for fields in lines if len(fields) > field)
    return {Path(path) for path in found if path.startswith("/")}


def _character(octal: re.Match[str]) -> str:
    return chr(int(octal[1], 8))
