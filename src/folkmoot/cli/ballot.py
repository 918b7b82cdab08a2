"""A request that is decided at a terminal: it is shown in full, and one key says what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from folkmoot.chat import Chat, PendingRequest
from folkmoot.errors import BadCommandError, DecisionRefusedError

from .deciding import told
from .editor import edited
from .requests import amounts_of, arguments_of, command_for, details, person_of
from .screen import Screen

__all__ = ["Ballot"]

Typed = Callable[[str], Awaitable[str | None]]
"""The line a person types after a prompt; None: there is none, or nothing is asked any more."""

_CHOICES = {
    "approve": "[a]pprove",
    "reject": "[r]eject",
    "edit": "[e]dit",
    "answer": "a[n]swer in its place",
    "succeeded": "it s[u]cceeded",
    "failed": "it [f]ailed",
    "retry": "[r]un it again",
    "skip": "[s]kip",
}
_KEY = re.compile(r"\[(\w)\]")
_WORDS = {
    "reject": ("reason", "Why? "),
    "failed": ("reason", "Why? "),
    "answer": ("content", "The answer: "),
    "succeeded": ("content", "Its result: "),
}
"""What else is wanted with a verdict: the field, and the question."""


@dataclass(frozen=True)
class Ballot:
    """Puts requests that are to be decided to the person at a terminal.

    Attributes:
        screen: Where to.
        chat: Whose requests.
        who: The person, for the log; None: they are asked.
    """

    screen: Screen
    chat: Chat
    who: dict[str, Any] | None

    async def put(self, request: PendingRequest, typed: Typed) -> bool:
        """Put one.

        Returns:
            Whether the person is done with it; else it is to be put again, as it is then.
        """
        self.screen.say("")
        self.screen.out.print(details(request), soft_wrap=True)
        verdict = await self._verdict(request, typed)
        if verdict == "skip":
            self.screen.note(f"left open: {command_for(self.chat.id, request)}")
        if verdict in (None, "skip"):
            return True
        try:
            brings = await self._brings(request, verdict, typed)
        except (ValueError, OSError) as error:
            self.screen.note(str(error))
            return False
        if brings is None:
            return True
        ballot = self if self.who is not None else await self._somebody(typed)
        return ballot is None or await ballot._cast(request, verdict, brings)

    async def _verdict(self, request: PendingRequest, typed: Typed) -> str | None:
        known = {name: _CHOICES[name] for name in (*request.verdicts, "skip")}
        keys = {found[1]: name for name, text in known.items() if (found := _KEY.search(text))}
        while (line := await typed(f"{', '.join(known.values())}? ")) is not None:
            said = line.strip().lower()
            if verdict := keys.get(said) or (said if said in known else None):
                return verdict
            self.screen.note(f"One of {', '.join(keys)}; got {said!r}.")
        return None

    async def _brings(self, request: PendingRequest, verdict: str, typed: Typed) -> dict[str, Any] | None:
        """What goes with a verdict; None: the person has left."""
        if verdict == "edit":
            text = await edited(request.arguments)
            if text is None:
                raise ValueError("Nothing was changed.")
            return {"arguments": arguments_of(text)}
        if verdict == "approve" and request.kind == "budget":
            line = await typed("How much more, such as tokens=1000? ")
            return None if line is None else {"arguments": amounts_of(line.split())}
        if verdict not in _WORDS:
            return {}
        field, question = _WORDS[verdict]
        line = await typed(question)
        return None if line is None else {field: line}

    async def _somebody(self, typed: Typed) -> Ballot | None:
        while (line := await typed("Who are you, for the log? ")) is not None:
            if line.strip():
                return replace(self, who=person_of(line, None))
        return None

    async def _cast(self, request: PendingRequest, verdict: str, brings: dict[str, Any]) -> bool:
        try:
            decision = await self.chat.decide(request.request, verdict, hash=request.hash, by=self.who, **brings)
        except (DecisionRefusedError, BadCommandError) as error:
            # Somebody else was faster, or it is not theirs to decide, or what they changed does not fit.
            self.screen.note(str(error))
            return False
        self.screen.say(f"({told(decision)})", "dim")
        return True
