"""The extern functions a worker gives its workflows (see `worker_side`); None where a workflow runs without them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from temporalio import workflow

__all__ = ["extern"]


def extern(name: str) -> Callable[..., Any] | None:
    """The extern function of that name. Nothing it does may influence what the workflow does on replay."""
    functions = workflow.extern_functions()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return cast(Mapping[str, Callable[..., Any]], functions).get(name)
