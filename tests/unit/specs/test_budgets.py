"""Budgets as specs: what they refuse, their JSON, and where they can stand."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from folkmoot import (
    ApprovalPolicy,
    AssistantAgent,
    Budget,
    CodeExecutorAgent,
    CustomAgent,
    DiGraphBuilder,
    GraphFlow,
    LocalCommandLineCodeExecutor,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    SocietyOfMindAgent,
    Swarm,
)
from folkmoot._spec import load_spec, spec_json
from folkmoot._temporal.prices import millionths

BUDGET = Budget(tokens=1000, cost=2.5, extend=ApprovalPolicy(approvers=["ann"]))
A, B = AssistantAgent("a", "m", handoffs=["b"]), AssistantAgent("b", "m")
GRAPH = DiGraphBuilder().add_node(A).add_node(B).add_edge(A, B).build()


def holders(budget: Budget | None) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        code = CodeExecutorAgent("a", LocalCommandLineCodeExecutor(), budget=budget)
    return [
        AssistantAgent("a", "m", budget=budget),
        CustomAgent("a", budget=budget),
        SocietyOfMindAgent("a", RoundRobinGroupChat([B]), "m", budget=budget),
        code,
        RoundRobinGroupChat([A, B], budget=budget),
        SelectorGroupChat([A, B], "m", budget=budget),
        Swarm([A, B], budget=budget),
        MagenticOneGroupChat([A, B], "m", budget=budget),
        GraphFlow([A, B], GRAPH, budget=budget),
    ]


@pytest.mark.parametrize("spec", holders(BUDGET), ids=lambda spec: spec.type)
def test_it_is_part_of_the_json(spec: Any) -> None:
    data = json.loads(spec_json(spec))
    assert data["budget"] == {"tokens": 1000, "cost": 2.5, "extend": {"approvers": ["ann"]}}
    assert load_spec(data) == spec


@pytest.mark.parametrize("spec", holders(None), ids=lambda spec: spec.type)
def test_without_one_the_json_is_what_it_was(spec: Any) -> None:
    assert "budget" not in spec_json(spec)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "A budget needs at least one limit: tokens, cost, seconds, tool_calls, model_calls."),
        ({"warn_at": 0.5, "extend": ApprovalPolicy()}, "A budget needs at least one limit"),
        ({"tokens": 0}, "greater than 0"),
        ({"tokens": 1.5}, "integer"),
        ({"tokens": 10**16}, "less than or equal to"),
        ({"cost": -1}, "greater than 0"),
        ({"seconds": float("inf")}, "less than or equal to"),
        ({"seconds": float("nan")}, "less than or equal to"),
        ({"tool_calls": 0}, "greater than 0"),
        ({"model_calls": "many"}, "integer"),
        ({"tokens": 1, "warn_at": 0}, "greater than 0"),
        ({"tokens": 1, "warn_at": 1.1}, "less than or equal to 1"),
        ({"tokens": 1, "money": 1}, "money"),
        ({"tokens": 1, "extend": ApprovalPolicy({"type": "object"})}, "The extension of a budget is asked for always"),
    ],
    ids=str,
)
def test_what_limits_nothing_or_makes_no_sense_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Budget(**fields)


def test_a_code_executor_calls_no_tools() -> None:
    with pytest.raises(ValueError, match="A code executor calls no tools"):
        CodeExecutorAgent("a", LocalCommandLineCodeExecutor(), approval_func="f", budget=Budget(tool_calls=1))


@pytest.mark.parametrize(
    ("price", "expected"), [(0, 0), (2, 2_000_000), (0.1, 100_000), (0.0000005, 1), (0.0000004, 0), (1e9, 10**15)]
)
def test_prices_are_kept_in_millionths(price: float, expected: int) -> None:
    assert millionths(price) == expected


@pytest.mark.parametrize("price", [None, "1", True, -0.1, float("nan"), float("inf"), 1e10])
def test_what_is_no_price(price: object) -> None:
    with pytest.raises(ValueError, match="a price must be"):
        millionths(price)
