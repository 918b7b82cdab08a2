"""Whoever has the floor hands it on; the run ends when it is handed to the customer.

    OPENAI_API_KEY=... python examples/swarm.py
    folkmoot run examples/swarm.json --app examples.swarm:app --task "I want my money back for order 77."

A call of `refund` whose worker was lost is not made again: the run ends, and somebody looks into it.
"""

import asyncio

from folkmoot import (
    AssistantAgent,
    Console,
    HandoffMessage,
    HandoffTermination,
    MaxMessageTermination,
    Swarm,
    ToolContext,
    ToolOptions,
    local,
    tool,
)


@tool(options=ToolOptions(retryable=False))
async def refund(order: str, context: ToolContext) -> str:
    """Pay the price of an order back to the customer."""
    # A real one gives this key to the bank: the same call never pays twice.
    return f"Order {order} is refunded (reference {context.idempotency_key[:8]})."


team = Swarm(
    [
        AssistantAgent(
            "clerk",
            "gpt-4o-mini",
            handoffs=["cashier", "customer"],
            system_message="You are clerk. Hand refunds to cashier. If you need something, ask, and hand to customer.",
        ),
        AssistantAgent(
            "cashier",
            "gpt-4o-mini",
            tools=[refund],
            handoffs=["clerk"],
            system_message="You are cashier. Refund what is asked for, then hand back to clerk.",
        ),
    ],
    termination_condition=HandoffTermination(target="customer") | MaxMessageTermination(12),
)

app = {"tools": [refund]}


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-swarm")
        result = await Console(chat.run_stream(task="I want my money back."))
        last = result.messages[-1]
        if isinstance(last, HandoffMessage) and last.target == "customer":
            # What the customer says goes back to who asked; it may be said days later, by another process.
            reply = HandoffMessage(source="customer", target=last.source, content="It is order 77.")
            await Console(chat.run_stream(task=reply))


if __name__ == "__main__":
    asyncio.run(main())
