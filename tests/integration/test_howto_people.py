"""What the how-to on people tells of deadlines and of speaking up runs as it stands."""

from __future__ import annotations

import asyncio

import pytest

from folkmoot import DecisionRefusedError, PendingRequest, RoundRobinGroupChat, UserProxyAgent
from tests._support.documents import python_blocks, run_block
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory, said


async def test_people(sites: SiteFactory) -> None:
    _program, deadlines, speaking = python_blocks("docs/howto/people.md")
    editor = (await run_block(deadlines, {"UserProxyAgent": UserProxyAgent}))["editor"]
    site = await sites(["Rain again."])
    chat = await site.open(RoundRobinGroupChat([editor, site.agent()], max_turns=2))
    run = asyncio.create_task(chat.run(task="Write an invitation"))

    async def asked() -> list[PendingRequest]:
        return await chat.pending()

    (request,) = await eventually(asked, what="the request")
    assert request.approvers == ("ann", "role:editors")
    assert request.deadline is not None
    with pytest.raises(DecisionRefusedError, match="'eve' may not"):
        await chat.answer(request.request, "no", by="eve")
    await run_block(speaking, {"chat": chat})
    await chat.answer(request.request, "ok", by={"subject": "ben", "roles": ["editors"]})
    await run
    heard = [message["content"] for message in site.model.requests[0]["messages"]]
    assert heard[-3:] == ["Write an invitation", "ok", "Mention the weather."]
    result = [event.message async for event in chat.events(follow=False) if event.kind == "message"]
    assert said(result)[-1] == ("writer", "Rain again.")
