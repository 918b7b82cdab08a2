"""What all verbs share: the common options, how a verb becomes a command, and how its errors are told.

A verb is an async function of an `Invocation` and its own options. `verb` adds the common options to its signature, so
that each of them is written down once.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, cast

import typer
from pydantic import ValidationError
from temporalio.service import RPCError

from folkmoot._local import default_data_folder
from folkmoot._local.environment import ADDRESS, DATA_DIR, TASK_QUEUE
from folkmoot._temporal.names import DEFAULT_QUEUE
from folkmoot.errors import ChatCancelled, FolkmootError, to_wire
from folkmoot.store import Store, open_store

from .screen import Screen

__all__ = ["AddVerb", "Invocation", "Settings", "one_line", "verb"]

P = ParamSpec("P")
AddVerb = Callable[[typer.Typer], None]
_LEVELS = ("debug", "info", "warning", "error", "critical")
_INTERRUPTED = 130
"""What shells report for a process ended by Ctrl-C."""
_TERMINATED = 143
"""And by SIGTERM."""


@dataclass(frozen=True)
class Settings:
    """The common options. Keys and certificates are not among them: those come from the environment only."""

    address: str | None = None
    namespace: str | None = None
    profile: str | None = None
    queue: str = DEFAULT_QUEUE
    data_dir: Path | None = None
    # A URL may have a password.
    store_url: str | None = field(default=None, repr=False)
    json: bool = False
    debug: bool = False
    log_level: str | None = None

    @property
    def folder(self) -> Path:
        """The folder of the embedded server's data."""
        return self.data_dir.expanduser() if self.data_dir is not None else default_data_folder()

    def store(self, fallback: Path | None = None) -> Store | None:
        """The store the options name, else the one at `fallback`."""
        chosen = self.store_url or fallback
        return None if chosen is None else open_store(chosen)


def _common(
    address: Annotated[
        str | None,
        typer.Option(envvar=ADDRESS, help="host:port of the Temporal server; none: the embedded server."),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(envvar="TEMPORAL_NAMESPACE", help="Temporal namespace; none: 'default'.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(envvar="TEMPORAL_PROFILE", help="Profile of Temporal's configuration file."),
    ] = None,
    queue: Annotated[str, typer.Option(envvar=TASK_QUEUE, help="Task queue of new chats and of workers.")] = (
        DEFAULT_QUEUE
    ),
    data_dir: Annotated[
        Path | None, typer.Option(envvar=DATA_DIR, help="Folder of the embedded server's data.")
    ] = None,
    store_url: Annotated[
        str | None,
        typer.Option(
            "--store",
            envvar="FOLKMOOT_STORE",
            help="Folder, s3://bucket/prefix or postgresql://... of sealed segments, large contents and closed chats.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", envvar="FOLKMOOT_JSON", help="Print JSON lines.")] = False,
    debug: Annotated[bool, typer.Option("--debug", envvar="FOLKMOOT_DEBUG", help="Show tracebacks of errors.")] = False,
    log_level: Annotated[
        str | None,
        typer.Option(envvar="FOLKMOOT_LOG_LEVEL", help=f"Of the log on stderr: {', '.join(_LEVELS)}; none: warning."),
    ] = None,
) -> Settings:
    if log_level and log_level.lower() not in _LEVELS:
        raise typer.BadParameter(f"{log_level!r} is none of: {', '.join(_LEVELS)}.", param_hint="--log-level")
    return Settings(
        address=address or None,
        namespace=namespace or None,
        profile=profile or None,
        queue=queue or DEFAULT_QUEUE,
        data_dir=data_dir,
        store_url=store_url or None,
        json=json,
        debug=debug,
        log_level=log_level.lower() if log_level else None,
    )


@dataclass(frozen=True)
class Invocation:
    """One call of a verb: its settings, and where its output goes."""

    settings: Settings
    screen: Screen = field(repr=False)


Verb = Callable[Concatenate[Invocation, P], Coroutine[Any, Any, None]]


def verb(name: str, work: Verb[...]) -> AddVerb:
    """A function that adds the verb to a typer application.

    Args:
        name: What the user types.
        work: What it does; its first parameter is the invocation, its docstring the help.
    """
    signature = inspect.signature(work, eval_str=True)
    own = list(signature.parameters.values())[1:]
    common = list(inspect.signature(_common, eval_str=True).parameters.values())

    def command(**values: Any) -> None:
        settings = _common(**{item.name: values.pop(item.name) for item in common})
        code = _carry_out(settings, lambda invocation: work(invocation, **values))
        if code:
            raise typer.Exit(code)

    both = [item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in (*own, *common)]
    command.__doc__ = work.__doc__
    # typer reads both: the one for the parameters, the other for their types.
    command.__annotations__ = {item.name: item.annotation for item in both}
    cast(Any, command).__signature__ = signature.replace(parameters=both, return_annotation=None)
    return lambda app: cast(None, app.command(name)(command))


def _carry_out(settings: Settings, work: Callable[[Invocation], Coroutine[Any, Any, None]]) -> int:
    """Do it; the exit code. Errors are told in one line on stderr, with --json as a JSON object."""
    level = (settings.log_level or "warning").upper()
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s: %(message)s")
    invocation = Invocation(settings, Screen(json=settings.json))
    try:
        asyncio.run(_until_terminated(work(invocation)))
    except typer.Exit as end:
        return end.exit_code
    except typer.BadParameter:
        # Wrong usage that only the verb sees, as of options that exclude each other, is told as any other is.
        raise
    except KeyboardInterrupt:
        return _INTERRUPTED
    except asyncio.CancelledError:
        return _TERMINATED
    except BrokenPipeError:
        return 1
    except Exception as error:  # noqa: BLE001 - users get a sentence, --debug the traceback
        if settings.debug:
            traceback.print_exc()
        _tell(error, settings)
        return 1
    return 0


async def _until_terminated(work: Coroutine[Any, Any, None]) -> None:
    """Let SIGTERM end a verb as Ctrl-C does: what it started is stopped. Verbs that serve have their own way."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await work


def _tell(error: Exception, settings: Settings) -> None:
    if settings.json:
        wire = to_wire(error) if isinstance(error, FolkmootError) else {"type": type(error).__name__}
        line = json.dumps({"error": {**wire, "message": one_line(error)}}, ensure_ascii=False, default=str)
    else:
        line = f"folkmoot: {one_line(error)}"
        if not isinstance(error, FolkmootError | ValueError | OSError | RPCError | ImportError):
            line += " (--debug shows where)"
    print(line, file=sys.stderr, flush=True)


def one_line(error: Exception) -> str:
    """What went wrong, in one line; an error nobody foresaw is told with its class."""
    if isinstance(error, ValidationError):
        # The input itself is not shown: somebody might have written a key into it.
        parts = (
            f"{'.'.join(map(str, item['loc'])) or error.title}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False)
        )
        text = "; ".join(parts)
    elif isinstance(error, RPCError):
        text = f"the Temporal server refused: {error.message}"
    elif isinstance(error, ChatCancelled):
        text = str(error) or "the run was cancelled"
    else:
        text = str(error)
        if not isinstance(error, FolkmootError | ValueError | OSError):
            text = f"{type(error).__name__}: {text}"
    return " ".join(text.split())
