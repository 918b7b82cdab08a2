"""A chat goes back to an earlier turn and takes another way; what came first stays as a branch.

    OPENAI_API_KEY=... python examples/go_back.py
    folkmoot run examples/go_back.json --app examples.go_back:app --task "A notice: my bicycle is for sale"

Going back tells which tool calls with side effects it crosses, such as `post`, which `take_down` undoes. The same in a
shell, with the chat's id, which `run` prints:

    folkmoot snapshots ID
    folkmoot rollback ID --turn 1 --compensate --app examples.go_back:app
    folkmoot run examples/go_back.json --id ID --app examples.go_back:app -t "Add the price: 90 euros"
    folkmoot branches ID
"""

import asyncio

from folkmoot import AssistantAgent, Console, RoundRobinGroupChat, ToolOptions, local, tool


@tool(options=ToolOptions(side_effects=True, compensate="take_down"))
def post(text: str) -> str:
    """Puts a notice on the board."""
    return "It is on the board."


@tool
def take_down(text: str) -> str:
    """Takes a notice from the board."""
    return f"Taken down: {text}"


team = RoundRobinGroupChat(
    [
        AssistantAgent("writer", "gpt-4o-mini", system_message="You are writer. Write a notice of one sentence."),
        AssistantAgent(
            "publisher",
            "gpt-4o-mini",
            system_message="You are publisher. Post the notice, with what the user wants added.",
            tools=[post],
        ),
    ],
    max_turns=2,
)

# No agent may take notices down; going back does.
app = {"tools": [post, take_down]}


async def main() -> None:
    async with local(tools=app["tools"]) as moot:
        chat = await moot.open(team, id="example-go-back")
        await Console(chat.run_stream(task="A notice: my bicycle is for sale"))

        written = (await chat.snapshots())[-2]  # the last but one turn
        done = await chat.rollback(written.offset, compensate=True)
        for call in done.crossed:
            print(f"crossed: {call['name']}({call['arguments']})")
        for undone in done.compensated:
            print(f"undone: {undone['content']}")

        # For those who go on the notice never was on the board; it is the publisher's turn.
        await Console(chat.run_stream(task="Add the price: 90 euros"))


if __name__ == "__main__":
    asyncio.run(main())
