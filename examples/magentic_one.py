"""An orchestrator surveys the facts, plans, and instructs one agent after the other until the task is done.

    OPENAI_API_KEY=... python examples/magentic_one.py
    folkmoot run examples/magentic_one.json --app examples.magentic_one:app --task "..."

The orchestrator's model answers in JSON: it should be one with structured output.
"""

import asyncio

from folkmoot import AssistantAgent, Console, MagenticOneGroupChat, local

STOCK = {"red paint": 12, "white paint": 3, "brushes": 40}


def in_stock(article: str) -> int:
    """How many of an article are in stock."""
    return STOCK.get(article, 0)


team = MagenticOneGroupChat(
    [
        AssistantAgent(
            "storekeeper",
            "gpt-4o-mini",
            tools=[in_stock],
            description="Knows what is in stock.",
            system_message="You are storekeeper. Look up what is asked for.",
        ),
        AssistantAgent(
            "painter",
            "gpt-4o-mini",
            description="Knows how much paint a surface takes.",
            system_message="You are painter. A can of paint covers 5 square metres.",
        ),
    ],
    "gpt-4o-mini",
    max_turns=10,
    max_stalls=2,
)

app = {"tools": [in_stock]}


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-magentic-one")
        result = await Console(chat.run_stream(task="Is there enough red paint for 50 square metres?"))
        print(result.messages[-1].to_text())


if __name__ == "__main__":
    asyncio.run(main())
