"""A chat of which only the messages are left, here those of AutoGen 0.2, goes on.

    OPENAI_API_KEY=... python examples/resume_old_messages.py
    folkmoot run examples/resume_old_messages.json --task "Name our café"

With messages in a JSON file the same in a shell:

    folkmoot resume cafe old.json --team examples/resume_old_messages.json --termination remove
    folkmoot run examples/resume_old_messages.json --id cafe

Every speaker is checked, and who is next follows from the messages: here the namer.
"""

import asyncio

from folkmoot import AssistantAgent, Console, RoundRobinGroupChat, TextMentionTermination, local

team = RoundRobinGroupChat(
    [
        AssistantAgent("namer", "gpt-4o-mini", system_message="You are namer. Suggest one name, never the same twice."),
        AssistantAgent("owner", "gpt-4o-mini", system_message="You are owner. Say TAKEN if you like the name."),
    ],
    termination_condition=TextMentionTermination("TAKEN", sources=["owner"]),
    max_turns=4,
)

OLD = [
    {"role": "user", "name": "user", "content": "Name our café"},
    {"role": "user", "name": "namer", "content": "The Kettle."},
    {"role": "user", "name": "owner", "content": "TAKEN by our neighbours, alas."},
]


async def main() -> None:
    async with local() as moot:
        # The last message holds what ends the chat; without `termination` it stays, and a warning says so.
        chat = await moot.open(team, id="example-resume", messages=OLD, termination={"TAKEN": "Taken"})
        await Console(chat.run_stream(task="Something warmer, please"))


if __name__ == "__main__":
    asyncio.run(main())
