"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from enum import StrEnum


class Verdict(StrEnum):
    ANSWER = "answer"
    APPROVE = "approve"
    EDIT = "edit"
    FAILED = "failed"
    REJECT = "reject"
    RETRY = "retry"
    SUCCEEDED = "succeeded"

    def __str__(self) -> str:
        return str(self.value)
