"""A model chooses who speaks next, by the descriptions of the agents.

    OPENAI_API_KEY=... python examples/selector.py
    folkmoot run examples/selector.json --app examples.selector:app --task "Is the office in Oslo warm enough?"

The JSON holds the tool's name; `app` tells a worker which function that is.
"""

import asyncio
from typing import Annotated

from folkmoot import (
    AssistantAgent,
    Console,
    MaxMessageTermination,
    SelectorGroupChat,
    TextMentionTermination,
    local,
)

READINGS = {"oslo": [17.5, 18.0, 17.0], "rome": [22.0, 23.5, 22.5]}


def temperatures(office: Annotated[str, "the city"]) -> list[float]:
    """The last temperatures measured in an office, in degrees Celsius."""
    return READINGS[office.lower()]


team = SelectorGroupChat(
    [
        AssistantAgent(
            "planner",
            "gpt-4o-mini",
            description="Splits a question into steps and says who does which. Speaks first; sums up at the end.",
            system_message="You are planner. Say in one sentence who does what. With all answers, sum up and say DONE.",
        ),
        AssistantAgent(
            "measurer",
            "gpt-4o-mini",
            tools=[temperatures],
            description="Looks up measured temperatures.",
            system_message="You are measurer. Look up what is asked for with your tool.",
        ),
        AssistantAgent(
            "judge",
            "gpt-4o-mini",
            description="Compares measured values with the rules for offices.",
            system_message="You are judge. Offices need 19 degrees on average. Say whether the values comply.",
        ),
    ],
    "gpt-4o-mini",
    termination_condition=TextMentionTermination("DONE", sources=["planner"]) | MaxMessageTermination(12),
)

app = {"tools": [temperatures]}


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-selector")
        await Console(chat.run_stream(task="Is the office in Oslo warm enough?"))


if __name__ == "__main__":
    asyncio.run(main())
