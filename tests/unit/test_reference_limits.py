"""The limits that docs/operations.md tells are those of the code."""

from __future__ import annotations

import inspect
import re

import pytest
from temporalio.worker import Worker

from folkmoot._chat import commands, votes
from folkmoot._temporal import blobs, calls, log_cache, notices, payloads, retries, seen
from folkmoot.server import feeds
from folkmoot.server.settings import Settings
from folkmoot.server.tokens import TokenKey
from tests._support.documents import ROOT

PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("\n## Limits\n")[2].partition("\nMeasured")[0]
ROWS = {what: rest for what, rest in re.findall(r"^\| ([^|]+) \| (.+) \|$", TABLE, re.MULTILINE) if what != "what"}
HISTORY = payloads.HistoryLimits()
API = Settings(token_keys=(TokenKey(b"0" * 32),))
OF_WORKERS = inspect.signature(Worker).parameters
LIMITS = {
    "history of a run": f"{HISTORY.events:,} events or {HISTORY.bytes // 10**6} MB",
    "a log that is carried": f"{HISTORY.seal_bytes // 1024} kB",
    "a content (reply, tool's result)": f"{blobs.LARGE // 1024} kB",
    "a request of the API": f"{API.max_body // 2**20} MiB",
    "requests of one caller of the API": API.rate_limit.replace("/minute", " a minute"),
    "chats in a worker's memory": f"{OF_WORKERS['max_cached_workflows'].default:,}",
    "a lost worker's call": f"{calls.HEARTBEAT.seconds} s after its last heartbeat",
    "a chat whose tool no worker knows": f"{retries.LIMIT.seconds // 60} minutes",
    "a task, a spec": f"{payloads.MAX_TASK // 10**6} MB",
    "an attempt of a model call": f"{calls.MODEL_TIMEOUT:.0f} s,",
    "attempts of a model call that may be made again": f"{calls.MODEL_ATTEMPTS},",
    "a store that is away": f"{HISTORY.forced_events:,} events or {HISTORY.forced_bytes // 10**6} MB of history",
    "ids of commands that are known again": f"the last {seen.MOST} of a chat",
    "labels of a chat": f"{commands.MAX_LABELS}, of {commands.MAX_LABEL} characters",
    "a reason, a comment": f"{votes.MAX_TEXT:,} characters",
    "notices of a chat that wait": f"{notices.MOST}, each tried for {notices.PATIENCE / 3600:.0f} hours",
    "logs in a worker's memory": f"{log_cache.DEFAULT_BYTES // 2**20} MiB",
    "entries that lie unread in a stream of the API": f"{feeds.QUEUE} |",
}


@pytest.mark.parametrize("what", sorted(LIMITS))
def test_a_limit(what: str) -> None:
    assert ROWS[what].startswith(LIMITS[what])


def test_what_is_not_held_against_the_code_is_measured() -> None:
    assert set(ROWS) - set(LIMITS) == {"bytes of history per turn", "model calls at once"}


def test_every_alert_has_a_section() -> None:
    alerts = re.findall(r"runbook: docs/operations\.md#(\w+)", (ROOT / "deploy/prometheus/alerts.yml").read_text())
    sections = {head.lower() for head in re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)}
    assert sections == set(alerts)
