"""Ending a process that used the Temporal SDK."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn

__all__ = ["leave"]


def leave(code: int) -> NoReturn:
    """Flush what was printed and end the process with this exit code, skipping the interpreter's own exit.

    Threads of the SDK abort that now and then (temporalio/sdk-python #300), which turns a success into code 134.
    """
    for stream in (sys.stdout, sys.stderr):
        # A reader that went away, as in `... | head`, is no error of ours.
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
