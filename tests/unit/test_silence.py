"""How long a question may stay unanswered: workers that nobody could be asked about have not been silent yet."""

from __future__ import annotations

from typing import Any, cast

from temporalio.service import RPCError, RPCStatusCode

from folkmoot._client.workers import SILENT_SECONDS, Silence, Workers


class Away:
    """The workers of a server that restarts."""

    async def last_poll(self, chat_id: str) -> Any:
        raise RPCError(f"who polls for {chat_id}?", RPCStatusCode.UNAVAILABLE, b"")


async def test_while_the_server_is_away_the_time_only_begins() -> None:
    silence = Silence(cast(Workers, cast(Any, Away())), "chat")
    assert await silence.left() == SILENT_SECONDS
    assert 0 < await silence.left() <= SILENT_SECONDS
