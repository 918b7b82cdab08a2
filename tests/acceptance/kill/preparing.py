"""The theatre's worker, with places inside the activity that looks at a command before the chat carries it out.

`python -m tests.acceptance.kill.preparing`; variables as in `tests._support.worker_process`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

from folkmoot._temporal import preparations
from folkmoot._temporal.kill_points import reach
from tests._support import worker_process

__all__ = ["PLACES"]

PLACES = ("prepare.before", "prepare.after")


def _passing(function: Callable[..., Any]) -> Callable[..., Any]:
    def passing(*args: Any) -> Any:
        reach(PLACES[0])
        found = function(*args)
        reach(PLACES[1])
        return found

    return passing


if __name__ == "__main__":
    for name in ("_gone_back", "load"):
        setattr(preparations, name, _passing(getattr(preparations, name)))
    asyncio.run(worker_process.main())
    sys.stdout.flush()
    # See exit_guard: a process that used the SDK may abort at the interpreter's exit.
    os._exit(0)
