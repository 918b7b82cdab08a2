"""From a changelog to a published release note: a writer and a critic agree on a text, then it is published once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.notes import Note, publish_note
    from folkmoot import (
        AssistantAgent,
        MaxMessageTermination,
        RoundRobinGroupChat,
        TextMentionTermination,
        TextMessage,
        Tool,
    )
    from folkmoot.workflow import open_group_chat

__all__ = ["ReleaseNote", "ReleaseRequest", "editors"]

APPROVED = "APPROVE"


@dataclass
class ReleaseRequest:
    """What to write about.

    Attributes:
        version: A version of the changelog.
        model: The model of both agents.
    """

    version: str
    model: str = "gpt-4o-mini"


def editors(model: str) -> RoundRobinGroupChat:
    """The team: a writer who reads the changelog, and a critic whose approval ends the chat."""
    writer = AssistantAgent(
        "writer",
        model,
        tools=[Tool("read_changes")],
        max_tool_iterations=3,
        system_message=(
            "You write release notes for users. Read the changes of the version with your tool first. "
            "Answer with the full text of the note and nothing else, in at most 120 words."
        ),
    )
    critic = AssistantAgent(
        "critic",
        model,
        system_message=(
            "You check release notes: plain words, nothing the changes do not say, nothing important missing. "
            f"Say {APPROVED} if the last note is good as it is, else say what to mend."
        ),
    )
    ends = TextMentionTermination(APPROVED, sources=["critic"]) | MaxMessageTermination(12)
    return RoundRobinGroupChat([writer, critic], name="editors", termination_condition=ends)


@workflow.defn
class ReleaseNote:
    """Writes and publishes the release note of one version; returns the published file's path."""

    @workflow.run
    async def run(self, request: ReleaseRequest) -> str:
        """Hold the chat, publish what was approved.

        Raises:
            ApplicationError: The critic did not approve within twelve messages.
        """
        chat = await open_group_chat(editors(request.model), f"{workflow.info().workflow_id}-chat")
        try:
            outcome = await chat.run(task=f"Write the release note of version {request.version}.")
        finally:
            await chat.close(force=True)
        spoken = [message for message in outcome.messages if isinstance(message, TextMessage)]
        if outcome.stop_reason is None or APPROVED not in outcome.stop_reason:
            raise ApplicationError(
                f"The note of {request.version!r} was not approved: {outcome.stop_reason}",
                type="NotApproved",
                non_retryable=True,
            )
        text = next(message.content for message in reversed(spoken) if message.source == "writer")
        return await workflow.execute_activity(
            publish_note, Note(request.version, text), start_to_close_timeout=timedelta(seconds=30)
        )
