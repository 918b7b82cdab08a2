"""Agents and teams as tools (AutoGen: `autogen_agentchat.tools`): a model gives a task, another participant does it.

A call is no activity of its own: who answers speaks in a scope of the same chat, and is remembered between calls.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from folkmoot._spec import AgentSpec, Participant
from folkmoot.agents.custom import LiveAgent, as_participant
from folkmoot.options import ToolOptions

from .named import Tool

__all__ = ["AgentTool", "RunnerTool", "TeamTool"]


class RunnerTool(Tool, frozen=True):
    """What `AgentTool` and `TeamTool` share (AutoGen: TaskRunnerTool).

    Its result is what was said, as `source: text` with an empty line between, or the last message alone.
    """

    description: str
    """What it does, for models."""
    return_value_as_last_message: bool = False
    """Answer with the text of the last message only."""

    @property
    @abstractmethod
    def runnable(self) -> Participant:
        """Who does the task."""

    @property
    def schema(self) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride] - AutoGen's name
        """What a model is told, in the form of `FunctionTool.schema`: one argument, `task`."""
        parameters: dict[str, object] = {
            "type": "object",
            "properties": {"task": {"type": "string", "description": "The task to be executed."}},
            "required": ["task"],
            "additionalProperties": False,
        }
        return {"name": self.name, "description": self.description, "parameters": parameters, "strict": True}

    def check(self) -> None:
        """Refuse options: no activity runs the call as a whole."""
        super().check()
        if self.options != ToolOptions():
            raise ValueError(f"Tool {self.name!r} is run by the chat itself; ToolOptions do not apply to it.")

    def _flag(self) -> dict[str, object]:
        return {"return_value_as_last_message": True} if self.return_value_as_last_message else {}


class AgentTool(RunnerTool, frozen=True):
    """An agent as a tool, under its own name and description. Its JSON is `{"agent": {...}}`.

    Args:
        agent: The agent: a spec, or a live agent.
        return_value_as_last_message: Answer with the text of its last message only.

    Raises:
        TypeError: `agent` can take part in no chat.
        ValueError: It is a team, or its name is none that models take.
    """

    told_by: ClassVar[str | None] = "agent"
    agent: AgentSpec

    def __init__(self, agent: AgentSpec | LiveAgent, return_value_as_last_message: bool = False) -> None:
        spec = as_participant(agent)
        if not isinstance(spec, AgentSpec):
            raise ValueError(f"An AgentTool takes an agent, got the team {spec.name!r}; use a TeamTool.")
        self._fill(
            name=spec.name,
            description=spec.description,
            agent=spec,
            return_value_as_last_message=return_value_as_last_message,
        )

    @classmethod
    def _build(cls, fields: Mapping[str, object]) -> Self:
        agent = AgentSpec.from_json(fields.get("agent"))
        return super()._build({"name": agent.name, "description": agent.description, **fields, "agent": agent})

    def check(self) -> None:
        """Refuse JSON with another name or description than the agent's."""
        super().check()
        if (self.name, self.description) != (self.agent.name, self.agent.description):
            raise ValueError(f"An AgentTool has its agent's name and description, got {self.name!r}.")

    def to_json(self) -> object:
        """The agent, and the flag where it is set."""
        return {"agent": self.agent.to_json(), **self._flag()}

    @property
    def runnable(self) -> AgentSpec:
        """The agent."""
        return self.agent


class TeamTool(RunnerTool, frozen=True):
    """A team as a tool. Its JSON is `{"team": {...}, "name": "...", "description": "..."}`.

    Args:
        team: The team.
        name: The tool's name: letters, digits, `_` and `-`, at most 64.
        description: What it does, for models.
        return_value_as_last_message: Answer with the text of its last message only.

    Raises:
        TypeError: `team` can take part in no chat.
        ValueError: It is an agent, or the name is none that models take.
    """

    told_by: ClassVar[str | None] = "team"
    team: Participant

    def __init__(
        self, team: Participant, name: str, description: str, return_value_as_last_message: bool = False
    ) -> None:
        self._fill(
            name=name,
            description=description,
            team=as_participant(team),
            return_value_as_last_message=return_value_as_last_message,
        )

    def check(self) -> None:
        """Refuse an agent."""
        super().check()
        if isinstance(self.team, AgentSpec):
            raise ValueError(f"A TeamTool takes a team, got the agent {self.team.name!r}; use an AgentTool.")

    def to_json(self) -> object:
        """The team with the tool's own name and description, and the flag where it is set."""
        return {"team": self.team.to_json(), "name": self.name, "description": self.description, **self._flag()}

    @property
    def runnable(self) -> Participant:
        """The team."""
        return self.team
