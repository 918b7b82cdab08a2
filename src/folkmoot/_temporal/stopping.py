"""Workers that stop for certain."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

from temporalio.worker import Worker

__all__ = ["running", "shut_down", "stop"]

LONGEST = 30.0
"""Seconds a worker has to stop, beyond its grace for calls in flight: it takes a moment, or never ends."""

logger = logging.getLogger("folkmoot.worker")


@asynccontextmanager
async def running(worker: Worker) -> AsyncGenerator[Worker]:
    """Run a worker until the block ends; a worker that fails for good ends the block with its error."""
    await worker.__aenter__()
    try:
        yield worker
    finally:
        await stop(worker)


async def stop(worker: Worker) -> None:
    """Stop a worker that was entered, or leave it.

    Raises:
        Exception: What the worker failed with.
    """
    await _within(worker, worker.__aexit__(None, None, None))


async def shut_down(worker: Worker) -> bool:
    """Stop a worker that runs in a task of its own, or leave it; say whether it has stopped."""
    return await _within(worker, worker.shutdown())


async def _within(worker: Worker, end: Coroutine[Any, Any, None]) -> bool:
    """A worker whose SDK never finishes (as in temporalio/sdk-python #1557) must not hold up who used it."""
    grace: timedelta = cast(Mapping[str, Any], worker.config()).get("graceful_shutdown_timeout", timedelta())
    stopping = asyncio.ensure_future(end)
    done, _ = await asyncio.wait([stopping], timeout=grace.total_seconds() + LONGEST)
    if done:
        await stopping
        return True
    logger.warning("The worker has not stopped within %.0f s and is left; what goes on: %s", LONGEST, _what_goes_on())
    stopping.cancel()
    return False


def _what_goes_on() -> str:
    """What each task of the running loop waits for."""
    return "; ".join(filter(None, map(_where, asyncio.all_tasks())))


def _where(task: asyncio.Task[Any]) -> str:
    """What a task waits for: its coroutines with their lines, the innermost last."""
    found: list[str] = []
    inner: Any = task.get_coro()
    while (frame := getattr(inner, "cr_frame", None)) is not None:
        found.append(f"{inner.__qualname__}:{frame.f_lineno}")
        inner = inner.cr_await
    return " > ".join(found)
