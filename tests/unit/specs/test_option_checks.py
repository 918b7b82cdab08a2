"""Options: values out of range are refused by name, and no credential gets into a spec or an error text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from folkmoot.agents import AssistantAgent
from folkmoot.options import ModelInfo, ModelSpec, ToolOptions

SECRET = "very-private-value"


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": SECRET},
        {"apiKey": SECRET},
        {"extra_headers": {"Authorization": SECRET}},
        {"extra_headers": {"X-Api-Key": SECRET}},
        {"extra_body": {"providers": [{"access_token": SECRET}]}},
        {"token": SECRET},
        {"password": SECRET},
        {"user": f"sk-{SECRET}"},
        {"stop": ["x", f"Bearer {SECRET}"]},
    ],
)
def test_credentials_in_options_are_refused_and_not_shown(options: dict[str, Any]) -> None:
    for make in (
        lambda: ModelSpec("m", options=options),
        lambda: ModelSpec.from_json({"name": "m", "options": options}),
        lambda: AssistantAgent.model_validate(
            {"name": "a", "model_client": {"name": "m", "options": options}},
        ),
    ):
        with pytest.raises(ValueError, match="looks like a credential") as caught:
            make()
        assert SECRET not in str(caught.value)


def test_key_as_an_unknown_field_is_not_shown() -> None:
    with pytest.raises(ValueError, match="api_key") as caught:
        ModelSpec.from_json({"name": "m", "api_key": SECRET})
    assert SECRET not in str(caught.value)
    with pytest.raises(ValueError, match="api_key") as caught:
        AssistantAgent.from_json({"type": "AssistantAgent", "name": "a", "model_client": "m", "api_key": SECRET})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("url", [f"https://user:{SECRET}@host/v1", f"https://host/v1?api-key={SECRET}"])
def test_credentials_in_the_address_are_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match="A part of base_url looks like a credential") as caught:
        ModelSpec("m", base_url=url)
    assert SECRET not in str(caught.value)


def test_usual_options_are_taken() -> None:
    options = {"temperature": 0.1, "max_tokens": 5, "max_completion_tokens": 5, "logit_bias": {"50256": -100}}
    spec = ModelSpec("m", base_url="http://localhost:8080/v1", options=options)
    assert spec.options == options
    options["temperature"] = 2
    assert spec.options["temperature"] == 0.1


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: ModelSpec(""), "name of a model must not be empty"),
        (lambda: ModelSpec("m", base_url="models.example"), "http or https address, got 'models.example'"),
        (lambda: ModelSpec("m", options={"x": object()}), "options of model 'm' must be JSON"),
        (lambda: ModelSpec("m", options={"x": float("nan")}), "options of model 'm' must be JSON"),
        (lambda: ModelSpec("m", timeout=0), "timeout"),
        (lambda: ModelSpec("m", max_attempts=0), "max_attempts"),
        (lambda: ToolOptions(timeout=-1), "timeout.*\n.*greater than 0.*input_value=-1"),
        (lambda: ToolOptions(timeout=float("inf")), "timeout"),
        (lambda: ToolOptions(heartbeat_timeout=0), "heartbeat_timeout"),
        (lambda: ToolOptions(max_attempts=0), "max_attempts"),
        (lambda: ToolOptions(backoff=0.5), "backoff"),
        (lambda: ToolOptions(initial_interval=0), "initial_interval"),
        (lambda: ToolOptions(retryable=False, retry_errors=True), "retry_errors=True needs retryable=True"),
        (lambda: ToolOptions(patience=1), "patience"),  # type: ignore[call-arg]
        (lambda: ModelInfo(vision="sometimes"), "vision"),  # type: ignore[arg-type]
    ],
)
def test_values_out_of_range_are_refused(make: Callable[[], object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        make()


def test_defaults_of_a_tool_call() -> None:
    options = ToolOptions()
    assert (options.timeout, options.heartbeat_timeout, options.max_attempts) == (300.0, 10.0, 5)
    assert (options.retryable, options.retry_errors, options.side_effects) == (True, False, False)
    assert (options.initial_interval, options.backoff) == (1.0, 2.0)


def test_defaults_are_a_current_openai_model() -> None:
    info = ModelInfo()
    assert info.vision
    assert info.function_calling
    assert info.json_output
    assert info.structured_output
    assert info.multiple_system_messages
    assert info.family == "unknown"
