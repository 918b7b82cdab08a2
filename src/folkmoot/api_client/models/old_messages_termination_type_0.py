"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from enum import StrEnum


class OldMessagesTerminationType0(StrEnum):
    KEEP = "keep"
    REMOVE = "remove"

    def __str__(self) -> str:
        return str(self.value)
