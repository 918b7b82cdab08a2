"""The application's worker, to be killed at its steps: `python -m tests.acceptance.kill.purchase_worker`.

Variables as of `worker.py`, and:

- `HOLD`: JSON, by workflow id the activity that never gets on there: `[its id, "before" or "after"]`.
- `HELD`: the folder in which a file of the workflow's id is made when it has come so far.
- `KILL_BEFORE_COMMIT`: `TABLE:file`: SIGKILL when a transaction that adds to the table is about to be committed, unless
  the file exists; it is made first.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

import worker
from tests._support.impatient import STICKY, Impatient


class Holding(Interceptor):
    """Holds activities up."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """See `temporalio.worker.Interceptor`."""
        return _Held(super().intercept_activity(next))


class _Held(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        await _reach("before")
        result = await super().execute_activity(input)
        await _reach("after")
        return result


async def _reach(place: str) -> None:
    info = activity.info()
    wanted: dict[str, list[str]] = json.loads(os.environ.get("HOLD", "{}"))
    if wanted.get(info.workflow_id or "") == [info.activity_id, place]:
        (Path(os.environ["HELD"]) / str(info.workflow_id)).touch()
        await asyncio.Event().wait()


def _kill_before_commit(table: str, file: Path) -> None:
    def flushed(session: Session, _context: Any) -> None:
        # The database has been told of them.
        session.info.setdefault("added", set()).update(type(row).__tablename__ for row in session.new)

    def about_to(session: Session) -> None:
        session.flush()
        if table in session.info.get("added", ()) and not file.exists():
            file.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Session, "after_flush", flushed)
    event.listen(Session, "before_commit", about_to)


if __name__ == "__main__":
    if "KILL_BEFORE_COMMIT" in os.environ:
        name, _, mark = os.environ["KILL_BEFORE_COMMIT"].partition(":")
        _kill_before_commit(name, Path(mark))
    logging.basicConfig(level=logging.ERROR)
    worker.Worker = functools.partial(worker.Worker, **STICKY)
    asyncio.run(worker.main([Holding(), Impatient()]))
    sys.stdout.flush()
    # See exit_guard: a process that used the SDK may abort at the interpreter's exit.
    os._exit(0)
