"""The connection to an MCP server, below `folkmoot.mcp`."""
