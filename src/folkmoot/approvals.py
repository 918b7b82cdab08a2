"""Who may let an agent act: the policy of an approval, as a tool, a turn or a code block has it.

People are named by texts: a person's id (`"alice"`), or a role (`"role:finance"`). Ids and roles are those that the
caller of `decide` brings along (an HTTP API takes them from the caller's token).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import Field, PrivateAttr
from referencing import Registry
from referencing.exceptions import Unresolvable

from ._spec import Carried, Frozen, function_name

__all__ = ["ApprovalPolicy", "Deadlines", "Escalation", "People", "WhenFunction", "check_people"]

Seconds = Annotated[float, Field(gt=0, le=3_155_760_000, allow_inf_nan=False)]
"""At most a hundred years: what lies beyond no clock can tell."""
People = tuple[str, ...]
"""Ids of people, and roles as `role:NAME`. Empty: whoever says who they are."""
WhenFunction = Callable[[str, Mapping[str, Any]], Any]
"""Whether a call needs an approval: of the tool's name and the arguments; may be async."""

_ROLE = "An approval's function"


def check_people(people: People, what: str) -> None:
    """Refuse names that name nobody.

    Raises:
        ValueError: One is empty, or `role:` without a role.
    """
    for name in people:
        if not name.strip() or name.strip() == "role:":
            raise ValueError(f"{what} are ids of people, or roles as 'role:NAME'; got {name!r}.")


class Escalation(Frozen, frozen=True):
    """A step of an escalation chain: after so long others may, or must, decide."""

    after: Seconds
    """Seconds after the request."""
    approvers: People
    """Who may decide from then on."""
    replace: bool = False
    """In place of those before; else besides them. Votes given before still count: they were of those who might."""
    quorum: Annotated[int, Field(ge=1)] | None = None
    """So many must approve from then on; None: as many as before."""

    def check(self) -> None:
        """Refuse a step that changes nothing."""
        super().check()
        check_people(self.approvers, "approvers")
        if not self.approvers:
            raise ValueError("An escalation names those who may decide from then on; approvers is empty.")


class Deadlines(Frozen, frozen=True):
    """What happens while a request to people is open. Times are seconds after the request."""

    deadline: Seconds | None = None
    """When it is too late; None: never."""
    reminders: tuple[Seconds, ...] = ()
    """When people are reminded."""
    remind_every: Seconds | None = None
    """So long after the last of these, and then again and again."""
    escalation: tuple[Escalation, ...] = ()
    """The chain, in order."""

    def check(self) -> None:
        """Refuse times that are out of order."""
        super().check()
        for name, times in (("reminders", self.reminders), ("escalation", tuple(s.after for s in self.escalation))):
            if any(later <= earlier for earlier, later in itertools.pairwise(times)):
                raise ValueError(f"{name} must be in order, each later than the one before; got {list(times)}.")
            if self.deadline is not None and times and times[-1] >= self.deadline:
                raise ValueError(f"{name} must come before the deadline of {self.deadline} s; got {times[-1]}.")


class ApprovalPolicy(Deadlines, frozen=True):
    """When people are asked before an agent acts, whom, and what follows.

    `when` is `always`, a JSON Schema that the arguments must match for an approval to be needed, or a function,
    registered by name or passed itself, that says so of the tool's name and the arguments; a text it returns is the
    request's reason. A function that fails asks for the approval.

    Raises:
        ValueError: Values that contradict each other, or a `when` that is none of these.
    """

    when: str | dict[str, Any] = "always"
    """`always`, a JSON Schema, or the name of a registered function."""
    approvers: People = ()
    """Who may decide."""
    quorum: Annotated[int, Field(ge=1)] = 1
    """So many different people must approve."""
    reject_quorum: Annotated[int, Field(ge=1)] = 1
    """So many must reject for it to be rejected."""
    exclude_requester: bool = False
    """Who asked for the run may not decide."""
    on_timeout: Literal["reject", "approve", "fail", "wait"] = "reject"
    """What the deadline means; `fail` ends the run with an error, `wait` only marks the request as overdue."""
    may_edit: bool = True
    """Approvers may change the arguments."""
    may_answer: bool = True
    """Approvers may answer in the tool's place."""
    reason: str = ""
    """Why it is asked for, as approvers read it."""
    require_signed_decisions: bool = False
    """Only votes with a signature that the worker can check count (see the docs on approvals)."""

    _function: WhenFunction | None = PrivateAttr(default=None)

    def __init__(self, when: str | Mapping[str, Any] | WhenFunction = "always", **fields: Any) -> None:
        held = when if callable(when) else None
        plain = dict(cast(Mapping[str, Any], when)) if isinstance(when, Mapping) else when
        self._fill(when=function_name(held, _ROLE) if held is not None else plain, **fields)
        if held is not None:
            self._hold(_function=held)

    def check(self) -> None:
        """Refuse what could never be decided."""
        super().check()
        check_people(self.approvers, "approvers")
        if self.when == "":
            raise ValueError("when must be 'always', a JSON Schema, or the name of a function; got ''.")
        if isinstance(self.when, dict):
            try:
                json.dumps(self.when, allow_nan=False)
                Draft202012Validator.check_schema(self.when)
            except (SchemaError, TypeError, ValueError) as error:
                text = error.message if isinstance(error, SchemaError) else str(error)
                raise ValueError(f"when={self.when!r} is no JSON Schema: {text}") from None
        people = [name for name in self.approvers if not name.startswith("role:")]
        if self.approvers and len(people) == len(self.approvers) and not self.escalation:
            for name, number in (("quorum", self.quorum), ("reject_quorum", self.reject_quorum)):
                if number > len(set(people)):
                    raise ValueError(f"{name}={number} can never be reached by {len(set(people))} approvers.")
            if self.quorum + self.reject_quorum > len(set(people)) + 1:
                text = f"quorum={self.quorum} and reject_quorum={self.reject_quorum}"
                raise ValueError(f"{text} may both be missed by {len(set(people))} approvers: nobody would decide.")
        if self.deadline is None and self.on_timeout != "reject":
            raise ValueError(f"on_timeout={self.on_timeout!r} needs a deadline.")

    def check_always(self, what: str) -> None:
        """Refuse a `when` that is no `always`.

        Raises:
            ValueError: There are no arguments that it could look at.
        """
        if self.when != "always":
            raise ValueError(f"{what} is asked for always; when={self.when!r} has nothing to look at.")

    @property
    def function(self) -> str | None:
        """The name of the function that says when."""
        return self.when if isinstance(self.when, str) and self.when != "always" else None

    def carry(self, into: Carried) -> None:
        """The function, if it was passed itself."""
        if self._function is not None and self.function is not None:
            into.add_function(self.function, self._function)

    def matches(self, arguments: Mapping[str, Any]) -> bool:
        """Whether the arguments match the JSON Schema that says when; one that refers to nothing asks."""
        assert isinstance(self.when, dict)
        # An own registry: by default references to other places are fetched.
        check = Draft202012Validator(self.when, registry=Registry())
        try:
            return check.is_valid(dict(arguments))  # pyright: ignore[reportUnknownMemberType]
        except Unresolvable:
            return True
