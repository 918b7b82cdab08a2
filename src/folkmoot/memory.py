"""Memory (AutoGen: `autogen_core.memory`): what an agent is reminded of before its model is asked.

`Memory` is the base of live stores, which workers have registered by name; `MemorySpec` is what an agent's JSON holds:
such a name, or a `ListMemory` with all its contents.
"""

from __future__ import annotations

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, cast

from pydantic import BaseModel, PrivateAttr

from ._spec import Carried, Spec
from .messages import LLMMessage, MemoryContent, SystemMessage

if TYPE_CHECKING:
    from .tools import CancellationToken

__all__ = [
    "ListMemory",
    "Memory",
    "MemoryContent",
    "MemoryMimeType",
    "MemoryQueryResult",
    "MemorySpec",
    "ModelContext",
    "NamedMemory",
    "UpdateContextResult",
    "as_memories",
]

_DEFAULT_NAME = "default_list_memory"


class MemoryMimeType(StrEnum):
    """Kinds of contents; any other MIME type may be given as text."""

    TEXT = "text/plain"
    JSON = "application/json"
    MARKDOWN = "text/markdown"
    IMAGE = "image/*"
    BINARY = "application/octet-stream"


class MemoryQueryResult(BaseModel):
    """What a store found."""

    results: list[MemoryContent]


class UpdateContextResult(BaseModel):
    """What a store put into a model context."""

    memories: MemoryQueryResult


class ModelContext(Protocol):
    """What a store is given of an agent's model context: the messages its model is about to see."""

    async def get_messages(self) -> list[LLMMessage]:
        """The messages, oldest first."""
        ...

    async def add_message(self, message: LLMMessage) -> None:
        """Put one at the end."""
        ...


class Memory(ABC):
    """The base of live stores. A worker knows one by `name`, or by its class's name where it has none."""

    name: str

    @abstractmethod
    async def update_context(self, model_context: ModelContext) -> UpdateContextResult:
        """Add what belongs to a conversation to it, and say what that was."""

    @abstractmethod
    async def query(
        self, query: str | MemoryContent, cancellation_token: CancellationToken | None = None, **kwargs: Any
    ) -> MemoryQueryResult:
        """Find contents.

        Args:
            query: What is looked for.
            cancellation_token: Cancelled when the answer is no longer wanted.
            kwargs: Whatever else the store takes.
        """

    @abstractmethod
    async def add(self, content: MemoryContent, cancellation_token: CancellationToken | None = None) -> None:
        """Take in a content."""

    @abstractmethod
    async def clear(self) -> None:
        """Forget everything."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of connections and the like."""


class MemorySpec(Spec, frozen=True):
    """The base of what an agent's JSON holds of its memories."""

    name: str

    def check(self) -> None:
        """Refuse an empty name."""
        super().check()
        if not self.name:
            raise ValueError("The name of a memory must not be empty.")


class NamedMemory(MemorySpec, frozen=True):
    """A store registered on the worker.

    Args:
        name: Its registered name.

    Raises:
        ValueError: The name is empty.
    """

    type: Literal["NamedMemory"] = "NamedMemory"

    _live: object | None = PrivateAttr(default=None)

    def __init__(self, name: str) -> None:
        self._fill(name=name)

    @classmethod
    def of(cls, live: object) -> Self:
        """The spec of a live store, which it carries."""
        name: object = getattr(live, "name", None)
        self = cls(name if isinstance(name, str) and name else type(live).__name__)
        self._hold(_live=live)
        return self

    def carry(self, into: Carried) -> None:
        """The store, if it was passed itself."""
        if self._live is not None:
            into.add_memory(self.name, self._live)


class ListMemory(MemorySpec, Memory, frozen=True):
    """A list of contents, all of which its agent is reminded of in every turn. The agent's JSON holds them.

    It can be filled until an agent has it: what is part of a chat's spec does not change. A list that is to grow while
    chats run is registered on the worker, and agents have it as `NamedMemory`.

    Args:
        name: None: `default_list_memory` (AutoGen).
        memory_contents: What is in it at first.
    """

    type: Literal["ListMemory"] = "ListMemory"
    name: str = _DEFAULT_NAME
    memory_contents: tuple[MemoryContent, ...] = ()

    _sealed: bool = PrivateAttr(default=False)

    def __init__(self, name: str | None = None, memory_contents: Sequence[MemoryContent] | None = None) -> None:
        self._fill(name=name or _DEFAULT_NAME, memory_contents=tuple(memory_contents or ()))

    @property
    def content(self) -> tuple[MemoryContent, ...]:
        """What is in it, oldest first."""
        return self.memory_contents

    def seal(self) -> None:
        """Let it change no more: an agent has it."""
        self._hold(_sealed=True)

    async def update_context(self, model_context: ModelContext) -> UpdateContextResult:
        """Add all contents as one system message (AutoGen); nothing where there are none."""
        if self.memory_contents:
            lines = [f"{number}. {item.content}" for number, item in enumerate(self.memory_contents, 1)]
            text = "\n".join(["", "Relevant memory content (in chronological order):", *lines, ""])
            await model_context.add_message(SystemMessage(content=text))
        return UpdateContextResult(memories=await self.query())

    async def query(
        self,
        query: str | MemoryContent = "",  # noqa: ARG002
        cancellation_token: CancellationToken | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> MemoryQueryResult:
        """All contents, whatever the query (AutoGen)."""
        return MemoryQueryResult(results=list(self.memory_contents))

    async def add(
        self,
        content: MemoryContent,
        cancellation_token: CancellationToken | None = None,  # noqa: ARG002
    ) -> None:
        """Take in a content.

        Raises:
            RuntimeError: An agent has the memory.
        """
        self._change((*self.memory_contents, content))

    async def clear(self) -> None:
        """Forget everything.

        Raises:
            RuntimeError: An agent has the memory.
        """
        self._change(())

    async def close(self) -> None:
        """Nothing to let go of."""

    def _change(self, contents: tuple[MemoryContent, ...]) -> None:
        if self._sealed:
            raise RuntimeError(
                f"Memory {self.name!r} is part of an agent's spec, which does not change. To add to a memory while "
                "chats run, register it on the worker and give the agent NamedMemory(name)."
            )
        # The one field of a spec that may change, and only before the spec is part of anything.
        object.__setattr__(self, "memory_contents", contents)


def as_memories(given: object) -> tuple[MemorySpec, ...]:
    """An agent's memories, from what users pass: specs, live stores (AutoGen's too) or registered names.

    Raises:
        TypeError: It is no list (AutoGen's text), or something in it is no memory.
    """
    if given is None:
        return ()
    if not isinstance(given, list):
        raise TypeError(f"Expected Memory, List[Memory], or None, got {type(given)}")
    return tuple(_as_memory(item) for item in cast(list[object], given))


def _as_memory(given: object) -> MemorySpec:
    if isinstance(given, MemorySpec):
        return given
    if isinstance(given, str):
        return NamedMemory(given)
    if not isinstance(given, type) and all(
        callable(getattr(given, method, None)) for method in ("query", "update_context")
    ):
        return NamedMemory.of(given)
    raise TypeError(f"A memory is a spec, a live store or a registered name, got {reprlib.repr(given)}.")
