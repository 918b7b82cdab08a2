"""Where output goes: words for people on a terminal, plain lines in a pipe, or JSON lines for programs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from folkmoot._local import Progress as OnProgress

__all__ = ["Screen", "clean"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_STEP = 0.1


def clean(text: str) -> str:
    """`text` without what would steer the terminal: models and tools may say anything."""
    return _CONTROL.sub("", text)


class Screen:
    """The output of one command.

    Args:
        json: Print JSON lines on stdout, nothing else.
    """

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self.out = Console(highlight=False, markup=False, emoji=False)
        self.err = Console(stderr=True, highlight=False, markup=False, emoji=False)

    def emit(self, data: Mapping[str, Any], shown: RenderableType | None = None) -> None:
        """Print a result: `data` for programs, `shown` for people (None: nothing)."""
        if self.json:
            sys.stdout.write(json.dumps(data, ensure_ascii=False, default=str) + "\n")
            sys.stdout.flush()
        elif shown is not None:
            # In a pipe lines are as long as they are.
            self.out.print(shown, soft_wrap=not self.out.is_terminal)

    def say(self, text: str, style: str = "") -> None:
        """Words for people only, on stdout."""
        if not self.json:
            self.out.print(Text(clean(text), style=style), soft_wrap=not self.out.is_terminal)

    def note(self, text: str) -> None:
        """Words about the work itself, on stderr, whatever stdout is for."""
        self.err.print(Text(clean(text), style="dim"), soft_wrap=True)

    def line(self, text: Text) -> None:
        """One line for people, cut to the terminal's width, whole in a pipe."""
        if self.json:
            return
        if self.out.is_terminal:
            self.out.print(text, no_wrap=True, overflow="ellipsis")
        else:
            self.out.print(text, soft_wrap=True)

    @contextmanager
    def waiting(self, first: str) -> Generator[OnProgress]:
        """While the block runs: a spinner with what is being done, and a bar where its share is known.

        Without a terminal each step is a line on stderr, a share every tenth.

        Yields:
            To be called with a sentence and the share done, 0 to 1 or None.
        """
        if not self.err.is_terminal:
            yield _Lines(self)
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.err, transient=True) as progress:
            task = progress.add_task(first, total=None)

            def show(message: str, share: float | None) -> None:
                progress.update(task, description=clean(message), total=None if share is None else 1.0)
                if share is not None:
                    progress.update(task, completed=share)

            yield show


class _Lines:
    """Progress in a pipe or a log: a line where there is news."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._next = 0.0

    def __call__(self, message: str, share: float | None) -> None:
        if share is None:
            self._screen.note(message)
        elif share >= self._next:
            self._next = share + _STEP
            self._screen.note(f"{message} ({share:.0%})")
