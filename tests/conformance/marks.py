"""Marks: which lines of the checklist a test covers, and whether Folkmoot agrees with AutoGen there or does better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from tests.conformance.checklist import LINES

__all__ = ["Coverage", "better", "coverage_of", "covers"]

Test = TypeVar("Test", bound=Callable[..., Any])

_ATTRIBUTE = "_conformance"


@dataclass(frozen=True)
class Coverage:
    """What a test says about the checklist.

    Attributes:
        lines: Lines of the checklist, such as `B014`.
        verdict: `agree`: both libraries do the same in all that is compared. `better`: they differ, on purpose.
        why: Why they differ; empty where they agree.
    """

    lines: tuple[str, ...]
    verdict: Literal["agree", "better"]
    why: str = ""


def covers(*lines: str) -> Callable[[Test], Test]:
    """The test covers these lines, and both libraries do the same.

    Raises:
        ValueError: There is no such line, or none is named.
    """
    return _mark(Coverage(_known(lines), "agree"))


def better(*lines: str, why: str) -> Callable[[Test], Test]:
    """The test covers these lines; the libraries differ, and the test pins what each of them does.

    Args:
        lines: Lines of the checklist.
        why: What AutoGen does wrong, and what is right; goes into the page.

    Raises:
        ValueError: There is no such line, none is named, or no reason is given.
    """
    if not why:
        raise ValueError(f"A test that finds Folkmoot better needs a reason (lines {', '.join(lines)}).")
    return _mark(Coverage(_known(lines), "better", why))


def coverage_of(test: object) -> Coverage | None:
    """The mark of a test function, if it has one."""
    found = getattr(test, _ATTRIBUTE, None)
    return found if isinstance(found, Coverage) else None


def _mark(coverage: Coverage) -> Callable[[Test], Test]:
    def mark(test: Test) -> Test:
        setattr(test, _ATTRIBUTE, coverage)
        return test

    return mark


def _known(lines: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [line for line in lines if line not in LINES]
    if unknown or not lines:
        raise ValueError(f"Expected lines of the checklist, B001 to B{len(LINES):03}, got {unknown or 'none'}.")
    return lines
