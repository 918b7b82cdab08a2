"""Run as a script: becomes the server process it is told to start.

A process between us and the server, because what it does cannot be done safely between fork and exec in a
process with threads, and the Temporal SDK has some. It imports the standard library only, to be up at once.

    python spawn.py bound PARENT COMMAND...          the server ends when its parent does (on Linux)
    python spawn.py detached ADDRESS_FILE COMMAND... the server outlives its starter; the file gains its pid
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def _bind_to_parent(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the line above; nobody is left to want a server
        sys.exit(1)


def _detach(address_file: Path) -> None:
    if os.fork() != 0:  # ours to be reaped at once; the server then belongs to init, whoever stops it later
        os._exit(0)
    os.setsid()
    # Written by the process that becomes the server: a server that runs always has its address on file.
    record = json.loads(address_file.read_text())
    whole = address_file.with_suffix(".new")
    whole.write_text(json.dumps(record | {"pid": os.getpid()}))
    whole.replace(address_file)


def main(arguments: list[str]) -> None:
    """Become the command of `arguments`, bound or detached as its first item says."""
    mode, target, *command = arguments
    if mode == "bound":
        _bind_to_parent(int(target))
    else:
        _detach(Path(target))
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
