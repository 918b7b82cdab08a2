"""Message classes of a user's own: the team lists them, whoever sends them; what it does not list is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from folkmoot import ChatFailedError, FolderStore, RoundRobinGroupChat, TextMentionTermination
from folkmoot.agents import BaseChatAgent
from folkmoot.messages import BaseAgentEvent, BaseChatMessage, BaseTextChatMessage, Response, StructuredMessage
from tests.integration.conftest import Site, SiteFactory, kinds
from tests.integration.test_images import history_of


class Notice(BaseTextChatMessage):
    """A text with a degree."""

    degree: int
    type: Literal["Notice"] = "Notice"


class ReadEvent(BaseAgentEvent):
    """Something was read."""

    type: Literal["ReadEvent"] = "ReadEvent"

    def to_text(self) -> str:
        return "read"


class Clerk(BaseChatAgent):
    """Answers with what it is made with, and notes whom it heard."""

    def __init__(self, answer: BaseChatMessage, *events: BaseAgentEvent) -> None:
        super().__init__("clerk", "Files notices.")
        self.answer, self.events = answer, events
        self.heard: list[BaseChatMessage] = []

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (type(self.answer),)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: Any) -> Response:
        self.heard += messages
        return Response(chat_message=self.answer, inner_messages=self.events)

    async def on_reset(self, cancellation_token: Any) -> None: ...


FILED = Notice(content="filed", degree=2, source="clerk")
TASK = Notice(content="file it", degree=1, source="user")


def with_clerk(site: Site, clerk: Clerk, **options: Any) -> RoundRobinGroupChat:
    site.plugin.registry.agents["clerk"] = clerk
    return RoundRobinGroupChat([clerk, site.agent("b")], max_turns=options.pop("max_turns", 2), **options)


def on_wire(kind: str, **more: Any) -> dict[str, Any]:
    return {"task": [{"type": kind, "source": "user", "content": "x", **more}], "command": "c1"}


async def test_a_listed_class_passes_through_everybodys_hands(sites: SiteFactory) -> None:
    site = await sites(["fine"])
    clerk = Clerk(FILED, ReadEvent(source="clerk"))
    chat = await site.open(with_clerk(site, clerk, custom_message_types=[Notice, ReadEvent]))
    result = await chat.run(task=TASK)
    assert [type(message).__name__ for message in result.messages] == ["Notice", "ReadEvent", "Notice", "TextMessage"]
    assert isinstance(result.messages[2], Notice)
    assert result.messages[2].degree == 2
    [heard] = clerk.heard
    assert isinstance(heard, Notice)
    assert heard.degree == 1
    assert [said["content"] for said in site.model.requests[0]["messages"][-2:]] == ["file it", "filed"]


async def test_a_task_of_an_unlisted_class_is_refused(site: Site) -> None:
    chat = await site.open()
    with pytest.raises(ValueError, match=r"Notice'> is not registered with the message factory\. Please register"):
        await chat.run(task=TASK)
    assert await kinds(chat) == ["opened"]


async def test_a_single_agent_takes_any(sites: SiteFactory) -> None:
    site = await sites(["fine"])
    chat = await site.open(site.agent())
    result = await chat.run(task=TASK)
    assert [message.to_text() for message in result.messages] == ["file it", "fine"]
    assert isinstance(result.messages[0], Notice)


@pytest.mark.parametrize(
    ("listed", "answer", "events", "name"),
    [
        ([], FILED, [], "Notice"),
        ([Notice], FILED, [ReadEvent(source="clerk")], "ReadEvent"),
    ],
    ids=["answer", "event"],
)
async def test_an_agent_that_says_what_is_not_listed_fails(
    site: Site, listed: list[Any], answer: BaseChatMessage, events: list[BaseAgentEvent], name: str
) -> None:
    chat = await site.open(with_clerk(site, Clerk(answer, *events), custom_message_types=listed))
    with pytest.raises(RuntimeError, match=rf"Message type <class '.*{name}'> is not registered\.") as failed:
        await chat.run(task="go")
    assert isinstance(failed.value, ChatFailedError)
    assert (failed.value.agent, failed.value.error_type) == ("clerk", "ValueError")


async def test_what_a_team_around_lists_may_be_said_inside(sites: SiteFactory) -> None:
    site = await sites(["fine"])
    inner = with_clerk(site, Clerk(FILED), max_turns=1, name="inner")
    outer = RoundRobinGroupChat([inner], custom_message_types=[Notice], max_turns=1)
    chat = await site.open(outer)
    assert [message.to_text() for message in (await chat.run(task="go")).messages] == ["go", "filed"]


async def test_a_long_one_lies_in_the_store(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(["fine"], store=FolderStore(tmp_path))
    text = "word " * 20_000 + "APPROVE"
    clerk = Clerk(Notice(content=text, degree=3, source="clerk"))
    stop = TextMentionTermination("APPROVE", sources=["clerk"])
    chat = await site.open(with_clerk(site, clerk, custom_message_types=[Notice], termination_condition=stop))
    result = await chat.run(task=Notice(content=text, degree=1, source="user"))
    assert [message.to_text() for message in result.messages] == [text, text]
    assert result.stop_reason == "Text 'APPROVE' mentioned"
    assert [message.to_text() for message in clerk.heard] == [text]
    assert len(await history_of(site, chat.id)) < 20_000


async def test_a_structure_with_the_stores_own_key(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(["fine"], store=FolderStore(tmp_path))
    chat = await site.open()
    mine = {"$blob": "mine", "size": "any"}
    task = StructuredMessage(content=mine, source="user", type="StructuredMessage[Mine]")
    result = await chat.run(task=task)
    assert isinstance(result.messages[0], StructuredMessage)
    assert result.messages[0].content == mine
    assert site.model.requests[0]["messages"][-1]["content"] == '{"$blob":"mine","size":"any"}'


async def test_an_unlisted_class_on_the_wire_is_refused(site: Site) -> None:
    chat = await site.open(site.team(custom_message_types=["Other"]))
    await site.handle(chat).signal("submit", on_wire("Notice", degree=1))
    [refused] = [entry async for entry in chat.events(after=-1, follow=False) if entry.kind == "refused"]
    assert "Message type 'Notice' is not registered with the message factory" in refused.data["error"]["message"]


async def test_a_listed_class_on_the_wire_needs_no_class_on_the_worker(sites: SiteFactory) -> None:
    site = await sites(["fine"])
    chat = await site.open(site.team(custom_message_types=["Elsewhere"]))
    await site.handle(chat).execute_update("run", on_wire("Elsewhere"))
    await site.model.wait_for_requests(1)
    assert site.model.requests[0]["messages"][-1]["content"] == "x"
