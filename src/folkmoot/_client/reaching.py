"""Whether what chats need besides a Temporal server is there: a store, a model's endpoint, keys, a database."""

from __future__ import annotations

import asyncio
import os
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client

from folkmoot._encryption.payloads import ENCODING, EncryptionCodec
from folkmoot._temporal.names import WORKFLOW
from folkmoot.errors import FolkmootError
from folkmoot.store import FolderStore, Store
from folkmoot.store.folder import MARKER
from folkmoot.store.url import shown_url

from .checks import Finding

__all__ = ["look_at_database", "look_at_encryption", "look_at_models", "look_at_store"]

_OPENAI = "https://api.openai.com/v1"
_SECONDS = 10
_PROBE = ".folkmoot-doctor-"


async def look_at_store(store: Store | None) -> Finding:
    """Put a probe into the store, get it back, and delete it."""
    if store is None:
        mend = "set FOLKMOOT_STORE, the same for workers, API and command line (docs/howto/store.md)"
        return Finding(
            "store", "warn", "none: long chats carry all they said, closed ones end with their history", mend
        )
    if isinstance(store, FolderStore) and not await store.begun():
        return await asyncio.to_thread(_look_at_place, store)
    probe = os.urandom(64)
    # A chat that no other process knows.
    chat = uuid.uuid4().hex
    name = await store.put(probe, chat=chat)
    try:
        same = await store.get(name, chat=chat) == probe
    finally:
        gone = await store.delete(chat=chat)
    if not same or gone.blobs != 1:
        what = "other bytes came back" if not same else f"{gone.blobs} of 1 probes could be deleted"
        return Finding("store", "fail", f"{store!r}: {what}", "see that nobody else writes there")
    where = "; workers on other machines need the same folder" if isinstance(store, FolderStore) else ""
    return Finding("store", "ok", f"{store!r} takes, gives back and deletes a probe{where}")


def _look_at_place(store: FolderStore) -> Finding:
    """Of a folder without a store; a probe would begin one, where the disk may only have to be mounted."""
    if os.path.lexists(store.path) and not store.path.is_dir():
        return Finding("store", "fail", f"{store!r}: this is no folder", "name a folder in FOLKMOOT_STORE")
    missing = not store.path.exists()
    place = store.path.absolute().parent if missing else store.path
    try:
        # What may be written is not told by modes alone: a file system may be read-only, or none for files.
        _try_to_write(place)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Finding("store", "fail", f"{store!r}: this process cannot write to {str(place)!r}: {why}", "change that")
    told = f"{'there is no folder' if missing else 'no store is in the folder'} yet; the first write begins one"
    mend = f"if there was one (a file {MARKER!r}), mount or restore it; if not, nothing is to be done"
    return Finding("store", "warn", f"{store!r}: {told}", mend)


def _try_to_write(folder: Path) -> None:
    """Make a folder with a file in it, and take both away again.

    Raises:
        OSError: That cannot be done there.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=_PROBE) as made:
        (Path(made) / "probe").write_bytes(os.urandom(64))


async def look_at_models(environment: Mapping[str, str] = os.environ) -> Finding:
    """Ask the default endpoint for its list of models, which costs nothing."""
    key, given = environment.get("OPENAI_API_KEY"), environment.get("OPENAI_BASE_URL")
    if not key and not given:
        mend = "set OPENAI_API_KEY, or OPENAI_BASE_URL for an endpoint of your own, where workers run"
        return Finding("models", "warn", "no default endpoint here; models that --app registers were not tried", mend)
    import httpx2

    url = (given or _OPENAI).rstrip("/") + "/models"
    shown = shown_url(url)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with httpx2.AsyncClient(timeout=_SECONDS, follow_redirects=True) as http:
            answer = await http.get(url, headers=headers)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        why = str(error) or type(error).__name__
        return Finding(
            "models", "fail", f"GET {shown}: {why}", "see OPENAI_BASE_URL, and that this network lets it through"
        )
    text = f"GET {shown}: {answer.status_code}"
    if answer.status_code in (401, 403):
        return Finding("models", "fail", text, "the key is refused: see OPENAI_API_KEY")
    if answer.status_code in (404, 405):
        return Finding("models", "warn", f"{text}; it answers, but lists no models, so the key was not tried")
    if answer.status_code >= 400:
        return Finding("models", "fail", text, "see the endpoint's own log or status page")
    return Finding("models", "ok", f"{text}, {_counted(answer)}; no completion was asked for")


def _counted(answer: Any) -> str:
    try:
        return f"{len(answer.json()['data'])} models"
    except (ValueError, KeyError, TypeError):
        return "no list of models"


async def look_at_database(url: str) -> Finding:
    """Ask the application's database for a row."""
    return await asyncio.to_thread(_asked, url)


