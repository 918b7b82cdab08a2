"""With encryption no byte of the server's database or of the store tells what was said; keys change, chats go on."""

from __future__ import annotations

import asyncio
import base64
import re
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.service import RPCError

from folkmoot import (
    ApprovalPolicy,
    AssistantAgent,
    Chat,
    ChatFailedError,
    Folkmoot,
    FolkmootPlugin,
    FunctionTool,
    HistoryLimits,
    OpenAIChatModel,
    RoundRobinGroupChat,
    ToolOptions,
    UserProxyAgent,
    local,
)
from folkmoot._scripted.http import ScriptedServer
from folkmoot._temporal.names import ARCHIVE_ID
from folkmoot.encryption import EncryptionKeyError, KeyRing, new_key
from folkmoot.messages import ModelClientStreamingChunkEvent
from folkmoot.testing import fetch_histories, replay
from tests._support.waiting import eventually
from tests.integration.conftest import KEY, said, unique, until, worker_on

SEALING = HistoryLimits(events=40, resting_events=20, resting_age=0, seal_bytes=500)
OLD, NEW = (KeyRing.parse(f"{name}:{new_key()}") for name in ("old", "new"))
BOTH = KeyRing({**NEW.keys, **OLD.keys})

WORDS = {
    name: f"xyzzy{name}".encode()
    for name in (
        "task",
        "system",
        "tool",
        "argument",
        "changed",
        "reason",
        "comment",
        "result",
        "raised",
        "partial",
        "reply",
        "answer",
        "refused",
        "blob",
        "later",
        "said",
    )
}
"""What stands for each kind of content, and turns up in none of Folkmoot's own words."""


def word(name: str) -> str:
    return WORDS[name].decode()


def wire(reason: str, amount: str) -> str:
    if "fail" in amount:
        raise RuntimeError(f"no money: {word('raised')}")
    return f"sent {amount}: {word('result')} {reason}"


def readable(data: bytes) -> Iterator[bytes]:
    """What whoever has the bytes can read: themselves, and what is only compressed."""
    yield data
    for packed in re.findall(rb"ze[A-Za-z0-9+/]{30,}={0,2}", data):
        yield unpacked(base64.b64decode(packed[1:] + b"=" * (-len(packed[1:]) % 4)))
    if data[:1] == b"x":
        yield unpacked(data)


def unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data)
    except zlib.error:
        return b""


def found_in(folder: Path) -> set[str]:
    """The words that somebody finds who has the files."""
    found: set[str] = set()
    for path in folder.rglob("*"):
        if path.is_file():
            for text in readable(path.read_bytes()):
                found |= {name for name, marker in WORDS.items() if marker in text}
    return found


TOOL = f"wire_{word('tool')}"
SCRIPT: list[Any] = [
    {"calls": [{"name": TOOL, "arguments": {"reason": word("argument"), "amount": "12"}}]},
    {"calls": [{"name": TOOL, "arguments": {"reason": "x", "amount": "fail"}}]},
    {"text": f"{word('partial')} and a long speech {word('reply')}", "chunks": 30, "chunk_delay": 0.05},
    {"text": f"{word('blob')} " * 10_000},
    {"status": 400, "message": f"not this: {word('refused')}"},
    {"text": "well", "repeat": True},
]


@asynccontextmanager
async def moot_of(data_dir: Path, keys: KeyRing | None, model: ScriptedServer) -> AsyncIterator[Folkmoot]:
    """A server of its own with its data on disk, worker and client."""
    policy = ApprovalPolicy(reason=f"Money: {word('reason')}")
    tool = FunctionTool(wire, description="Wire", name=TOOL, options=ToolOptions(approval=policy))
    models = {"scripted": OpenAIChatModel("scripted", base_url=model.base_url, api_key=KEY)}
    async with local(data_dir, models=models, tools=[tool], encryption=keys) as moot:
        yield moot


