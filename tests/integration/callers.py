"""Workflows of a user who asks group chats; they run in the SDK's sandbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow

from folkmoot import AssistantAgent, FolkmootError, RoundRobinGroupChat
from folkmoot.workflow import get_group_chat, open_group_chat, run_group_chat


def team(turns: int = 1) -> RoundRobinGroupChat:
    """The team all of them ask."""
    return RoundRobinGroupChat([AssistantAgent(name, "scripted") for name in ("a", "b")], max_turns=turns)


@workflow.defn
class Asker:
    """One run of a chat of its own."""

    @workflow.run
    async def run(self, data: dict[str, Any]) -> dict[str, Any]:
        outcome = await run_group_chat(
            team(data.get("turns", 1)), task=data["task"], id=data["chat"], queue=data["queue"]
        )
        return {
            "texts": [message.to_text() for message in outcome.messages],
            "complete": outcome.complete,
            "stop_reason": outcome.stop_reason,
            "last": outcome.last,
            "usage": outcome.usage,
        }


@workflow.defn
class Keeper:
    """Several runs of one chat; tells the last text or the error of each."""

    @workflow.run
    async def run(self, data: dict[str, Any]) -> list[str]:
        chat = await open_group_chat(team(), data["chat"], queue=data["queue"])
        answers: list[str] = []
        for task in data["tasks"]:
            try:
                if task == "!close":
                    await chat.close()
                    answers.append("closed")
                else:
                    answers.append((await chat.run(task=task)).messages[-1].to_text())
            except (FolkmootError, ValueError) as error:
                answers.append(f"{type(error).__name__}: {error}")
        return answers


@workflow.defn
class Returning:
    """A run of one chat in each of its own runs: it continues as new in between."""

    @workflow.run
    async def run(self, data: dict[str, Any]) -> list[str]:
        chat = await open_group_chat(team(), data["chat"], queue=data["queue"])
        outcome = await chat.run(task=f"task {data['left']}")
        answers = [*data.get("answers", []), outcome.messages[-1].to_text()]
        if data["left"] > 1:
            workflow.continue_as_new({**data, "left": data["left"] - 1, "answers": answers})
        return answers


@workflow.defn
class Starter:
    """Asks for a run, waits for a while, and goes away."""

    @workflow.run
    async def run(self, data: dict[str, Any]) -> str:
        chat = await open_group_chat(team(), data["chat"], queue=data["queue"])
        try:
            await chat.run(task="go", timeout=timedelta(seconds=data["patience"]))
        except TimeoutError:
            return "gave up waiting"
        return "done"


@workflow.defn
class Sayer:
    """Says something into a chat, and leaves."""

    @workflow.run
    async def run(self, data: dict[str, Any]) -> None:
        chat = await open_group_chat(team(), data["chat"], queue=data["queue"])
        await chat.say("hear me", when="turn", by="workflow")


@workflow.defn
class Changer:
    """Has others take part in a chat that somebody else opened, and asks it for runs; tells who spoke, or the error."""

    @workflow.run
    async def run(self, data: dict[str, Any]) -> list[str]:
        chat = get_group_chat(data["chat"])
        told: list[str] = []
        for names in data["teams"]:
            members = [AssistantAgent(name, "scripted") for name in names]
            try:
                if names:
                    await chat.change(RoundRobinGroupChat(members, max_turns=len(names)), hears=False, by="caller")
                told.append(" ".join(message.source for message in (await chat.run(task="go")).messages))
            except FolkmootError as error:
                told.append(type(error).__name__)
        return told
