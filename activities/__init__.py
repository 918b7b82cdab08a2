"""What the application's agents and processes may do: tools and activities with real effects.

`TOOLS` are called by agents, each call as an activity of its chat. `ACTIVITIES` are called by the business processes in
`workflows/`. `worker.py` registers both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from activities.notes import publish_note
from activities.release import read_changes
from folkmoot import FunctionTool

__all__ = ["ACTIVITIES", "TOOLS"]

TOOLS: Sequence[FunctionTool] = [read_changes]
ACTIVITIES: Sequence[Callable[..., Any]] = [publish_note]
