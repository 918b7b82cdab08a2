"""A chat's handle, as far as it is about people: what they are asked, what they answer and decide."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from folkmoot._chat.masking import masked
from folkmoot._chat.requests import VERDICTS
from folkmoot._spec import Participant, load_spec
from folkmoot.messages import BaseChatMessage

from .tasks import log_task
from .team_changes import Changes

__all__ = ["By", "Decision", "PendingRequest", "People"]

By = str | Mapping[str, Any] | None
"""Who asks, answers or decides: an id, or `{"subject": id, "roles": [...], "channel": text}`."""

When = Literal["queue", "turn", "now"]
"""When the others hear what is said."""


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """Something people are asked.

    Attributes:
        request: Its id.
        kind: `input` (a text is wanted), `speaker` (the name of who speaks next); to be decided are `approval` (of a
            tool call), `turn`, `code`, `outcome` (nobody knows what became of a call) and `budget`.
        path: Who asks: a participant's path, or a team's (empty: the chat's own).
        prompt: The question.
        since: ISO 8601, UTC.
        offset: Of the entry that asks.
        deadline: ISO 8601, UTC; None: there is none.
        reason: Why it is asked, as the policy says.
        name: The tool's name.
        arguments: What is to be approved, secrets masked; None where there are none.
        content: What somebody proposed as the answer in the tool's place.
        hash: What a decision binds to.
        revision: How often it was changed since it was asked.
        approvers: Who may decide now; empty: everybody.
        quorum: How many must approve.
        votes: Those that count so far: subject, verdict, offset.
        verdicts: What can be decided.
        overdue: The deadline is over, and the chat goes on waiting.
    """

    request: str
    kind: str
    path: str
    prompt: str
    since: str
    offset: int
    deadline: str | None = None
    reason: str = ""
    name: str = ""
    arguments: Any = None
    content: str | None = None
    hash: str = ""
    revision: int = 0
    approvers: tuple[str, ...] = ()
    quorum: int = 1
    votes: tuple[Mapping[str, Any], ...] = ()
    verdicts: tuple[str, ...] = ()
    overdue: bool = False

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> PendingRequest:
        """What the query `pending` tells of one."""
        same = ("request", "kind", "path", "prompt", "since", "offset", "deadline", "reason", "name", "content", "hash")
        arguments = item.get("arguments")
        return cls(
            **{name: item[name] for name in same if name in item},
            arguments=None if arguments is None else _read(masked(arguments, item.get("secrets", ()))),
            revision=item.get("revision", 0),
            approvers=tuple(item.get("approvers", ())),
            quorum=item.get("quorum", 1),
            votes=tuple(item.get("votes", ())),
            verdicts=tuple(item.get("verdicts", ())),
            overdue=item.get("expired", False),
        )


def _read(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


@dataclass(frozen=True, slots=True)
class Decision:
    """A vote that counted.

    Attributes:
        request: The request's id.
        verdict: The vote's.
        offset: Of the vote in the log.
        decided: What the request was decided to with it; None: it is still open.
        missing: How many more must agree.
    """

    request: str
    verdict: str
    offset: int
    decided: str | None
    missing: int


class People(Changes):
    """What people do in a chat."""

    async def pending(self) -> list[PendingRequest]:
        """What people are asked now, oldest first."""
        data = await self._pages.query("pending")
        return [PendingRequest.of(item) for item in data["requests"]]

    async def _asked(self, request: str) -> PendingRequest | None:
        """What people are asked under an id, if they still are."""
        return next((item for item in await self.pending() if item.request == request), None)

    async def answer(self, request: str, content: str, *, by: By = None, command: str = "") -> None:
        """Answer what a person is asked; or, where a tool call is to be approved, answer in the tool's place.

        Args:
            request: The request's id, from `pending` or a UserInputRequestedEvent.
            content: The person's words; where the next speaker is asked for, a name.
            by: Who answers.
            command: The command's id: the same one is carried out once. Empty: a new one.

        Raises:
            DecisionRefusedError: There is no such open request, or it is not this person's to answer.
            BadCommandError: The answer is none for it.
        """
        found = await self._asked(request)
        if found is not None and found.kind in VERDICTS:
            await self.decide(request, "answer", content=content, hash=found.hash, by=by, command=command)
            return
        fields = {"request": request, "content": content, "by": by}
        await self._commands.signal("answer", _given(fields), command=command)

    async def decide(
        self,
        request: str,
        verdict: str,
        *,
        hash: str | None = None,
        by: By = None,
        reason: str = "",
        comment: str = "",
        arguments: Mapping[str, Any] | None = None,
        content: str | None = None,
        signature: str = "",
        command: str = "",
    ) -> Decision:
        """Vote on what people are asked to decide.

        Args:
            request: The request's id.
            verdict: approve, reject, edit (with `arguments`) or answer (with `content`); of a call whose outcome is
                unknown succeeded (with `content`), failed or retry; see `PendingRequest.verdicts`.
            hash: Of what was looked at (`PendingRequest.hash`); None: of what is pending right now.
            by: Who decides.
            reason: For whoever asked: models read it.
            comment: For the log.
            arguments: What the arguments are changed to.
            content: The answer in the tool's place, or the result.
            signature: Of the vote, where the policy wants one.
            command: The command's id: the same one is carried out once. Empty: a new one.

        Returns:
            The vote, and the decision if it was made with it.

        Raises:
            DecisionRefusedError: The vote does not count; the log says so, too.
        """
        seen = hash
        if seen is None:
            found = await self._asked(request)
            seen = "" if found is None else found.hash
        fields: dict[str, Any] = {"request": request, "verdict": verdict, "hash": seen, "by": by, "reason": reason}
        fields |= {"comment": comment, "arguments": arguments, "content": content, "signature": signature}
        entry = await self._commands.signal("decide", _given(fields), command=command)
        return await self._decision(request, verdict, entry.offset)

    async def _decision(self, request: str, verdict: str, offset: int) -> Decision:
        following = await self._pages.fetch(offset + 1)
        for entry in following[:1]:
            if entry.kind == "decided" and entry.data["request"] == request:
                return Decision(request, verdict, offset, entry.data["verdict"], 0)
        found = await self._asked(request)
        agreed = 0 if found is None else sum(vote["verdict"] != "reject" for vote in found.votes)
        return Decision(request, verdict, offset, None, 0 if found is None else found.quorum - agreed)

    async def say(
        self, message: str | BaseChatMessage, *, when: When = "queue", by: By = None, command: str = ""
    ) -> int:
        """Say something into the chat, whatever it is doing; to an idle chat it is the task of a run.

        Args:
            message: A text, which comes from `user`, or a message.
            when: `queue`: the task of a run that begins by itself once the one under way is over; `turn`: everyone
                hears it after the current turn; `now`: that is broken off, and who was speaking speaks again.
            by: Who says it.
            command: The command's id: the same one is carried out once. Empty: a new one.

        Returns:
            The offset of the entry `said`.

        Raises:
            ValueError: It is no message, or one that this chat cannot take.
        """
        (task,) = (await log_task(message, self._pages.put if self._stores else None, self._spec))["task"]
        fields = {"message": task, "when": when, "by": by}
        return (await self._commands.signal("say", _given(fields), command=command)).offset

    async def _spec(self) -> Participant:
        return load_spec(await self._pages.query("spec"))

    async def approve(self, request: str, *, hash: str | None = None, by: By = None, comment: str = "") -> Decision:
        """Approve of what is asked; see `decide`."""
        return await self.decide(request, "approve", hash=hash, by=by, comment=comment)

    async def reject(
        self, request: str, reason: str = "", *, hash: str | None = None, by: By = None, comment: str = ""
    ) -> Decision:
        """Reject what is asked, with a reason for whoever asked; see `decide`."""
        return await self.decide(request, "reject", hash=hash, by=by, reason=reason, comment=comment)

    async def edit(
        self,
        request: str,
        arguments: Mapping[str, Any],
        *,
        hash: str | None = None,
        by: By = None,
        comment: str = "",
    ) -> Decision:
        """Change the arguments of what is asked, and approve of that; see `decide`."""
        return await self.decide(request, "edit", hash=hash, by=by, arguments=arguments, comment=comment)


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a command that were given; an empty content is one."""
    return {name: value for name, value in fields.items() if value is not None and (value != "" or name == "content")}
