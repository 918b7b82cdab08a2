"""Counting and measuring, wherever the code is: in a workflow, in an activity, or in a process of neither.

The SDK's own meters are used, so that all of a process is in one scrape. A workflow's is silent on replay.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from temporalio import activity, workflow
from temporalio.common import MetricAttributes, MetricMeter

from .metrics import METRICS, Kind

__all__ = ["Timing", "count", "observe", "show", "timed", "use"]


@dataclass
class _Process:
    meter: MetricMeter = MetricMeter.noop


_process = _Process()


def use(meter: MetricMeter) -> None:
    """Count with this meter where there is neither a workflow nor an activity; the last one given is used."""
    _process.meter = meter


def _meter() -> MetricMeter:
    if activity.in_activity():
        return activity.metric_meter()
    return workflow.metric_meter() if workflow.in_workflow() else _process.meter


def count(name: str, amount: int = 1, **labels: str) -> None:
    """Add to a counter.

    Args:
        name: One of `METRICS`.
        amount: How much; not below 0.
        labels: The metric's.
    """
    metric = METRICS[name]
    assert metric.kind is Kind.COUNTER, name
    _meter().create_counter(name, metric.help).add(amount, _checked(name, labels))


def observe(name: str, value: float, **labels: str) -> None:
    """Add a value to a histogram.

    Args:
        name: One of `METRICS`.
        value: In the unit that the name tells.
        labels: The metric's.
    """
    metric = METRICS[name]
    assert metric.kind is Kind.HISTOGRAM, name
    _meter().create_histogram_float(name, metric.help).record(max(0.0, value), _checked(name, labels))


def show(name: str, value: int, **labels: str) -> None:
    """Set a gauge.

    Args:
        name: One of `METRICS`.
        value: What it is now.
        labels: The metric's.
    """
    metric = METRICS[name]
    assert metric.kind is Kind.GAUGE, name
    _meter().create_gauge(name, metric.help).set(value, _checked(name, labels))


def _checked(name: str, labels: dict[str, str]) -> MetricAttributes:
    assert tuple(labels) == METRICS[name].labels, (name, labels)
    return labels


@dataclass
class Timing:
    """What is being measured; its labels may be changed until the end."""

    labels: dict[str, str]


@contextmanager
def timed(name: str, **labels: str) -> Generator[Timing]:
    """Measure the seconds that a block takes, however it ends.

    Args:
        name: A histogram of `METRICS`.
        labels: The metric's, as far as they are known already; the rest is set in what the block is given.
    """
    timing, begun = Timing(labels), time.perf_counter()
    try:
        yield timing
    finally:
        order = METRICS[name].labels
        observe(name, time.perf_counter() - begun, **{label: timing.labels[label] for label in order})