def _asked(url: str) -> Finding:
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        # What it holds instead may be a password.
        return Finding(
            "database", "fail", "FOLKMOOT_DATABASE_URL is no URL", "expected postgresql://user:password@host/name"
        )
    shown = shown_url(url)
    options: dict[str, Any] = {}
    if parsed.drivername in ("postgresql", "postgres"):
        parsed, options = parsed.set(drivername="postgresql+psycopg"), {"connect_timeout": _SECONDS}
    try:
        engine = create_engine(parsed, connect_args=options)
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        finally:
            engine.dispose()
    except SQLAlchemyError as error:
        why = " ".join(str(error.__cause__ or error).split())
        return Finding("database", "fail", f"{shown}: {why}", "start it, or correct FOLKMOOT_DATABASE_URL")
    return Finding("database", "ok", f"{shown} answers")


async def look_at_encryption(client: Client) -> Finding:
    """Whether the newest chat can be read with the keys given here, and whether who wrote it encrypts as we do.

    Workers tell nobody their keys, but what they have written shows which one it was.
    """
    mend = "give all processes the same FOLKMOOT_ENCRYPTION_KEYS (docs/howto/encryption.md)"
    codec = client.data_converter.payload_codec
    on = codec is not None and not (isinstance(codec, EncryptionCodec) and codec.keys is None)
    here = "on" if on else "off"
    newest = [chat async for chat in client.list_workflows(f"WorkflowType = '{WORKFLOW}'", limit=1)]
    if not newest:
        return Finding("encryption", "ok", f"{here} here; there is no chat yet to hold it against")
    chat = newest[0].id
    written = await _written(client, chat, newest[0].run_id)
    for who, payload in written.items():
        encrypted = payload.metadata.get("encoding") == ENCODING
        if encrypted and not on:
            return Finding("encryption", "fail", f"off here, but {who} of {chat!r} has encrypted what it wrote", mend)
        if on and not encrypted:
            text = f"on here, but what {who} of {chat!r} wrote is plain: from before, or without keys"
            return Finding("encryption", "warn", text, mend)
        if codec is not None:
            try:
                await codec.decode([payload])
            except (FolkmootError, ValueError) as error:
                return Finding("encryption", "fail", f"what {who} of {chat!r} wrote cannot be read: {error}", mend)
    text = f"{here} here, as for {' and '.join(written)} of the newest chat, {chat!r}"
    return Finding("encryption", "ok", text)


async def _written(client: Client, chat_id: str, run_id: str | None) -> dict[str, Payload]:
    """What the client that opened a chat has written, and what its worker has, as far as it did."""
    reply = await client.workflow_service.get_workflow_execution_history(
        GetWorkflowExecutionHistoryRequest(
            namespace=client.namespace,
            execution=WorkflowExecution(workflow_id=chat_id, run_id=run_id or ""),
            maximum_page_size=100,
        )
    )
    found: dict[str, Payload] = {}
    for event in reply.history.events:
        opened = event.workflow_execution_started_event_attributes.input.payloads
        called = event.activity_task_scheduled_event_attributes.input.payloads
        for who, payloads in {"the client": opened, "the worker": called}.items():
            if payloads:
                found.setdefault(who, payloads[0])
    return found
