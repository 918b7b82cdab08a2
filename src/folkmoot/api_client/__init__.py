"""The HTTP API's Python client, generated from its OpenAPI document; errors and streams are written by hand.

    async with AuthenticatedClient("https://folkmoot.example.org", token) as client:
        chat = expect(await open_chat.asyncio(client=client, body=OpenChat(team="notes", task="Write the note")))
        async for entry in events(client, chat.id):
            print(entry.offset, entry.kind)

Each operation is a module of `folkmoot.api_client.api`, with functions `sync` and `asyncio`, bodies and answers are
in `folkmoot.api_client.models`, and `JsonObject.from_dict` and `to_dict` make JSON of any form one of them and back.
"""

from .client import AuthenticatedClient, Client
from .events import Words, events
from .problems import ProblemError, expect

__all__ = ["AuthenticatedClient", "Client", "ProblemError", "Words", "events", "expect"]
