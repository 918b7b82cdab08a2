"""How far the logs of chats were counted by this process, as some tasks of workflows are done more than once."""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Counted"]

MOST = 10_000
"""Runs of workflows that are remembered, those counted last."""


class Counted:
    """What was counted, by the run of a workflow."""

    def __init__(self) -> None:
        self._until: OrderedDict[str, int] = OrderedDict()

    def uncounted(self, run_id: str, first: int, head: int) -> int:
        """The offset from which on entries are to be counted; up to `head` they are, from now on.

        Args:
            run_id: The workflow's.
            first: The first that a task has written.
            head: After the last.
        """
        before = self._until.pop(run_id, -1)
        self._until[run_id] = max(before, head)
        if len(self._until) > MOST:
            self._until.popitem(last=False)
        return max(before, first)
