"""Handoffs (AutoGen: `autogen_agentchat.base.Handoff`)."""

from __future__ import annotations

from typing import Any

from folkmoot._spec import Frozen

__all__ = ["Handoff"]


class Handoff(Frozen, frozen=True):
    """An agent's way to give the floor to another participant: its model sees a tool without arguments.

    Args:
        target: Who gets the floor.
        description: When to use it, for the model; empty: made of the target.
        name: The tool's name, an identifier; empty: `transfer_to_` and the target in lower case.
        message: What the target is told; empty: made of the target.

    Raises:
        ValueError: The name is no identifier.
    """

    target: str
    description: str = ""
    name: str = ""
    message: str = ""

    def __init__(self, target: str, description: str = "", name: str = "", message: str = "") -> None:
        self._fill(
            target=target,
            description=description or f"Handoff to {target}.",
            name=name or f"transfer_to_{target}".lower(),
            message=message or f"Transferred to {target}, adopting the role of {target} immediately.",
        )

    @classmethod
    def from_json(cls, data: object) -> Handoff:
        """A handoff from its JSON; what is missing is made of the target, as in the constructor."""
        given = super().from_json(data)
        return cls(given.target, given.description, given.name, given.message)

    def check(self) -> None:
        """Refuse a name that cannot be a tool's (AutoGen)."""
        super().check()
        if self.name and not self.name.isidentifier():
            raise ValueError(f"Handoff name must be a valid identifier: {self.name}")

    @property
    def tool_schema(self) -> dict[str, Any]:
        """What the model is told, in the form of `FunctionTool.schema`."""
        parameters: dict[str, object] = {
            "type": "object",
            "properties": {},
            "required": [],
            "additionalProperties": False,
        }
        return {"name": self.name, "description": self.description, "parameters": parameters, "strict": True}
