"""Runs code blocks one after the other on the worker (AutoGen: `LocalCommandLineCodeExecutor`)."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from folkmoot.messages import CodeBlock, CodeResult
from folkmoot.tools import CancellationToken

from .folder import OutsideError, drop, keep_code, named, working_folder
from .output import Output

__all__ = ["run_blocks"]

TIMEOUT = 124
CANCELLED = 125
"""Exit codes of AutoGen's for blocks that ran too long, or were not wanted any more."""

FILE_SIZE = 256 * 1024 * 1024
"""Bytes a file may grow to."""

_SUPERVISOR = str(Path(__file__).with_name("supervisor.py"))
_DRAIN_SECONDS = 5.0
"""For the supervisor to clear up; it needs milliseconds."""

# Output at once (-u): what a killed block has said is not lost, and errors stand where they happened. Not isolated
# (-I): a block may import the files that earlier ones wrote; the environment has no PYTHON* but what the operator
# named, and no packages of a user's home (-s).
_PYTHON = (sys.executable, "-u", "-s")
_COMMANDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "python": (_PYTHON, "py"),
    "py": (_PYTHON, "py"),
    "sh": (("sh",), "sh"),
    "shell": (("sh",), "sh"),
    "bash": (("bash",), "bash"),
}


async def run_blocks(
    blocks: Sequence[CodeBlock],
    *,
    folder: Path,
    timeout: float,
    output_limit: int = 65_536,
    environment: Sequence[str] = (),
    cancelled: CancellationToken | None = None,
) -> CodeResult:
    """Run blocks until one fails. When this returns or raises, no process of theirs is left.

    A block whose first line is `# filename: x` is kept as that file for later ones; others are deleted. AutoGen
    deletes both.

    Args:
        blocks: In `python`, `sh` or `bash`, by AutoGen's names of them.
        folder: Where they run and write: made with access for this user only if it is missing.
        timeout: Seconds for all of them together. AutoGen allows as much for each; activities need one bound.
        output_limit: Bytes of output kept in all; the rest is read and dropped.
        environment: Names of the worker's variables let through, besides PATH and LANG. HOME is the folder.
        cancelled: Cancelling it kills the block that runs.

    Returns:
        Exit code of the last block that ran, and what they wrote to standard output and error, as it came. 124
        after the timeout, 125 if cancelled, 127 if a shell is not installed, 128 and the number for a signal.

    Raises:
        ValueError: A limit is not positive.
        NotADirectoryError: `folder` is something else.
        asyncio.CancelledError: The task was cancelled, as when the worker shuts down.
    """
    if timeout <= 0 or output_limit <= 0:
        raise ValueError(f"timeout and output_limit must be positive, got {timeout!r} and {output_limit!r}")
    place = await asyncio.to_thread(working_folder, folder)
    output = Output(output_limit)
    variables = _variables(environment, place)
    end = asyncio.get_running_loop().time() + timeout
    code = 0
    for block in blocks:
        code = await _run_block(block, place, end, output, variables, cancelled)
        if code != 0:
            break
    return CodeResult(exit_code=code, output=output.text())


def _variables(names: Sequence[str], folder: Path) -> dict[str, str]:
    wanted = {"PATH", "LANG", *names}
    found = {name: value for name in sorted(wanted) if (value := os.environ.get(name)) is not None}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **found, "HOME": str(folder)}


async def _run_block(
    block: CodeBlock,
    folder: Path,
    end: float,
    output: Output,
    variables: Mapping[str, str],
    cancelled: CancellationToken | None,
) -> int:
    language = block.language.lower()
    if language not in _COMMANDS:
        output.say(f"\nunknown language {language}")
        return 1
    command, extension = _COMMANDS[language]
    name = named(block.code)
    try:
        file = await asyncio.to_thread(keep_code, folder, block.code, name, extension)
    except OutsideError:
        output.say("Filename is not in the workspace")
        return 1
    except OSError as error:
        output.say(f"Cannot write {name!r}: {error.strerror}")
        return 1
    try:
        # The path begins with a dot, not with a dash that the program would take for an option.
        return await _run([*command, f"./{file}"], folder, end, output, variables, cancelled)
    finally:
        if name is None:
            drop(folder, file)


async def _run(
    program: Sequence[str],
    folder: Path,
    end: float,
    output: Output,
    variables: Mapping[str, str],
    cancelled: CancellationToken | None,
) -> int:
    timeout = max(0.0, end - asyncio.get_running_loop().time())
    # Of all cores, since threads count each; it bounds what the clock does not.
    seconds = math.ceil(timeout) * (os.cpu_count() or 1) + 1
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", _SUPERVISOR, str(seconds), str(FILE_SIZE), *program),
        cwd=folder,
        env=variables,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # A Ctrl-C is the worker's, which then decides.
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    over = asyncio.ensure_future(output.copy(process.stdout))
    stopped = asyncio.ensure_future(_event_of(cancelled).wait())
    ended = False
    try:
        await asyncio.wait({over, stopped}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        ended = over.done()
    finally:
        unwanted = stopped.done()
        stopped.cancel()
        # Its lifeline: the supervisor kills what there is, and goes.
        process.stdin.close()
        gone = asyncio.gather(over, process.wait())
        await asyncio.wait({gone}, timeout=_DRAIN_SECONDS)
    if ended:
        return (await gone)[1]
    output.say("\nCancelled" if unwanted else "\nTimeout")
    return CANCELLED if unwanted else TIMEOUT


def _event_of(token: CancellationToken | None) -> asyncio.Event:
    event = asyncio.Event()
    if token is not None:
        loop = asyncio.get_running_loop()
        token.add_callback(lambda: loop.call_soon_threadsafe(event.set) and None)
    return event
