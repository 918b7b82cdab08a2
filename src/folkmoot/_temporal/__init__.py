"""Chats on Temporal: the workflow, its activities, and what travels between them."""
