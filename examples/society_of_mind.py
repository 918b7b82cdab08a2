"""A team that speaks with one voice: two agents argue, the others hear only the answer.

    OPENAI_API_KEY=... python examples/society_of_mind.py
    folkmoot run examples/society_of_mind.json --task "Should we move to a four-day week?"

What is said in the debate is shown to readers, but it is no part of what the others' models see.
"""

import asyncio

from folkmoot import AssistantAgent, Console, RoundRobinGroupChat, SocietyOfMindAgent, local

debate = RoundRobinGroupChat(
    [
        AssistantAgent("pro", "gpt-4o-mini", system_message="You are pro. Give the best argument in favour."),
        AssistantAgent("contra", "gpt-4o-mini", system_message="You are contra. Give the best argument against."),
    ],
    name="debate",
    max_turns=2,
)

team = RoundRobinGroupChat(
    [
        SocietyOfMindAgent("advisor", debate, "gpt-4o-mini", response_prompt="Advise in two sentences."),
        AssistantAgent("secretary", "gpt-4o-mini", system_message="You are secretary. Put the advice into a mail."),
    ],
    max_turns=2,
)


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-society-of-mind")
        await Console(chat.run_stream(task="Should we move to a four-day week?"))


if __name__ == "__main__":
    asyncio.run(main())
