"""A chat's state and log as files, for the browser of somebody who is signed in to the dashboard."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from nicegui import app

from folkmoot.errors import BadCommandError
from folkmoot.server.dashboard.frame import Site
from folkmoot.server.dashboard.serving import attached, telling, who_may
from folkmoot.server.identity import Identity, Permission
from folkmoot.server.schemas import Entry

__all__ = ["add_files"]


def add_files(site: Site) -> None:
    """Register their addresses."""

    @app.get("/chats/{id}/state.json")
    @telling
    async def download_state(request: Request, id: str, offset: int | None = None) -> Response:
        identity = who_may(request, Permission.OPERATE)
        async with site.chats.chat(id, identity) as chat:
            state = await chat.save_state(offset=offset)
        content = json.dumps(state, ensure_ascii=False, indent=1)
        return Response(content, media_type="application/json", headers=attached(f"{id}.json"))

    @app.put("/chats/{id}/state.json")
    @telling
    async def upload_state(request: Request, id: str, force: bool = False) -> Response:
        identity = who_may(request, Permission.DESIGN)
        try:
            state: Any = json.loads(await request.body())
        except ValueError as error:
            raise BadCommandError(f"The file is no JSON: {error}") from None
        if not isinstance(state, dict):
            raise BadCommandError("A state is a JSON object, and this is none.")
        async with site.chats.chat(id, identity) as chat:
            await chat.load_state(state, force=force)  # pyright: ignore[reportUnknownArgumentType]
        return JSONResponse({"detail": "The chat has taken the state over."})

    @app.get("/chats/{id}/log.jsonl")
    @telling
    async def download_log(request: Request, id: str) -> Response:
        identity = who_may(request, Permission.READ)
        # That there is such a chat is found out before an answer begins.
        await site.chats.find(id, identity)
        lines = _lines(site, id, identity)
        return StreamingResponse(lines, media_type="application/jsonl", headers=attached(f"{id}.jsonl"))


async def _lines(site: Site, id: str, identity: Identity) -> AsyncIterator[bytes]:
    async with site.chats.chat(id, identity) as chat:
        async for event in chat.events(follow=False):
            yield Entry.of(event).model_dump_json().encode() + b"\n"
