"""What a worker has registered under names: what cannot be JSON. Specs hold the names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from folkmoot._chat.termination import functions_of
from folkmoot._spec import walk
from folkmoot.agents import AgentSpec, AssistantAgent
from folkmoot.errors import UnknownNameError, to_wire
from folkmoot.models import ModelRegistry
from folkmoot.teams import TeamSpec
from folkmoot.tools import FunctionTool

__all__ = ["Registry"]


@dataclass
class Registry:
    """Models, tools and functions of one worker, by name."""

    models: ModelRegistry
    tools: dict[str, FunctionTool] = field(default_factory=dict[str, FunctionTool])
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict[str, Callable[..., Any]])

    def tool(self, name: str) -> FunctionTool:
        """The tool of that name.

        Raises:
            UnknownNameError: It is not registered here.
        """
        return _find("tool", self.tools, name)

    def function(self, name: str) -> Callable[..., Any]:
        """The function of that name.

        Raises:
            UnknownNameError: It is not registered here.
        """
        return _find("function", self.functions, name)

    def check(self, team: TeamSpec | AgentSpec) -> None:
        """Look up every name a spec holds.

        Raises:
            UnknownNameError: The first that is not registered here, with the names known.
        """
        for member in walk(team):
            if isinstance(member, AssistantAgent):
                self.models.check(member.model_client)
                for tool in member.tools:
                    self.tool(tool.name)
            elif isinstance(member, TeamSpec):
                for name in functions_of(member.termination_condition):
                    self.function(name)

    def refusal(self, team: TeamSpec | AgentSpec) -> dict[str, Any] | None:
        """`check` as a workflow's handlers want it: the error in its wire form, or None."""
        try:
            self.check(team)
        except UnknownNameError as error:
            return to_wire(error)
        return None


def _find(kind: str, known: Mapping[str, Any], name: str) -> Any:
    if name not in known:
        raise UnknownNameError(kind, name, sorted(known))
    return known[name]
