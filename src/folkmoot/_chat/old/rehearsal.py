"""A chat out of nothing but its old messages (AutoGen 0.2: GroupChatManager.resume).

The messages are said again in a scratch chat, and the state it is in then is that of the chat to be resumed: who was
heard by whom, whose turn is next in any kind of team, and the calls under way. Conditions count none of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from folkmoot._chat.calls import AgentFailure
from folkmoot._chat.engine import Chat
from folkmoot._chat.log import Log
from folkmoot._chat.managers import manager_of
from folkmoot._chat.plan import Node
from folkmoot._chat.termination import copied, fresh
from folkmoot._spec import AgentSpec
from folkmoot.teams import TeamSpec

from .cast import Cast, Part
from .ending import Ending, last_message_done
from .formats import read_messages
from .pending import taker_of
from .stage import Stage
from .trimming import Count, first_kept

__all__ = ["Pending", "Rehearsal", "rehearse"]


@dataclass(frozen=True, slots=True)
class Pending:
    """A tool call that the old messages end with, and that the chat is about to make.

    Attributes:
        path: Who runs it.
        id: The model's id of the call.
        name: The tool, or the handoff.
        arguments: JSON text.
    """

    path: str
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What became of the old messages.

    Attributes:
        chat: The scratch chat: its log for contexts and threads, its state for whose turn it is. With `pending` a run
            is under way in it, else it is idle. The state is not what its log alone folds to: conditions begin anew,
            nothing was used, and where the messages do not fit the team it has what they were taken for.
        warnings: What a caller should know.
        last_speaker: Path of the participant whose turn was last; None: nobody has spoken.
        next: Who speaks next, as far as that needs no model, function or person; several speak at once.
        pending: The calls that are under way.
    """

    chat: Chat
    warnings: list[str]
    last_speaker: str | None
    next: tuple[str, ...]
    pending: list[Pending]


def rehearse(
    team: TeamSpec | AgentSpec,
    messages: object,
    *,
    time: str,
    termination: Ending = None,
    uuid: str = "rehearsal",
    admin_name: str = "Admin",
    names: Mapping[str, str] = MappingProxyType({}),
    max_tokens: int | None = None,
    count: Count | None = None,
) -> Rehearsal:
    """Say old messages again, as a run would have.

    Everybody hears each message but who said it; what an agent did itself, tool calls and results included, is in its
    context as after a turn of its own. Calls without a result count as cancelled, unless they are the last message:
    then they are under way. Results belong to whoever asked for the call, no matter who is named with them.

    Messages of `user`, of the admin, of the manager, and those of nobody are tasks. In teams that plan
    (MagenticOneGroupChat) the manager's are its words to the others; facts and plan are known as far as it announced
    them, stalls and rounds begin at nothing. What was said inside an agent's tool is left out, as its result tells it;
    and that an inner team's run is over is known by who spoke after it, or by the end.

    Args:
        team: The team or agent of the chat.
        messages: A list of messages, AutoGen's JSON of them, or dictionaries of AutoGen 0.2, mixed as may be; or the
            JSON text of one. It is not changed.
        time: ISO 8601, UTC.
        termination: What is done to the last message, see `Ending`.
        uuid: Of the chat; ids of messages without one are made of it.
        admin_name: A further name of the person outside (AutoGen 0.2).
        names: Names in the old messages, and whom they mean in this team.
        max_tokens: Only the newest messages that have no more tokens together are kept, and the first task if that
            leaves room. Calls and results are never parted. Whose turn it is still follows from all of them.
        count: Tokens of a message; needed by `max_tokens`.

    Raises:
        ValueError: The messages, or one of them, are refused; nothing was done then.
    """
    if max_tokens is not None and (max_tokens <= 0 or count is None):
        raise ValueError(
            f"max_tokens must be greater than 0 and needs a count of tokens, got {max_tokens} and {count}."
        )
    old, warnings = read_messages(messages)
    chat = _opened(team, uuid, time)
    cast = Cast(chat.plan, admin_name, names)
    found = [(item, cast.part(item)) for item in old]
    if strangers := sorted({str(item.name) for item, part in found if part is None}):
        warnings.append(f"What {', '.join(strangers)} said inside tools is left out; the tools' results tell of it.")
    parts = [part for _, part in found if part is not None]
    if not parts:
        raise ValueError("All messages were said inside tools; there is nothing to resume.")
    parts[-1] = last_message_done(chat.plan, parts[-1], termination, time, warnings)
    if parts[-1].old.kind == "calls":
        parts = _handed(chat.plan.root, parts, warnings)
    stage = Stage(chat, parts, time).play(range(len(parts)))
    if max_tokens is not None and count is not None:
        first, task = first_kept(parts, max_tokens, count)
        if left := first - int(task):
            warnings.append(f"{left} of {len(parts)} messages and events are left out to keep to {max_tokens} tokens.")
            before = Stage(_opened(team, uuid, time), parts, time).play(range(first))
            kept = [*([0] if task else ()), *range(first, len(parts))]
            stage = Stage(_opened(team, uuid, time), parts, time).play(kept, first, before.speakers.managers())
    return _rehearsal(stage, warnings)


