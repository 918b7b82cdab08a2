"""Conditions fed message by message stop exactly where AutoGen's do, which get what is new at each check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot import conditions as c
from folkmoot._chat import termination
from folkmoot.messages import is_chat, text_of
from tests._support.examples import examples
from tests.unit.chat.driver import at

Delta = list[dict[str, Any]]


@dataclass
class Called:
    """One condition the way AutoGen has it: an object with a memory, called with a delta, silent once it fired."""

    spec: c.TerminationCondition
    fired: bool = False
    count: int = 0
    prompt: int = 0
    completion: int = 0
    texts: list[str] = field(default_factory=list)
    children: list[Called] = field(default_factory=list)

    def __post_init__(self) -> None:
        if isinstance(self.spec, c.AndTerminationCondition | c.OrTerminationCondition):
            self.children = [Called(child) for child in self.spec.conditions]

    def call(self, delta: Delta, seconds: float, answers: dict[str, bool], external: bool) -> str | None:
        assert not self.fired
        text = self._call(delta, seconds, answers, external)
        self.fired = text is not None
        return text

    def _call(self, delta: Delta, seconds: float, answers: dict[str, bool], external: bool) -> str | None:
        spec, rest = self.spec, (seconds, answers, external)
        match spec:
            case c.OrTerminationCondition():
                texts = [child.call(delta, *rest) for child in self.children]
                return ", ".join(text for text in texts if text) or None
            case c.AndTerminationCondition():
                called = [child.call(delta, *rest) for child in self.children if not child.fired]
                self.texts += [text for text in called if text]
                return ", ".join(self.texts) if all(child.fired for child in self.children) else None
            case c.MaxMessageTermination(max_messages=limit):
                self.count += sum(spec.include_agent_event or is_chat(item["type"]) for item in delta)
                text = f"Maximum number of messages {limit} reached, current message count: {self.count}"
                return text if self.count >= limit else None
            case c.TokenUsageTermination():
                return self._tokens(spec, delta)
            case c.TimeoutTermination(timeout_seconds=limit):
                return f"Timeout of {limit} seconds reached" if seconds >= limit else None
            case c.ExternalTermination():
                return "External termination requested" if external else None
            case c.FunctionalTermination():
                return "Functional termination condition met" if answers[spec.func] else None
            case _:
                return next((text for item in delta if (text := first(spec, item))), None)

    def _tokens(self, spec: c.TokenUsageTermination, delta: Delta) -> str | None:
        used = [item["models_usage"] for item in delta if item.get("models_usage")]
        self.prompt += sum(item["prompt_tokens"] for item in used)
        self.completion += sum(item["completion_tokens"] for item in used)
        total = self.prompt + self.completion
        over = (
            (spec.max_total_token is not None and total >= spec.max_total_token)
            or (spec.max_prompt_token is not None and self.prompt >= spec.max_prompt_token)
            or (spec.max_completion_token is not None and self.completion >= spec.max_completion_token)
        )
        text = f"total token count: {total}, prompt token count: {self.prompt}"
        return f"Token usage limit reached, {text}, completion token count: {self.completion}." if over else None


def first(spec: c.TerminationCondition, item: dict[str, Any]) -> str | None:
    """The text if this message fires a condition that looks for a single one."""
    kind, source = item["type"], item["source"]
    match spec:
        case c.TextMentionTermination(text=text, sources=sources):
            fits = text in text_of(item) and (sources is None or source in sources)
            return f"Text '{text}' mentioned" if fits else None
        case c.StopMessageTermination():
            return "Stop message received" if kind == "StopMessage" else None
        case c.TextMessageTermination(source=wanted):
            fits = kind == "TextMessage" and (wanted is None or wanted == source)
            return f"Text message received from '{source}'" if fits else None
        case c.HandoffTermination(target=target):
            fits = kind == "HandoffMessage" and item["target"] == target
            return f"Handoff to {target} from {source} detected." if fits else None
        case c.SourceMatchTermination(sources=sources):
            return f"'{source}' answered" if source in sources else None
        case c.FunctionCallTermination(function_name=name):
            fits = kind == "ToolCallExecutionEvent" and any(result["name"] == name for result in item["content"])
            return f"Function '{name}' was executed." if fits else None
    raise AssertionError(spec)


names = st.sampled_from(["user", "a", "b"])
words = st.sampled_from(["", "x", "yes x", "y"])
usages = st.none() | st.fixed_dictionaries({"prompt_tokens": st.integers(0, 9), "completion_tokens": st.integers(0, 9)})
results = st.lists(st.sampled_from(["f", "g"]), max_size=2).map(
    lambda called: [{"content": "x", "name": name, "call_id": "1", "is_error": False} for name in called]
)


def shape(kind: str, content: st.SearchStrategy[Any], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = {"type": st.just(kind), "source": names, "content": content, "models_usage": usages, **more}
    return st.fixed_dictionaries(fields)


messages = st.one_of(
    shape("TextMessage", words),
    shape("StopMessage", words),
    shape("HandoffMessage", words, target=names),
    shape("ThoughtEvent", words),
    shape("ToolCallExecutionEvent", results),
)
leaves = st.one_of(
    st.builds(c.MaxMessageTermination, st.integers(1, 6), st.booleans()),
    st.builds(c.TextMentionTermination, st.sampled_from(["x", "y"]), st.none() | st.lists(names, max_size=2)),
    st.just(c.StopMessageTermination()),
    st.builds(c.TextMessageTermination, st.none() | names),
    st.builds(c.HandoffTermination, names),
    st.builds(c.SourceMatchTermination, st.lists(names, max_size=2)),
    st.builds(c.TokenUsageTermination, st.integers(1, 30), st.none() | st.integers(1, 20), st.none()),
    st.builds(c.TokenUsageTermination, st.none(), st.none(), st.integers(1, 20)),
    st.builds(c.TimeoutTermination, st.integers(1, 8)),
    st.builds(c.FunctionCallTermination, st.sampled_from(["f", "g"])),
    st.builds(c.FunctionalTermination, st.sampled_from(["p", "q", "r"])),
    st.just(c.ExternalTermination()),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from([c.AndTerminationCondition(*parts), c.OrTerminationCondition(*parts)])
    ),
    max_leaves=6,
)
answers = st.fixed_dictionaries({name: st.booleans() for name in "pqr"})
checks = st.lists(
    st.tuples(st.lists(messages, max_size=3), answers, st.sampled_from([False, False, False, True])), max_size=6
)


@settings(max_examples=examples(400), deadline=None)
@given(condition=conditions, story=checks)
def test_taking_in_one_by_one_equals_handing_over_deltas(condition: c.TerminationCondition, story: list[Any]) -> None:
    model, started = Called(condition), 0
    progress = termination.fresh(condition, at(0))
    external = False
    for step, (delta, answered, ask) in enumerate(story, start=1):
        external = external or ask
        for message in delta:
            termination.absorb(condition, progress, message)
        replies = tuple(answered[name] for name in termination.functions_of(condition))
        text = termination.check(condition, progress, termination.Check(at(step), replies, external))
        expected = model.call(delta, step - started, answered, external)
        if expected is None and external:
            expected = "External termination requested"
        assert text == expected
        if text is not None:
            model, started, external = Called(condition), step, False
            progress = termination.fresh(condition, at(step))
