"""What a chat's log tells, as metrics: each entry is counted once, by the workflow task that wrote it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from temporalio import workflow

from folkmoot._chat.engine import Chat
from folkmoot._chat.log import Entry
from folkmoot._telemetry import spans
from folkmoot._telemetry.meters import count, observe
from folkmoot._telemetry.metrics import OTHER, bounded

from . import names
from .externs import extern
from .payloads import ChatInput

__all__ = ["ChatMetrics"]

_WAITS = ("worker", "store")


class ChatMetrics:
    """Counts for one run of a chat's workflow. What it was started with was counted by the runs before it.

    Args:
        chat: As restored, before anything is added.
        data: The workflow's input.
    """

    def __init__(self, chat: Chat, data: ChatInput) -> None:
        self._chat = chat
        # A history that is replayed may end with a task that the SDK does not take for replayed.
        self._uncounted = extern(names.COUNT_EXTERN)
        self._silent = False
        self._counted = chat.log.head
        self._continued = data.runs > 0
        state = chat.state
        self._asked = {name: (request.kind, request.since) for name, request in state.requests.items()}
        """Kind of what people are asked, and since when."""
        self._begun = chat.log.at(state.first).time if state.running and state.first >= chat.log.base else ""
        self._commands: dict[int, str] = {}
        """Of the run under way, by its number."""
        self._history: tuple[int, int] | None = None
        """Bytes and events at the last turn."""

    def write(self) -> None:
        """Count what has been written since the last time."""
        if self._uncounted is None:
            return
        try:
            self._write(self._uncounted)
        except Exception:  # noqa: BLE001 - a chat must not stop over what is counted
            workflow.logger.exception("what the chat did could not be counted")

    def _write(self, uncounted: Callable[..., int]) -> None:
        first, self._counted = self._counted, self._chat.log.head
        fresh = self._chat.log.after(first)
        # What is replayed was counted; and so was what a task wrote that is done again, as its answer was lost.
        replaying = workflow.unsafe.is_replaying()
        place = self._counted if replaying else uncounted(workflow.info().run_id, first, self._counted)
        if self._continued:
            self._continued, self._silent = False, place > first
            self._count("folkmoot_continued_as_new_total", team=self._team)
        for entry in fresh:
            self._silent = entry.offset < place
            self._entry(entry)
        if len(self._asked) > len(self._chat.state.requests):
            # What a run's end, a rollback or a reset takes back is not decided.
            self._asked = {name: asked for name, asked in self._asked.items() if name in self._chat.state.requests}

    def _count(self, name: str, **labels: str) -> None:
        if not self._silent:
            count(name, 1, **labels)

    def _observe(self, name: str, value: float, **labels: str) -> None:
        if not self._silent:
            observe(name, value, **labels)

    @property
    def _team(self) -> str:
        return bounded("team", self._chat.team.name)

    def _entry(self, entry: Entry) -> None:
        data = entry.data
        match entry.kind:
            case "opened":
                self._count("folkmoot_chats_opened_total", team=self._team)
            case "closed":
                self._count("folkmoot_chats_closed_total", team=self._team)
            case "run_started":
                self._begun = entry.time
                self._commands = {data["run"]: data["command"]}
                self._count("folkmoot_runs_started_total", team=self._team)
            case "run_ended":
                self._run_ended(entry)
            case "turn":
                self._count("folkmoot_turns_total", team=self._team)
                self._turn()
            case "waiting":
                what = str(data["for"]).partition(":")[0]
                self._count("folkmoot_waits_total", what=what if what in _WAITS else OTHER)
            case "budget_warned":
                self._count("folkmoot_budgets_warned_total", limit=data["limit"])
            case "refused":
                self._count("folkmoot_commands_refused_total", error=bounded("error", data["error"]["type"]))
            case "undelivered":
                self._count("folkmoot_notices_given_up_total", sink=bounded("sink", data["sink"]))
            case _:
                self._of_request(entry)

    def _run_ended(self, entry: Entry) -> None:
        data = entry.data
        self._trace(entry)
        self._count("folkmoot_runs_total", team=self._team, status=data["status"])
        if self._begun:
            self._observe("folkmoot_run_seconds", _between(self._begun, entry.time), status=data["status"])
            self._begun = ""
        if data["status"] == "failed":
            self._count("folkmoot_run_failures_total", error=bounded("error", data["error"]["type"]))
        if "budget" in data:
            self._count("folkmoot_budgets_exceeded_total")

    def _trace(self, entry: Entry) -> None:
        runs, data, state = spans.RUN.get(), entry.data, self._chat.state
        if runs is None or self._silent:
            return
        told = {"folkmoot.status": data["status"], "folkmoot.team": self._chat.team.name}
        failed = data["error"]["type"] if data["status"] == "failed" else ""
        # A command that comes later may have begun the next run in the same task.
        command = self._commands.pop(data["run"], state.command)
        runs.ended(data["run"], command, self._begun, entry.time, told, failed)

    def _turn(self) -> None:
        info = workflow.info()
        now = info.get_current_history_size(), info.get_current_history_length()
        if self._history is not None and now != self._history:
            self._observe("folkmoot_turn_history_bytes", now[0] - self._history[0])
            self._observe("folkmoot_turn_history_events", now[1] - self._history[1])
        self._history = now

    def _of_request(self, entry: Entry) -> None:
        data = entry.data
        match entry.kind:
            case "request":
                self._asked[data["request"]] = data["for"], entry.time
                self._count("folkmoot_requests_total", kind=data["for"])
            case "decided" | "answered":
                kind, since = self._asked.pop(data["request"], (OTHER, entry.time))
                by = "deadline" if data.get("timeout") else "people"
                verdict = data.get("verdict", "answered")
                self._count("folkmoot_requests_decided_total", kind=kind, verdict=verdict, by=by)
                self._observe("folkmoot_request_seconds", _between(since, entry.time), kind=kind)
            case "expired" | "escalated" | "reminded":
                kind, _ = self._asked.get(data["request"], (OTHER, ""))
                name = "overdue" if entry.kind == "expired" else entry.kind
                self._count(f"folkmoot_requests_{name}_total", kind=kind)
            case _:
                pass


def _between(since: str, time: str) -> float:
    return (datetime.fromisoformat(time) - datetime.fromisoformat(since)).total_seconds()
