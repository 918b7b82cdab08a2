"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from enum import StrEnum


class ChatState(StrEnum):
    CLOSED = "closed"
    IDLE = "idle"
    PAUSED = "paused"
    PAUSING = "pausing"
    RUNNING = "running"
    WAITING = "waiting"

    def __str__(self) -> str:
        return str(self.value)
