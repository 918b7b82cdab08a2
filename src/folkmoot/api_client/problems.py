"""What the API refuses, as an exception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from folkmoot.errors import FolkmootError

from .models import Problem

__all__ = ["ProblemError", "expect"]

T = TypeVar("T")


class ProblemError(FolkmootError):
    """A request was not carried out.

    Attributes:
        problem: Why, as the API told it.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.detail} ({problem.status} {problem.code})")
        self.problem = problem

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status

    @property
    def code(self) -> str:
        """The class name of the error, such as `ChatNotFoundError`; it never changes."""
        return self.problem.code

    def details(self) -> dict[str, Any]:
        """The problem as JSON."""
        return self.problem.to_dict()

    @classmethod
    def from_details(cls, details: Mapping[str, Any]) -> Self:
        """The error of a problem as JSON."""
        problem = {name: value for name, value in details.items() if name != "message"}
        return cls(Problem.from_dict(problem))


def expect(found: T | Problem | None) -> T:
    """The answer of an operation, where it is one.

    Args:
        found: What a generated function gave.

    Raises:
        ProblemError: It is a problem.
        ValueError: It is nothing that the document tells of, as from something between here and the server.
    """
    if isinstance(found, Problem):
        raise ProblemError(found)
    if found is None:
        raise ValueError("The answer is none that the API gives.")
    return found
