"""What people are asked and decide."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from .base import Given, JsonObject, Told

__all__ = [
    "HASH_NEEDED",
    "Answer",
    "Answered",
    "Decide",
    "Decision",
    "Inbox",
    "InboxItem",
    "PersonRequest",
    "PersonRequests",
    "Verdict",
    "Whose",
]


HASH_NEEDED = "needs the hash of what was looked at: it is `hash` of the request in GET /v1/chats/{id}/requests"


class Verdict(StrEnum):
    """What people decide: of approvals approve, reject, edit, answer; of unknown outcomes succeeded, failed, retry."""

    APPROVE = "approve"
    REJECT = "reject"
    EDIT = "edit"
    ANSWER = "answer"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETRY = "retry"


class PersonRequest(Told):
    """Something people are asked."""

    chat: str
    request: str
    """Its id."""
    kind: str
    """`input`, `speaker`, `approval`, `turn`, `code`, `outcome` or `budget`."""
    path: str
    """Who asks: a participant's path, or a team's."""
    prompt: str
    """The question."""
    since: str
    """ISO 8601, UTC."""
    offset: int
    """Of the entry of the log that asks."""
    deadline: str | None
    """ISO 8601, UTC."""
    overdue: bool
    """The deadline is over."""
    reason: str
    """Why it is asked, as the policy says."""
    name: str
    """The tool's name."""
    arguments: Any
    """What is to be approved; secrets are masked."""
    content: str | None
    """What somebody proposed as the answer in the tool's place."""
    hash: str
    """What a decision is bound to."""
    revision: int
    """How often it was changed since it was asked."""
    approvers: list[str]
    """Who may decide: people's ids, and roles as `role:NAME`; none: everybody."""
    quorum: int
    votes: list[JsonObject]
    """Those that count so far."""
    verdicts: list[str]
    """What can be decided."""


class PersonRequests(Told):
    """What people are asked in a chat, oldest first."""

    requests: list[PersonRequest]


class Whose(StrEnum):
    """Whose requests."""

    MINE = "mine"
    ALL = "all"


class InboxItem(Told):
    """A request to people, in short; the chat's requests tell it in full."""

    chat: str
    team: str
    request: str
    """Its id."""
    kind: str
    path: str
    """Who asks."""
    name: str
    """The tool's name."""
    since: str
    """ISO 8601, UTC."""
    due: str | None
    """Its deadline, ISO 8601 in UTC."""
    overdue: bool
    """The deadline is over."""
    who: list[str]
    """Who may decide: `person:ID`, `role:NAME`, or `anyone`; the first five."""


class Inbox(Told):
    """A page of what people are asked."""

    requests: list[InboxItem]
    next: str | None
    """Cursor of the next page; null: this is the last."""


class Decide(Given):
    """A vote. Who votes is told by the token, and by nothing else."""

    verdict: Verdict
    hash: Annotated[str, Field(max_length=200)] | None = Field(default=None, validate_default=True)
    """Of what was looked at: `hash` of the request in `GET /v1/chats/{id}/requests`. Only a rejection goes without, and
    is then of what is pending right now."""
    reason: Annotated[str, Field(max_length=10_000)] = ""
    """For whoever asked: models read it."""
    comment: Annotated[str, Field(max_length=10_000)] = ""
    """For people, in the log."""
    arguments: JsonObject | None = None
    """What the arguments are changed to, with edit; with the approval of a budget, how much more."""
    content: Annotated[str, Field(max_length=1_000_000)] | None = None
    """The answer in the tool's place, or the result of a call whose outcome was unknown."""

    @field_validator("hash")
    @classmethod
    def _bound(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Who has something run, or speaks for a tool, says what they looked at: it may have changed since."""
        verdict = info.data.get("verdict")
        if not value and verdict not in (None, Verdict.REJECT):
            raise PydanticCustomError("hash_missing", "{why}", {"why": f"The verdict '{verdict}' {HASH_NEEDED}."})
        return value


class Decision(Told):
    """A vote that counted."""

    chat: str
    request: str
    verdict: str
    """The vote's."""
    offset: int
    """Of the vote in the log."""
    decided: str | None
    """What the request was decided to with it; null: it is still open."""
    missing: int
    """How many more must agree."""


class Answer(Given):
    """A person's answer."""

    content: Annotated[str, Field(max_length=1_000_000)] = Field(examples=["Friday is fine."])
    """Their words; where the next speaker is asked for, a name."""
    hash: Annotated[str, Field(max_length=200)] | None = None
    """In a tool's place: of the call that was looked at, `hash` of the request in `GET /v1/chats/{id}/requests`."""


class Answered(Told):
    """An answer that counted."""

    chat: str
    request: str
