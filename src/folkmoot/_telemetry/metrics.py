"""Every metric, in one table: its name, its kind, its labels and what it counts.

Labels are of bounded sets: never a chat's id, never an agent's name, never a text. Names that come from outside (of
models, tools, teams, sinks) are cut off after so many different ones in a process, and are then `other`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["METRICS", "OTHER", "Kind", "Metric", "bounded", "buckets"]

OTHER = "other"
"""The value of a label after too many different ones."""
MOST_VALUES = 100
"""Different values of one label that a process tells apart."""
LONGEST_VALUE = 80
"""Characters."""


class Kind(StrEnum):
    """What a metric is to Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: As Prometheus has it, with its unit.
        kind: What it is.
        labels: Their names, besides those that the SDK adds (see the how-to).
        told: By which process: `workflow` and `activity` are a worker's, `api` is `folkmoot serve`.
        help: What it counts, in one sentence.
        buckets: Upper ends, of a histogram.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    told: str
    help: str
    buckets: Sequence[float] = ()


_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_CALLS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600)
_LONG = (1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 259_200, 604_800, 2_592_000)
_BYTES = (256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 65_536, 262_144, 1_048_576, 4_194_304)
_EVENTS = (5, 10, 15, 20, 30, 50, 100, 250, 1_000)


def _counter(name: str, help: str, *labels: str, told: str = "workflow") -> Metric:
    return Metric(name, Kind.COUNTER, labels, told, help)


def _histogram(name: str, help: str, ends: Sequence[float], *labels: str, told: str = "workflow") -> Metric:
    return Metric(name, Kind.HISTOGRAM, labels, told, help, ends)


def _gauge(name: str, help: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, labels, "api", help)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        # What chats do: each entry of a log is counted once, when it is written.
        _counter("folkmoot_chats_opened_total", "Chats opened.", "team"),
        _counter("folkmoot_chats_closed_total", "Chats closed.", "team"),
        _counter("folkmoot_runs_started_total", "Runs begun.", "team"),
        _counter("folkmoot_runs_total", "Runs ended, by outcome: stopped, failed or cancelled.", "team", "status"),
        _histogram("folkmoot_run_seconds", "How long runs took, waits included.", _LONG, "status"),
        _counter("folkmoot_run_failures_total", "Runs that failed, by the error's type.", "error"),
        _counter("folkmoot_turns_total", "Turns begun.", "team"),
        _histogram("folkmoot_turn_history_bytes", "Bytes of history from one turn to the next.", _BYTES),
        _histogram("folkmoot_turn_history_events", "Events of history from one turn to the next.", _EVENTS),
        _counter("folkmoot_continued_as_new_total", "Histories begun anew.", "team"),
        _counter("folkmoot_requests_total", "Requests to people, by kind.", "kind"),
        _counter(
            "folkmoot_requests_decided_total",
            "Requests decided, by verdict; by: people, or the deadline that passed.",
            "kind",
            "verdict",
            "by",
        ),
        _histogram("folkmoot_request_seconds", "How long decisions were waited for.", _LONG, "kind"),
        _counter("folkmoot_requests_overdue_total", "Requests whose deadline passed.", "kind"),
        _counter("folkmoot_requests_escalated_total", "Steps of escalation chains.", "kind"),
        _counter("folkmoot_requests_reminded_total", "Reminders.", "kind"),
        _counter("folkmoot_budgets_warned_total", "Budgets nearly used up, by limit.", "limit"),
        _counter("folkmoot_budgets_exceeded_total", "Runs that ended as a budget was used up."),
        _counter("folkmoot_commands_refused_total", "Commands refused in the log, by the error's type.", "error"),
        _counter("folkmoot_waits_total", "Waits of calls: for a `worker` that knows a name, or the `store`.", "what"),
        _counter("folkmoot_notices_given_up_total", "Notices never delivered.", "sink"),
        # What workers do: each real attempt counts.
        _histogram(
            "folkmoot_model_seconds",
            "Calls of models, by outcome: ok, error or cancelled.",
            _CALLS,
            "model",
            "outcome",
            told="activity",
        ),
        _counter(
            "folkmoot_model_errors_total",
            "Failed calls of models: rate_limited, quota, timeout, connection, reply, server, client or other.",
            "model",
            "kind",
            told="activity",
        ),
        _counter("folkmoot_model_tokens_total", "Tokens, of prompt and completion.", "model", "of", told="activity"),
        _counter(
            "folkmoot_model_cost_millionths_total",
            "What calls of models cost, in millionths of the price function's currency.",
            "model",
            told="activity",
        ),
        _counter("folkmoot_model_unpriced_total", "Calls whose price is unknown.", "model", told="activity"),
        _histogram(
            "folkmoot_tool_seconds",
            "Calls of tools, by outcome: ok, error (the model is told), retried or cancelled.",
            _CALLS,
            "tool",
            "outcome",
            told="activity",
        ),
        _counter(
            "folkmoot_log_reads_total",
            "Reads of logs by calls, by source: cache, query, or history (replayed).",
            "source",
            told="activity",
        ),
        _counter("folkmoot_log_read_errors_total", "Logs that could not be read.", told="activity"),
        _histogram(
            "folkmoot_store_seconds",
            "Reads (get) and writes (put) of the store, by outcome: ok, missing, unavailable or error.",
            _SHORT,
            "operation",
            "outcome",
            told="activity, api",
        ),
        _counter("folkmoot_store_bytes_total", "Bytes read and written.", "operation", told="activity, api"),
        _counter(
            "folkmoot_notices_total",
            "Attempts to deliver notices, by outcome: delivered, retried or refused.",
            "sink",
            "outcome",
            told="activity",
        ),
        # What the API does.
        _histogram(
            "folkmoot_http_request_seconds",
            "Requests, streams left aside, by route template.",
            (*_SHORT, 30, 60, 120),
            "route",
            "method",
            "status",
            told="api",
        ),
        _gauge("folkmoot_http_requests_in_progress", "Requests under way, streams left aside."),
        _counter("folkmoot_http_streams_total", "Streams of events asked for, by status.", "status", told="api"),
        _gauge("folkmoot_http_streams", "Streams of events that are open."),
        _gauge("folkmoot_followed_chats", "Chats that this process follows."),
        _gauge("folkmoot_chats", "Open chats of the namespace, by status, from its visibility store.", "status"),
        _gauge("folkmoot_chats_overdue", "Open chats in which something asked of people is overdue."),
    )
}
"""By name."""


def buckets() -> dict[str, Sequence[float]]:
    """The ends of all histograms, for `temporalio.runtime.PrometheusConfig`."""
    return {name: metric.buckets for name, metric in METRICS.items() if metric.buckets}


_seen: dict[str, set[str]] = {}


def bounded(label: str, value: str) -> str:
    """A label's value that comes from outside; `other` after too many different ones.

    Args:
        label: Its name.
        value: What it would be.
    """
    known = _seen.setdefault(label, set())
    if value in known:
        return value
    if len(known) >= MOST_VALUES or len(value) > LONGEST_VALUE:
        return OTHER
    known.add(value)
    return value
