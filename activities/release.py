"""A tool that tells agents what has changed: it reads the changelog of the folder the worker runs in."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

from folkmoot import tool

__all__ = ["CHANGELOG", "read_changes"]

CHANGELOG = "APP_CHANGELOG"
"""Environment variable: the changelog to read, in the form of keepachangelog.com; `CHANGELOG.md` if not set."""

_HEADING = re.compile(r"^## \[?(?P<version>[^\]\s]+)\]?", re.MULTILINE)


@tool
def read_changes(version: Annotated[str, "A version of the changelog, such as 0.1.0, or Unreleased"]) -> str:
    """Read what has changed in a version.

    Raises:
        LookupError: The changelog has no such version; the text names those it has.
    """
    text = Path(os.environ.get(CHANGELOG, "CHANGELOG.md")).read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if heading["version"].lower() == version.lower():
            return text[heading.end() : following.start() if following else len(text)].strip(" -\n")
    known = ", ".join(heading["version"] for heading in headings)
    raise LookupError(f"The changelog has no version {version!r}; it has {known or 'none'}.")