async def the_story(moot: Folkmoot, data: Path) -> tuple[Chat, list[set[str]]]:
    """A chat in which everything happens that people may not read; and what they could read on the way."""
    found: list[set[str]] = []
    writer = AssistantAgent(
        "writer",
        "scripted",
        system_message=f"Write. {word('system')}",
        tools=[TOOL],
        max_tool_iterations=3,
        model_client_stream=True,
    )
    team = RoundRobinGroupChat([writer, UserProxyAgent("person")], max_turns=2)
    chat = await moot.open(team, id=unique(), limits=SEALING)

    async def stream() -> None:
        heard = ""
        async for item in chat.run_stream(task=f"Go: {word('task')}"):
            if isinstance(item, ModelClientStreamingChunkEvent):
                heard += item.content
                if word("partial") in heard and len(found) == 1:
                    found.append(found_in(data))

    run = asyncio.create_task(stream())
    (request,) = await eventually(chat.pending, what="the wire is to be approved")
    found.append(found_in(data))
    await chat.edit(request.request, {"reason": word("changed"), "amount": "5"}, by="ann", comment=word("comment"))
    (request,) = await eventually(chat.pending, what="the next one is to be approved")
    await chat.approve(request.request, by="ann")
    await eventually(lambda: len(found) == 2, what="the agent speaks")
    (request,) = await eventually(chat.pending, what="the person is asked")
    await chat.answer(request.request, f"Yes: {word('answer')}", by="ann")
    await run
    await chat.say(f"Psst: {word('said')}")
    (request,) = await eventually(chat.pending, what="the person is asked again")
    await chat.answer(request.request, "Go on.", by="ann")
    await until(chat, "idle")
    with pytest.raises(ChatFailedError, match=word("refused")):
        await chat.run(task=f"Go: {word('later')}")
    assert (await chat.status()).continued > 0
    return chat, found


def payloads_in(message: Message) -> Iterator[tuple[str, Payload]]:
    """The payloads of a message, with where they are; search attributes are the server's to read."""
    if isinstance(message, Payload):
        yield "", message
        return
    for field, value in message.ListFields():
        if field.name == "search_attributes" or field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            inner = [value[key] for key in value]
        else:
            inner = [value] if isinstance(value, Message) else value
        for item in inner:
            if isinstance(item, Message):
                for where, payload in payloads_in(item):
                    yield f"{field.name}.{where}", payload


def failures_in(message: Message) -> Iterator[Failure]:
    """The failures of a message, causes among them."""
    if isinstance(message, Failure):
        yield message
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for item in [value] if isinstance(value, Message) else value:
                yield from failures_in(item)


async def archived(moot: Folkmoot, chat: Chat) -> None:
    uuid = (await moot.client.get_workflow_handle(chat.id).query("status"))["uuid"]

    async def ended() -> Any:
        try:
            return await moot.client.get_workflow_handle(ARCHIVE_ID + uuid).result()
        except RPCError:
            return None  # the server has not started it yet

    assert (await eventually(ended, within=90, what="the chat was archived"))["archived"] is True


@pytest.mark.parametrize("keys", [OLD, None], ids=["encrypted", "plain"])
async def test_nobody_reads_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: KeyRing | None) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    async with ScriptedServer(SCRIPT) as model:
        async with moot_of(tmp_path, keys, model) as moot:
            chat, found = await the_story(moot, tmp_path)
            read = "\n".join([str(entry) async for entry in chat.events(follow=False)])
            missing = [name for name in set(WORDS) - {"system", "blob"} if word(name) not in read]
            assert missing == [], "who has the key reads everything"
            assert word("system") in str(await moot.client.get_workflow_handle(chat.id).query("spec"))
            found.append(found_in(tmp_path))
            await chat.close()
            await archived(moot, chat)
            histories = await fetch_histories(moot.client, chat.id)
        found.append(found_in(tmp_path))
    assert (tmp_path / "temporal.db").stat().st_size > 100_000
    assert len(list((tmp_path / "store").rglob("*"))) > 3, "the store is among the files"
    payloads = [pair for history in histories for event in history.events for pair in payloads_in(event)]
    encodings = {payload.metadata["encoding"] for _, payload in payloads}
    texts = {failure.message for history in histories for event in history.events for failure in failures_in(event)}
    assert {"input.payloads.", "memo.fields.", "user_metadata.summary."} < {
        where.partition(".")[2] for where, _ in payloads
    } | {where for where, _ in payloads}
    if keys is not None:
        assert found == [set()] * 4
        assert encodings == {b"binary/encrypted"}
        assert texts == {"Encoded failure"}
    else:
        assert {"task", "tool", "argument", "reason", "system"} <= found[0]
        assert "partial" in found[1], "live text is on the server while it is said"
        assert found[2] | found[3] == set(WORDS)
        assert b"binary/encrypted" not in encodings
        assert any(word("refused") in text for text in texts)


