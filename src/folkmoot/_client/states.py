"""The verbs of a chat's handle that take its state elsewhere, or bring one in."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from folkmoot._chat.entries import BLOB
from folkmoot._chat.specs import json_of, team_of
from folkmoot._temporal.blobs import LARGE
from folkmoot._temporal.payloads import MAX_TASK, size_of
from folkmoot.errors import BadCommandError, PayloadTooLargeError

from .history import History, by_whom
from .old_messages import Ending, Messages, OldMessages, log_warnings, resumed
from .parts import part_of, with_part
from .whole import Whole, read_branch

__all__ = ["EXPORT", "States", "stored_state"]

EXPORT = "folkmoot-chat/1"
"""The form of an exported chat."""
_STORELESS = "The state, which goes into the command itself where there is no store (`store=`, `FOLKMOOT_STORE`),"


class States(History):
    """A chat's handle with its state: saved, loaded, made of old messages."""

    async def save_state(
        self, part: str | None = None, *, offset: int | None = None, turn: int | None = None, label: str | None = None
    ) -> dict[str, Any]:
        """The chat's state as AutoGen's JSON (`Team.save_state`), with what AutoGen forgets under `folkmoot`.

        It can be taken at any time; a turn under way is saved as one that is to go on.

        Args:
            part: Only this participant's (by name or path) or this condition's (`termination`, of an inner team
                `PATH/termination`) state.
            offset: At this snapshot; None: now.
            turn: See `find`.
            label: See `find`.

        Raises:
            BadCommandError: There is no such part or snapshot.
        """
        whole = await self.read(offset, turn=turn, label=label)
        saved = whole.saved()
        return saved if part is None else part_of(whole.plan, saved, part)

    async def read(self, offset: int | None = None, *, turn: int | None = None, label: str | None = None) -> Whole:
        """What a state is made of, at a snapshot (see `find`) or, with none named, now."""
        if (offset, turn, label) == (None, None, None):
            return await read_branch(self._pages)
        return await read_branch(self._pages, (await self.find(offset, turn=turn, label=label)).offset)

    async def export(
        self, offset: int | None = None, *, turn: int | None = None, label: str | None = None
    ) -> dict[str, Any]:
        """The chat at a snapshot as one JSON document that needs nothing else: `Folkmoot.import_chat` opens it anew.

        Args:
            offset: Which snapshot (see `find`); with none of the three: as it is now.
            turn: See `find`.
            label: See `find`.

        Raises:
            BadCommandError: There is no such snapshot.
        """
        whole = await self.read(offset, turn=turn, label=label)
        return {
            "format": EXPORT,
            "chat": self.id,
            "uuid": whole.uuid,
            "offset": whole.offset,
            "time": whole.log.at(whole.offset).time,
            "spec": json_of(whole.team),
            "state": whole.saved(),
        }

    async def load_messages(
        self, messages: Messages | OldMessages, *, termination: Ending = None, force: bool = False, by: str = ""
    ) -> list[str]:
        """Go on from old messages in place of what was said (AutoGen 0.2: `GroupChatManager.resume`).

        Each is heard by everyone but its speaker, and `run` goes on with whoever is next. A tool call without a result
        at the end is made by the next run.

        Args:
            messages: A JSON text, or a list: our messages, AutoGen's JSON, or dictionaries of AutoGen 0.2; or
                `OldMessages`, which also say how they are to be read.
            termination: What becomes of a text in the last one that ends chats (see `OldMessages`).
            force: End a run that is under way first.
            by: Who asks for it, for the log.

        Returns:
            Warnings; they are logged, too.

        Raises:
            ChatBusyError: A run is under way.
            BadCommandError: A message is none, or of a stranger, or a call nobody can make; also a ValueError.
        """
        team = team_of(await self._pages.query("spec"))
        old = await resumed(team, messages, termination)
        log_warnings(old.warnings)
        await self.load_state(old.state, force=force, by=by)
        return old.warnings

    async def begun_with(self, command: str) -> None:
        """See that the command a chat was opened with was carried out.

        Raises:
            FolkmootError: It was refused.
        """
        await self._commands.outcome(command, 0)

    async def load_state(
        self, state: Mapping[str, Any], part: str | None = None, *, force: bool = False, by: str = ""
    ) -> None:
        """Take over a saved state (AutoGen: `Team.load_state`): ours, or one that AutoGen 0.7.5 saved.

        It is taken over as a whole or refused as a whole. What was stays readable, as a branch. Where a person was
        being asked something, they are asked again, in a run that begins by itself.

        Args:
            state: The state.
            part: It is only this part's (see `save_state`); the rest stays as it is.
            force: End a run that is under way first.
            by: Who asks for it, for the log.

        Raises:
            ChatBusyError: A run is under way, or the chat went on while a part was put in (AutoGen's text).
            BadCommandError: It is no state of such a team; also a ValueError (AutoGen's texts).
        """
        fields: dict[str, Any] = {**({"force": True} if force else {}), **by_whom(by)}
        if part is not None:
            whole = await read_branch(self._pages)
            state = with_part(whole.plan, whole.saved(), part, state)
            fields["at"] = whole.offset + 1
        fields["state"] = await stored_state(state, self._pages.put if self._stores else None)
        await self._commands.settled("load_state", fields, "loaded")


async def stored_state(state: Mapping[str, Any], put: Callable[[bytes], Awaitable[str]] | None) -> Mapping[str, Any]:
    """A state as a command carries it: in the store if it is large.

    Raises:
        BadCommandError: It is none.
        PayloadTooLargeError: It is too large for a command, and there is no store.
    """
    # AutoGen takes nothing for a state of an older form.
    if not state or not isinstance(cast(object, state), Mapping):
        raise BadCommandError(f"Expected a saved state, a JSON object as `save_state` gives it, got {state!r:.100}.")
    size = size_of(state)
    if put is None or size <= LARGE:
        if size > MAX_TASK:
            raise PayloadTooLargeError(size, MAX_TASK, _STORELESS)
        return state
    data = json.dumps(state, ensure_ascii=False).encode("utf-8", "replace")
    return {BLOB: await put(data), "size": len(data)}
