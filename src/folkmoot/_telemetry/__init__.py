"""Metrics, traces and logs: what processes tell of themselves. It knows nothing of chats, and any layer may use it."""
