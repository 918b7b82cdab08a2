"""What travels: one model per payload, fields only ever added, unknown ones ignored.

Small things that are sent every turn have short field names: they are the bytes a turn costs.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt

__all__ = [
    "COMMANDS",
    "MAX_PAYLOAD",
    "MAX_TASK",
    "ArchiveInput",
    "CallInput",
    "ChatInput",
    "Command",
    "HistoryLimits",
    "LogQuery",
    "Manifest",
    "Page",
    "Reply",
    "RunCommand",
    "Segment",
    "pack",
    "unpack",
]

MAX_PAYLOAD = 1_500_000
"""Bytes we let into one payload: servers end a chat at 2 MiB."""
MAX_TASK = 1_000_000
"""Bytes of a task that travel in a command; larger contents go through the store."""
MAX_PAGE = 1_000_000
"""Bytes of a page of the log before it is packed."""


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Segment(_Payload):
    """A sealed part of the log in the store: entries `first` to `last`, and the state before the first."""

    first: int
    last: int
    digest: str
    """The log's running digest after `last`."""
    sha256: str
    """Name of the blob that holds it."""
    size: int
    turn: int = 0
    """Turns of the chat up to `last`: who looks for one need not open others."""
    level: int = 0
    """0: it holds entries; else references to sealed parts of the level below (see `segments`)."""


class ArchiveInput(_Payload):
    """Input of the workflow `GroupChatArchive`: a chat about to be closed, and what can be asked of it no more then."""

    id: str
    run_id: str
    first_run_id: str
    uuid: str
    tenant: str
    base: int
    """The entries from here on are in no segment yet."""
    before: dict[str, Any]
    """Folded state at `base`."""
    spec: dict[str, Any]
    """The spec in force at `base`."""
    runs: int


class Manifest(_Payload):
    """What the store keeps of a closed chat, so that it can be read when the server has forgotten it."""

    format: int = 1
    id: str
    uuid: str
    first_run_id: str
    team: str
    tenant: str
    spec: dict[str, Any]
    head: int
    digest: str
    segments: list[Segment]
    opened: str
    """ISO 8601, UTC."""
    closed: str
    turns: int
    tokens: int
    runs: int
    """How often it had continued as new."""
    state: dict[str, Any]
    """Folded state at the end."""


class HistoryLimits(_Payload):
    """When a chat continues as new. The defaults suit every server; tests and benchmarks use smaller ones.

    Temporal suggests it at 4,096 events.
    """

    events: int = 3_000
    bytes: int = 2_000_000
    resting_events: int = 300
    """Before the chat goes idle or waits."""
    resting_age: float = 2.0
    """Seconds a run must be old for that: the server holds back what continues a run younger than 1 s, and with it
    the answer to whoever waits for the run's end."""
    seal_bytes: int = 131_072
    """A log longer than this is sealed into the store."""
    forced_events: int = 40_000
    forced_bytes: int = 40_000_000
    forced_signals: int = 8_000
    """What a server ends a workflow at is 51,200 events, 50 MiB, 10,000 signals."""


class ChatInput(_Payload):
    """The workflow's one argument: what `open` gives, and what continue-as-new carries.

    A chat started by hand needs `spec` only.
    """

    spec: dict[str, Any]
    uuid: str | None = None
    engine: int = 1
    """The number of the behaviour: history tells it, as code of a later release must do in a replay what was done."""
    base: int = 0
    digest: str | None = None
    """Running digest at `base`."""
    state: dict[str, Any] = Field(default_factory=dict)
    """Folded state at `base`."""
    entries: str = ""
    """The held entries, packed."""
    pinned: dict[int, str] = Field(default_factory=dict[int, str])
    """Earlier entries that what is held refers to, by offset."""
    segments: list[Segment] = Field(default_factory=list[Segment])
    inbox: list[list[Any]] = Field(default_factory=list[list[Any]])
    """Commands not yet handled: verb, command id, fields."""
    seen: str = ""
    """The last command ids, so that a repeated command is not carried out twice."""
    anonymous: int = 0
    """Commands without an id so far."""
    shown: list[Any] = Field(default_factory=list)
    """Visibility as last written: status, turn."""
    notices: list[list[Any]] = Field(default_factory=list[list[Any]])
    """Notices that have not been delivered: offset, sink, until when it is tried."""
    carried: int = 0
    """Bytes of this very input, to compare with what the run adds."""
    tenant: str = ""
    runs: int = 0
    """How often the chat has continued as new."""
    limits: HistoryLimits | None = None
    store: bool | None = None
    """Whether the workers have a store; None until one was asked."""


class Person(_Payload):
    """Who asks, answers or decides, as the caller vouches for it."""

    subject: str
    roles: list[str] = Field(default_factory=list[str])
    """Without `role:`."""
    channel: str = ""
    """How the command came, e.g. `http`."""


class Command(_Payload):
    """Fields all commands share. Sent without an id, a command gets one of the chat's own."""

    command: str = ""
    by: str | Person = ""
    """Who asks, for the log."""


class PauseCommand(Command):
    """`pause`: with `now` the calls in flight are cancelled and redone on resume."""

    now: bool = False


class ForceCommand(Command):
    """`reset` and `close`: with `force` a run under way is ended first."""

    force: bool = False


class Reply(_Payload):
    """Where the outcome of a run goes: the workflow that asked for it."""

    workflow_id: str
    signal: str


