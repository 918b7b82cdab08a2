"""Every name on the wire, in one place: a contract with other languages and with running chats. Never change one.

Workflow id = chat id. Signals: `SIGNALS`. Updates: `UPDATES`. Queries: `QUERIES`. Payloads: `payloads`.
"""

from __future__ import annotations

__all__ = [
    "ACTIVITY_AGENT",
    "ACTIVITY_ARCHIVE",
    "ACTIVITY_CODE",
    "ACTIVITY_FORMAT",
    "ACTIVITY_FUNCTIONS",
    "ACTIVITY_INPUT",
    "ACTIVITY_MANAGE",
    "ACTIVITY_MODEL",
    "ACTIVITY_NOTIFY",
    "ACTIVITY_PREPARE",
    "ACTIVITY_SEAL",
    "ACTIVITY_SELECT",
    "ACTIVITY_TOOL",
    "ACTIVITY_UNDO",
    "ARCHIVE",
    "ARCHIVE_ID",
    "CACHE_EXTERN",
    "CHECK_EXTERN",
    "COUNT_EXTERN",
    "DEFAULT_QUEUE",
    "MEMO_ASKED",
    "MEMO_CHAT",
    "NOTICES",
    "NOTICES_ID",
    "QUERIES",
    "REPLY_SIGNAL",
    "SEARCH_ATTRIBUTES",
    "SIGNALS",
    "STORE",
    "UPDATES",
    "WORKFLOW",
]

WORKFLOW = "GroupChat"
ARCHIVE = "GroupChatArchive"
"""Workflow that puts what is left of a closed chat into the store; its id is `ARCHIVE_ID` and the chat's uuid."""
ARCHIVE_ID = "folkmoot-archive-"
NOTICES = "GroupChatNotices"
"""Workflow that delivers what notices a closed chat has left; its id is `NOTICES_ID` and the chat's uuid."""
NOTICES_ID = "folkmoot-notices-"
DEFAULT_QUEUE = "folkmoot"

SIGNALS = ("pause", "resume", "reset", "stop", "cancel", "decide", "answer", "say", "submit", "close", "label")
UPDATES = ("run", "rollback", "load_state", "change", "summarize")
QUERIES = ("check", "command", "status", "state", "snapshots", "snapshot", "log", "pending", "usage", "spec")

REPLY_SIGNAL = "folkmoot_reply"
"""Signal a chat sends to the workflow that asked for a run, when the run has ended or was refused."""

ACTIVITY_AGENT = "folkmoot.agent"
ACTIVITY_ARCHIVE = "folkmoot.archive"
ACTIVITY_CODE = "folkmoot.code"
ACTIVITY_FORMAT = "folkmoot.format"
ACTIVITY_INPUT = "folkmoot.input"
ACTIVITY_MANAGE = "folkmoot.manage"
ACTIVITY_MODEL = "folkmoot.model"
ACTIVITY_NOTIFY = "folkmoot.notify"
ACTIVITY_SELECT = "folkmoot.select"
ACTIVITY_TOOL = "folkmoot.tool"
ACTIVITY_UNDO = "folkmoot.undo"
ACTIVITY_FUNCTIONS = "folkmoot.functions"
ACTIVITY_PREPARE = "folkmoot.prepare"
ACTIVITY_SEAL = "folkmoot.seal"

CACHE_EXTERN = "folkmoot.cache"
"""Extern function by which the workflow shows its log to the activities of the same process."""
CHECK_EXTERN = "folkmoot.check"
"""Extern function by which an update validator asks what the worker has registered."""
COUNT_EXTERN = "folkmoot.count"
"""Extern function that tells what of a log was not counted yet: on workers, not where histories are replayed."""

STORE = "store"
"""What a chat waits for whose store does not answer, as its status tells it."""

MEMO_CHAT = "folkmoot"
"""Memo: spec digest, team name and kind, written at the start; describe shows it without a worker."""

MEMO_ASKED = "folkmoot_asked"
"""Memo: what people are asked, oldest first, as much as fits 1 kB; written when it changes."""

SEARCH_ATTRIBUTES = {
    "ChatStatus": "Keyword",
    "ChatTeam": "Keyword",
    "ChatTenant": "Keyword",
    "ChatWaitingFor": "KeywordList",
    "ChatDue": "Datetime",
    "ChatTurns": "Int",
    "ChatTokens": "Int",
}
"""Search attributes a namespace needs, with their types."""
