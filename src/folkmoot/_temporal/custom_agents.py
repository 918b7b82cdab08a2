"""Turns and hooks of custom agents: the state a chat has of an agent goes into a live object, and comes out again.

What is registered under an agent's name is either one object, whom the chats that name it use one after another, or a
class or function that makes a fresh one for each turn.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import reprlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from pydantic_core import PydanticSerializationError, to_jsonable_python

from folkmoot.agents import BaseChatAgent, CustomAgent
from folkmoot.autogen import AutoGenAgent, is_autogen_agent
from folkmoot.messages import (
    BaseAgentEvent,
    BaseChatMessage,
    ModelClientStreamingChunkEvent,
    Response,
)
from folkmoot.tools import CancellationToken

__all__ = ["CustomAgents", "Hook", "TurnResult", "check_agent"]

Hook = Literal["on_pause", "on_resume", "on_reset"]
State = Mapping[str, Any]
Shown = tuple[BaseAgentEvent | BaseChatMessage, bool]


@dataclass(frozen=True, kw_only=True)
class TurnResult:
    """What a turn came to.

    Attributes:
        events: In order. True for what was only shown: it is streamed, but no inner message of the response.
        answer: The response's message.
        state: What the agent saved after it, as JSON.
    """

    events: Sequence[Shown]
    answer: BaseChatMessage
    state: State


@dataclass(eq=False)
class _Shared:
    """One object that several chats use."""

    agent: BaseChatAgent
    registered: object
    """Held so that its id is not given to another."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    pristine: State | None = None
    """Its state before the first turn: that of a chat in which it has had none."""


@dataclass(eq=False)
class _Turn:
    """A turn in progress, and the hooks that are being called on its object."""

    agent: BaseChatAgent
    hooks: set[asyncio.Future[None]] = field(default_factory=set[asyncio.Future[None]])

    async def hooks_done(self) -> None:
        while self.hooks:
            await asyncio.wait(self.hooks)


class CustomAgents:
    """The live agents of one worker process."""

    def __init__(self) -> None:
        self._shared: dict[int, _Shared] = {}
        self._turns: dict[str, _Turn] = {}

    async def take_turn(
        self,
        registered: object,
        spec: CustomAgent,
        where: str,
        messages: Sequence[BaseChatMessage],
        state: State | None,
        token: CancellationToken,
        on_text: Callable[[str], None] | None = None,
    ) -> TurnResult:
        """Let an agent take a turn.

        Args:
            registered: What the worker has under `spec.agent`: an agent, ours or AutoGen's, or a class or function
                that makes one of `name` and `description`, as far as it has such parameters.
            spec: The participant.
            where: The agent's place, unique over all chats, such as the chat's uuid and the path.
            messages: What is new to it.
            state: What it saved last in this chat; None: nothing yet.
            token: Cancelled when the turn is no longer wanted.
            on_text: Is given what a model writes, piece by piece.

        Raises:
            TypeError: `registered` is nothing of that kind, or streamed what is no message.
            RuntimeError: The agent gave no response (AutoGen's text).
            ValueError: Its state is no JSON object.
        """
        async with self._borrow(registered, spec, state) as (agent, start):
            await _load(agent, start)
            turn = self._turns[where] = _Turn(agent)
            try:
                events, answer = await _collect(agent, messages, token, on_text)
                # They may have changed what is saved now. Nothing is awaited between the last of them and the removal.
                await turn.hooks_done()
            finally:
                if self._turns.get(where) is turn:
                    del self._turns[where]
            return TurnResult(events=events, answer=answer, state=await _save(agent))

    async def call_hook(
        self,
        registered: object,
        spec: CustomAgent,
        where: str,
        hook: Hook,
        state: State | None,
        token: CancellationToken,
    ) -> State | None:
        """Tell an agent that its chat was paused, resumed or reset.

        An agent that has its turn right now in this process is told of pause and resume at once, on the very object
        that is at work. A reset always has a turn of its own.

        Args:
            registered: As for `take_turn`.
            spec: The participant.
            where: The agent's place, as for `take_turn`.
            hook: The method.
            state: What it saved last in this chat; None: nothing yet.
            token: Cancelled when the call is no longer wanted.

        Returns:
            What the agent saved after it; None if the turn in progress will save it.

        Raises:
            TypeError: `registered` is no agent and makes none.
            ValueError: Its state is no JSON object.
        """
        turn = self._turns.get(where)
        if turn is not None and hook != "on_reset":
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            turn.hooks.add(done)
            try:
                await getattr(turn.agent, hook)(token)
            finally:
                turn.hooks.discard(done)
                done.set_result(None)
            return None
        async with self._borrow(registered, spec, state) as (agent, start):
            await _load(agent, start)
            await getattr(agent, hook)(token)
            return await _save(agent)

    @asynccontextmanager
    async def _borrow(
        self, registered: object, spec: CustomAgent, state: State | None
    ) -> AsyncGenerator[tuple[BaseChatAgent, State | None]]:
        """An object for one turn or hook, and the state it is to begin with."""
        check_agent(spec.agent, registered)
        if not _is_agent(registered):
            agent = await _make(cast(Callable[..., object], registered), spec)
            try:
                yield agent, state
            finally:
                await agent.close()
            return
        shared = self._shared.get(id(registered))
        if shared is None:
            shared = self._shared[id(registered)] = _Shared(_as_ours(registered), registered)
        async with shared.lock:
            if shared.pristine is None:
                shared.pristine = await _save(shared.agent)
            yield shared.agent, shared.pristine if state is None else state


