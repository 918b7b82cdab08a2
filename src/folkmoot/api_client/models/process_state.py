"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from enum import StrEnum


class ProcessState(StrEnum):
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    RUNNING = "running"
    TERMINATED = "terminated"
    TIMED_OUT = "timed_out"

    def __str__(self) -> str:
        return str(self.value)
