"""With no worker polling, the client says so and names the queue; nothing is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from folkmoot import Chat, NoWorkerError
from tests.integration.conftest import SiteFactory, kinds, worker_on

VERBS: dict[str, Callable[[Chat], Awaitable[object]]] = {
    "run": lambda chat: chat.run(task="go"),
    "pause": lambda chat: chat.pause(),
    "reset": lambda chat: chat.reset(),
    "status": lambda chat: chat.status(),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_the_error_names_the_queue(sites: SiteFactory, verb: str) -> None:
    site = await sites(worker=False)
    chat = await site.open()
    with pytest.raises(NoWorkerError, match=site.queue) as refused:
        await VERBS[verb](chat)
    assert (refused.value.queue, refused.value.namespace) == (site.queue, "default")
    async with worker_on(site.client, site.queue):
        assert await kinds(chat) == ["opened"], "nothing was sent"
        assert len((await chat.run(task="go")).messages) == 2, "the chat waited for a worker"
