"""Lambdas are known by what they say, so that chats find them again after a restart."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from folkmoot._spec import carried
from folkmoot.agents import AssistantAgent
from folkmoot.conditions import FunctionalTermination
from folkmoot.teams import RoundRobinGroupChat, SelectorGroupChat

PRINT = """
from folkmoot.conditions import FunctionalTermination
print(FunctionalTermination(lambda messages: messages[-1].source in {"alpha", "beta", "gamma", "delta"}).func)
"""


def team(*functions: Callable[..., object]) -> RoundRobinGroupChat:
    first, *rest = (FunctionalTermination(function) for function in functions)
    for condition in rest:
        first = first | condition
    return RoundRobinGroupChat([AssistantAgent("a", "m")], termination_condition=first)


def test_same_words_have_one_name_in_every_process() -> None:
    names = {
        subprocess.run([sys.executable, "-c", PRINT], capture_output=True, text=True, check=True, env=env).stdout
        for env in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"})
    }
    assert len(names) == 1
    assert names.pop().startswith("lambda_")


def test_other_words_have_another_name() -> None:
    one, other = FunctionalTermination(lambda messages: True), FunctionalTermination(lambda messages: len(messages) > 1)
    assert one.func != other.func


def test_lambda_made_twice_is_one_function() -> None:
    def made() -> Callable[..., object]:
        return lambda messages: len(messages) > 3

    assert list(carried(team(made(), made())).functions) == [FunctionalTermination(made()).func]


def test_same_words_that_see_other_values_are_refused() -> None:
    def above(limit: int) -> Callable[..., object]:
        return lambda messages: len(messages) > limit

    assert carried(team(above(2), above(2))).functions
    with pytest.raises(ValueError, match="Two different functions are named 'lambda_"):
        carried(team(above(2), above(3)))


def test_lambdas_serve_wherever_functions_do() -> None:
    spec = SelectorGroupChat(
        [AssistantAgent("a", "m"), AssistantAgent("b", "m")], "m", selector_func=lambda thread: "b"
    )
    assert carried(spec).functions[spec.selector_func or ""]([]) == "b"
