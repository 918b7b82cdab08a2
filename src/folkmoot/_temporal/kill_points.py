"""Places where a test can have this process killed (see `folkmoot.testing`); without the variable they do nothing."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

__all__ = ["VARIABLE", "reach"]

VARIABLE = "FOLKMOOT_KILL_AT"
"""`place:n:file`: SIGKILL this process the n-th time it reaches the place, unless the file exists; it is made first."""

_counts: Counter[str] = Counter()


def reach(place: str) -> None:
    """Pass a place; the process ends here if it was asked to."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    name, count, file = wanted.split(":", 2)
    if name != place:
        return
    _counts[place] += 1
    if _counts[place] == int(count) and not Path(file).exists():
        Path(file).write_text(place)
        os.kill(os.getpid(), signal.SIGKILL)
