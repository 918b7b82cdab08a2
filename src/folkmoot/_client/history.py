"""The verbs of a chat's handle that go back in time, or take its state elsewhere."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from folkmoot._chat.entries import BLOB
from folkmoot._chat.snapshots import Snapshot, current, snapshots, state_at
from folkmoot._spec import AgentSpec, load_spec
from folkmoot._temporal.blobs import LARGE
from folkmoot._temporal.payloads import MAX_TASK, size_of
from folkmoot.errors import BadCommandError, PayloadTooLargeError
from folkmoot.teams import TeamSpec

from .commands import Commands
from .comparing import Comparison, compare
from .old_messages import Ending, Messages, OldMessages, rehearsed, state_of
from .pages import LogPages
from .parts import part_of, with_part
from .whole import Whole, read_whole

__all__ = ["Branch", "History", "LabelledSnapshot", "Rollback"]


@dataclass(frozen=True, slots=True)
class LabelledSnapshot(Snapshot):
    """A snapshot as a chat's handle lists it.

    Attributes:
        current: It lies on the branch the chat is on.
        labels: The names people gave it.
    """

    current: bool = True
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A stretch of the conversation that was not gone back behind.

    Attributes:
        offset: Of the entry it began with: 0, a rollback or a load.
        parent: The snapshot it goes on after; None: it began anew.
        snapshots: Its own, oldest first.
        current: The chat is on it, or came through it.
    """

    offset: int
    parent: int | None
    snapshots: tuple[LabelledSnapshot, ...]
    current: bool


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a rollback or a fork did.

    Attributes:
        snapshot: Where the chat goes on.
        crossed: Calls of tools with side effects that were made after it, oldest first: `offset`, `agent`, `name`,
            `arguments`, `is_error`, and `compensate`, the tool that undoes it, if one is named.
        offset: Of the entry that says so.
    """

    snapshot: LabelledSnapshot
    crossed: tuple[Mapping[str, Any], ...]
    offset: int


class History:
    """The base of `Chat`: snapshots, rollback, state.

    Args:
        chat_id: The chat.
        commands: Sends its commands.
        pages: Reads its log.
        stores: Whether there is a store.
    """

    def __init__(self, chat_id: str, commands: Commands, pages: LogPages, stores: bool) -> None:
        self.id = chat_id
        self._commands = commands
        self._pages = pages
        self._stores = stores

    # --- Snapshots ---------------------------------------------------------------------------------------------------

    async def snapshots(self) -> list[LabelledSnapshot]:
        """The points this chat can be read at, rolled back to or forked from: after every turn and load, at every wait.

        Those of other branches are among them, oldest first by their place in the log.
        """
        data = await self._pages.query("snapshots")
        found: list[Snapshot] = []
        for segment in data["segments"]:
            found += snapshots(await self._pages.sealed_chat(segment))
        held: list[dict[str, Any]] = data["snapshots"]
        found += [Snapshot(**{**item, "speakers": tuple(item["speakers"])}) for item in held]  # pyright: ignore[reportArgumentType]
        on_it = {snapshot.offset for snapshot in current(found, data["last"])}
        labels: dict[int, list[str]] = {}
        for name, offset in data["labels"].items():
            labels.setdefault(offset, []).append(name)
        return [
            LabelledSnapshot(**asdict(item), current=item.offset in on_it, labels=tuple(labels.get(item.offset, ())))
            for item in found
        ]

    async def branches(self) -> list[Branch]:
        """The snapshots as a tree: what was gone back behind stays readable as a branch of its own."""
        by_branch: dict[int, list[LabelledSnapshot]] = {}
        for snapshot in await self.snapshots():
            by_branch.setdefault(snapshot.branch, []).append(snapshot)
        return [
            Branch(offset, items[0].parent, tuple(items), any(item.current for item in items))
            for offset, items in sorted(by_branch.items())
        ]

    async def snapshot(self, offset: int) -> dict[str, Any]:
        """One snapshot: its data under `snapshot`, the folded state under `state`.

        Raises:
            BadCommandError: There is no snapshot at that offset.
        """
        if offset < 0:
            raise BadCommandError(f"There is no snapshot {offset}; `snapshots` lists them.")
        data = await self._pages.query("snapshot", {"offset": offset})
        if "segments" in data:
            chat = await self._pages.sealed_chat(data["segments"][0])
            found = next((item for item in snapshots(chat) if item.offset == offset), None)
            if found is None:
                raise BadCommandError(f"There is no snapshot {offset}; `snapshots` lists them.")
            return {"snapshot": asdict(found), "state": state_at(chat, offset).dump()}
        return data

    async def find(
        self, offset: int | None = None, *, turn: int | None = None, label: str | None = None
    ) -> LabelledSnapshot:
        """The snapshot that is meant; one of the three says which.

        Args:
            offset: Its offset, on whatever branch.
            turn: The turn on the present branch after which it was taken, counted over the whole chat.
            label: The name someone gave it.

        Raises:
            BadCommandError: There is none, or not exactly one argument was given.
        """
        if [offset, turn, label].count(None) != 2:
            raise BadCommandError(
                f"Say which snapshot by one of offset, turn and label, got {offset!r}, {turn!r} and {label!r}."
            )
        found = await self.snapshots()
        if turn is not None:
            of_turn = [item for item in found if item.turn == turn and item.reason == "turn"]
            for item in of_turn:
                if item.current:
                    return item
            if of_turn:
                raise BadCommandError(
                    f"Turn {turn} is not on the present branch; its snapshot there is at offset {of_turn[-1].offset}."
                )
            raise BadCommandError(f"There is no snapshot of turn {turn}; `snapshots` lists them.")
        for item in found:
            if item.offset == offset or (label is not None and label in item.labels):
                return item
        what = f"There is no snapshot {offset}" if label is None else f"No snapshot has the label {label!r}"
        raise BadCommandError(f"{what}; `snapshots` lists them.")

    async def label(
        self, name: str, offset: int | None = None, *, turn: int | None = None, by: str = ""
    ) -> LabelledSnapshot:
        """Give a snapshot a name; one of that name loses it.

        Args:
            name: 1 to 100 characters.
            offset: Which snapshot; with neither `offset` nor `turn`, the last one.
            turn: See `find`.
            by: Who does, for the log.

        Raises:
            BadCommandError: There is no such snapshot, or the name is none.
        """
        if offset is None and turn is None:
            on_it = [item for item in await self.snapshots() if item.current]
            if not on_it:
                raise BadCommandError(f"Chat {self.id!r} has no snapshot yet.")
            found = on_it[-1]
        else:
            found = await self.find(offset, turn=turn)
        await self._commands.signal("label", {"label": name, "offset": found.offset, **_by(by)})
        return await self.find(label=name)

    async def unlabel(self, name: str, *, by: str = "") -> None:
        """Take a name away.

        Raises:
            BadCommandError: No snapshot has it.
        """
        await self._commands.signal("label", {"label": name, **_by(by)})

    async def compare(self, first: int, second: int) -> Comparison:
        """What two snapshots have in common and what not, on whatever branches they lie.

        Args:
            first: Offset of one snapshot.
            second: Of the other.

        Raises:
            BadCommandError: One of them is no snapshot.
        """
        one, other = await self.find(first), await self.find(second)
        early, late = [await read_whole(self._pages, place) for place in sorted((first, second))]
        return compare(late, {**early.blobs, **late.blobs}, one, other)

    async def rollback(
        self,
        offset: int | None = None,
        *,
        turn: int | None = None,
        label: str | None = None,
        force: bool = False,
        by: str = "",
    ) -> Rollback:
        """Go back to a snapshot: `run` goes on from there. What came after it stays readable, as a branch.

        Conditions' progress, undelivered messages and a turn under way are as they were. What a person was being asked
        there is asked again, under a new id, in a run that begins by itself. Use of tokens goes on counting.

        Args:
            offset: Which snapshot, on whatever branch.
            turn: See `find`.
            label: See `find`.
            force: End a run that is under way first.
            by: Who asks for it, for the log.

        Raises:
            ChatBusyError: A run is under way.
            BadCommandError: There is no such snapshot.
        """
        found = await self.find(offset, turn=turn, label=label)
        fields = {"offset": found.offset, **({"force": True} if force else {}), **_by(by)}
        entry = await self._commands.settled("rollback", fields, "rolled_back")
        return Rollback(found, tuple(entry.data.get("crossed", ())), entry.offset)

    # --- State -------------------------------------------------------------------------------------------------------

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
        """The chat read as a whole, up to a snapshot (see `find`) or, with none named, up to now."""
        if (offset, turn, label) == (None, None, None):
            return await read_whole(self._pages)
        return await read_whole(self._pages, (await self.find(offset, turn=turn, label=label)).offset)

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
        team = load_spec(await self._pages.query("spec"))
        assert isinstance(team, TeamSpec | AgentSpec)
        old = rehearsed(team, messages, termination)
        await self.load_state(state_of(old), force=force, by=by)
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
        fields: dict[str, Any] = {**({"force": True} if force else {}), **_by(by)}
        if part is not None:
            whole = await read_whole(self._pages)
            state = with_part(whole.plan, whole.saved(), part, state)
            fields["at"] = whole.log.head
        fields["state"] = await stored_state(state, self._pages.put if self._stores else None)
        await self._commands.settled("load_state", fields, "loaded")


async def stored_state(state: Mapping[str, Any], put: Callable[[bytes], Awaitable[str]] | None) -> Mapping[str, Any]:
    """A state as a command carries it: in the store if it is large.

    Raises:
        PayloadTooLargeError: It is too large for a command, and there is no store.
    """
    if put is None or (size := size_of(state)) <= LARGE:
        if (size := size_of(state)) > MAX_TASK:
            raise PayloadTooLargeError(size, MAX_TASK, "The state")
        return state
    data = json.dumps(state, ensure_ascii=False).encode("utf-8", "replace")
    return {BLOB: await put(data), "size": len(data)}


def _by(by: str) -> dict[str, Any]:
    return {"by": by} if by else {}
