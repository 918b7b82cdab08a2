"""Logs of processes: what is being done stands in every line, as fields of a JSON object or behind the text."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from temporalio import activity, workflow

from . import current, spans

__all__ = ["FORMATS", "LEVELS", "fields_now", "set_up"]

FORMATS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error", "critical")
CHAT = "GroupChat"
"""The type of the workflows that are chats."""
_TEXT = "%(levelname)s: %(message)s"
_OWN = "_folkmoot"
"""The attribute of a record that holds its fields."""
_QUIET = ("httpx", "httpx2", "httpcore", "httpcore2", "openai", "mcp")
"""They tell of every request, and when debugging also what is in it: keys and what was said."""


def fields_now() -> dict[str, Any]:
    """What this code is doing: chat, run, turn, agent, command and so on, as far as they are known."""
    told: dict[str, Any] = {}
    if workflow.in_workflow():
        told |= _of_workflow()
    elif activity.in_activity():
        info = activity.info()
        if info.workflow_id is not None:
            told["chat" if info.workflow_type == CHAT else "workflow"] = info.workflow_id
        told |= {"activity": info.activity_type, "attempt": info.attempt}
    told |= current.now()
    if traceparent := spans.outgoing_headers().get("traceparent"):
        told["trace"] = traceparent.split("-")[1]
    return told


def _of_workflow() -> dict[str, Any]:
    info = workflow.info()
    if info.workflow_type != CHAT:
        return {"workflow": info.workflow_id}
    where: Mapping[str, Any] = getattr(workflow.instance(), "where", {})
    return {"chat": info.workflow_id, **{name: where[name] for name in ("run", "turn", "command") if where.get(name)}}


class _Fields(logging.Filter):
    """Adds the fields to each record, where it is made."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            told = fields_now()
        except Exception:  # noqa: BLE001 - a line with less in it is better than none
            told = {}
        given: object = getattr(record, "fields", None)
        setattr(record, _OWN, {**told, **given} if isinstance(given, Mapping) else told)
        return True


class _Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _OWN, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class _Text(logging.Formatter):
    """The text, and behind it what is being done."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        text = super().formatMessage(record)
        fields: Mapping[str, Any] = getattr(record, _OWN, {})
        told = " ".join(f"{name}={value}" for name, value in fields.items())
        return f"{text} [{told}]" if told else text


def set_up(format: str, level: str, *, text: str = _TEXT, stream: TextIO | None = None) -> None:
    """Have this process log in one way, whatever it was before.

    Args:
        format: One of `FORMATS`.
        level: One of `LEVELS`.
        text: The form of lines that are no JSON.
        stream: Where to; None: standard error.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if format == "json" else _Text(text))
    handler.addFilter(_Fields())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # What the SDK puts behind its messages is among the fields.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
