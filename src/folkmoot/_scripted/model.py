"""The scripted model in process: answers come from a script, through the code that reads real replies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from folkmoot.errors import ModelCallError
from folkmoot.models import ModelRequest, ModelResult
from folkmoot.models.errors import Failures
from folkmoot.models.rendering import RequestEncoder, dumps, render_message
from folkmoot.models.replies import StreamReader, parse_reply
from folkmoot.options import ModelInfo

from .script import Script, ScriptSource
from .stage import Stage
from .wire import Reply

__all__ = ["ScriptedModel"]


class ScriptedModel:
    """A model that says what a script tells it to; nothing goes over a network.

    Requests are encoded and replies read by the very code of `OpenAIChatModel`.

    Args:
        script: A list of steps, lists by name, a function from a request's body to a step, or the path of a
            JSON file; see `Script` and `step.parse_step` for the format.
        name: The name it is known by, and the `model` of its requests.
        info: What the model can do; None: what a current OpenAI model can.

    Raises:
        ValueError: A step of the script is not valid.
    """

    def __init__(
        self, script: Script | ScriptSource | Path, *, name: str = "scripted", info: ModelInfo | None = None
    ) -> None:
        self.name = name
        self.info = info or ModelInfo()
        self._stage = Stage(Script.load(script) if isinstance(script, Path) else script)
        self._encoder = RequestEncoder(name, self.info, {})
        self._failures = Failures(name)

    @property
    def script(self) -> Script:
        """The script, to append to or replace."""
        return self._stage.script

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies of all requests so far, as they would go over the wire."""
        return self._stage.requests

    def release(self, hold: str) -> None:
        """Let the answers held under this name go, those to come too."""
        self._stage.release(hold)

    async def wait_for_requests(self, count: int) -> None:
        """Wait until `count` requests have arrived in all."""
        await self._stage.wait_for_requests(count)

    def render(self, message: Mapping[str, Any]) -> bytes:
        """Encode one message for the wire."""
        return render_message(message, self.info)

    async def create(self, request: ModelRequest) -> ModelResult:
        """Answer with the script's next step.

        Raises:
            ModelCallError: The step is an error, or the script is at its end (not retryable).
        """
        body = self._encoder.body(request)
        try:
            async with asyncio.timeout(request.timeout):
                reply = await self._stage.reply(json.loads(body), len(body))
                return await self._result(reply, request)
        except TimeoutError:
            raise self._failures.no_answer() from None

    async def close(self) -> None:
        """Nothing to let go of; answers still held back stay so."""

    async def _result(self, reply: Reply, request: ModelRequest) -> ModelResult:
        step, family = reply.step, self.info.family
        if step.status is not None:
            raise self._failures.from_status(step.status, reply.error_headers(), reply.error())
        if step.raw is not None:
            return parse_reply(step.raw.encode(), self._failures, family=family)
        if request.on_text is not None:
            reader = StreamReader(self._failures, family=family, on_text=request.on_text)
            for chunk in reply.chunks():
                reader.feed("data: " + dumps(chunk).decode())
                await asyncio.sleep(step.chunk_delay)
            if not step.drop:
                return reader.result()
        if step.drop:
            text = f"the connection to model {self.name!r} failed: dropped by the script"
            raise ModelCallError(text, retryable=True)
        return parse_reply(dumps(reply.whole()), self._failures, family=family)
