"""Functions given to the plugin: by the name specs use, or in a list by their own names."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from folkmoot import FolkmootPlugin


def decide(messages: object) -> bool:
    return True


def choose(messages: object) -> None:
    return None


def test_functions_by_name_and_by_their_own_names() -> None:
    named = FolkmootPlugin(functions={"decide": decide, "pick": choose})
    assert named.registry.functions == {"decide": decide, "pick": choose}
    for listed in ([decide, choose], (decide, choose)):
        assert FolkmootPlugin(functions=listed).registry.functions == {"decide": decide, "choose": choose}
    assert FolkmootPlugin(functions=[]).registry.functions == {}


@pytest.mark.parametrize(
    ("functions", "error", "said"),
    [
        ([decide, decide], ValueError, "Two functions are named 'decide'"),
        ([lambda _: True], TypeError, "<lambda>.* has no name of its own; give it as functions="),
        ([partial(decide, None)], TypeError, "has no name of its own"),
        (["decide"], TypeError, "'decide' has no name of its own"),
        ("decide", TypeError, "Expected functions by name, or a list of functions, got 'decide'"),
        (decide, TypeError, "Expected functions by name, or a list of functions, got <function decide"),
    ],
)
def test_what_are_no_functions(functions: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        FolkmootPlugin(functions=functions)
