"""Workers, by those who poll a queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.api.taskqueue.v1 import PollerInfo

from folkmoot.server.dashboard.fleet import Worker, workers_of

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def poller(identity: str, seconds: float, deployment: str = "", build: str = "") -> PollerInfo:
    found = PollerInfo(identity=identity)
    found.last_access_time.FromDatetime(NOW - timedelta(seconds=seconds))
    if deployment:
        found.deployment_options.deployment_name, found.deployment_options.build_id = deployment, build
    return found


def test_a_worker_is_one_whatever_it_polls_for() -> None:
    pollers = [
        ("chats", poller("b@host", 9)),
        ("chats", poller("a@host", 30, "moot", "7")),
        ("calls", poller("a@host", 3)),
        ("calls", poller("gone@host", 76)),
    ]
    assert workers_of("q", pollers, NOW) == [
        Worker("a@host", "q", ("chats", "calls"), NOW - timedelta(seconds=3), "moot 7"),
        Worker("b@host", "q", ("chats",), NOW - timedelta(seconds=9)),
    ]
