"""The HTTP API: who asks, what they may, how much of it, and the routes. It needs the extra `server`."""
