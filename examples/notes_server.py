"""An MCP server for `mcp_tools.py`, over standard input and output: notes, by their name."""

from mcp.server.mcpserver import MCPServer

server = MCPServer("notes", log_level="WARNING")
NOTES = {"wifi": "The guests' network is called moot, its password is on the door."}


@server.tool(structured_output=False)
def read_note(name: str) -> str:
    """Read a note."""
    return NOTES.get(name) or f"There is no note {name!r}; there are: {', '.join(NOTES)}."


if __name__ == "__main__":
    server.run()
