"""People at the command line, against chats on a real server: what they are asked, what they decide, what they say."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from folkmoot import (
    ApprovalPolicy,
    Budget,
    Chat,
    FunctionTool,
    PendingRequest,
    RoundRobinGroupChat,
    ToolOptions,
    UserProxyAgent,
)
from folkmoot.approvals import Deadlines
from tests._support.command_line import CommandLine
from tests._support.terminal import Terminal
from tests._support.waiting import eventually
from tests.integration.conftest import Site, SiteFactory, said, unique, until

CHANGED = "import sys, pathlib; file = pathlib.Path(sys.argv[1]); file.write_text(file.read_text().replace('12', '5'))"
ANN = ("--as", "ann", "--role", "finance")


class Till:
    """A tool that pays."""

    def __init__(self) -> None:
        self.paid: list[int] = []

    def pay(self, amount: int) -> str:
        """Pay."""
        self.paid.append(amount)
        return f"paid {amount}"

    def tool(self, policy: ApprovalPolicy, **options: Any) -> FunctionTool:
        return FunctionTool(self.pay, options=ToolOptions(approval=policy, **options))


def pay_calls(*amounts: int) -> dict[str, Any]:
    return {"calls": [{"name": "pay", "arguments": {"amount": amount}} for amount in amounts]}


async def asked(chat: Chat, count: int = 1) -> list[PendingRequest]:
    async def found() -> list[PendingRequest]:
        pending = await chat.pending()
        return pending if len(pending) == count else []

    return await eventually(found, what=f"{count} requests")


@pytest.fixture
def cli(server_address: str, tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, TEMPORAL_ADDRESS=server_address)


async def shell(cli: CommandLine, *arguments: str, **options: Any) -> str:
    """What a command prints."""
    return (await asyncio.to_thread(cli.run, *arguments, **options)).stdout


async def lines(cli: CommandLine, *arguments: str, **options: Any) -> list[dict[str, Any]]:
    """What a command prints with --json."""
    return await asyncio.to_thread(lambda: cli.json(*arguments, **options))


async def refused(cli: CommandLine, *arguments: str) -> str:
    """The one line of a command that fails."""
    return await asyncio.to_thread(cli.error, *arguments)


async def test_each_way_to_decide(sites: SiteFactory, cli: CommandLine) -> None:
    till = Till()
    policy = ApprovalPolicy(approvers=("role:finance",), reason="It is a lot of money.", deadline=7200)
    site = await sites([pay_calls(11, 12, 13, 14), "done"], tools=[till.tool(policy)])
    chat = await site.open(site.agent(tools=["pay"], max_tool_iterations=2))
    run = asyncio.create_task(chat.run(task="go"))
    one, two, three, four = await asked(chat, 4)

    shown = await shell(cli, "pending", chat.id)
    for line in (
        f"Request     {one.request}",
        "Kind        approval",
        "Question    writer wants to call pay.",
        "Reason      It is a lot of money.",
        "Tool        pay",
        'Arguments   {\n              "amount": 11\n            }',
        "May decide  role:finance",
        "Votes       none; 1 must agree",
        "Verdicts    approve, reject, edit, answer",
        f"Hash        {one.hash}",
    ):
        assert line in shown
    told = await lines(cli, "pending", chat.id)
    assert [item["arguments"] for item in told] == [{"amount": amount} for amount in (11, 12, 13, 14)]

    (done,) = await lines(cli, "approve", chat.id, one.request[:8], *ANN, "--hash", one.hash, "--comment", "looks fine")
    assert (done["command"], done["request"], done["decided"], done["missing"]) == (
        "approve",
        one.request,
        "approve",
        0,
    )
    assert await shell(cli, "reject", chat.id, two.request, *ANN, "--reason", "-", stdin="too much\n") == (
        f"{chat.id}: decided: reject\n"
    )
    cli.write("changed.json", {"amount": 5})
    await shell(cli, "edit", chat.id, three.request, *ANN, "--arguments", "@changed.json")
    await shell(cli, "answer", chat.id, four.request, "I have paid it in cash.", *ANN)
    result = await run
    assert sorted(till.paid) == [5, 11]
    contents = [item.content for item in result.messages[2].content]
    assert [text.rpartition("\n")[2] for text in contents] == [
        "paid 11",
        "Rejected by ann: too much",
        "paid 5",
        "I have paid it in cash.",
    ]
    votes = [event.data async for event in chat.events(follow=False) if event.kind == "vote"]
    assert {json.dumps(vote["by"]) for vote in votes} == {
        json.dumps({"subject": "ann", "roles": ["finance"], "channel": "cli"})
    }
    assert votes[0]["comment"] == "looks fine"
    assert await shell(cli, "pending", chat.id) == "Nobody is asked anything.\n"


async def test_what_does_not_count_is_told_in_a_line(sites: SiteFactory, cli: CommandLine) -> None:
    till = Till()
    site = await sites([pay_calls(12), "done"], tools=[till.tool(ApprovalPolicy(approvers=("ann", "ben"), quorum=2))])
    chat = await site.open(site.agent(tools=["pay"], max_tool_iterations=2))
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    name = request.request
    assert await refused(cli, "approve", chat.id, name) == "folkmoot: Say who you are: --as ID, or FOLKMOOT_BY."
    assert "'eve' may not decide this" in await refused(cli, "approve", chat.id, name, "--as", "eve")
    assert "other arguments" in await refused(cli, "approve", chat.id, name, "--as", "ann", "--hash", "0" * 32)
    assert "at least 6 characters" in await refused(cli, "approve", chat.id, name[:5], "--as", "ann")
    assert "--add is for budgets" in await refused(cli, "approve", chat.id, name, "--as", "ann", "--add", "tokens=5")
    assert "must be one of approve, reject" in await refused(cli, "settle", chat.id, name, "retry", "--as", "ann")
    assert await shell(cli, "approve", chat.id, name, "--as", "ann") == (
        f"{chat.id}: the vote counts: approve; 1 more must agree\n"
    )
    assert "Votes       ann approve; 2 must agree" in await shell(cli, "pending", chat.id)
    await shell(cli, "approve", chat.id, name, FOLKMOOT_BY="ben")
    await run
    assert till.paid == [12]
    assert "it was settled (approve)" in await refused(cli, "reject", chat.id, name, "--as", "ann")


async def test_an_unknown_outcome_is_settled(sites: SiteFactory, cli: CommandLine) -> None:
    started, never = asyncio.Event(), asyncio.Event()

    async def book(seat: str) -> str:
        """Book a seat."""
        started.set()
        await never.wait()
        return seat

    tool = FunctionTool(book, options=ToolOptions(retryable=False))
    site = await sites([{"calls": [{"name": "book", "arguments": {"seat": "12A"}}]}, "done"], tools=[tool])
    chat = await site.open(site.agent(tools=["book"], max_tool_iterations=2))
    run = asyncio.create_task(chat.run(task="go"))
    await started.wait()
    await chat.pause(now=True)
    await until(chat, "paused")
    await chat.resume()
    (request,) = await asked(chat)
    assert "Verdicts    succeeded, failed, retry" in await shell(cli, "pending", chat.id)
    settle = ("settle", chat.id, request.request, "succeeded", "--as", "ann")
    assert "--result TEXT" in await refused(cli, *settle)
    (done,) = await lines(cli, *settle, "--result", "12A is booked")
    assert (done["command"], done["decided"]) == ("settle", "succeeded")
    result = await run
    assert result.messages[2].content[0].content == "12A is booked"


async def test_a_budget_gets_more(sites: SiteFactory, cli: CommandLine) -> None:
    site = await sites(["one", "two"])
    budget = Budget(model_calls=1, extend=ApprovalPolicy())
    chat = await site.open(RoundRobinGroupChat([site.agent()], max_turns=2, budget=budget))
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    approve = ("approve", chat.id, request.request, "--as", "ann")
    assert "no limit 'tokens'" in await refused(cli, *approve, "--add", "tokens=5")
    await shell(cli, *approve, "--add", "model_calls=3")
    assert said((await run).messages)[-1] == ("writer", "two")
    (line,) = await chat.budgets()
    assert (line.max, line.extended) == (4, 3)


async def test_an_answer_takes_neither_hash_nor_comment(sites: SiteFactory, cli: CommandLine) -> None:
    site = await sites()
    chat = await site.open(RoundRobinGroupChat([UserProxyAgent("boss", people=("role:bosses",))], max_turns=1))
    run = asyncio.create_task(chat.run(task="go"))
    (request,) = await asked(chat)
    answer = ("answer", chat.id, request.request[:6], "Yes.")
    for option in ("--hash", "--comment"):
        assert "wants a text only" in await refused(cli, *answer, option, "x")
    assert "those who may: role:bosses" in await refused(cli, *answer, "--as", "ann")
    await shell(cli, *answer, "--as", "ann", "--role", "bosses")
    assert said((await run).messages)[-1:] == [("boss", "Yes.")]


async def test_saying_something(sites: SiteFactory, cli: CommandLine) -> None:
    site = await sites()
    chat = await site.open(site.agent())
    (sent,) = await lines(cli, "say", chat.id, "-", "--as", "ann", stdin="Hello there.\n")
    assert (sent["command"], sent["when"]) == ("say", "queue")
    await eventually(lambda: _spoken(chat), what="it is answered")
    assert await _spoken(chat) == ["Hello there.", "hello"]
    (entry,) = [event async for event in chat.events(follow=False) if event.kind == "said"]
    assert (entry.offset, entry.data["by"]) == (sent["offset"], {"subject": "ann", "channel": "cli"})
    assert await refused(cli, "say", chat.id, " ") == "folkmoot: There is nothing to say: TEXT is empty."


async def _spoken(chat: Chat) -> list[str]:
    messages = [event.message async for event in chat.events(follow=False)]
    texts = [message.to_text() for message in messages if message is not None]
    return texts if len(texts) > 1 else []


async def test_an_inbox(sites: SiteFactory, cli: CommandLine) -> None:
    site = await sites()
    people = [f"{name}-{unique()}" for name in ("ann", "ben")]
    # What other tests have left to anybody is in everybody's inbox.
    tenant = unique("tenant")
    chats: list[Chat] = []
    runs: list[asyncio.Task[Any]] = []
    for person, deadline in zip((people[0], people[0], people[1]), (7200.0, 1800.0, None), strict=True):
        asks = UserProxyAgent("boss", people=(person,), deadlines=Deadlines(deadline=deadline))
        chat = await site.open(RoundRobinGroupChat([asks], max_turns=1), tenant=tenant)
        chats.append(chat)
        runs.append(asyncio.create_task(chat.run(task="go")))
        await asked(chat)

    async def found(*options: str, **environment: str) -> list[str]:
        return [item["chat"] for item in await lines(cli, "inbox", *options, FOLKMOOT_TENANT=tenant, **environment)]

    later, sooner, other = (chat.id for chat in chats)
    for ann in (("--as", people[0]), ("--by", people[0], "--role", "finance")):
        assert await eventually(lambda who=ann: _if_all(found(*who), 2), what="visibility") == [sooner, later]
    assert await found(FOLKMOOT_BY=people[0], FOLKMOOT_LIMIT="1") == [sooner]
    assert await found("--as", people[0], "--due-before", "1h") == [sooner]
    assert await found("--as", people[0], "--overdue") == []
    assert {sooner, later, other} <= set(await found("--all", FOLKMOOT_BY=people[0]))
    assert "--due-before takes a time" in await refused(cli, "inbox", "--due-before", "soon")

    shown = await shell(cli, "inbox", "--as", people[1], "--tenant", tenant)
    assert shown.split()[:3] == ["Chat", "Request", "Kind"]
    assert other in shown
    assert sooner not in shown
    for chat in chats:
        await chat.cancel()
    await asyncio.gather(*runs, return_exceptions=True)


async def _if_all(asked: Any, count: int) -> list[str]:
    found = await asked
    return found if len(found) == count else []


class Desk:
    """A `run` at a terminal, of a team whose worker is a site."""

    def __init__(self, site: Site, cli: CommandLine) -> None:
        self.site = site
        self.cli = cli
        self.id = unique()
        cli.write("team.json", json.dumps(site.agent(tools=["pay"], max_tool_iterations=2).to_json()))
        self.arguments = ("run", "team.json", "--task", "go", "--id", self.id, "--queue", site.queue)

    async def chat(self) -> Chat:
        return await self.site.moot.get(self.id)


async def test_an_approval_at_a_terminal(sites: SiteFactory, cli: CommandLine) -> None:
    till = Till()
    policy = ApprovalPolicy(approvers=("ann",), reason="It is a lot of money.")
    site = await sites([pay_calls(12, 13), "done"], tools=[till.tool(policy)])
    desk = Desk(site, cli)

    def talk() -> int:
        terminal = Terminal(cli, *desk.arguments)
        shown = terminal.wait_for("[a]pprove, [r]eject, [e]dit, a[n]swer in its place, [s]kip? ")
        assert "Tool        pay\n" in shown
        assert '"amount": 12\n' in shown
        assert "Reason      It is a lot of money.\n" in shown
        terminal.type("x\n")
        terminal.wait_for("One of a, r, e, n, s; got 'x'.")
        terminal.wait_for("[s]kip? ")
        terminal.type("a\n")
        terminal.wait_for("Who are you, for the log? ")
        terminal.type("eve\n")
        terminal.wait_for("'eve' may not decide this")
        terminal.wait_for("[s]kip? ")
        terminal.type("a\n")
        terminal.wait_for("Who are you, for the log? ")
        terminal.type("ann\n")
        terminal.wait_for("(decided: approve)")
        terminal.wait_for('"amount": 13\n')
        terminal.wait_for("[s]kip? ")
        terminal.type("r\n")
        terminal.wait_for("Why? ")
        terminal.type("too much\n")
        terminal.wait_for("Who are you, for the log? ")
        terminal.type("ann\n")
        terminal.wait_for("done")
        return terminal.end()

    assert await asyncio.to_thread(talk) == 0
    assert till.paid == [12]
    assert site.model.requests[1]["messages"][-1]["content"] == "Rejected by ann: too much"


async def test_arguments_are_changed_in_an_editor(sites: SiteFactory, cli: CommandLine) -> None:
    till = Till()
    site = await sites([pay_calls(12, 13), "done"], tools=[till.tool(ApprovalPolicy())])
    desk = Desk(site, cli)
    cli.write("editor.py", CHANGED)

    def talk() -> int:
        terminal = Terminal(cli, *desk.arguments, "--as", "ann", EDITOR="python3 editor.py")
        terminal.wait_for("[s]kip? ")
        terminal.type("e\n")
        terminal.wait_for("(decided: approve)")
        terminal.wait_for("[s]kip? ")
        terminal.type("edit\n")
        terminal.wait_for("Nothing was changed.")
        terminal.wait_for("[s]kip? ")
        terminal.type("s\n")
        rest = terminal.wait_for("; or reject")
        assert f"left open: folkmoot approve {desk.id} " in rest
        cli.run("approve", desk.id, rest.split()[-1], "--as", "ben")
        terminal.wait_for("done")
        return terminal.end()

    assert await asyncio.to_thread(talk) == 0
    assert till.paid == [5, 13]
    starts = [event async for event in (await desk.chat()).events(follow=False) if event.kind == "run_started"]
    assert [entry.data["by"] for entry in starts] == [{"subject": "ann", "channel": "cli"}]


async def test_without_a_terminal_the_command_is_told(sites: SiteFactory, cli: CommandLine) -> None:
    till = Till()
    site = await sites([pay_calls(12), "done"], tools=[till.tool(ApprovalPolicy())])
    desk = Desk(site, cli)
    running = cli.start(*desk.arguments)
    await asyncio.to_thread(running.kind, "chat")
    (request,) = await asked(await desk.chat())
    await shell(cli, "approve", desk.id, request.request, "--as", "ann")
    assert await asyncio.to_thread(running.end) == 0
    line = f"writer is asked: writer wants to call pay. (folkmoot approve {desk.id} {request.request}; or reject)"
    assert line in running.stderr
