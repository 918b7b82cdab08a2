"""A person as a participant (AutoGen: `autogen_agentchat.agents.UserProxyAgent`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from pydantic import PrivateAttr

from folkmoot._spec import AgentSpec, Carried, function_name

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

    Raises:
        ValueError: The name is refused, or the function has none.
    """

    type: Literal["UserProxyAgent"] = "UserProxyAgent"
    description: str = "A human user"
    input_func: str | None = None
    """The function's name."""

    _function: Callable[..., object] | None = PrivateAttr(default=None)

    def __init__(
        self, name: str, *, description: str = "A human user", input_func: InputFunc | str | None = None
    ) -> None:
        self._fill(
            name=name,
            description=description,
            input_func=None if input_func is None else function_name(input_func, _ROLE),
        )
        if callable(input_func):
            self._hold(_function=input_func)

    def check(self) -> None:
        """Refuse an empty function name."""
        super().check()
        if self.input_func is not None:
            function_name(self.input_func, _ROLE)

    @property
    def produced_message_types(self) -> tuple[str, ...]:
        """Text, or a handoff back to who handed over."""
        return ("TextMessage", "HandoffMessage")

    def carry(self, into: Carried) -> None:
        """The function, if it was passed itself."""
        if self._function is not None and self.input_func is not None:
            into.add_function(self.input_func, self._function)
