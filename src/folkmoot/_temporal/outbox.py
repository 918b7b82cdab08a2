"""Answers to workflows that asked for a run: a signal to the address in the command, bounded in size."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from temporalio import workflow

from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import message_of
from folkmoot._chat.log import Entry

from .payloads import MAX_TASK, size_of

__all__ = ["Outbox", "run_result"]


class Outbox:
    """Replies of one chat on their way."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._sending: list[asyncio.Task[None]] = []

    @property
    def busy(self) -> bool:
        """Whether a reply is under way: the chat does not close or continue as new meanwhile."""
        return any(not task.done() for task in self._sending)

    @property
    def just_done(self) -> bool:
        """Whether all replies have gone out since the last look."""
        return bool(self._sending) and not self.busy

    def send(self, fresh: Sequence[Entry]) -> None:
        """Answer whoever asked by signal for the runs that ended or were refused in these entries."""
        self._sending = [task for task in self._sending if not task.done()]
        state = self._chat.state
        for entry in fresh:
            if entry.kind == "run_ended" and state.reply and entry.data["run"] == state.run:
                self._post(state.reply, {"command": state.command, **run_result(self._chat, entry)})
            elif entry.kind == "refused" and entry.data.get("reply"):
                data = entry.data
                self._post(data["reply"], {"command": data["command"], "error": data["error"]})

    def again(self, command: str, address: dict[str, Any]) -> None:
        """Answer a repeated command whose run has ended: the first answer may have met an earlier run of the caller."""
        state = self._chat.state
        if state.command != command or state.running:
            return
        for entry in reversed(self._chat.log.after(state.first)):
            if entry.kind == "run_ended" and entry.data["run"] == state.run:
                self._post(address, {"command": command, **run_result(self._chat, entry)})
                return

    def _post(self, address: dict[str, Any], payload: dict[str, Any]) -> None:
        self._sending.append(asyncio.create_task(_deliver(address, payload)))


def run_result(chat: Chat, ended: Entry) -> dict[str, Any]:
    """The last run's outcome: status, reason, offsets, usage, and its messages if they fit, else the last one."""
    first, held = chat.state.first, chat.state.first >= chat.log.base
    echo = chat.log.at(first).data.get("echo", True) if held else False
    messages = [
        message_of(chat.uuid, entry, chat.log.at)
        for entry in chat.log.after(first, ended.offset)
        if entry.kind in ("message", "event") and (echo or entry.data.get("role") != "task" or "scope" in entry.data)
    ]
    result: dict[str, Any] = {
        "run": ended.data["run"],
        "status": ended.data["status"],
        "stop_reason": ended.data.get("stop_reason"),
        "error": ended.data.get("error"),
        "first": first,
        "last": ended.offset,
        "usage": {name: use.told for name, use in chat.state.usage.items()},
    }
    if held and size_of(messages) <= MAX_TASK:
        return {**result, "messages": messages, "complete": True}
    last = messages[-1:] if size_of(messages[-1:]) <= MAX_TASK else []
    return {**result, "messages": last, "complete": False}


async def _deliver(address: dict[str, Any], payload: dict[str, Any]) -> None:
    target = workflow.get_external_workflow_handle(address["workflow_id"])
    try:
        await target.signal(address["signal"], payload)
    except Exception as error:  # noqa: BLE001 - an undeliverable reply must not end the chat
        # The caller is gone; its chat lives on (parent close policy ABANDON) and the outcome is in the log.
        workflow.logger.warning("no one to reply to at %s: %s", address["workflow_id"], error)
