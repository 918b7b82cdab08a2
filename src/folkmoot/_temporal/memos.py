"""What a chat's memo tells without a worker: who it is of."""

from __future__ import annotations

from typing import Any

from folkmoot._chat.plan import streams
from folkmoot._chat.specs import Team
from folkmoot._spec import spec_digest

__all__ = ["memo_of"]


def memo_of(team: Team) -> dict[str, Any]:
    """Spec digest, name and kind of the team, and whether anybody in it shows words while saying them."""
    return {"spec": spec_digest(team), "team": team.name, "type": team.type, "stream": streams(team)}
