"""Code executors on a real server: code is run in a folder of the worker's, approved, tried again, or not allowed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from folkmoot import (
    ApprovalRequest,
    ApprovalResponse,
    ChatCancelled,
    ChatFailedError,
    CodeExecutorAgent,
    FolkmootPlugin,
    LocalCommandLineCodeExecutor,
    RoundRobinGroupChat,
    UnknownNameError,
)
from tests._support.waiting import eventually
from tests.integration.conftest import MODEL, Site, SiteFactory, said

pytestmark = pytest.mark.filterwarnings("ignore:No approval function")


def block(source: str, language: str = "python") -> str:
    return f"```{language}\n{source}\n```"


async def allowed(sites: SiteFactory, folder: Path, *words: Any, **options: Any) -> Site:
    """A site whose worker may run code in `folder`."""
    site = await sites(list(words), **options)
    site.plugin.registry.code_folder = FolkmootPlugin(code_folder=folder).registry.code_folder
    return site


def runner(**options: Any) -> CodeExecutorAgent:
    executor = options.pop("executor", LocalCommandLineCodeExecutor(timeout=30))
    return CodeExecutorAgent("runner", executor, **options)


async def test_code_of_another_agent_is_run_in_a_folder_of_the_chats_own(sites: SiteFactory, tmp_path: Path) -> None:
    code = block("print(6 * 7)\nopen('made.txt', 'w').write('here')")
    site = await allowed(sites, tmp_path, code)
    chat = await site.open(RoundRobinGroupChat([site.agent("a"), runner()], max_turns=2))
    result = await chat.run(task="go")
    assert said(result.messages)[-1] == ("runner", "42\n")
    (made,) = tmp_path.rglob("made.txt")
    assert chat.id in str(made.relative_to(tmp_path))


async def test_nothing_is_run_where_workers_may_not(sites: SiteFactory) -> None:
    site = await sites([block("print(1)")])
    with pytest.raises(UnknownNameError, match="code_folder"):
        await (await site.open(RoundRobinGroupChat([site.agent("a"), runner()], max_turns=2))).run(task="go")


async def test_a_model_writes_code_tries_again_and_sums_up(sites: SiteFactory, tmp_path: Path) -> None:
    decision = json.dumps({"reason": "a slip", "retry": True})
    site = await allowed(sites, tmp_path, block("raise SystemExit('oh')"), decision, block("print(6 * 7)"), "It is 42.")
    agent = runner(model_client=MODEL, max_retries_on_error=1)
    chat = await site.open(RoundRobinGroupChat([agent], max_turns=1))
    result = await chat.run(task="6 * 7?")
    assert [item.type for item in result.messages] == [
        "TextMessage",
        "CodeGenerationEvent",
        "CodeExecutionEvent",
        "CodeGenerationEvent",
        "CodeGenerationEvent",
        "CodeExecutionEvent",
        "TextMessage",
    ]
    assert result.messages[-1].to_text() == "It is 42."
    asked = site.model.requests[1]
    assert "oh" in asked["messages"][-1]["content"]
    assert asked["response_format"]["json_schema"]["name"] == "RetryDecision"
    assert (await chat.usage())["runner"]["model_calls"] == 4


@pytest.mark.parametrize("approved", [True, False])
async def test_an_approval_function_sees_the_code_first(sites: SiteFactory, tmp_path: Path, approved: bool) -> None:
    seen: list[str] = []

    async def approve(request: ApprovalRequest) -> ApprovalResponse:
        seen.append(request.code)
        return ApprovalResponse(approved=approved, reason="because")

    site = await allowed(sites, tmp_path, block("print(1)"), functions={"approve": approve})
    chat = await site.open(RoundRobinGroupChat([site.agent("a"), runner(approval_func="approve")], max_turns=2))
    result = await chat.run(task="go")
    assert seen == ["```python\nprint(1)\n\n```"]
    expected = "1\n" if approved else "Code execution was not approved. Reason: because"
    assert expected in said(result.messages)[-1][1]
    assert bool(list(tmp_path.iterdir())) is approved


async def test_an_approval_function_that_fails_ends_the_run_and_nothing_is_run(
    sites: SiteFactory, tmp_path: Path
) -> None:
    def approve(request: ApprovalRequest) -> ApprovalResponse:
        raise ValueError(f"cannot judge {len(request.code)} characters")

    site = await allowed(sites, tmp_path, block("print(1)"), functions={"approve": approve})
    chat = await site.open(RoundRobinGroupChat([site.agent("a"), runner(approval_func="approve")], max_turns=2))
    with pytest.raises(ChatFailedError, match="cannot judge") as failed:
        await chat.run(task="go")
    assert failed.value.agent == "runner"
    assert list(tmp_path.iterdir()) == []


async def test_a_cancel_ends_the_code(sites: SiteFactory, tmp_path: Path) -> None:
    code = block("import time\nopen('started', 'w').close()\ntime.sleep(600)\nopen('ended', 'w').close()")
    site = await allowed(sites, tmp_path, code)
    agent = runner(executor=LocalCommandLineCodeExecutor(timeout=600, work_dir="here"))
    chat = await site.open(RoundRobinGroupChat([site.agent("a"), agent], max_turns=2))
    run = asyncio.create_task(chat.run(task="go"))
    await eventually((tmp_path / "here" / "started").exists, what="the code runs")
    await chat.cancel()
    with pytest.raises(ChatCancelled):
        await run
    assert not (tmp_path / "here" / "ended").exists()


async def test_only_listed_sources_are_run(sites: SiteFactory, tmp_path: Path) -> None:
    site = await allowed(sites, tmp_path, "no code")
    chat = await site.open(RoundRobinGroupChat([site.agent("a"), runner(sources=["a"])], max_turns=2))
    result = await chat.run(task=block("print(1)"))
    assert said(result.messages)[-1] == ("runner", CodeExecutorAgent.NO_CODE_BLOCKS_FOUND_MESSAGE)
