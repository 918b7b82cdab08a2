"""The logs a worker process knows, so that an activity seldom has to ask for one.

The workflows of this process show their log here as it grows (through an extern function, as loggers and metrics do),
and activities read it: in the steady state of one worker a turn costs no query and no byte. What is found here is
used only if offset and running digest match what the activity was given; anything else is read again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from folkmoot._chat.agent_state import StateView
from folkmoot._chat.context import AgentContext
from folkmoot._chat.engine import Chat
from folkmoot._chat.log import Entry
from folkmoot._chat.plan import Plan
from folkmoot._chat.specs import Team, team_in
from folkmoot._chat.thread import ThreadView
from folkmoot.agents import AgentSpec
from folkmoot.teams import TeamSpec

from .payloads import Segment
from .spooled_log import SpooledLog

__all__ = ["CachedChat", "LogCache"]

DEFAULT_BYTES = 128 * 1024 * 1024
BLOB_BYTES = 16 * 1024 * 1024
"""Contents from the store that are kept for one chat."""


@dataclass
class CachedChat:
    """What this process knows of one chat: its spec, its log, and views that were folded from it."""

    uuid: str
    team: TeamSpec | AgentSpec
    log: SpooledLog
    segments: Sequence[Segment] = ()
    contexts: dict[str, AgentContext] = field(default_factory=dict[str, AgentContext])
    threads: dict[str, ThreadView] = field(default_factory=dict[str, ThreadView])
    states: dict[str, StateView] = field(default_factory=dict[str, StateView])
    _blobs: OrderedDict[str, str] = field(default_factory=OrderedDict[str, str])
    _blob_bytes: int = 0
    _extending: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    """Workflows of this process, replays of them and activities extend the log, each in a thread of its own."""

    def blob(self, key: str) -> str | None:
        """A content from the store that was read lately."""
        return self._blobs.get(key)

    def keep_blob(self, key: str, text: str) -> None:
        """Keep a content for the next views that read it; the oldest are given up."""
        self._blobs[key] = text
        self._blob_bytes += len(text)
        while self._blob_bytes > BLOB_BYTES and len(self._blobs) > 1:
            self._blob_bytes -= len(self._blobs.popitem(last=False)[1])

    def has(self, at: int, digest: str) -> bool:
        """Whether the log up to `at` is here, and is the one of that digest."""
        return self.log.head >= at and self.log.digest_at(at) == digest

    def extend(self, entries: Sequence[Entry]) -> bool:
        """Take in entries that may overlap with what is here; False if they do not fit it."""
        with self._extending:
            return self._extend(entries)

    def _extend(self, entries: Sequence[Entry]) -> bool:
        for entry in entries:
            if entry.offset < self.log.base:
                continue
            if entry.offset < self.log.head:
                if self.log.at(entry.offset).digest != entry.digest:
                    return False
            elif entry.offset == self.log.head:
                self.log.extend(entry)
                if (team := team_in(entry)) is not None:
                    self._become(team)
                if self.log.digest != entry.digest:
                    return False
            else:
                return False
        return True

    def _become(self, team: Team) -> None:
        """The chat is one of another team: what was read was read with the ears of the old one."""
        self.team = team
        self.__dict__.pop("plan", None)
        self.contexts, self.threads, self.states = {}, {}, {}

    @cached_property
    def plan(self) -> Plan:
        """The spec, laid out."""
        return Plan(self.team)

    def context(self, path: str, until: int) -> AgentContext:
        """A seat's context view, to be read on up to `until`; made anew if it has read further."""
        view = self.contexts.get(path)
        if view is None or view.next > until:
            view = self.contexts[path] = AgentContext(self.plan, self.uuid, self.plan.seats[path])
        return view

    def thread(self, path: str, until: int) -> ThreadView:
        """A node's conversation, likewise."""
        view = self.threads.get(path)
        if view is None or view.next > until:
            view = self.threads[path] = ThreadView(self.plan, self.uuid, self.plan.nodes[path])
        return view

    def agent_state(self, path: str, until: int) -> StateView:
        """A custom agent's state, likewise."""
        view = self.states.get(path)
        if view is None or view.next > until:
            view = self.states[path] = StateView(path)
        return view

    @property
    def size(self) -> int:
        """Bytes, about: the log in memory, and once more all of it for what was rendered from it."""
        return 2 * self.log.bytes + self.log.spooled_bytes + self._blob_bytes


class LogCache:
    """Logs by namespace and chat id, the longest unused given up first.

    Args:
        max_bytes: How much of it is kept, about.
    """

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self.max_bytes = max_bytes
        self._chats: OrderedDict[tuple[str, str], CachedChat] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, namespace: str, chat_id: str) -> CachedChat | None:
        """What is known of a chat."""
        with self._lock:
            key = (namespace, chat_id)
            if key in self._chats:
                self._chats.move_to_end(key)
            return self._chats.get(key)

    def put(self, namespace: str, chat_id: str, cached: CachedChat) -> None:
        """Keep what is known of a chat in place of what was known before."""
        with self._lock:
            self._chats[(namespace, chat_id)] = cached
            self._chats.move_to_end((namespace, chat_id))
            size = sum(chat.size for chat in self._chats.values()) if len(self._chats) > 1 else 0
            while size > self.max_bytes and len(self._chats) > 1:
                _, dropped = self._chats.popitem(last=False)
                size -= dropped.size

    def show(self, info: Any, chat: Chat, segments: Sequence[Segment], fresh: Sequence[Entry]) -> None:
        """Called by a workflow for each new stretch of its log, while replaying too; changes nothing for it."""
        cached = self.get(info.namespace, info.workflow_id)
        if cached is not None and cached.uuid == chat.uuid and cached.extend(fresh):
            cached.segments = segments
            return
        log = SpooledLog(chat.log.base, chat.log.base_digest)
        for entry in chat.log:
            log.extend(entry)
        self.put(info.namespace, info.workflow_id, CachedChat(chat.uuid, chat.team, log, segments))