@asynccontextmanager
async def worker_with(
    address: str,
    keys: KeyRing | None,
    queue: str,
    model: ScriptedServer | None = None,
    store: Path | None = None,
    **options: Any,
) -> AsyncIterator[Folkmoot]:
    """A client on the shared server, and a worker if there is a model."""
    models = {} if model is None else {"scripted": OpenAIChatModel("scripted", base_url=model.base_url, api_key=KEY)}
    plugin = FolkmootPlugin(models=models, store=store, encryption=keys)
    client = await Client.connect(address, plugins=[plugin])
    async with AsyncExitStack() as stack:
        moot = await stack.enter_async_context(Folkmoot(client, plugin=plugin, queue=queue))
        if model is not None:
            await stack.enter_async_context(worker_on(client, queue, **options))
        yield moot


def team(*names: str, **options: Any) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([AssistantAgent(name, "scripted") for name in names or ("writer",)], **options)


async def key_ids(moot: Folkmoot, chat: Chat) -> set[str]:
    """The keys with which the present run's history is encrypted; empty: something is not.

    Memos are the first run's: the server carries them over as they were.
    """
    history = await moot.client.get_workflow_handle(chat.id).fetch_history()
    found = [pair for event in history.events for pair in payloads_in(event)]
    return {payload.metadata["encryption-key-id"].decode() for where, payload in found if "memo" not in where}


@pytest.fixture
async def model() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer([{"text": "hello", "repeat": True}]) as server:
        yield server


async def test_a_rotated_key_reads_old_chats_and_they_go_on(
    server_address: str, model: ScriptedServer, tmp_path: Path
) -> None:
    queue, chat_id = unique("queue"), unique()
    async with worker_with(server_address, OLD, queue, model, tmp_path) as moot:
        chat = await moot.open(team("a", "b", max_turns=4), id=chat_id, limits=SEALING)
        for number in range(4):
            await chat.run(task=f"task {number} " * 20_000)
        before = [str(event) async for event in chat.events(follow=False)]
        assert (await moot.client.get_workflow_handle(chat_id).query("status"))["segments"] > 0
        assert await key_ids(moot, chat) == {"old"}
    async with worker_with(server_address, BOTH, queue, model, tmp_path) as moot:
        chat = await moot.get(chat_id)
        assert [str(event) async for event in chat.events(follow=False)] == before
        for number in range(4):
            await chat.run(task=f"new {number} " * 20_000)
        assert "task 0" in str(await chat.save_state())
        assert await key_ids(moot, chat) == {"new"}, "what continues as new is carried over to the new key"
        after = [str(event) async for event in chat.events(follow=False)]
        await replay(await fetch_histories(moot.client, chat_id), FolkmootPlugin(encryption=BOTH))
    async with (
        worker_with(server_address, BOTH, queue, model, tmp_path) as moot,
        worker_with(server_address, OLD, queue) as poor,
    ):
        with pytest.raises(EncryptionKeyError, match=r"key 'new', which is not here \(keys here: 'old'\)"):
            await (await poor.get(chat_id)).status()
        assert [str(event) async for event in (await moot.get(chat_id)).events(follow=False)] == after


