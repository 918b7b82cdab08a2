"""An image lies in the store once, by the hash of its file, however many agents see it and say it again."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from folkmoot import ChatFailedError, FolderStore, RoundRobinGroupChat, TextMessage
from folkmoot.agents import BaseChatAgent
from folkmoot.messages import BaseChatMessage, HandoffMessage, Image, MultiModalMessage, Response, UserMessage
from folkmoot.store import BlobNotFoundError
from tests.integration.conftest import Site, SiteFactory, until

FILE = b"\x89PNG\r\n\x1a\n" + random.Random(4).randbytes(300_000)
IMAGE = Image.from_bytes(FILE)
NAME = hashlib.sha256(FILE).hexdigest()
TASK = MultiModalMessage(content=["Look:", IMAGE], source="user")
URL = {"url": IMAGE.data_uri, "detail": "auto"}


class Echo(BaseChatAgent):
    """Answers with the images it is shown."""

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (MultiModalMessage,)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: Any) -> Response:
        images = [part for message in messages for part in getattr(message, "content", ()) if isinstance(part, Image)]
        return Response(chat_message=MultiModalMessage(content=["Again:", *images], source=self.name))

    async def on_reset(self, cancellation_token: Any) -> None: ...


def echo(site: Site) -> Echo:
    """An agent as a participant, known to the site's worker."""
    agent = site.plugin.registry.agents["echo"] = Echo("echo", "Echoes.")
    return agent


async def history_of(site: Site, chat_id: str) -> bytes:
    history = await site.client.get_workflow_handle(chat_id).fetch_history()
    return b"".join(event.SerializeToString() for event in history.events)


def seen(site: Site) -> list[int]:
    """How many images each call of the model was shown, whole."""
    return [str(request["messages"]).count(IMAGE.data) for request in site.model.requests]


async def test_four_turns_with_an_image(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(["one", "two", "three", "four"], store=FolderStore(tmp_path))
    chat = await site.open(site.team("a", "b", max_turns=4))
    result = await chat.run(task=TASK)
    first = result.messages[0]
    assert isinstance(first, MultiModalMessage)
    assert first.content == TASK.content
    assert seen(site) == [1, 1, 1, 1]
    assert site.model.requests[0]["messages"][-1]["content"][1] == {"type": "image_url", "image_url": URL}
    uuid = (await site.handle(chat).query("status"))["uuid"]
    assert (tmp_path / uuid / NAME[:2] / NAME[2:]).read_bytes() == FILE
    history = await history_of(site, chat.id)
    assert len(history) < 20_000
    assert NAME.encode() in history


async def test_an_image_is_read_again_by_who_comes_later(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(["one"], store=FolderStore(tmp_path))
    chat = await site.open()
    await chat.run(task=TASK)
    later = await site.moot.get(chat.id)
    [task] = [entry async for entry in later.events(after=-1, follow=False) if entry.data.get("role") == "task"]
    assert isinstance(task.message, MultiModalMessage)
    assert task.message.content == TASK.content
    assert task.data["message"]["content"][1] == {"$blob": NAME, "size": len(FILE), "media_type": "image/png"}


async def test_a_custom_agent_that_says_it_again(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(["seen"], store=FolderStore(tmp_path))
    team = RoundRobinGroupChat([echo(site), site.agent("b")], max_turns=2)
    chat = await site.open(team)
    result = await chat.run(task=TASK)
    assert isinstance(result.messages[1], MultiModalMessage)
    assert result.messages[1].content == ["Again:", IMAGE]
    assert seen(site) == [2]
    assert len(await history_of(site, chat.id)) < 20_000
    assert len(list(tmp_path.glob("*/*/*"))) == 1


async def test_what_a_handoff_carries(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(["seen"], store=FolderStore(tmp_path))
    chat = await site.open()
    heard = UserMessage(content=["Look:", IMAGE], source="user")
    task = HandoffMessage(content="Yours.", source="user", target="writer", context=[heard])
    result = await chat.run(task=task)
    assert isinstance(result.messages[0], HandoffMessage)
    assert result.messages[0].context == [heard]
    assert seen(site) == [1]
    assert len(await history_of(site, chat.id)) < 20_000


async def test_without_a_store_it_is_in_the_log_once(sites: SiteFactory) -> None:
    site = await sites(["one", "two", "three", "four"])
    chat = await site.open(site.team("a", "b", max_turns=4))
    await chat.run(task=TASK)
    assert seen(site) == [1, 1, 1, 1]
    assert (await history_of(site, chat.id)).count(base64.b64encode(FILE)) == 1


async def test_a_small_image_stays_in_the_log(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(["one"], store=FolderStore(tmp_path))
    chat = await site.open()
    small = MultiModalMessage(content=[Image.from_bytes(FILE[:300])], source="user")
    assert isinstance(result := (await chat.run(task=small)).messages[0], MultiModalMessage)
    assert result.content == small.content
    assert list(tmp_path.iterdir()) == []


class Lossy(FolderStore):
    """A store that finds nothing until told."""

    found = False

    async def get(self, name: str, *, chat: str) -> bytes:
        if not self.found:
            raise BlobNotFoundError(name, repr(self))
        return await super().get(name, chat=chat)


@pytest.mark.parametrize("task", [TASK, TextMessage(content="x" * 70_000, source="user")], ids=["image", "text"])
async def test_a_content_that_is_not_there_ends_the_run_which_goes_on_once_it_is(
    sites: SiteFactory, tmp_path: Path, task: BaseChatMessage
) -> None:
    store = Lossy(tmp_path)
    site = await sites(["seen"], store=store)
    chat = await site.open()
    with pytest.raises(ChatFailedError, match=r"The content of entry 2, [0-9a-f]{64} in the store, cannot be had"):
        await chat.run(task=task)
    assert site.model.requests == []
    store.found = True
    assert (await chat.run(task=None)).messages[-1].to_text() == "seen"


async def test_after_a_reset_nobody_misses_it(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(["hello"], store=Lossy(tmp_path))
    chat = await site.open()
    with pytest.raises(ChatFailedError, match="BlobNotFoundError"):
        await chat.run(task=TASK)
    await chat.reset()
    assert (await chat.run(task="go")).messages[-1].to_text() == "hello"


async def test_a_custom_agent_fails_as_clearly(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(store=Lossy(tmp_path))
    chat = await site.open(RoundRobinGroupChat([echo(site)], max_turns=1))
    with pytest.raises(ChatFailedError, match="Agent 'echo' failed: BlobNotFoundError: The content of entry 2"):
        await chat.run(task=TASK)


@pytest.mark.parametrize("reference", [{"$blob": "x"}, {"$blob": "x", "mentions": 5}])
async def test_what_is_no_reference_is_refused_at_once(site: Site, reference: dict[str, Any]) -> None:
    chat = await site.open()
    task = [{"type": "TextMessage", "source": "user", "content": reference}]
    await site.handle(chat).signal("submit", {"task": task, "command": "c1"})
    [refused] = [entry async for entry in chat.events(after=-1, follow=False) if entry.kind == "refused"]
    assert refused.data["error"]["type"] == "BadCommandError"
    assert "A reference to the store is" in refused.data["error"]["message"]
    assert (await until(chat, "idle")).status == "idle"
