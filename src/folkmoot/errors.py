"""The errors users meet. Bad arguments raise ValueError or TypeError; what fails in a chat, one of these.

    FolkmootError
    ├── ChatError                 about one chat
    │   ├── ChatNotFoundError     no chat has this id
    │   ├── ChatClosedError       the chat of this id is closed
    │   ├── ChatExistsError       the chat of this id is of another team
    │   ├── ChatBusyError         also ValueError, RuntimeError: not while a run is on
    │   ├── ChatCancelled         the run was cancelled
    │   └── ChatFailedError       also RuntimeError: an agent failed, and the run with it
    ├── UnknownNameError          a spec names what no worker has registered
    ├── NoWorkerError             nobody polls the task queue
    ├── ServerUnavailableError    the Temporal server cannot be reached or started
    ├── PayloadTooLargeError      more bytes than one payload may have
    ├── StoreMissingError         this needs a store, or the store lacks what a chat refers to
    ├── BadCommandError           also ValueError: a command's input is refused
    ├── ModelCallError            a model's endpoint refused or failed
    └── LogReadError              a worker could not read a chat's log

Over the wire an error is `{"type", "message", "details"}`; `type` is the class name and never changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, cast

__all__ = [
    "BadCommandError",
    "ChatBusyError",
    "ChatCancelled",
    "ChatClosedError",
    "ChatError",
    "ChatExistsError",
    "ChatFailedError",
    "ChatNotFoundError",
    "DecisionRefusedError",
    "FolkmootError",
    "LogReadError",
    "ModelCallError",
    "NoWorkerError",
    "PayloadTooLargeError",
    "ServerUnavailableError",
    "StoreMissingError",
    "UnknownNameError",
    "error_from_wire",
    "to_wire",
]

Details = Mapping[str, Any]

_BY_TYPE: dict[str, type[FolkmootError]] = {}


class FolkmootError(Exception):
    """The root.

    Args:
        message: What happened, and what to do next.
    """

    type: ClassVar[str] = "FolkmootError"
    """The wire type: the class name."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.type = cls.__name__
        _BY_TYPE[cls.type] = cls

    def __init__(self, message: str = "") -> None:
        super().__init__(message)

    @property
    def message(self) -> str:
        """What happened."""
        return str(self)

    def details(self) -> dict[str, Any]:
        """The error's fields as JSON."""
        return {}

    @classmethod
    def from_details(cls, details: Details) -> Self:
        """The error with these fields and this `message`; what another release left out is neutral."""
        return cls(_text(details, "message"))

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickling would call the class with `args`, which are not its arguments.
        return error_from_wire, (self.type, self.message, self.details())


class ChatError(FolkmootError):
    """An error about one chat.

    Attributes:
        chat_id: The chat, where it is known.
    """

    def __init__(self, message: str = "", *, chat_id: str | None = None) -> None:
        super().__init__(message)
        self.chat_id = chat_id

    def details(self) -> dict[str, Any]:
        """The chat."""
        return {"chat_id": self.chat_id}

    @classmethod
    def from_details(cls, details: Details) -> Self:
        """The error about `chat_id`."""
        return cls(_text(details, "message"), chat_id=_optional_text(details, "chat_id"))


class ChatNotFoundError(ChatError):
    """No chat has this id."""


class ChatClosedError(ChatError):
    """The chat of this id is closed."""


class ChatExistsError(ChatError):
    """The chat of this id is one of another team."""


class ChatBusyError(ChatError, ValueError, RuntimeError):
    """Not while a run is on (AutoGen: ValueError from `run`, RuntimeError from `reset`, `load_state`)."""


class ChatCancelled(ChatError):
    """The run was cancelled. Not asyncio's CancelledError: that means the waiting coroutine is."""

    def __init__(self, message: str = "The run was cancelled.", *, chat_id: str | None = None) -> None:
        super().__init__(message, chat_id=chat_id)


class ChatFailedError(ChatError, RuntimeError):
    """An agent, or something the team needed, failed; the run ended, the chat did not.

    Attributes:
        agent: Who failed; empty: nobody in particular, such as a condition's function.
        error_type: The error's class name.
        error_message: Its text.
    """

    def __init__(self, agent: str, error_type: str, message: str, *, chat_id: str | None = None) -> None:
        who = f"Agent {agent!r} failed: " if agent else ""
        super().__init__(f"{who}{error_type}: {message}", chat_id=chat_id)
        self.agent = agent
        self.error_type = error_type
        self.error_message = message

    def details(self) -> dict[str, Any]:
        """Chat, agent, and the error's type and text."""
        parts = {"agent": self.agent, "error_type": self.error_type, "error_message": self.error_message}
        return {**super().details(), **parts}

    @classmethod
    def from_details(cls, details: Details) -> Self:
        """The failure with these fields."""
        chat_id = _optional_text(details, "chat_id")
        text = _text(details, "error_message") or _text(details, "message")
        return cls(_text(details, "agent"), _text(details, "error_type") or "Error", text, chat_id=chat_id)


