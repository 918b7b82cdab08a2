"""Rolling back over tool calls with side effects: they are named, and undone if the caller asks for it."""

from __future__ import annotations

from folkmoot import FunctionTool, RoundRobinGroupChat, ToolOptions
from tests.integration.conftest import SiteFactory

LEDGER: list[str] = []


def order(what: str) -> str:
    """Order something."""
    LEDGER.append(f"ordered {what}")
    return f"order of {what}"


def refund(what: str, outcome: str) -> str:
    """Give an order back."""
    LEDGER.append(f"gave back {what}: {outcome}")
    return "given back"


def calls(*what: str) -> dict[str, object]:
    return {"calls": [{"name": "order", "arguments": {"what": item}} for item in what]}


async def test_crossed_calls_are_named_and_undone_latest_first(sites: SiteFactory) -> None:
    LEDGER.clear()
    options = ToolOptions(side_effects=True, compensate="refund")
    tools = [FunctionTool(order, "Order.", options=options), FunctionTool(refund, "Refund.")]
    site = await sites(["1", calls("pens", "ink"), "2", calls("paper"), "3"], tools=tools)
    team = RoundRobinGroupChat([site.agent("a"), site.agent("b", tools=["order"])], max_turns=2)
    chat = await site.open(team)
    await chat.run(task="go")
    first = (await chat.snapshots())[0]
    assert [call["arguments"] for call in await chat.crossing(first.offset)] == ['{"what": "pens"}', '{"what": "ink"}']
    done = await chat.rollback(first.offset, compensate=True)
    told = [(call["name"], call["agent"], call["compensate"]) for call in done.crossed]
    assert told == [("order", "b", "refund")] * 2
    assert [call["content"] for call in done.compensated] == ["given back", "given back"]
    assert LEDGER[2:] == ["gave back ink: order of ink", "gave back pens: order of pens"]
    fork = await chat.fork(f"{chat.id}-fork", offset=first.offset)
    assert fork.crossed == ()
