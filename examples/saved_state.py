"""A chat's state as a file: saved, and taken over by another chat. It is AutoGen's JSON, which loads there, too.

    OPENAI_API_KEY=... python examples/saved_state.py
    folkmoot run examples/saved_state.json --task "Write a riddle about a bridge"

The same in a shell, with the chat's id, which `run` prints:

    folkmoot save ID -o riddle-state.json
    folkmoot load riddle-2 riddle-state.json --team examples/saved_state.json
    folkmoot run examples/saved_state.json --id riddle-2
"""

import asyncio
import json
from pathlib import Path

from folkmoot import AssistantAgent, Console, RoundRobinGroupChat, local

team = RoundRobinGroupChat(
    [
        AssistantAgent("writer", "gpt-4o-mini", system_message="You are writer. Write a riddle, or a better one."),
        AssistantAgent("solver", "gpt-4o-mini", system_message="You are solver. Solve the last riddle, or give up."),
    ],
    max_turns=2,
)


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-saved-state")
        await Console(chat.run_stream(task="Write a riddle about a bridge"))
        file = Path("riddle-state.json")
        file.write_text(json.dumps(await chat.save_state()))

        # It knows what was said, and goes on by itself: the writer is next in order.
        other = await moot.open(team, id="example-saved-state-2", state=json.loads(file.read_text()))
        await Console(other.run_stream())


if __name__ == "__main__":
    asyncio.run(main())
