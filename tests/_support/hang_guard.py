"""A pytest plugin that tells, shortly before pytest-timeout ends a test that hangs, what everything is waiting for.

pytest-timeout shows the main thread's stack, and of an asyncio test that is only the event loop's poll. This writes
to stderr, which the test's report shows, every thread's stack, and what each task of each event loop waits for.
It also gives the teardown a timeout of its own: pytest-timeout has none once the test has failed, and a fixture that
waits for ever would hold up the whole run.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import traceback
from collections.abc import Generator, Iterator
from pathlib import PurePath
from types import AsyncGeneratorType, CodeType, FrameType
from typing import Any

import pytest

# The part of a test's timeout that passes before the report: 150 s of 180.
SHARE = 5 / 6
# As many frames of a thread's stack are told, the innermost ones: the outer ones are pytest's.
DEEP = 20

_TIMER = pytest.StashKey[threading.Timer]()
_SETTINGS = pytest.StashKey[Any]()
_FIXTURE = pytest.StashKey[str]()
_PHASE = pytest.StashKey[str]()


@pytest.hookimpl(optionalhook=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    item.stash[_SETTINGS] = settings
    item.stash[_TIMER] = timer = threading.Timer(settings.timeout * SHARE, _tell, [item])
    timer.daemon = True
    timer.start()


@pytest.hookimpl(optionalhook=True)
def pytest_timeout_cancel_timer(item: pytest.Item) -> None:
    # A collector that fails is cancelled too; it has no timer.
    if timer := item.stash.get(_TIMER, None):
        timer.cancel()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    item.stash[_PHASE] = "setup"
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    item.stash[_PHASE] = "call"
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    item.stash[_PHASE] = "teardown"
    if settings := item.stash.get(_SETTINGS, None):
        item.ihook.pytest_timeout_cancel_timer(item=item)
        item.ihook.pytest_timeout_set_timer(item=item, settings=settings)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    # By the session's stash: a module's fixture has the module for its node.
    stash = request.session.stash
    outer = stash.get(_FIXTURE, "")
    stash[_FIXTURE] = fixturedef.argname
    try:
        return (yield)
    finally:
        stash[_FIXTURE] = outer


def _tell(item: pytest.Item) -> None:
    sys.stderr.write("\n".join(_report(item)) + "\n")


def _report(item: pytest.Item) -> Iterator[str]:
    seconds = item.stash[_SETTINGS].timeout * SHARE
    fixture = item.session.stash.get(_FIXTURE, "")
    phase = item.stash.get(_PHASE, "setup") + (f", fixture {fixture!r}" if fixture else "")
    yield f"=== {item.nodeid} has taken {seconds:g} s and is in its {phase} ==="
    for loop, tasks in _tasks():
        yield f"--- tasks of {type(loop).__name__} at {id(loop):#x}, {'running' if loop.is_running() else 'idle'}"
        for task in sorted(tasks, key=lambda task: task.get_name()):
            yield f"{task.get_name()}: {' > '.join(waits(task))}"
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident():
            yield f"--- thread {names.get(ident, ident)}"
            yield "".join(traceback.format_stack(frame)[-DEEP:]).rstrip()


def _tasks() -> Iterator[tuple[asyncio.AbstractEventLoop, set[asyncio.Task[Any]]]]:
    """Every event loop of the process that has unfinished tasks; workflows are loops too."""
    # By the type itself: `isinstance` asks what stands in for something else to tell its class.
    for loop in [found for found in gc.get_objects() if issubclass(type(found), asyncio.AbstractEventLoop)]:
        if tasks := asyncio.all_tasks(loop):
            yield loop, tasks


def waits(task: asyncio.Task[Any]) -> Iterator[str]:
    """What a task waits for: its coroutines with their lines, then what the innermost awaits."""
    inner: Any = task.get_coro()
    while inner is not None:
        # What `anext` and `asend` return tells its generator to the garbage collector only.
        if type(inner).__name__ in {"async_generator_asend", "async_generator_athrow"}:
            inner = next((found for found in gc.get_referents(inner) if isinstance(found, AsyncGeneratorType)), None)
        for prefix, awaited in (("cr", "await"), ("ag", "await"), ("gi", "yieldfrom")):
            frame: FrameType | None = getattr(inner, f"{prefix}_frame", None)
            if frame is not None:
                yield _place(frame.f_code, frame.f_lineno)
                inner = getattr(inner, f"{prefix}_{awaited}")
                break
        else:
            # A future's iterator tells the future to the garbage collector only.
            held = [found for found in gc.get_referents(inner) if asyncio.isfuture(found)]
            yield _named(held[0] if held else inner)
            return


def _named(awaited: object) -> str:
    if isinstance(awaited, asyncio.Task):
        return awaited.get_name()
    # What `gather` waits for.
    children = ", ".join(_named(child) for child in getattr(awaited, "_children", ()) if not child.done())
    return f"{type(awaited).__name__}({children})"


def _place(code: CodeType, line: int) -> str:
    return f"{code.co_qualname} ({PurePath(code.co_filename).name}:{line})"
