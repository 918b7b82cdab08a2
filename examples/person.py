"""A person takes part: the chat waits for the answer, for months if need be, holding no memory and no process.

    OPENAI_API_KEY=... python examples/person.py
    folkmoot run examples/person.json --task "Write an invitation to the summer party"

Here the question is put at this terminal. Leave it, and answer from anywhere else:

    folkmoot pending example-person
    folkmoot answer example-person REQUEST "Shorter, please"
"""

import asyncio

from folkmoot import (
    AssistantAgent,
    Console,
    RoundRobinGroupChat,
    TextMentionTermination,
    UserInputManager,
    UserProxyAgent,
    local,
)

team = RoundRobinGroupChat(
    [
        AssistantAgent(
            "writer", "gpt-4o-mini", system_message="You are writer. Write two sentences; heed what editor says."
        ),
        UserProxyAgent("editor", description="Decides whether a text is published."),
    ],
    termination_condition=TextMentionTermination("ok", sources=["editor"]),
)


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-person")
        asking = UserInputManager(input, answer=chat.answer)
        stream = chat.run_stream(task="Write an invitation to the summer party")
        await Console(stream, user_input_manager=asking)


if __name__ == "__main__":
    asyncio.run(main())
