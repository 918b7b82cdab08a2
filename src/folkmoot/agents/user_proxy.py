"""A person as a participant (AutoGen: `autogen_agentchat.agents.UserProxyAgent`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from pydantic import PrivateAttr

from folkmoot._spec import AgentSpec, Carried, function_name
from folkmoot.approvals import Deadlines, People, check_people

__all__ = ["InputFunc", "UserProxyAgent"]

InputFunc = Callable[[str], str] | Callable[[str, Any], Awaitable[str]]
"""What is asked instead of a person: of the prompt; an async one of the prompt and the cancellation token."""

_ROLE = "An input function"


class UserProxyAgent(AgentSpec, frozen=True):
    """A person: a turn of theirs is a request that waits for an answer, for months if need be.

    Args:
        name: An identifier, unique in the team.
        description: For teams that choose speakers.
        input_func: A function that answers in the person's place, or its registered name; it runs on a worker.
            None: the chat waits for somebody to answer.
        people: Who may answer: ids, or roles as `role:NAME`; empty: whoever sends an answer.
        deadlines: When they are reminded, who else is asked, and until when an answer is waited for; None: for ever.
        default_answer: What is taken for the answer when the deadline is over; None: the run ends with an error.

    Raises:
        ValueError: The name is refused, the function has none, or values contradict each other.
    """

    type: Literal["UserProxyAgent"] = "UserProxyAgent"
    description: str = "A human user"
    input_func: str | None = None
    """The function's name."""
    people: People = ()
    deadlines: Deadlines | None = None
    default_answer: str | None = None

    _function: Callable[..., object] | None = PrivateAttr(default=None)

    def __init__(
        self,
        name: str,
        *,
        description: str = "A human user",
        input_func: InputFunc | str | None = None,
        people: Sequence[str] = (),
        deadlines: Deadlines | None = None,
        default_answer: str | None = None,
    ) -> None:
        self._fill(
            name=name,
            description=description,
            input_func=None if input_func is None else function_name(input_func, _ROLE),
            people=tuple(people),
            deadlines=deadlines,
            default_answer=default_answer,
        )
        if callable(input_func):
            self._hold(_function=input_func)

    def check(self) -> None:
        """Refuse an empty function name."""
        super().check()
        if self.input_func is not None:
            function_name(self.input_func, _ROLE)
        check_people(self.people, "people")
        if self.default_answer is not None and (self.deadlines is None or self.deadlines.deadline is None):
            raise ValueError(f"default_answer={self.default_answer!r} needs deadlines with a deadline.")
        if self.input_func is not None and (self.people or self.deadlines is not None):
            raise ValueError("people and deadlines are for requests to people; input_func answers by itself.")

    @property
    def policy(self) -> dict[str, Any]:
        """Who may answer, and until when, as a request holds it."""
        people: dict[str, Any] = {"approvers": list(self.people)} if self.people else {}
        if self.deadlines is None:
            return people
        told: Any = self.deadlines.to_json()
        if self.deadlines.deadline is None:
            return {**people, **told}
        if self.default_answer is None:
            return {**people, **told, "on_timeout": "fail"}
        return {**people, **told, "on_timeout": "answer", "default": self.default_answer}

    @property
    def produced_message_types(self) -> tuple[str, ...]:
        """Text, or a handoff back to who handed over."""
        return ("TextMessage", "HandoffMessage")

    def carry(self, into: Carried) -> None:
        """The function, if it was passed itself."""
        if self._function is not None and self.input_func is not None:
            into.add_function(self.input_func, self._function)
