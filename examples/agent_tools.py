"""An agent that uses another agent, and a team, as its tools. Each remembers what it was asked before.

    OPENAI_API_KEY=... python examples/agent_tools.py
    folkmoot run examples/agent_tools.json --task "A dinner for two vegetarians"

What the tools are asked and answer is part of the chat's log.
"""

import asyncio

from folkmoot import AgentTool, AssistantAgent, Console, RoundRobinGroupChat, TeamTool, local

cellar = AssistantAgent(
    "cellar",
    "gpt-4o-mini",
    description="Chooses a drink for a dish.",
    system_message="You are cellar. Name one drink for the dish.",
)
kitchen = RoundRobinGroupChat(
    [
        AssistantAgent("cook", "gpt-4o-mini", system_message="You are cook. Suggest one dish."),
        AssistantAgent("dietician", "gpt-4o-mini", system_message="You are dietician. Adapt the dish to the guests."),
    ],
    name="kitchen",
    max_turns=2,
)

host = AssistantAgent(
    "host",
    "gpt-4o-mini",
    system_message="You are host. Let your tools find a dish, then a drink for it. Then announce the menu.",
    tools=[
        AgentTool(cellar, return_value_as_last_message=True),
        TeamTool(kitchen, "kitchen", "Finds a dish for guests.", return_value_as_last_message=True),
    ],
    max_tool_iterations=4,
)

team = RoundRobinGroupChat([host], max_turns=1)


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-agent-tools")
        await Console(chat.run_stream(task="A dinner for two vegetarians"))


if __name__ == "__main__":
    asyncio.run(main())
