"""What steers a chat: pause, resume, stop, cancel, reset, close, say, change, summarize."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from folkmoot.options import ModelSpec

from .bodies import StrictRoute
from .dependencies import CHANGES, AllTeams, CommandedChat, DesignedChat, Designer, in_time
from .handles import RequestChat
from .messages import message_of
from .problems import refusing_bad_input
from .schemas import ChangeTeam, ChatStatus, Force, Pause, Said, Say, Summarize, Summary

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, prefix="/chats/{id}", tags=["steering"], responses=CHANGES)


@router.post("/pause", summary="Pause a chat")
async def pause_chat(chat: CommandedChat, body: Annotated[Pause, Body(default_factory=Pause)]) -> ChatStatus:
    """Let no new step start until `resume`. Calls in flight finish and are kept."""
    await chat.pause(now=body.now)
    return await _status(chat)


@router.post("/resume", summary="Resume a chat")
async def resume_chat(chat: CommandedChat) -> ChatStatus:
    """Go on after a pause; without one, nothing happens."""
    await chat.resume()
    return await _status(chat)


@router.post("/stop", summary="Stop a run")
async def stop_run(chat: CommandedChat) -> ChatStatus:
    """End the run after the current turn; while the chat is idle, the next run after its task."""
    await chat.stop()
    return await _status(chat)


@router.post("/cancel", summary="Cancel a run")
async def cancel_run(chat: CommandedChat) -> ChatStatus:
    """End the run now. Calls in flight are cancelled; the chat can run again."""
    await chat.cancel()
    return await _status(chat)


@router.post("/reset", summary="Reset a chat")
async def reset_chat(chat: CommandedChat, body: Annotated[Force, Body(default_factory=Force)]) -> ChatStatus:
    """Forget the conversation and start afresh. The log stays readable."""
    await chat.reset(force=body.force)
    return await _status(chat)


@router.post("/close", summary="Close a chat")
async def close_chat(chat: CommandedChat, body: Annotated[Force, Body(default_factory=Force)]) -> ChatStatus:
    """End the chat. Its log stays readable."""
    await chat.close(force=body.force)
    return await _status(chat)


@router.post("/say", summary="Say something in a chat")
async def say(chat: CommandedChat, body: Say) -> Said:
    """Say something into a chat, whatever it is doing; to an idle chat it is the task of a run."""
    with refusing_bad_input():
        offset = await chat.say(message_of(body.message), when=body.when)
    return Said(chat=chat.id, offset=offset)


@router.post("/change", summary="Change a chat's team")
async def change_team(chat: DesignedChat, identity: Designer, teams: AllTeams, body: ChangeTeam) -> ChatStatus:
    """Make the chat one of another team: participants come, go and are replaced, options and policies change."""
    team = teams.pick(body.team, identity)
    with refusing_bad_input():
        await chat.change(team, hears=body.hears, force=body.force)
    return await _status(chat)


@router.post("/summarize", summary="Sum a chat up")
async def summarize_chat(chat: CommandedChat, body: Annotated[Summarize, Body(default_factory=Summarize)]) -> Summary:
    """What the chat came to, while no run is under way. Nobody in the chat hears of it."""
    with refusing_bad_input():
        given = body.model_client
        model = given if given is None or isinstance(given, str) else ModelSpec.from_json(given)
        async with in_time(f"Summing up chat {chat.id!r}"):
            text = await chat.summarize(body.method, prompt=body.prompt, model_client=model)
    return Summary(summary=text)


async def _status(chat: RequestChat) -> ChatStatus:
    return ChatStatus.of(chat.id, await chat.status())