async def _collect(
    agent: BaseChatAgent,
    messages: Sequence[BaseChatMessage],
    token: CancellationToken,
    on_text: Callable[[str], None] | None,
) -> tuple[list[Shown], BaseChatMessage]:
    streamed: list[BaseAgentEvent | BaseChatMessage] = []
    response: Response | None = None
    async with aclosing(agent.on_messages_stream(messages, token)) as stream:
        async for item in stream:
            if isinstance(item, Response):
                response = item
            elif isinstance(item, ModelClientStreamingChunkEvent):
                if on_text is not None:
                    on_text(item.content)
            else:
                streamed.append(_message(agent, item))
    if response is None:
        raise RuntimeError("The agent did not produce a final response. Check the agent's on_messages_stream method.")
    inner = [_message(agent, item) for item in response.inner_messages or () if not _is_chunk(item)]
    events: list[Shown] = []
    for message in streamed:
        place = next((index for index, other in enumerate(inner) if _is_same(message, other)), None)
        events.append((message, place is None))
        if place is not None:
            del inner[place]
    events += [(message, False) for message in inner]
    return events, response.chat_message


def _is_chunk(item: object) -> bool:
    return isinstance(item, ModelClientStreamingChunkEvent)


def _is_same(one: BaseAgentEvent | BaseChatMessage, other: BaseAgentEvent | BaseChatMessage) -> bool:
    # Messages made here have no id yet; those of AutoGen's have, and may have been copied on the way.
    return one is other or (one.id is not None and one.id == other.id) or (one.id is None and one == other)


def _message(agent: BaseChatAgent, item: object) -> BaseAgentEvent | BaseChatMessage:
    if not isinstance(item, BaseAgentEvent | BaseChatMessage):
        raise TypeError(f"Agent {agent.name!r} gave {reprlib.repr(item)}; expected a message, an event or a Response.")
    return item


async def _load(agent: BaseChatAgent, state: State | None) -> None:
    if state is not None:
        # A copy: the agent may work on it, and the log's views share what they hold.
        await agent.load_state(json.loads(json.dumps(state)))


async def _save(agent: BaseChatAgent) -> State:
    saved: object = await agent.save_state()
    try:
        made: object = json.loads(json.dumps(saved, default=to_jsonable_python, allow_nan=False))
    except (TypeError, ValueError, RecursionError, PydanticSerializationError) as error:
        raise ValueError(f"The state that agent {agent.name!r} saved is no JSON: {error}") from None
    if not isinstance(made, dict):
        raise ValueError(f"The state that agent {agent.name!r} saved must be a JSON object, got {reprlib.repr(made)}.")
    return cast(State, made)


async def _make(factory: Callable[..., object], spec: CustomAgent) -> BaseChatAgent:
    """A fresh object of a registered class or function."""
    known = {"name": spec.name, "description": spec.description}
    takes = inspect.signature(factory).parameters.values()
    if not any(item.kind is item.VAR_KEYWORD for item in takes):
        named = {item.name for item in takes}
        known = {name: value for name, value in known.items() if name in named}
    made: object = factory(**known)
    if inspect.isawaitable(made):
        made = await made
    if not _is_agent(made):
        raise TypeError(f"What is registered as agent {spec.agent!r} made {reprlib.repr(made)}; expected an agent.")
    return _as_ours(made)


def check_agent(name: str, registered: object) -> None:
    """Refuse what cannot take turns.

    Args:
        name: What it is to be registered as.
        registered: An agent, ours or AutoGen's; or a class or function that makes one, of `name` and `description`
            as far as it has parameters of these names.

    Raises:
        TypeError: It is neither, or it needs other parameters.
    """
    if _is_agent(registered):
        return
    if not callable(registered):
        raise TypeError(
            f"Agent {name!r} must be an agent object, or a class or function that makes one, "
            f"got {reprlib.repr(registered)}."
        )
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    missing = [
        item.name
        for item in inspect.signature(registered).parameters.values()
        if item.default is item.empty
        and item.kind not in optional
        and (item.kind is item.POSITIONAL_ONLY or item.name not in ("name", "description"))
    ]
    if missing:
        raise TypeError(
            f"What makes agent {name!r} is given 'name' and 'description' only, as far as it has these parameters, "
            f"but it needs {', '.join(map(repr, missing))}."
        )


def _is_agent(given: object) -> bool:
    return isinstance(given, BaseChatAgent) or is_autogen_agent(given)


def _as_ours(agent: object) -> BaseChatAgent:
    return agent if isinstance(agent, BaseChatAgent) else AutoGenAgent(agent)
