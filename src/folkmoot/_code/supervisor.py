"""Runs one program and leaves nothing of it behind; a script of its own, which imports nothing of Folkmoot.

    python supervisor.py CPU_SECONDS FILE_BYTES PROGRAM ARGUMENT...

Standard input is the lifeline: when it ends, because the worker closed it or was killed, the program is killed. Once
the program is over, so are the processes it started, those in the background and those in sessions of their own
(these on Linux). The limits are set here and not by `preexec_fn`, which may deadlock where there are threads.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import sys
import time
from typing import NoReturn

_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of Linux: orphans below this process become its children."""
_PATIENCE = 5.0
"""Seconds for killed processes to go."""
NOT_FOUND = 127


def main(cpu: int, size: int, program: list[str]) -> int:
    """Run `program` and return its exit code; 128 and the signal's number if one killed it, as shells do."""
    _adopt_orphans()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    child = os.fork()
    if child == 0:
        _become(cpu, size, program)
    status = _status_of(child, woken)
    _kill_rest(child)
    if status is None:
        return 128 + signal.SIGKILL
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _become(cpu: int, size: int, program: list[str]) -> NoReturn:
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _limit(resource.RLIMIT_CPU, cpu)
        _limit(resource.RLIMIT_FSIZE, size)
        _limit(resource.RLIMIT_CORE, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.execvp(program[0], program)
    except OSError as error:
        os.write(2, f"{program[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(NOT_FOUND)


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def _status_of(child: int, woken: int) -> int | None:
    """Wait for the child; None: the lifeline ended first."""
    lifeline = sys.stdin.fileno()
    while True:
        ready, _, _ = select.select([lifeline, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
        # Orphans end here too.
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == child:
                    return status
                if pid == 0:
                    break
        if lifeline in ready:
            return None


def _kill_rest(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        for pid in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.002)
        except ChildProcessError:
            return


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
