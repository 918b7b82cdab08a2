"""The scripted model over HTTP: a server that speaks OpenAI chat completions and answers from a script.

Beside `/v1/chat/completions` (plain and streamed) and `/v1/models` it has, under `/_scripted`:

- `GET health`: `{"status", "requests", "left"}`.
- `GET requests?after=N&wait=S`: `{"total", "requests"}`, the bodies behind the first N; with `wait` it
  answers once there is one, or after S seconds.
- `POST release/NAME`: let the answers held under that name go.
- `POST script`: `{"append": steps}` or `{"replace": steps}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any, Self, cast

from folkmoot.models.rendering import dumps

from .script import Script, ScriptSource
from .stage import Stage
from .wire import Reply

try:
    from aiohttp import web
except ImportError as error:
    raise ImportError("the scripted server needs aiohttp: pip install 'folkmoot[testing]'") from error

__all__ = ["ScriptedServer"]

_MAX_BODY = 256 * 2**20
_DONE = b"data: [DONE]\n\n"


class ScriptedServer:
    """A scripted model behind the OpenAI wire protocol; an async context manager.

    Any key is taken, and none is recorded.

    Args:
        script: A list of steps, lists by name, a function from a request's body to a step, or the path of a
            JSON file; see `Script` and `step.parse_step` for the format.
        host: The address to listen on.
        port: The port; 0: any free one.
        record: How many requests are kept, the latest; None: all.

    Raises:
        ValueError: A step of the script is not valid.
    """

    def __init__(
        self,
        script: Script | ScriptSource | Path,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        record: int | None = None,
    ) -> None:
        self._stage = Stage(Script.load(script) if isinstance(script, Path) else script, record)
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """The endpoint, as `OPENAI_BASE_URL` wants it.

        Raises:
            RuntimeError: The server is not running.
        """
        if self._runner is None:
            raise RuntimeError("the scripted server is not running: enter it with 'async with' first")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/v1"

    @property
    def script(self) -> Script:
        """The script, to append to or replace."""
        return self._stage.script

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies of the requests kept, oldest first."""
        return self._stage.requests

    @property
    def total(self) -> int:
        """How many requests have arrived."""
        return self._stage.total

    def release(self, hold: str) -> None:
        """Let the answers held under this name go, those to come too."""
        self._stage.release(hold)

    async def wait_for_requests(self, count: int) -> None:
        """Wait until `count` requests have arrived in all."""
        await self._stage.wait_for_requests(count)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_MAX_BODY)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self._completions),
                web.get("/v1/models", self._models),
                web.get("/_scripted/health", self._health),
                web.get("/_scripted/requests", self._requests),
                web.post("/_scripted/release/{hold}", self._release),
                web.post("/_scripted/script", self._script),
            ]
        )
        # A caller that is gone wants no answer: its handler ends with it, however long its answer is held.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._port = int(runner.addresses[0][1])
        self._runner = runner
        return self

    async def __aexit__(self, *_: object) -> None:
        runner, self._runner = self._runner, None
        self._stage.release_all()
        if runner is not None:
            await runner.cleanup()

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            asked = json.loads(body)
        except ValueError as error:
            return _refusal(f"the body is not JSON: {error}")
        if not isinstance(asked, dict) or "messages" not in asked:
            return _refusal("the body must be an object with messages")
        reply = await self._stage.reply(cast(dict[str, Any], asked), len(body))
        step = reply.step
        if step.status is not None:
            return _json(reply.error(), status=step.status, headers=reply.error_headers())
        if step.raw is not None:
            return web.Response(text=step.raw, content_type="application/json")
        if reply.streamed:
            return await _stream(request, reply)
        if step.drop:
            return _cut(request)
        return _json(reply.whole())

    async def _models(self, _: web.Request) -> web.Response:
        names = self._stage.script.names or ["scripted"]
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "folkmoot"} for name in names]
        return _json({"object": "list", "data": models})

    async def _health(self, _: web.Request) -> web.Response:
        return _json({"status": "ok", "requests": self._stage.total, "left": self._stage.script.left})

    async def _requests(self, request: web.Request) -> web.Response:
        try:
            after = int(request.query.get("after", "0"))
            wait = float(request.query.get("wait", "0"))
        except ValueError:
            return _refusal("'after' must be a whole number and 'wait' a number of seconds")
        if wait > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stage.wait_for_requests(after + 1)
        return _json({"total": self._stage.total, "requests": self._stage.after(after)})

    async def _release(self, request: web.Request) -> web.Response:
        self._stage.release(request.match_info["hold"])
        return _json({"released": request.match_info["hold"]})

    async def _script(self, request: web.Request) -> web.Response:
        try:
            change = await request.json()
            if not isinstance(change, dict) or len(cast(dict[str, Any], change)) != 1:
                raise ValueError("expected an object with either append or replace")
            ((verb, steps),) = cast(dict[str, Any], change).items()
            if verb not in ("append", "replace"):
                raise ValueError(f"unknown change {verb!r}, expected append or replace")
            script = self._stage.script
            (script.append if verb == "append" else script.replace)(steps)
        except ValueError as error:
            return _refusal(str(error))
        return _json({"left": self._stage.script.left})


async def _stream(request: web.Request, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for chunk in reply.chunks():
        await response.write(b"data: " + dumps(chunk) + b"\n\n")
        if reply.step.chunk_delay:
            await asyncio.sleep(reply.step.chunk_delay)
    if reply.step.drop:
        if request.transport is not None:
            # Closed, not aborted: what was sent still arrives, the end does not.
            request.transport.close()
        return response
    await response.write(_DONE)
    await response.write_eof()
    return response


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _json(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=dumps(value), status=status, headers=headers, content_type="application/json")


def _refusal(message: str) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return _json({"error": error}, status=400)
