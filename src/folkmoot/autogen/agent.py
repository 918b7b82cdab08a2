"""A live agent of `autogen_agentchat` as one of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from importlib import import_module
from typing import Any, cast

from folkmoot.agents import BaseChatAgent
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, Response
from folkmoot.tools import CancellationToken

from .messages import from_autogen, our_class, to_autogen

__all__ = ["AutoGenAgent", "is_autogen_agent"]


def is_autogen_agent(given: object) -> bool:
    """Whether something is a live agent of `autogen_agentchat`. Does not import it."""
    return any(
        base.__name__ == "ChatAgent" and base.__module__.partition(".")[0] == "autogen_agentchat"
        for base in type(given).__mro__
    )


class AutoGenAgent(BaseChatAgent):
    """An agent of `autogen_agentchat` behind our interface: its messages, token and state are translated.

    Args:
        agent: The live agent.

    Raises:
        TypeError: It is none.
        ValueError: Its name is no identifier.
    """

    def __init__(self, agent: Any) -> None:
        if not is_autogen_agent(agent):
            raise TypeError(f"Expected an agent object of autogen_agentchat, got {agent!r}.")
        super().__init__(agent.name, agent.description)
        self._agent = agent

    @property
    def agent(self) -> Any:
        """AutoGen's object."""
        return self._agent

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        """Our classes for those it may answer with.

        Raises:
            ValueError: There is none of that name.
        """
        found: list[type[BaseChatMessage]] = []
        for theirs in self._produced():
            ours = our_class(theirs.__name__)
            if ours is None or not issubclass(ours, BaseChatMessage):
                raise ValueError(
                    f"Agent {self.name!r} produces {theirs.__name__}; derive a class of that name, with the same "
                    "fields, of folkmoot.messages.BaseChatMessage."
                )
            found.append(ours)
        return found

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        """Take a turn, see `on_messages_stream`.

        Raises:
            RuntimeError: The agent ended its turn without a response.
        """
        async with aclosing(self.on_messages_stream(messages, cancellation_token)) as stream:
            async for item in stream:
                if isinstance(item, Response):
                    return item
        raise RuntimeError("The agent did not produce a final response. Check the agent's on_messages_stream method.")

    async def on_messages_stream(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> AsyncGenerator[BaseAgentEvent | BaseChatMessage | Response]:
        """Let the agent take its turn. A message that is streamed and in the response is the same object in both."""
        produced = self._produced()
        heard = [to_autogen(message, produced) for message in messages]
        # With theirs, so that no other object gets the id of one that was let go of.
        seen: dict[int, tuple[Any, BaseAgentEvent | BaseChatMessage]] = {}

        def ours(theirs: Any) -> Any:
            return seen.setdefault(id(theirs), (theirs, from_autogen(theirs)))[1]

        async with aclosing(self._agent.on_messages_stream(heard, _token(cancellation_token))) as stream:
            async for item in stream:
                if not hasattr(item, "chat_message"):
                    yield ours(item)
                    continue
                inner = item.inner_messages
                yield Response(
                    chat_message=ours(item.chat_message),
                    inner_messages=None if inner is None else [ours(message) for message in inner],
                )

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """Pass it on."""
        await self._agent.on_reset(_token(cancellation_token))

    async def on_pause(self, cancellation_token: CancellationToken) -> None:
        """Pass it on."""
        await self._agent.on_pause(_token(cancellation_token))

    async def on_resume(self, cancellation_token: CancellationToken) -> None:
        """Pass it on."""
        await self._agent.on_resume(_token(cancellation_token))

    async def save_state(self) -> Mapping[str, Any]:
        """The agent's own state."""
        return await self._agent.save_state()

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Give the agent its own state."""
        await self._agent.load_state(state)

    async def close(self) -> None:
        """Let the agent let go of what it holds."""
        await self._agent.close()

    def _produced(self) -> Sequence[type]:
        return cast(Sequence[type], self._agent.produced_message_types)


def _token(ours: CancellationToken) -> Any:
    """A token of AutoGen's that is cancelled along with ours, in the thread of the agent's event loop."""
    theirs = import_module("autogen_core").CancellationToken()
    if ours.is_cancelled():
        theirs.cancel()
        return theirs
    loop = asyncio.get_running_loop()
    ours.add_callback(lambda: loop.call_soon_threadsafe(theirs.cancel) and None)
    return theirs
