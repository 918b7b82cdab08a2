"""The verbs of a chat's handle that change its team."""

from __future__ import annotations

from collections.abc import Sequence

from folkmoot._chat.specs import json_of, team_of
from folkmoot._spec import AgentSpec, Participant, to_json
from folkmoot._temporal.payloads import MAX_TASK, size_of
from folkmoot.agents import LiveAgent, as_opened
from folkmoot.errors import BadCommandError, PayloadTooLargeError
from folkmoot.teams import GraphFlow, TeamSpec

from .history import by_whom
from .states import States

__all__ = ["Changes"]


class Changes(States):
    """A chat's handle with the changes of its team."""

    async def _bring(self, spec: TeamSpec | AgentSpec) -> None:
        """Have the live objects that a spec carries where the chat's workers are, if they are in this process."""

    async def change(
        self, team: TeamSpec | AgentSpec | LiveAgent, *, hears: bool = True, force: bool = False, by: str = ""
    ) -> None:
        """From now on the chat is one of another team: participants come, go and are replaced, options change.

        Who stays, by name and kind, keeps context, undelivered messages and a turn that was under way; conditions that
        stay keep their progress. The change is an entry of the log: a rollback behind it goes back to the old team.

        Args:
            team: The team from now on.
            hears: Newcomers hear what was said so far.
            force: End a run that is under way first.
            by: Who asks for it, for the log.

        Raises:
            ChatBusyError: A run is under way.
            UnknownNameError: The workers do not know a name in the spec.
            BadCommandError: It is the very team the chat has, or none a chat can have.
            PayloadTooLargeError: The spec is too large.
        """
        given = as_opened(team)
        await self._bring(given)
        spec = json_of(given)
        if (size := size_of(spec)) > MAX_TASK:
            raise PayloadTooLargeError(size, MAX_TASK, "The spec")
        fields = {"spec": spec, "hears": hears, **({"force": True} if force else {}), **by_whom(by)}
        await self._commands.settled("change", fields, "loaded")

    async def add_participant(
        self, participant: TeamSpec | AgentSpec | LiveAgent, *, hears: bool = True, force: bool = False, by: str = ""
    ) -> None:
        """Let one more take part, last in order (see `change`).

        Raises:
            BadCommandError: The chat has no team to join, or one of that name takes part already.
        """
        team, new = await self._team(), as_opened(participant)
        await self._bring(new)
        await self.change(_with(team, [*team.participants, new]), hears=hears, force=force, by=by)

    async def remove_participant(self, name: str, *, force: bool = False, by: str = "") -> None:
        """Let one no longer take part (see `change`).

        Raises:
            BadCommandError: Nobody of that name takes part, or the team cannot be without.
        """
        team = await self._team()
        if name not in team.participant_names:
            known = ", ".join(team.participant_names)
            raise BadCommandError(f"Nobody named {name!r} takes part; there are {known}.")
        rest = [member for member in team.participants if member.name != name]
        await self.change(_with(team, rest), force=force, by=by)

    async def replace_participant(
        self,
        name: str,
        participant: TeamSpec | AgentSpec | LiveAgent,
        *,
        hears: bool = True,
        force: bool = False,
        by: str = "",
    ) -> None:
        """Let another take a participant's place (see `change`); one of the same name and kind has its context, too.

        Raises:
            BadCommandError: Nobody of that name takes part.
        """
        team = await self._team()
        if name not in team.participant_names:
            known = ", ".join(team.participant_names)
            raise BadCommandError(f"Nobody named {name!r} takes part; there are {known}.")
        new = as_opened(participant)
        await self._bring(new)
        members = [new if member.name == name else member for member in team.participants]
        await self.change(_with(team, members), hears=hears, force=force, by=by)

    async def _team(self) -> TeamSpec:
        team = team_of(await self._pages.query("spec"))
        if not isinstance(team, TeamSpec):
            raise BadCommandError(f"Chat {self.id!r} is one of a single agent, {team.name!r}; nobody can join it.")
        return team


def _with(team: TeamSpec, members: Sequence[Participant]) -> TeamSpec:
    """The team with these participants.

    Raises:
        BadCommandError: It cannot be.
    """
    data = {**json_of(team), "participants": [to_json(member) for member in members]}
    try:
        found = team_of(data)
    except ValueError as error:
        more = ""
        if isinstance(team, GraphFlow) or getattr(team, "allowed_or_disallowed_speaker_transitions", None) is not None:
            more = " Its graph or its transitions name the participants: give `change` the whole team."
        raise BadCommandError(f"There is no such team: {error}{more}") from None
    assert isinstance(found, TeamSpec)
    return found
