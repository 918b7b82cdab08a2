"""What users of the HTTP API's client write, under strict types. Checked by pyright, never run."""

from __future__ import annotations

from typing import Any, assert_type

from folkmoot.api_client import AuthenticatedClient, ProblemError, Words, events, expect
from folkmoot.api_client.api.chats import open_chat
from folkmoot.api_client.api.people import decide, show_inbox
from folkmoot.api_client.api.runs import start_run
from folkmoot.api_client.api.state import get_state
from folkmoot.api_client.models import (
    ChatOpened,
    Decide,
    Decision,
    Entry,
    InboxItem,
    JsonObject,
    OpenChat,
    Problem,
    Run,
    StartRun,
    Verdict,
)


async def talk(url: str, token: str, spec: dict[str, Any]) -> None:
    """From a chat's opening to its state."""
    async with AuthenticatedClient(url, token) as client:
        found = await open_chat.asyncio(client=client, body=OpenChat(team=JsonObject.from_dict(spec)))
        assert_type(found, ChatOpened | Problem | None)
        chat = assert_type(expect(found), ChatOpened)
        run = expect(await start_run.asyncio(chat.id, client=client, body=StartRun(task="go"), wait=30))
        assert_type(run, Run)
        assert_type(run.stop_reason, str | None)
        assert_type(run.messages, list[JsonObject])
        state = expect(await get_state.asyncio(chat.id, client=client))
        assert_type(state.to_dict(), dict[str, Any])
        async for entry in events(client, chat.id, run.offset):
            assert_type(entry, Entry)
        async for piece in events(client, chat.id, partial=True):
            assert_type(piece, Entry | Words)


def approve(client: AuthenticatedClient) -> None:
    """Without a loop."""
    for item in expect(show_inbox.sync(client=client)).requests:
        assert_type(item, InboxItem)
        body = Decide(verdict=Verdict.APPROVE, hash_="0a", comment="fine")
        try:
            decision = expect(decide.sync(item.chat, item.request, client=client, body=body, idempotency_key="once"))
        except ProblemError as error:
            assert_type(error.problem, Problem)
            assert_type(error.code, str)
        else:
            assert_type(decision, Decision)
