"""Agents along a graph: two read the draft at the same time, an editor sends it back or on.

    OPENAI_API_KEY=... python examples/graph.py
    folkmoot run examples/graph.json --task "Describe the new export in two sentences."

Conditions here are texts to look for; a function of the message does as well, see docs/howto/graph.md.
"""

import asyncio

from folkmoot import AssistantAgent, Console, DiGraphBuilder, GraphFlow, MaxMessageTermination, local


def agent(name: str, instruction: str) -> AssistantAgent:
    return AssistantAgent(name, "gpt-4o-mini", system_message=f"You are {name}. {instruction}")


writer = agent("writer", "Write what is asked for; heed what editor says.")
language = agent("language", "Check the language of the last draft. Answer in one sentence.")
facts = agent("facts", "Check whether the last draft can be true. Answer in one sentence.")
editor = agent("editor", "Read the draft and both checks. Say REVISE and what to change, or APPROVE.")
publisher = agent("publisher", "Repeat the last draft, with a headline.")

graph = (
    DiGraphBuilder()
    .add_node(writer)
    .add_node(language)
    .add_node(facts)
    .add_node(editor)
    .add_node(publisher)
    .add_edge(writer, language)
    .add_edge(writer, facts)
    # The editor speaks when both have spoken.
    .add_edge(language, editor)
    .add_edge(facts, editor)
    .add_edge(editor, writer, condition="REVISE")
    .add_edge(editor, publisher, condition="APPROVE")
    # Every node of a loop has an edge to it, so the start must be named.
    .set_entry_point(writer)
)

team = GraphFlow(graph.get_participants(), graph.build(), termination_condition=MaxMessageTermination(20))


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-graph")
        await Console(chat.run_stream(task="Describe the new export in two sentences."))


if __name__ == "__main__":
    asyncio.run(main())
