"""The `folkmoot` executable: checks that the extra `cli` is installed, runs the command, and guards the exit code."""

from __future__ import annotations

import sys
from typing import NoReturn

from folkmoot._local.leaving import leave

__all__ = ["main"]

_MISSING = "folkmoot: the command line needs {name!r}; install it with: pip install 'folkmoot[cli]'"


def main() -> NoReturn:
    """Run the command of `sys.argv` and end the process with its code: 0, 1 for an error, 2 for wrong usage."""
    leave(_run())


def _run() -> int:
    try:
        from .app import app
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in ("typer", "rich"):
            raise
        print(_MISSING.format(name=name), file=sys.stderr)
        return 1
    try:
        app(prog_name="folkmoot")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    main()
