"""A team as a participant of another: pause, reset and snapshots of the chat hold for both.

    OPENAI_API_KEY=... python examples/nested_teams.py
    folkmoot run examples/nested_teams.json --task "A slogan for a bicycle shop"

The inner team's turn ends by its own condition.
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

desk = RoundRobinGroupChat(
    [
        AssistantAgent("writer", "gpt-4o-mini", system_message="You are writer. Write a slogan of five words."),
        AssistantAgent("critic", "gpt-4o-mini", system_message="You are critic. Say READY, or what is dull."),
    ],
    name="desk",
    description="Writes slogans.",
    termination_condition=TextMentionTermination("READY", sources=["critic"]) | MaxMessageTermination(8),
)

team = RoundRobinGroupChat(
    [desk, AssistantAgent("client", "gpt-4o-mini", system_message="You are client. Say BOUGHT, or what you dislike.")],
    termination_condition=TextMentionTermination("BOUGHT", sources=["client"]) | MaxMessageTermination(20),
)


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-nested-teams")
        await Console(chat.run_stream(task="A slogan for a bicycle shop"))


if __name__ == "__main__":
    asyncio.run(main())
