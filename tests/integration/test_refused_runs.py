"""A run that cannot be made is refused at once with the error its user would want, and the chat is as it was before."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from folkmoot import (
    BadCommandError,
    Chat,
    ChatBusyError,
    ChatExistsError,
    ChatNotFoundError,
    ModelSpec,
    PayloadTooLargeError,
    TextMessage,
    ToolOptions,
    UnknownNameError,
    load_spec,
)
from folkmoot.messages import ThoughtEvent
from tests.integration.conftest import Site, SiteFactory, kinds, said, unique

RUNNING = "The team is already running, it cannot run again until it is stopped."


async def state_of(chat: Chat) -> Any:
    """Everything that must not change: the log and where the chat stands."""
    return await kinds(chat), await chat.status()


async def test_a_second_run_is_refused_and_the_first_goes_on(sites: SiteFactory) -> None:
    site = await sites([{"text": "one", "hold": "it"}])
    chat = await site.open()
    run = asyncio.create_task(chat.run(task="go"))
    await site.model.wait_for_requests(1)
    before = await state_of(chat)
    with pytest.raises(ChatBusyError, match=RUNNING) as refused:
        await chat.run(task="me too")
    assert isinstance(refused.value, ValueError), "AutoGen's type"
    with pytest.raises(ChatBusyError, match=RUNNING):
        [item async for item in chat.run_stream(task="me too")]
    assert await state_of(chat) == before
    site.model.release("it")
    assert said((await run).messages) == [("user", "go"), ("writer", "one")]


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ([], "Task list cannot be empty"),
        (["go"], "All messages in task list must be valid BaseChatMessage types"),
        (5, "Task must be a string, a BaseChatMessage, or a list of BaseChatMessage"),
        ({"content": "go"}, "Task must be a string, a BaseChatMessage, or a list of BaseChatMessage"),
        ([TextMessage(content="go", source="user"), ThoughtEvent(content="hm", source="user")], "BaseChatMessage"),
    ],
    ids=["empty list", "list of texts", "number", "dict", "an event in the list"],
)
async def test_a_bad_task(site: Site, task: Any, text: str) -> None:
    chat = await site.open()
    before = await state_of(chat)
    with pytest.raises(ValueError, match=text):
        await chat.run(task=task)
    assert await state_of(chat) == before
    assert len((await chat.run(task="go")).messages) == 2


async def test_a_task_of_3_mb_without_a_store(site: Site) -> None:
    chat = await site.open()
    before = await state_of(chat)
    with pytest.raises(PayloadTooLargeError) as refused:
        await chat.run(task="x" * 3_000_000)
    assert refused.value.size > 3_000_000
    assert await state_of(chat) == before


@pytest.mark.parametrize(
    ("options", "kind", "name"),
    [
        ({"model_client": "gpt-nowhere"}, "model", "gpt-nowhere"),
        ({"model_client": ModelSpec("other", options={"temperature": 0})}, "model", "other"),
        ({"tools": ["lookup"]}, "tool", "lookup"),
    ],
    ids=["model", "model spec", "tool"],
)
async def test_an_unknown_name_is_refused_when_the_chat_is_opened(
    sites: SiteFactory, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], kind: str, name: str
) -> None:
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)

    def search(text: str) -> str:
        """Search."""
        return text

    site = await sites(tools=[search])
    chat_id = unique()
    with pytest.raises(UnknownNameError) as refused:
        await site.open(site.agent(**options), id=chat_id)
    assert (refused.value.kind, refused.value.name) == (kind, name)
    assert refused.value.known == (("scripted",) if kind == "model" else ("search",)), "the names there are"
    chat = await site.open(id=chat_id)
    assert await kinds(chat) == ["opened"], "the id is free for a chat that can work"


async def test_a_bad_option_never_leaves_the_process() -> None:
    with pytest.raises(ValueError, match="max_attempts"):
        ToolOptions(max_attempts=0)
    with pytest.raises(ValueError, match="credential") as refused:
        ModelSpec("gpt", options={"api_key": "abc"})
    assert "abc" not in str(refused.value)


async def test_a_team_file_of_an_unknown_type() -> None:
    with pytest.raises(ValueError, match="Parliament"):
        load_spec({"type": "Parliament", "participants": []})


async def test_something_else_than_a_team(site: Site) -> None:
    with pytest.raises(TypeError, match="'writer and critic'"):
        await site.moot.open("writer and critic", id=unique())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="''"):
        await site.moot.open(site.team(), id="")


async def test_a_chat_that_does_not_exist(site: Site) -> None:
    with pytest.raises(ChatNotFoundError, match="nobody"):
        await site.moot.get("nobody")


async def test_a_chat_opened_again_with_another_team(site: Site) -> None:
    chat = await site.open(site.team("a"))
    await chat.run(task="go")
    before = await state_of(chat)
    with pytest.raises(ChatExistsError, match=chat.id):
        await site.open(site.team("b"), id=chat.id)
    assert await state_of(chat) == before
    again = await site.open(site.team("a"), id=chat.id)
    assert await state_of(again) == before, "with the same team it is found"


async def test_a_snapshot_that_is_not_there(site: Site) -> None:
    chat = await site.open()
    for offset in (-1, 0, 99):
        with pytest.raises(BadCommandError, match=f"no snapshot {offset}"):
            await chat.snapshot(offset)
