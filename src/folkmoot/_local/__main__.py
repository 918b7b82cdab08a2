"""`python -m folkmoot._local`: see that the Temporal CLI is there, fetching or building it if need be.

Run before tests and demos, which have no minutes to wait for a build.
"""

from __future__ import annotations

import asyncio
import sys

from folkmoot._local.binary import obtain_cli
from folkmoot._local.leaving import leave
from folkmoot.errors import ServerUnavailableError

_STEP = 0.05


class _Printer:
    """Prints what has no share done at once, and the rest at every twentieth."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, message: str, share: float | None) -> None:
        if share is None:
            print(message, flush=True)
        elif share >= self._next:
            self._next = share + _STEP
            print(f"{message} ({share:.0%})", flush=True)


def main() -> int:
    """Print the CLI's path and give 0; or say why there is none and give 1."""
    try:
        path = asyncio.run(obtain_cli(_Printer()))
    except ServerUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    leave(main())
