"""The activity of a code executor: code is found, approved, and run in a confined folder of the worker's."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from temporalio import activity

from folkmoot._chat.plan import Seat
from folkmoot._code import run_blocks
from folkmoot.agents import ApprovalRequest, CodeExecutorAgent
from folkmoot.executors import CodeBlock, LocalCommandLineCodeExecutor, result_text
from folkmoot.messages import LLMMessage
from folkmoot.tools import CancellationToken

from . import names
from .heartbeat import beating
from .kill_points import reach
from .log_cache import CachedChat
from .payloads import CallInput
from .side import Side, call_function, errors_named

__all__ = ["CodeRuns"]

_MESSAGES: TypeAdapter[list[Any]] = TypeAdapter(list[LLMMessage])


class CodeRuns:
    """Code that agents of one worker run."""

    def __init__(self, side: Side) -> None:
        self._side = side

    @activity.defn(name=names.ACTIVITY_CODE)
    async def code(self, raw: dict[str, Any]) -> dict[str, Any]:
        """One step; each may give `none`: there is no code.

        `approve` gives `approved` and `reason`, `find` gives `code_blocks`, `run` gives `exit_code` and `output`.
        """
        data = CallInput.model_validate(raw)
        async with beating() as heart:
            chat = await self._side.read(data)
            seat = chat.plan.seats[data.a]
            spec = seat.agent
            assert isinstance(spec, CodeExecutorAgent)
            blocks = await self._blocks(chat, seat, spec, data)
            if not blocks:
                return {"none": True}
            if data.s == "find":
                return self._side.bounded({"code_blocks": [asdict(block) for block in blocks]}, seat.path)
            with errors_named():
                if data.s == "approve":
                    return await self._approve(chat, seat, spec, blocks, data)
                token = CancellationToken()
                heart.on_cancel(token.cancel)
                reach("code.before")
                result = await self._run(spec, blocks, token)
            reach("code.after")
            return self._side.bounded({"exit_code": result[0], "output": result[1]}, seat.path)

    async def _blocks(self, chat: CachedChat, seat: Seat, spec: CodeExecutorAgent, data: CallInput) -> list[CodeBlock]:
        """The code: what the model wrote in this turn, or without a model what was heard since the last turn."""
        allowed = chat.log.at(data.l).data.get("arguments") if data.l else None
        if allowed is not None:
            return [CodeBlock(**block) for block in json.loads(allowed)["code_blocks"]]
        if data.s == "run" and spec.approval is not None:
            found = chat.log.at(data.i).data
            shown = found.get("message", found)
            return [CodeBlock(**block) for block in shown["code_blocks"]]
        if spec.model_client is not None:
            written = chat.log.at(data.i).data["message"]
            return [CodeBlock(**block) for block in written["code_blocks"]]
        view = await self._side.context(chat, seat.path, data.at)
        heard = (
            message["content"]
            for message in view.new
            if message["type"] == "TextMessage" and (spec.sources is None or message["source"] in spec.sources)
        )
        return [block for text in heard for block in spec.code_blocks(text)]

    async def _approve(
        self, chat: CachedChat, seat: Seat, spec: CodeExecutorAgent, blocks: list[CodeBlock], data: CallInput
    ) -> dict[str, Any]:
        assert spec.approval_func is not None
        view = await self._side.context(chat, seat.path, data.at)
        # Without a model nothing is kept of what was heard (AutoGen).
        items = [dict(item.message) for item in view.items] if spec.model_client is not None else []
        request = ApprovalRequest.of(blocks, _MESSAGES.validate_python(items))
        answer = await call_function(self._side.registry.function(spec.approval_func), request)
        return {"approved": bool(answer.approved), "reason": str(answer.reason)}

    async def _run(self, spec: CodeExecutorAgent, blocks: list[CodeBlock], token: CancellationToken) -> tuple[int, str]:
        executor = spec.code_executor
        assert isinstance(executor, LocalCommandLineCodeExecutor)
        root = self._side.registry.folder_for_code()
        result = await run_blocks(
            blocks,
            folder=root / (executor.work_dir or _folder_of(activity.info().workflow_id or "")),
            timeout=executor.timeout,
            output_limit=executor.output_limit,
            environment=executor.environment,
            cancelled=token,
        )
        return result.exit_code, result_text(result)


def _folder_of(chat_id: str) -> Path:
    """A folder name of a chat id, which may hold anything."""
    safe = "".join(letter if letter.isalnum() or letter in "-_" else f"%{ord(letter):x}" for letter in chat_id)
    return Path(f"chat-{safe[:180]}")
