"""What a chat came to: its last message, a model's words, a function's; and what is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from folkmoot import (
    BadCommandError,
    Chat,
    ChatBusyError,
    FolderStore,
    FolkmootError,
    ModelInfo,
    ModelSpec,
    UnknownNameError,
    UserProxyAgent,
)
from tests.integration.conftest import MODEL, SiteFactory

OLD = [
    {"role": "user", "name": "user", "content": "go"},
    {"role": "user", "name": "a", "content": "the answer is 42. TERMINATE"},
]


def shout(messages: list[Any]) -> str:
    return " ".join(message.to_text().upper() for message in messages)


async def told(chat: Chat) -> list[dict[str, Any]]:
    return [dict(entry.data) async for entry in chat.events(follow=False) if entry.kind == "summarized"]


async def test_the_last_message(sites: SiteFactory) -> None:
    site = await sites(["all done TERMINATE"])
    chat = await site.open(site.team("a"))
    await chat.run(task="go")
    assert await chat.summarize() == "all done"
    (entry,) = await told(chat)
    assert (entry["method"], entry["content"]) == ("last_msg", "all done")
    assert len(site.model.requests) == 1


async def test_of_old_messages_too(sites: SiteFactory) -> None:
    site = await sites([])
    chat = await site.open(site.team("a", "b"), messages=OLD)
    assert await chat.summarize() == "the answer is 42."


async def test_in_a_models_words(sites: SiteFactory) -> None:
    site = await sites(["hello", {"text": "greetings were exchanged", "usage": [30, 4]}, "more"])
    chat = await site.open(site.team("a"))
    await chat.run(task="go")
    before = (await chat.status()).tokens
    assert (
        await chat.summarize("reflection_with_llm", prompt="What came of it?", by="ann") == "greetings were exchanged"
    )
    request = site.model.requests[1]["messages"]
    assert [item["content"] for item in request] == ["go", "hello", "What came of it?"]
    (entry,) = await told(chat)
    assert (entry["usage"], entry["by"]) == ([30, 4], "ann")
    assert (await chat.status()).tokens == before + 34
    # Nobody in the chat hears of it.
    await chat.run(task="on")
    assert [item["content"] for item in site.model.requests[2]["messages"]][1:] == ["go", "hello", "on"]


async def test_a_long_chat_is_cut_to_the_models_window(sites: SiteFactory) -> None:
    site = await sites(["short"])
    old = [{"role": "user", "name": "user", "content": f"{number} ".ljust(4_000, ".")} for number in range(10)]
    chat = await site.open(site.team("a"), messages=old)
    small = ModelSpec(MODEL, info=ModelInfo(context_window=4_100))
    assert await chat.summarize("reflection_with_llm", model_client=small) == "short"
    shown = [item["content"][:2] for item in site.model.requests[0]["messages"]]
    assert shown[:-1] == ["0 ", "9 "]


async def test_by_a_function(sites: SiteFactory) -> None:
    site = await sites(["hello"], functions={"shout": shout, "numbers": len})
    chat = await site.open(site.team("a"))
    await chat.run(task="go")
    assert await chat.summarize("shout") == "GO HELLO"
    with pytest.raises(FolkmootError, match="The function 'numbers' must return the summary, a text, got 2"):
        await chat.summarize("numbers")


async def test_refused(sites: SiteFactory) -> None:
    site = await sites(["hello", {"text": "later", "hold": "it"}])
    chat = await site.open(site.team("a"))
    with pytest.raises(BadCommandError, match="Nothing has been said yet"):
        await chat.summarize()
    await chat.run(task="go")
    with pytest.raises(UnknownNameError, match="whisper"):
        await chat.summarize("whisper")
    with pytest.raises(UnknownNameError, match="nobody"):
        await chat.summarize("reflection_with_llm", model_client="nobody")
    with pytest.raises(BadCommandError, match="'prompt' is for the method reflection_with_llm, not for 'last_msg'"):
        await chat.summarize(prompt="Say.")
    with pytest.raises(BadCommandError, match="'method' must be last_msg"):
        await chat.summarize("")
    run = asyncio.create_task(chat.run(task="on"))
    await site.model.wait_for_requests(2)
    with pytest.raises(ChatBusyError, match="Stop it before it is summarized"):
        await chat.summarize()
    site.model.release("it")
    await run
    assert await told(chat) == []


async def test_nobody_has_a_model(sites: SiteFactory) -> None:
    site = await sites([])
    old = [{"role": "user", "name": "ann", "content": "go"}]
    chat = await site.open(UserProxyAgent("ann"), messages=old)
    with pytest.raises(BadCommandError, match="say which one by 'model_client'"):
        await chat.summarize("reflection_with_llm")


async def test_a_model_that_fails(sites: SiteFactory) -> None:
    site = await sites(["hello", {"status": 401, "message": "no key"}, "fine"])
    chat = await site.open(site.team("a"))
    await chat.run(task="go")
    with pytest.raises(FolkmootError, match="401"):
        await chat.summarize("reflection_with_llm")
    assert await chat.summarize("reflection_with_llm") == "fine"


async def test_of_any_size(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites(["x" * 100_000], store=FolderStore(tmp_path))
    chat = await site.open(site.team("a"))
    await chat.run(task="go")
    assert await chat.summarize() == "x" * 100_000
