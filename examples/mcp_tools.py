"""The tools of an MCP server. Needs the extra `mcp`: pip install 'folkmoot[mcp]'

    OPENAI_API_KEY=... python examples/mcp_tools.py
    folkmoot run examples/mcp_tools.json --app examples.mcp_tools:app --task "How do I get online?"

The worker starts the server when it is first needed. The spec holds its name, `notes`: commands, addresses and
credentials stay on the worker.
"""

import asyncio
import sys
from pathlib import Path

from folkmoot import AssistantAgent, Console, RoundRobinGroupChat, local
from folkmoot.mcp import McpWorkbench, StdioServerParams

notes = McpWorkbench(
    StdioServerParams(command=sys.executable, args=[str(Path(__file__).with_name("notes_server.py"))]),
    name="notes",
)

team = RoundRobinGroupChat(
    [
        AssistantAgent(
            "porter",
            "gpt-4o-mini",
            workbench=notes,
            reflect_on_tool_use=True,
            system_message="You are porter. Answer from the notes: look them up with your tool.",
        )
    ],
    max_turns=1,
)

app = {"workbenches": {"notes": notes}}


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-mcp-tools")
        await Console(chat.run_stream(task="How do I get online?"))


if __name__ == "__main__":
    asyncio.run(main())
