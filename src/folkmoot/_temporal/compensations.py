"""The activity that undoes a tool call which a rollback has gone back behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from temporalio import activity

from folkmoot._chat.entries import all_references, result_of
from folkmoot.tools import FunctionTool

from . import names
from .heartbeat import beating
from .kill_points import reach
from .payloads import CallInput
from .side import Side, errors_named
from .tool_calls import arguments_of, context_of

__all__ = ["Compensations"]

OUTCOME = "outcome"
"""The parameter that is given what the call brought."""


class Compensations:
    """Compensating tools of one worker."""

    def __init__(self, side: Side) -> None:
        self._side = side

    @activity.defn(name=names.ACTIVITY_UNDO)
    async def undo(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Have the tool `s` undo the call whose outcome is the entry `n`. What it raises is its result."""
        data = CallInput.model_validate(raw)
        async with beating() as heart:
            chat = await self._side.read(data)
            done = chat.log.at(data.n)
            call = chat.log.at(done.data["call"]).data["message"]["content"][done.data["index"]]
            with errors_named():
                tool = self._side.registry.tool(data.s)
            said = all_references([done], chat.log.at).values()
            blobs = await self._side.reader.contents(chat, [done, *said])
            outcome = result_of(chat.uuid, done, chat.log.at, blobs)["content"]
            context = context_of(data.a, call["id"], f"{chat.uuid}-{data.at - 1}-{data.n}", heart)
            reach("undo.before")
            try:
                given = taken(tool, {**arguments_of(call["arguments"]), OUTCOME: outcome})
                text, is_error = await tool.run_json(given, context), False
            except Exception as error:  # noqa: BLE001 - readers are told
                text, is_error = f"{type(error).__name__}: {error}"[:2000], True
            reach("undo.after")
            told = {"content": await self._side.large(text, chat)}
            return self._side.bounded({**told, "is_error": True} if is_error else told, data.s)


def taken(tool: FunctionTool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the arguments that a tool has parameters for."""
    parameters = cast(Mapping[str, Any], tool.schema["parameters"])
    return {name: value for name, value in arguments.items() if name in parameters.get("properties", {})}