class RunCommand(Command):
    """`run` (update) and `submit` (signal).

    `task` is a text, a list of AutoGen messages in JSON form, or absent to go on.
    """

    task: str | list[dict[str, Any]] | None = None
    echo: bool = True
    """False: the task is not part of the result (AutoGen: output_task_messages)."""
    reply: Reply | None = None
    spec: str = ""
    """Digest of the spec the caller means; the chat refuses if it has another."""
    opened: bool = False
    """The caller means a chat that the workflow of `reply` has opened; the chat refuses if another one has."""


class SayCommand(Command):
    """`say`: one message, a text or an AutoGen message in JSON form, into a chat that may be running."""

    message: str | dict[str, Any] = ""
    when: str = "queue"
    """`queue` (a run of its own, later), `turn` (after the current turn) or `now` (which breaks that off)."""


class RequestCommand(Command):
    """`decide` and `answer`: which request they are for."""

    request: str = ""


class AnswerCommand(RequestCommand):
    """`answer`: a person's words."""

    content: Any = None


class DecideCommand(AnswerCommand):
    """`decide`: a vote."""

    verdict: str = ""
    hash: str = ""
    """Of what the vote is about, as `pending` tells it."""
    reason: str = ""
    """For whoever asked: models read it."""
    comment: str = ""
    """For the log."""
    arguments: dict[str, Any] | None = None
    """What they are changed to."""
    signature: str = ""
    """Of the vote, by whoever vouches for the person."""


class RollbackCommand(ForceCommand):
    """`rollback`: to the snapshot at this offset."""

    offset: StrictInt | None = None
    compensate: bool = False
    """Have the tools that undo crossed calls run."""


class LabelCommand(Command):
    """`label`: a name for the snapshot at this offset; without one the name is taken away."""

    label: str = ""
    offset: StrictInt | None = None


class LoadCommand(ForceCommand):
    """`load_state`: a state as `save_state` gives it, or a reference to one in the store."""

    state: dict[str, Any] = Field(default_factory=dict[str, Any])
    at: StrictInt | None = None
    """Refused if the log does not end at this offset."""
    origin: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Which chat and offset it comes from, for the log."""


class ChangeCommand(ForceCommand):
    """`change`: from now on the chat is one of another team."""

    spec: dict[str, Any] = Field(default_factory=dict[str, Any])
    hears: bool = True
    """Newcomers hear what was said so far."""
    at: StrictInt | None = None
    """Refused if the log does not end at this offset."""


class SummarizeCommand(Command):
    """`summarize`: what the chat came to."""

    method: str = "last_msg"
    """`last_msg`, `reflection_with_llm`, or the name of a registered function."""
    prompt: str | None = None
    """What the model is asked for."""
    model_client: str | dict[str, Any] | None = None
    """Which model; none: the team's own, else that of the first agent who has one."""


COMMANDS: dict[str, type[Command]] = {
    "run": RunCommand,
    "submit": RunCommand,
    "pause": PauseCommand,
    "reset": ForceCommand,
    "close": ForceCommand,
    "decide": DecideCommand,
    "say": SayCommand,
    "rollback": RollbackCommand,
    "label": LabelCommand,
    "load_state": LoadCommand,
    "change": ChangeCommand,
    "summarize": SummarizeCommand,
    "answer": AnswerCommand,
}
"""Payload of each command; those not named take `Command`."""


class CallInput(_Payload):
    """Input of every activity of a turn: a reference to the log, never a copy of it."""

    at: int
    """The log before this offset is what the call may read."""
    d: str
    """Running digest at `at`."""
    a: str = ""
    """Path of the seat, or of the node, whose call it is."""
    n: int
    """Offset of the entry the call hangs on."""
    i: int = 0
    """Which of the request's calls, or how often the step was tried; else an offset the step goes back to."""
    r: bool = False
    """The model must answer with text."""
    l: int = 0  # noqa: E741
    """Offset of the decision by which people let the call be made."""
    s: str = ""
    """Which step of a turn, where a kind of agent or team has several."""


class LogQuery(_Payload):
    """Input of the query `log`: entries from `after` on, up to `until`, at most `limit`."""

    after: int = 0
    until: int | None = None
    limit: int = 10_000
    spec: bool = False


class Page(_Payload):
    """A page of the log.

    `entries` are the stored forms from offset `first` on, packed. Where `after` lies before the held part, `segments`
    name what to fetch from the store first. `refs` are earlier entries this page refers to, by offset.
    """

    uuid: str
    first: int
    digest: str
    """Running digest before `first`."""
    entries: str
    count: int
    head: int
    head_digest: str
    segments: list[Segment] = Field(default_factory=list[Segment])
    refs: dict[int, str] = Field(default_factory=dict[int, str])
    status: str = ""
    spec: dict[str, Any] | None = None


def pack(encoded: list[bytes]) -> str:
    """Entries as text: their JSON lines, compressed where that is smaller."""
    lines = b"\n".join(encoded)
    if len(lines) < 512:
        return lines.decode()
    return "z" + base64.b64encode(zlib.compress(lines, 3)).decode()


def unpack(packed: str) -> list[bytes]:
    """The way back.

    Raises:
        ValueError: If it is not what `pack` makes.
    """
    if not packed:
        return []
    try:
        lines = zlib.decompress(base64.b64decode(packed[1:])) if packed[0] == "z" else packed.encode()
    except zlib.error as error:
        raise ValueError(f"damaged log page: {error}") from error
    return lines.split(b"\n")


def size_of(value: object) -> int:
    """Bytes a JSON value takes in a payload, near enough to check it against a limit."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
