"""Closed chats that the server has forgotten: what their manifests in the store tell."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from folkmoot._chat.engine import Chat as EngineChat
from folkmoot._chat.log import Log
from folkmoot._chat.state import ChatState
from folkmoot._spec import AgentSpec, load_spec
from folkmoot._temporal.payloads import ChatInput, Manifest
from folkmoot._temporal.queries import answer
from folkmoot.errors import BadCommandError
from folkmoot.store import Store
from folkmoot.teams import TeamSpec

__all__ = ["Archived", "find_archived", "manifests_of"]


class Archived:
    """A closed chat that answers queries as its workflow did.

    Its whole log is sealed, so what it answers from is the state at the end and the segments.
    """

    def __init__(self, manifest: Manifest) -> None:
        team = load_spec(manifest.spec)
        if not isinstance(team, TeamSpec | AgentSpec):
            raise BadCommandError(f"the manifest of chat {manifest.id!r} has no team")
        self.manifest = manifest
        self._chat = EngineChat(
            team, manifest.uuid, Log(manifest.head, manifest.digest), ChatState.load(manifest.state)
        )
        self._data = ChatInput(spec=manifest.spec, uuid=manifest.uuid, segments=manifest.segments, runs=manifest.runs)

    def query(self, name: str, fields: object) -> Any:
        """The answer to a query.

        Raises:
            BadCommandError: The query is refused.
        """
        try:
            return answer(self._chat, self._data, name, fields)
        except (ValueError, KeyError, TypeError) as error:
            raise BadCommandError(str(error)) from None


async def find_archived(store: Store | None, namespace: str, chat_id: str) -> Archived | None:
    """The chat of that id that was closed last, if the store knows one."""
    if store is None:
        return None
    found = await manifests_of(store, namespace, chat_id)
    return Archived(max(found, key=lambda manifest: manifest.closed)) if found else None


async def manifests_of(store: Store, namespace: str, chat_id: str | None = None) -> list[Manifest]:
    """The manifests of the chats that had this id, or of all of a namespace.

    Raises:
        BadCommandError: One cannot be read.
    """
    try:
        return [
            Manifest.model_validate_json(data) async for data in store.manifests(namespace=namespace, chat_id=chat_id)
        ]
    except ValidationError as error:
        raise BadCommandError(f"A manifest in {store!r} cannot be read: {error}") from None