@pytest.mark.parametrize("keys", [None, OLD], ids=["no keys", "other keys"])
async def test_a_worker_without_the_key_loses_nothing(
    server_address: str, model: ScriptedServer, keys: KeyRing | None
) -> None:
    queue = unique("queue")
    async with worker_with(server_address, NEW, queue) as moot:
        async with worker_with(server_address, NEW, queue, model):
            chat = await moot.open(team(max_turns=1), id=unique())
            await chat.run(task="one")
        handle = moot.client.get_workflow_handle(chat.id)
        await handle.signal("submit", {"command": "second", "task": "two"})

        async def failures() -> list[Failure]:
            events = (await handle.fetch_history()).events
            return [
                event.workflow_task_failed_event_attributes.failure
                for event in events
                if event.HasField("workflow_task_failed_event_attributes")
            ]

        async with worker_with(server_address, keys, queue, model):
            (failure,) = await eventually(failures, what="the worker fails to read the task")
            await handle.signal("say", {"command": "third", "message": "three"})
        assert "This is encrypted with the key 'new', which is not here" in failure.message
        async with worker_with(server_address, NEW, queue, model):

            async def tasks() -> list[str]:
                events = [event async for event in chat.events(follow=False)]
                ended = [event.kind for event in events].count("run_ended") == 3
                said = [event.message for event in events if event.message is not None]
                return [item.to_text() for item in said if item.source == "user"] if ended else []

            # The server gives out a task that fails less and less often.
            assert await eventually(tasks, within=90, what="every run was made") == ["one", "two", "three"]


async def test_a_call_that_a_worker_cannot_read_waits_for_one_that_can(
    server_address: str, model: ScriptedServer
) -> None:
    queue = unique("queue")
    workflows = worker_with(server_address, BOTH, queue, model, no_remote_activities=True)
    async with workflows as moot:
        chat = await moot.open(team(max_turns=1), id=unique())
        async with worker_with(server_address, OLD, queue, model):
            run = asyncio.create_task(chat.run(task="go"))

            async def waits() -> bool:
                return (await chat.status()).waiting_for == ("worker:key:new",)

            await eventually(waits, what="the chat waits for a worker with the key")
        async with worker_with(server_address, BOTH, queue, model):
            assert said((await run).messages)[-1] == ("writer", "hello")


async def test_chats_from_before_go_on_encrypted(server_address: str, model: ScriptedServer, tmp_path: Path) -> None:
    queue, chat_id = unique("queue"), unique()
    async with worker_with(server_address, None, queue, model, tmp_path) as moot:
        chat = await moot.open(team("a", "b", max_turns=4), id=chat_id, limits=SEALING)
        for number in range(3):
            await chat.run(task=f"task {number} " * 20_000)
        before = [str(event) async for event in chat.events(follow=False)]
    async with worker_with(server_address, NEW, queue, model, tmp_path) as moot:
        chat = await moot.get(chat_id)
        assert [str(event) async for event in chat.events(follow=False)] == before

        async def continued() -> int:
            return (await chat.status()).continued

        last = await continued()
        while await continued() < last + 2:
            await chat.run(task="more")
        assert await key_ids(moot, chat) == {"new"}
        assert (await moot.replay(id=chat_id)).ok


async def test_the_log_is_read_from_the_history_by_the_worker_that_takes_over(server_address: str) -> None:
    queue = unique("queue")
    held = [{"text": "first"}, {"text": "never", "hold": "for ever"}, {"text": "second"}]
    async with ScriptedServer(held) as model, worker_with(server_address, BOTH, queue) as moot:
        chat = await moot.open(team(max_turns=2), id=unique())
        async with worker_with(server_address, BOTH, queue, model):
            run = asyncio.create_task(chat.run(task="go"))
            await eventually(lambda: model.total == 2, what="the model is asked for the second time")
        async with worker_with(server_address, BOTH, queue, model):
            assert said((await run).messages)[-2:] == [("writer", "first"), ("writer", "second")]
        attempts = {
            event.activity_task_started_event_attributes.attempt
            for event in (await moot.client.get_workflow_handle(chat.id).fetch_history()).events
        }
        assert max(attempts) > 1
