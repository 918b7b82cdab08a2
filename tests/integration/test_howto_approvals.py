"""What the how-to on approvals tells to write, to type and to send, done: in Python, over HTTP and with `temporal`."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from folkmoot import FunctionTool, PendingRequest, ToolOptions, local
from folkmoot.embedded import IN_MEMORY
from folkmoot.server.schemas import Decide
from folkmoot.testing import ScriptedModel
from tests._support.documents import python_blocks, run_block
from tests._support.waiting import eventually
from tests.integration.cli import run_cli
from tests.integration.conftest import SiteFactory

DOCUMENT = "docs/howto/approvals.md"
PAY = {"supplier": "ACME", "amount": 1200, "pin": "4711"}


def shell_blocks() -> list[str]:
    text = (Path(__file__).parents[2] / DOCUMENT).read_text(encoding="utf-8")
    return re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


async def test_the_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = python_blocks(DOCUMENT)
    replies = [{"calls": [{"name": "pay", "arguments": PAY}]}, "It is paid."]
    models = {"gpt-4o-mini": ScriptedModel(replies, name="gpt-4o-mini")}
    monkeypatch.setattr("folkmoot.local", partial(local, data_dir=IN_MEMORY, models=models))
    names = await run_block(program, {})
    assert (names["decision"].decided, names["decision"].missing) == ("approve", 0)
    assert names["result"].messages[-1].to_text() == "It is paid."
    assert names["result"].messages[2].content[0].content == "ACME got 1200"
    shown = capsys.readouterr().out
    assert "pay {'supplier': 'ACME', 'amount': 1200, 'pin': '•••'} Payments of 1,000" in shown


async def test_with_the_command_line_of_temporal(sites: SiteFactory) -> None:
    (program,) = python_blocks(DOCUMENT)
    (block,) = [block for block in shell_blocks() if block.startswith("temporal")]
    # Up to where the program begins to act.
    names = await run_block(program.partition("\nasync def decide")[0], {})
    tool: FunctionTool = names["buyer"].tools[0]
    site = await sites([{"calls": [{"name": "pay", "arguments": PAY}]}, "done"], tools=[tool])
    chat = await site.open(names["buyer"].model_copy(update={"model_client": site.agent().model_client}))
    run = asyncio.create_task(chat.run(task="go", by="eve"))

    async def asked() -> list[PendingRequest]:
        return await chat.pending()

    (request,) = await eventually(asked, what="the request")
    await chat.approve(request.request, by={"subject": "ben", "roles": ["finance"]})
    text = block.replace("'$REQUEST'", request.request).replace("'$HASH'", request.hash).replace("order-7", chat.id)
    query, signal = re.split(r"\n(?=temporal )", text.strip())
    answer = await run_cli(*shlex.split(query)[1:], "--address", site.address, "--output", "json")
    assert request.hash in answer.out
    done = await run_cli(*shlex.split(signal)[1:], "--address", site.address)
    assert done.code == 0, done.err
    await run
    votes = [event.data for event in [event async for event in chat.events(follow=False)] if event.kind == "vote"]
    assert votes[1]["command"] == "my-vote-1"
    assert votes[1]["by"] == {"subject": "ann", "roles": ["finance"], "channel": "shell"}


def test_what_is_sent_over_http() -> None:
    (block,) = [block for block in shell_blocks() if block.startswith("curl")]
    (body,) = re.findall(r"-d '(.*)'\n", block)
    vote = Decide.model_validate(json.loads(body.replace("'$HASH'", "ab")))
    assert (vote.verdict.value, vote.hash, vote.comment) == ("approve", "ab", "Fits the offer.")


def test_the_policy_is_what_is_told() -> None:
    options: dict[str, Any] = {"secrets": ("pin",), "retryable": False}
    assert ToolOptions(**options).unknown_outcome == "ask"
