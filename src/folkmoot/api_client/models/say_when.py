"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from enum import StrEnum


class SayWhen(StrEnum):
    NOW = "now"
    QUEUE = "queue"
    TURN = "turn"

    def __str__(self) -> str:
        return str(self.value)
