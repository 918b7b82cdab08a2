"""The verbs of a chat's handle that go back in time, or take its state elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from folkmoot._chat.crossing import crossed
from folkmoot._chat.log import Entry, Log
from folkmoot._chat.masking import mask_entry, masked
from folkmoot._chat.plan import Plan
from folkmoot._chat.snapshots import Snapshot, current, snapshots, state_at
from folkmoot._chat.specs import team_of
from folkmoot.errors import BadCommandError

from .commands import Commands
from .comparing import Comparison, Stood, compare, way_of
from .model_views import ModelView, model_view
from .pages import LogPages
from .whole import entries_in, read_branch

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
        compensated: What undoing them brought, the latest call first: `offset` (of the call's outcome), `name` (of the
            tool that undid it), `content`, `is_error`.
    """

    snapshot: LabelledSnapshot
    crossed: tuple[Mapping[str, Any], ...]
    offset: int
    compensated: tuple[Mapping[str, Any], ...] = ()


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
        """The points this chat can be read at, rolled back to or forked from.

        There is one after every turn, load and change of the team, and at every wait. Those of other branches are among
        them, oldest first by their place in the log.
        """
        data = await self._pages.query("snapshots")
        found: list[Snapshot] = []
        async for segment in self._pages.leaves(data["segments"]):
            found += snapshots(await self._pages.sealed_chat(segment))
        return _placed([*found, *map(_snapshot, data["snapshots"])], data)

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
            chat = await self._pages.sealed_chat(await self._pages.leaf(data["segments"], offset))
            found = next((item for item in snapshots(chat) if item.offset == offset), None)
            if found is None:
                raise BadCommandError(f"There is no snapshot {offset}; `snapshots` lists them.")
            data |= {"snapshot": asdict(found), "state": state_at(chat, offset).dump()}
        (placed,) = _placed([_snapshot(data["snapshot"])], data)
        return {"snapshot": asdict(placed), "state": data["state"]}

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
        given = {"offset": offset, "turn": turn, "label": label}
        named = {name: value for name, value in given.items() if value is not None}
        if len(named) != 1:
            raise BadCommandError(
                f"Say which snapshot is meant by one of offset, turn and label; got {named or 'none of them'}."
            )
        if turn is not None:
            return await self._after_turn(turn)
        if label is not None:
            data = await self._pages.query("state")
            offset = data["state"].get("labels", {}).get(label)
            if offset is None:
                raise BadCommandError(f"No snapshot has the label {label!r}; `snapshots` lists them.")
        assert offset is not None
        found: dict[str, Any] = (await self.snapshot(offset))["snapshot"]
        return LabelledSnapshot(**found)

    async def _after_turn(self, turn: int) -> LabelledSnapshot:
        """The snapshot after a turn of the present branch; of a long chat only the part in which it ended is read."""
        data = await self._pages.query("snapshots")
        found = [_snapshot(item) for item in data["snapshots"]]
        if not any(item.turn == turn for item in found):
            segment = await self._pages.leaf_of_turn(data["segments"], turn)
            found = [] if segment is None else snapshots(await self._pages.sealed_chat(segment))
        placed = _placed([item for item in found if item.turn == turn and item.reason in ("turn", "load")], data)
        # A fork and a loaded chat have their last turn before that from elsewhere: it ended where they begin.
        of_turn = [item for item in placed if item.reason == "turn"] or placed
        for item in of_turn:
            if item.current:
                return item
        if of_turn:
            raise BadCommandError(
                f"Turn {turn} is not on the present branch; its snapshot there is at offset {of_turn[-1].offset}."
            )
        raise BadCommandError(f"There is no snapshot of turn {turn}; `snapshots` lists them.")

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
        await self._commands.signal("label", {"label": name, "offset": found.offset, **by_whom(by)})
        return await self.find(label=name)

    async def unlabel(self, name: str, *, by: str = "") -> None:
        """Take a name away.

        Raises:
            BadCommandError: No snapshot has it.
        """
        await self._commands.signal("label", {"label": name, **by_whom(by)})

    async def compare(self, first: int | str, second: int | str) -> Comparison:
        """What two snapshots have in common and what not, on whatever branches they lie.

        Args:
            first: One snapshot: a number is its offset, a text its label.
            second: Likewise the other.

        Raises:
            BadCommandError: One of them is no snapshot.
        """
        offsets = [
            (await self.find(label=named)).offset if isinstance(named, str) else named for named in (first, second)
        ]
        places = [await self._stood(offset) for offset in offsets]
        return await compare(self._pages, places[0], places[1])

    async def _stood(self, offset: int) -> Stood:
        """A snapshot with the state there.

        Raises:
            BadCommandError: There is no such snapshot.
        """
        data = await self.snapshot(offset)
        return Stood(LabelledSnapshot(**data["snapshot"]), data["state"])

    async def rollback(
        self,
        offset: int | None = None,
        *,
        turn: int | None = None,
        label: str | None = None,
        force: bool = False,
        compensate: bool = False,
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
            compensate: Have the tools run that undo crossed calls, the latest call first; the chat goes on after them.
            by: Who asks for it, for the log.

        Raises:
            ChatBusyError: A run is under way.
            BadCommandError: There is no such snapshot.
        """
        found = await self.find(offset, turn=turn, label=label)
        asked = {name: True for name, wanted in (("force", force), ("compensate", compensate)) if wanted}
        entry = await self._commands.settled(
            "rollback", {"offset": found.offset, **asked, **by_whom(by)}, "rolled_back"
        )
        done = await self._compensated(entry)
        # Wherever it lay, the chat is on its branch now.
        return Rollback(
            replace(found, current=True), tuple(mask_entry(entry).data.get("crossed", ())), entry.offset, done
        )

    async def _compensated(self, rollback: Entry) -> tuple[Mapping[str, Any], ...]:
        """What undoing calls brought, once all are undone."""
        missing, done = len(rollback.data.get("undo", ())), list[Mapping[str, Any]]()
        if missing:
            async for entry in self._pages.follow(rollback.offset + 1):
                if entry.kind == "compensated" and entry.data["since"] == rollback.offset:
                    names = ("offset", "name", "content", "is_error")
                    done.append({name: entry.data.get(name, False) for name in names})
                if len(done) == missing:
                    break
        return tuple(done)

    async def crossing(
        self, offset: int | None = None, *, turn: int | None = None, label: str | None = None
    ) -> list[Mapping[str, Any]]:
        """The calls of tools with side effects that a rollback to a snapshot would cross (see `Rollback.crossed`).

        Args:
            offset: Which snapshot (see `find`).
            turn: See `find`.
            label: See `find`.

        Raises:
            BadCommandError: There is no such snapshot.
        """
        found = await self.find(offset, turn=turn, label=label)
        now, then = await self._pages.query("state"), await self.snapshot(found.offset)
        head = now["offset"] + 1
        made = way_of(now["state"], head) - way_of(then["state"], found.offset + 1)
        if not made:
            return []
        # What both have in common is not read: it is sealed, as a rule.
        entries = await entries_in(self._pages, min(made), head)
        log = Log.restore(min(made), "", [entry.encoded for entry in entries])
        calls = {entry.data["call"] for entry in entries if entry.kind == "tool"}
        log.pin({offset: (await self._pages.fetch(offset))[0].encoded for offset in calls if offset < log.base})
        plan = Plan(team_of(await self._pages.query("spec")))
        return [
            {**call, "arguments": masked(call["arguments"], call.get("secrets", ()))}
            for call in crossed(plan, log, found.offset, head)
        ]

    async def context(self, path: str) -> ModelView:
        """What a model would see next: an agent's, in its next turn, or a selector's, in its next choice.

        Args:
            path: The participant's name or path, or the manager's of a team that selects with a model, such as
                `SelectorGroupChatManager`.

        Raises:
            BadCommandError: Nobody of that name has a model.
        """
        return model_view(await read_branch(self._pages), path)


def _snapshot(data: Mapping[str, Any]) -> Snapshot:
    fields: dict[str, Any] = {**data, "speakers": tuple(data["speakers"])}
    return Snapshot(**fields)


def _placed(found: Sequence[Snapshot], data: Mapping[str, Any]) -> list[LabelledSnapshot]:
    """Snapshots with what a query tells of their places."""
    on_it = {snapshot.offset for snapshot in current(found, data["jumps"], data["head"])}
    labels: dict[int, list[str]] = {}
    for name, offset in data["labels"].items():
        labels.setdefault(offset, []).append(name)
    return [
        LabelledSnapshot(**asdict(item), current=item.offset in on_it, labels=tuple(labels.get(item.offset, ())))
        for item in found
    ]


def by_whom(by: str) -> dict[str, Any]:
    """The field of a command that tells who asks for it."""
    return {"by": by} if by else {}
