"""What all activities of one worker share: the registry, the log reader, and how errors travel."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from folkmoot._chat.agent_state import StateView
from folkmoot._chat.context import AgentContext
from folkmoot._chat.thread import ThreadView
from folkmoot.errors import LogReadError, ModelCallError, StoreMissingError, UnknownNameError
from folkmoot.models import Model, ModelResult
from folkmoot.store import BlobNotFoundError

from .blobs import store_large
from .failures import CallFailedError
from .log_cache import CachedChat
from .observing import at_work, paid
from .payloads import MAX_PAYLOAD, CallInput, size_of
from .prices import millionths
from .reader import LogReader
from .registry import Registry

__all__ = ["Side", "call_function", "errors_named"]


ViewT = TypeVar("ViewT", AgentContext, StateView, ThreadView)


@dataclass(frozen=True)
class Side:
    """The activity side of one worker.

    Attributes:
        registry: What the worker has registered.
        reader: How it reads logs.
    """

    registry: Registry
    reader: LogReader

    async def read(self, data: CallInput, whole: bool = True) -> CachedChat:
        """The chat of the current activity, with its log up to the call's place."""
        try:
            chat = await self.reader.read(data.at, data.d, whole=whole)
        except (BlobNotFoundError, StoreMissingError) as error:
            raise CallFailedError(str(error), type=type(error).__name__, non_retryable=True) from None
        except LogReadError as error:
            raise CallFailedError(str(error), type=type(error).__name__) from None
        at_work(chat, data)
        return chat

    async def context(self, chat: CachedChat, path: str, until: int) -> AgentContext:
        """A seat's context, read up to `until`."""
        return await self._read_on(chat, lambda: chat.context(path, until), until)

    async def thread(self, chat: CachedChat, path: str, until: int) -> ThreadView:
        """A node's conversation, read up to `until`."""
        return await self._read_on(chat, lambda: chat.thread(path, until), until)

    async def agent_state(self, chat: CachedChat, path: str, until: int) -> StateView:
        """A custom agent's state, read up to `until`."""
        return await self._read_on(chat, lambda: chat.agent_state(path, until), until)

    async def _read_on(self, chat: CachedChat, view_of: Callable[[], ViewT], until: int) -> ViewT:
        start = view_of().next
        while True:
            blobs = await self.reader.fetch_blobs(chat, start, until)
            # Taken again: while the blobs were fetched, another call may have read it further, or begun it anew.
            view = view_of()
            if view.next >= start:
                view.read(chat.log, until, blobs)
                return view
            start = view.next

    async def paid(self, model: Model, result: ModelResult) -> dict[str, Any]:
        """What a model call used: `usage`, and `cost` where there is a price function; None where that failed."""
        usage = [result.prompt_tokens, result.completion_tokens]
        price = self.registry.price
        if price is None:
            return {"usage": usage}
        try:
            cost = millionths(await call_function(price, model.name, *usage))
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything
            activity.logger.warning("the price of a call of model %r is not known: %s", model.name, error)
            cost = None
        paid(model, cost)
        return {"usage": usage, "cost": cost}

    async def large(self, text: str, chat: CachedChat) -> str | dict[str, Any]:
        """A text as the log is to have it: in the store if it is long."""
        return await store_large(text, chat, self.reader.store)

    def bounded(self, result: dict[str, Any], whose: str) -> dict[str, Any]:
        """The result, if a chat can take it in.

        Raises:
            CallFailedError: It cannot.
        """
        if (size := size_of(result)) > MAX_PAYLOAD:
            raise CallFailedError(
                f"What {whose!r} said has {size} bytes, more than the {MAX_PAYLOAD} a chat can take in.",
                type="PayloadTooLargeError",
                non_retryable=True,
            )
        return result


@contextmanager
def errors_named() -> Generator[None]:
    """Let errors leave an activity with their own type and text, and no traceback.

    Names that the worker lacks may be known after a deploy, calls of a model say themselves whether they may be made
    again; whatever a user's code raises is final.
    """
    try:
        yield
    except UnknownNameError as error:
        reason = f"worker:{error.kind}:{error.name}"
        raise CallFailedError(str(error), reason, type=type(error).__name__, non_retryable=True) from None
    except ModelCallError as error:
        delay = timedelta(seconds=error.retry_after) if error.retry_after else None
        raise CallFailedError(
            str(error)[:2000], type=type(error).__name__, non_retryable=not error.retryable, next_retry_delay=delay
        ) from None
    except ApplicationError:
        raise
    except Exception as error:  # noqa: BLE001 - a user's function may raise anything
        raise CallFailedError(str(error)[:2000], type=type(error).__name__, non_retryable=True) from None


async def call_function(function: Callable[..., Any], *args: Any) -> Any:
    """A registered function's answer; one that is not a coroutine runs in a thread, as it may take its time."""
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004
        return await function(*args)
    answer = await asyncio.to_thread(function, *args)
    return await answer if inspect.isawaitable(answer) else answer