def _opened(team: TeamSpec | AgentSpec, uuid: str, time: str) -> Chat:
    chat = Chat(team, uuid, Log())
    chat.begin(team.name, "", time)
    return chat


def _handed(root: Node, parts: Sequence[Part], warnings: list[str]) -> list[Part]:
    """The messages with the calls at their end in the hands of who can run them; what was said beside them stays."""
    *before, last = parts
    node = root if last.seat is None else last.seat.node
    taker = taker_of(last.seat, list(node.seats.values()), last.old.message["content"], warnings)
    if taker is last.seat:
        return list(parts)
    if before and (words := before[-1]).old.place == last.old.place and words.old.message["type"] == "ThoughtEvent":
        message = {**words.old.message, "type": "TextMessage"}
        before[-1] = replace(words, old=replace(words.old, kind="message", message=message))
    asked = last.old.message["source"]
    warnings.append(f"{last.old.where}: the calls that {asked!r} asked for are run by {taker.path!r}, who can.")
    old = replace(last.old, message={**last.old.message, "source": taker.source})
    return [*before, Part(old, taker)]


def _rehearsal(stage: Stage, warnings: list[str]) -> Rehearsal:
    chat = stage.chat
    exchanges = stage.finish()
    _begin_counting(chat, stage.time)
    warnings = [*warnings, *stage.warnings]
    pending = [
        Pending(exchange.seat.path, call["id"], call["name"], call["arguments"])
        for exchange in exchanges
        for call in (exchange.calls[place] for place in exchange.missing)
    ]
    if pending:
        following = tuple(dict.fromkeys(call.path for call in pending))
    else:
        following = _next(chat, stage.time)
        if (why := manager_of(chat.plan.root).refusal(chat.plan.root, chat.state.root, [])) is not None:
            warnings.append(why)
    return Rehearsal(chat, warnings, stage.last, following, pending)


def _begin_counting(chat: Chat, time: str) -> None:
    """Conditions and limits count from here on, and so does the use of models: another chat has paid for the rest."""
    state = chat.state
    for path, node in chat.plan.nodes.items():
        scope = state.scopes[path]
        scope.progress = fresh(node.condition, time)
        scope.before = copied(scope.progress) if scope.turns else None
        scope.rounds, scope.ended, scope.stop = 0, False, None
        if state.status != "cancelled":
            # Else functions are still to be asked about what was said last.
            scope.checked = chat.log.head
    state.usage = {}
    if not state.running:
        state.status = "stopped"


def _next(chat: Chat, time: str) -> tuple[str, ...]:
    """Who speaks next, if that can be told; asked of a copy, as some managers write when they choose."""
    probe = Chat(chat.team, chat.uuid, Log(chat.log.head, chat.log.digest), chat.state)
    root, scope = probe.plan.root, probe.state.root
    if scope.floor.left:
        return tuple(scope.floor.left)
    try:
        return tuple(manager_of(root).choose(probe, root, scope, time))
    except AgentFailure:
        return ()