class UnknownNameError(FolkmootError):
    """A spec names what no worker has registered.

    Attributes:
        kind: `model`, `tool`, `function` or `agent`.
        name: The name.
        known: The names there are.
        hint: What else can be done; part of the message.
    """

    def __init__(self, kind: str, name: str, known: Sequence[str] = (), hint: str = "") -> None:
        names = ", ".join(repr(item) for item in known) or "none"
        super().__init__(f"Unknown {kind} {name!r}; known: {names}.{' ' if hint else ''}{hint}")
        self.kind = kind
        self.name = name
        self.known = tuple(known)
        self.hint = hint

    def details(self) -> dict[str, Any]:
        """Kind, name, known names and hint."""
        return {"kind": self.kind, "name": self.name, "known": [*self.known], "hint": self.hint}

    @classmethod
    def from_details(cls, details: Details) -> Self:
        """The error with these fields."""
        given = details.get("known")
        known = [str(item) for item in cast(list[object], given)] if isinstance(given, list) else []
        return cls(_text(details, "kind"), _text(details, "name"), known, _text(details, "hint"))


class NoWorkerError(FolkmootError):
    """Nobody polls the task queue, so nothing would happen.

    Attributes:
        queue: The task queue.
        namespace: Its namespace.
    """

    def __init__(self, queue: str, namespace: str) -> None:
        super().__init__(
            f"No worker polls task queue {queue!r} in namespace {namespace!r}; "
            "start one with `folkmoot worker`, or run your own with FolkmootPlugin."
        )
        self.queue = queue
        self.namespace = namespace

    def details(self) -> dict[str, Any]:
        """Queue and namespace."""
        return {"queue": self.queue, "namespace": self.namespace}

    @classmethod
    def from_details(cls, details: Details) -> Self:
        """The error with these fields."""
        return cls(_text(details, "queue"), _text(details, "namespace"))


class ServerUnavailableError(FolkmootError):
    """The Temporal server cannot be reached, or none can be started here."""


class PayloadTooLargeError(FolkmootError):
    """More bytes than one payload may have.

    Attributes:
        size: Bytes there are.
        limit: Bytes there may be.
    """

    def __init__(self, size: int, limit: int, what: str = "The payload") -> None:
        super().__init__(f"{what} has {size:,} bytes; at most {limit:,} are allowed.")
        self.size = size
        self.limit = limit

    def details(self) -> dict[str, Any]:
        """Size and limit."""
        return {"size": self.size, "limit": self.limit}

    @classmethod
    def from_details(cls, details: Details) -> Self:
        """The error with these fields."""
        return cls(_whole(details, "size") or 0, _whole(details, "limit") or 0)


class StoreMissingError(FolkmootError):
    """This needs a store and there is none, or the store lacks what a chat refers to."""


class BadCommandError(FolkmootError, ValueError):
    """A command's input is refused."""


class DecisionRefusedError(BadCommandError):
    """A vote or an answer that does not count: too late, not theirs, given before, or about something else."""


class ModelCallError(FolkmootError):
    """A model's endpoint refused or failed. The text never holds a key.

    Attributes:
        status: The HTTP status, if there was an answer.
        retryable: The same call may succeed later.
        retry_after: Seconds the endpoint asked to wait.
        kind: What went wrong where there is no status, as metrics tell it: timeout, connection, reply, or empty.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        kind: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retryable = retryable
        self.retry_after = retry_after
        self.kind = kind

    def details(self) -> dict[str, Any]:
        """Status, whether to retry, and when."""
        return {"status": self.status, "retryable": self.retryable, "retry_after": self.retry_after}

    @classmethod
    def from_details(cls, details: Details) -> Self:
        """The error with these fields."""
        wait = details.get("retry_after")
        return cls(
            _text(details, "message"),
            status=_whole(details, "status"),
            retryable=details.get("retryable") is True,
            retry_after=float(wait) if isinstance(wait, int | float) else None,
        )


class LogReadError(FolkmootError):
    """A worker could not read a chat's log; the step is tried again."""


def to_wire(error: FolkmootError) -> dict[str, Any]:
    """The error as JSON: `type`, `message`, `details`."""
    return {"type": error.type, "message": error.message, "details": error.details()}


def error_from_wire(
    type: str,
    message: str,
    details: Details | None = None,
) -> FolkmootError:
    """The error of a wire form; a `type` unknown to this release becomes a `FolkmootError` that names it."""
    found = _BY_TYPE.get(type, FolkmootError)
    if found is FolkmootError and type not in ("", FolkmootError.type):
        return FolkmootError(f"{type}: {message}")
    error = found.from_details({**(details or {}), "message": message})
    # The text is what the other end said, in its words.
    error.args = (message,)
    return error


def _optional_text(details: Details, name: str) -> str | None:
    value = details.get(name)
    return value if isinstance(value, str) else None


def _text(details: Details, name: str) -> str:
    return _optional_text(details, name) or ""


def _whole(details: Details, name: str) -> int | None:
    value = details.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
