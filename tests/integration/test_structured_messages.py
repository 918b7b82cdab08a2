"""Structured messages on a real chat: objects for who knows the class, mappings for the rest, after a restart too."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest
from pydantic import BaseModel

from folkmoot.messages import StructuredMessage
from tests.integration.conftest import Site, SiteFactory


class Route(BaseModel):
    """A user's structure."""

    stops: list[str]
    note: str | None = None


ROUTE = Route(stops=["here", "there"])

READER = """
import asyncio, json, sys
from pydantic import BaseModel
from temporalio.client import Client
from folkmoot import Folkmoot
from folkmoot.messages import StructuredMessage

class Route(BaseModel):
    stops: list[str]
    note: str | None = None

address, queue, chat_id, named = sys.argv[1:]
if named == "named":
    StructuredMessage[Route]

async def read():
    moot = Folkmoot(await Client.connect(address), queue=queue)
    chat = await moot.get(chat_id)
    found = [entry.message async for entry in chat.events(after=-1, follow=False)]
    [message] = [message for message in found if isinstance(message, StructuredMessage)]
    print(json.dumps([type(message.content).__name__, message.parse(Route).stops, message.to_text()]))

asyncio.run(read())
sys.stdout.flush()
"""


async def test_a_task_and_its_object(sites: SiteFactory) -> None:
    site = await sites(["fine"])
    chat = await site.open(site.team(custom_message_types=[StructuredMessage[Route]]))
    result = await chat.run(task=StructuredMessage[Route](content=ROUTE, source="user", format_string="{stops}"))
    message = result.messages[0]
    assert isinstance(message, StructuredMessage)
    assert message.content == ROUTE
    assert message.to_text() == "['here', 'there']"
    assert site.model.requests[0]["messages"][-1]["content"] == '{"stops":["here","there"],"note":null}'


async def test_an_agents_answer_is_such_an_object(sites: SiteFactory) -> None:
    site = await sites([ROUTE.model_dump_json()])
    kind = StructuredMessage[Route]
    chat = await site.open(site.agent(output_content_type=Route))
    answer = (await chat.run(task="go")).messages[-1]
    assert type(answer) is kind
    assert answer.content == ROUTE


async def read_elsewhere(site: Site, chat_id: str, named: str) -> Any:
    """What a process of its own makes of the chat's structured message."""
    command = (sys.executable, "-c", READER, site.address, site.queue, chat_id, named)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return json.loads(output)


@pytest.mark.parametrize(("named", "content"), [("named", "Route"), ("unnamed", "dict")])
async def test_a_process_that_starts_later_reads_it(sites: SiteFactory, named: str, content: str) -> None:
    site = await sites(["fine"])
    chat = await site.open()
    await chat.run(task=StructuredMessage(content=ROUTE, source="user"))
    assert await read_elsewhere(site, chat.id, named) == [
        content,
        ROUTE.stops,
        '{"stops":["here","there"],"note":null}',
    ]
