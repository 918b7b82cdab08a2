"""Two agents in turn, until the second one is content.

    OPENAI_API_KEY=... python examples/round_robin.py

Run it again and the same chat goes on; another `id` is another chat. The same team as JSON:

    folkmoot run examples/round_robin.json --task "Write the release note of version 2"
"""

import asyncio

from folkmoot import (
    AssistantAgent,
    Console,
    MaxMessageTermination,
    RoundRobinGroupChat,
    TextMentionTermination,
    local,
)

team = RoundRobinGroupChat(
    [
        AssistantAgent(
            "writer", "gpt-4o-mini", system_message="You are writer. Write release notes of at most three sentences."
        ),
        AssistantAgent(
            "critic",
            "gpt-4o-mini",
            system_message="You are critic. Name the worst fault of the note, or say APPROVE if there is none.",
        ),
    ],
    termination_condition=TextMentionTermination("APPROVE", sources=["critic"]) | MaxMessageTermination(10),
)


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-round-robin")
        await Console(chat.run_stream(task="Write the release note of version 2: exports are ten times faster."))


if __name__ == "__main__":
    asyncio.run(main())
