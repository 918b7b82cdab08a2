"""A script answers each request with the step meant for it: in order, by condition, by name or by a function."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from folkmoot._scripted.script import Script, ScriptExhausted


def request(text: str = "hello", *, model: str = "m", system: str = "", before: str = "") -> dict[str, Any]:
    """A request whose last message says `text`."""
    earlier = [{"role": "user", "content": before}] if before else []
    return {
        "model": model,
        "messages": [{"role": "system", "content": system}, *earlier, {"role": "user", "content": text}],
    }


def texts(script: Script, *requests: dict[str, Any]) -> list[str | None]:
    """What the script answers to each of these."""
    return [script.take(each).text for each in requests]


def test_steps_go_out_in_order_and_end() -> None:
    script = Script(["one", {"text": "two"}])
    assert texts(script, request(), request()) == ["one", "two"]
    with pytest.raises(ScriptExhausted, match="no step left for a request of model 'm' after 2 answers"):
        script.take(request())


def test_repeats() -> None:
    script = Script([{"text": "a", "repeat": 2}, {"text": "b", "repeat": True}])
    assert script.left is None
    assert texts(script, *[request()] * 5) == ["a", "a", "b", "b", "b"]


def test_left_counts_answers() -> None:
    script = Script([{"text": "a", "repeat": 2}, "b"])
    assert script.left == 3
    script.take(request())
    assert script.left == 2


@pytest.mark.parametrize(
    ("when", "matching", "other"),
    [
        ({"contains": "cat"}, request("x", before="a cat"), request("x", system="a cat")),
        ({"last_contains": "cat"}, request("a cat"), request("x", before="a cat")),
        ({"system_contains": "cat"}, request(system="a cat"), request("a cat")),
        ({"model": "cat"}, request(model="cat"), request(model="cats")),
        ({"contains": "cat", "model": "n"}, request("cat", model="n"), request("cat")),
    ],
)
def test_condition_picks_out_of_order(when: dict[str, str], matching: dict[str, Any], other: dict[str, Any]) -> None:
    steps = ["plain", {"text": "picked", "when": when}, "plain too"]
    assert texts(Script(steps), matching, matching) == ["picked", "plain"]
    assert texts(Script(steps), other, other) == ["plain", "plain too"]


def test_condition_reads_text_parts_and_results() -> None:
    parts = {
        "model": "m",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a cat"}, {"type": "image_url"}]}],
    }
    result = {"model": "m", "messages": [{"role": "assistant", "content": None}, {"role": "tool", "content": "a cat"}]}
    for each in (parts, result):
        assert Script([{"text": "picked", "when": {"contains": "cat"}}]).take(each).text == "picked"


def test_step_with_a_condition_never_answers_others() -> None:
    with pytest.raises(ScriptExhausted):
        Script([{"text": "x", "when": {"contains": "cat"}}]).take(request("dog"))


def test_lists_by_model_then_by_name_in_the_system_message() -> None:
    script = Script({"writer": ["w1", "w2"], "critic": ["c1", "c2"], "*": ["other"]})
    asked = [
        request(model="critic", system="You are the writer."),
        request(system="You are the writer."),
        request(system="You are the underwriter, no ghost-writer."),
        request(system="Critic of nobody; you are (critic)."),
    ]
    assert texts(script, *asked) == ["c1", "w1", "other", "c2"]
    assert script.names == ["writer", "critic"]


def test_function_answers_each_request() -> None:
    script = Script(lambda asked: {"text": asked["messages"][-1]["content"].upper()})
    assert texts(script, request("a"), request("b")) == ["A", "B"]
    assert script.left is None


def test_append_and_replace() -> None:
    script = Script(["one"])
    script.append(["two"])
    script.append({"m": ["mine"]})
    assert texts(script, request(), request(model="x"), request(model="x")) == ["mine", "one", "two"]
    script.replace(["new"])
    assert texts(script, request()) == ["new"]
    with pytest.raises(ValueError, match="step 2"):
        script.append(["fine", {"texts": "x"}])
    assert script.left == 0


def test_script_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"*": ["Grüße"]}), encoding="utf-8")
    assert texts(Script.load(path), request()) == ["Grüße"]
    path.write_text("[1,")
    with pytest.raises(ValueError, match=r"script\.json' is not a script: "):
        Script.load(path)


@pytest.mark.parametrize("source", [5, "text", {"a": "text"}, {"a": {"text": "x"}}])
def test_what_is_no_script_is_refused(source: Any) -> None:
    with pytest.raises(ValueError, match="a script must be a list of steps, or an object of such lists, got "):
        Script(source)
