"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from enum import StrEnum


class Whose(StrEnum):
    ALL = "all"
    MINE = "mine"

    def __str__(self) -> str:
        return str(self.value)
