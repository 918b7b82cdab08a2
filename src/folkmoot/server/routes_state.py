"""A chat's state, down and up; what its models see, what it has used, what it is made of."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from .bodies import StrictRoute
from .dependencies import (
    CHANGES,
    READS,
    AllTeams,
    DesignedChat,
    Designer,
    ReadChat,
    ThatLabel,
    ThatOffset,
    ThatTurn,
    WholeChat,
)
from .messages import old_messages_of
from .problems import refusing_bad_input
from .schemas import BudgetUse, ChatStatus, Context, JsonObject, OldMessages, Resumed, Usage

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, prefix="/chats/{id}", tags=["state"])

Part = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=500,
        description="Only this participant's, by its path, or this condition's: `termination`, `PATH/termination`.",
    ),
]
Force = Annotated[bool, Query(description="End a run that is under way first.")]


@router.get("/state", summary="Save a chat's state", responses=READS)
async def get_state(
    chat: WholeChat, part: Part = None, offset: ThatOffset = None, turn: ThatTurn = None, label: ThatLabel = None
) -> JsonObject:
    """The chat's state as AutoGen's JSON, now or at a snapshot, with what AutoGen forgets under `folkmoot`.

    It is complete, arguments included that are masked elsewhere: so it takes the role `operator`.
    """
    return await chat.save_state(part, offset=offset, turn=turn, label=label)


@router.put("/state", summary="Load a state", responses=CHANGES)
async def put_state(
    chat: DesignedChat,
    identity: Designer,
    teams: AllTeams,
    state: Annotated[JsonObject, Body(description="A saved state, ours or AutoGen's.")],
    part: Part = None,
    force: Force = False,
) -> ChatStatus:
    """Take over a saved state, as a whole or not at all. What was stays readable, as a branch.

    A state says what was agreed to so far: so it takes the role `designer`.
    """
    teams.check_state(identity)
    with refusing_bad_input():
        await chat.load_state(state, part, force=force)
    return ChatStatus.of(chat.id, await chat.status())


@router.put("/messages", summary="Go on from old messages", responses=CHANGES)
async def put_messages(
    chat: DesignedChat, identity: Designer, teams: AllTeams, body: OldMessages, force: Force = False
) -> Resumed:
    """Go on from old messages in place of what was said, which stays readable, as a branch (AutoGen 0.2: `resume`).

    Each is heard by everyone but its speaker; a run without a task goes on with whoever is next. A tool call without a
    result at the end is made by that run. They say who said what: so this takes the role `designer`.
    """
    teams.check_state(identity)
    with refusing_bad_input():
        warnings = await chat.load_messages(old_messages_of(body), force=force)
    return Resumed.of(chat.id, await chat.status(), warnings=warnings)


@router.get("/context", summary="Show what a model would see", responses=READS)
async def get_context(
    chat: WholeChat,
    path: Annotated[
        str,
        Query(min_length=1, max_length=500, description="A participant's name or path, or a selecting manager's."),
    ],
) -> Context:
    """What a model would see next: an agent's in its next turn, or a selector's in its next choice."""
    found = await chat.context(path)
    messages: list[dict[str, Any]] = [dict(message) for message in found.messages]
    return Context(messages=messages, tokens=found.tokens, whole=found.whole, unapplied=list(found.unapplied))


@router.get("/usage", summary="Show a chat's usage", responses=READS)
async def get_usage(chat: ReadChat) -> Usage:
    """Tokens and calls by agent, over the chat's whole life, and how far its budgets are used."""
    budgets = [BudgetUse.model_validate(item) for item in await chat.budgets()]
    return Usage(agents=await chat.usage(), budgets=budgets)


@router.get("/spec", summary="Show a chat's spec", responses=READS)
async def get_spec(chat: ReadChat) -> JsonObject:
    """The spec of its team as it is now."""
    return await chat.spec()


@router.get("/export", summary="Export a chat", responses=READS)
async def export_chat(
    chat: WholeChat, offset: ThatOffset = None, turn: ThatTurn = None, label: ThatLabel = None
) -> JsonObject:
    """The chat at a snapshot, or as it is now, as one document that needs nothing else (see `import`).

    It is complete, arguments included that are masked elsewhere: so it takes the role `operator`.
    """
    return await chat.export(offset, turn=turn, label=label)
