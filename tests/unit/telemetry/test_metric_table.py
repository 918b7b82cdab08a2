"""The table of metrics: names with units, labels of bounded sets, all of it in the docs, and nothing else counted."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from folkmoot._telemetry import metrics
from folkmoot._telemetry.metrics import METRICS, OTHER, Kind, Metric, bounded, buckets

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
UNITS = ("seconds", "bytes", "events")
FORBIDDEN = {"chat", "chat_id", "agent", "text", "path", "user", "subject", "tenant", "run", "request"}


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
class TestEachMetric:
    def test_has_a_name_that_tells_its_kind_and_unit(self, metric: Metric) -> None:
        assert metric.name.startswith("folkmoot_")
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert (metric.kind is Kind.HISTOGRAM) == bool(metric.buckets)
        if metric.kind is Kind.HISTOGRAM:
            assert metric.name.rpartition("_")[2] in UNITS
            assert list(metric.buckets) == sorted(set(metric.buckets))

    def test_has_no_label_of_an_unbounded_set(self, metric: Metric) -> None:
        assert not FORBIDDEN & set(metric.labels)

    def test_is_told_of_in_the_docs(self, metric: Metric) -> None:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert f"| `{metric.name}` | {metric.kind} | {labels} | {metric.told} | {metric.help} |" in PAGE


def test_the_docs_tell_of_no_other() -> None:
    told = set(re.findall(r"^\| `(folkmoot_\w+)` \|", PAGE, re.MULTILINE))
    assert told == set(METRICS)


def test_what_is_counted_is_in_the_table_with_its_labels() -> None:
    used: set[str] = set()
    for file in (ROOT / "src/folkmoot").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args and isinstance(first := node.args[0], ast.Constant)):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called.removeprefix("_") not in ("count", "observe", "show", "timed"):
                continue
            if isinstance(first.value, str) and first.value.startswith("folkmoot_"):
                labels = {keyword.arg for keyword in node.keywords}
                assert labels == set(METRICS[first.value].labels), f"{file.name}: {first.value}"
                used.add(first.value)
    made = {f"folkmoot_requests_{what}_total" for what in ("overdue", "escalated", "reminded")}
    assert used | made == set(METRICS)


def test_what_the_dashboards_and_alerts_ask_for_is_there() -> None:
    asked: set[str] = set()
    for file in (ROOT / "deploy").rglob("*.*"):
        asked |= set(re.findall(r"\bfolkmoot_\w+", file.read_text(encoding="utf-8")))
    known = {name + end for name in METRICS for end in ("", "_bucket", "_count", "_sum")}
    assert asked <= known


def test_buckets_are_those_of_the_histograms() -> None:
    assert buckets().keys() == {name for name, metric in METRICS.items() if metric.kind is Kind.HISTOGRAM}


def test_a_label_has_so_many_values_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_seen", {})
    given = [f"team {number}" for number in range(150)]
    found = [bounded("team", name) for name in given]
    assert found == [*given[:100], *[OTHER] * 50]
    assert bounded("team", "team 3") == "team 3"
    assert bounded("model", "team 149") == "team 149", "each label has its own"


def test_long_values_are_no_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_seen", {})
    assert bounded("team", "x" * 81) == OTHER
    assert bounded("team", "x" * 80) == "x" * 80
