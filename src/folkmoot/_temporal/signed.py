"""Whether a vote's signature is that of somebody whom this worker believes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from folkmoot._chat.people import person_of
from folkmoot.errors import BadCommandError
from folkmoot.signatures import DecisionClaims, DecisionPublicKey, decision_digest, verify_decision

__all__ = ["looked_at"]


def looked_at(uuid: str, vote: Mapping[str, Any], keys: Sequence[DecisionPublicKey]) -> dict[str, Any]:
    """What a vote's signature says: the `roles` of its author, or why it is `refused`.

    Args:
        uuid: The chat's.
        vote: The fields of the command `decide`.
        keys: Public keys; without one nothing can be believed.
    """
    if not keys:
        return {"refused": "This worker has no public key that a signature could be checked with."}
    person = person_of(vote.get("by"))
    assert person is not None
    expected = DecisionClaims(
        chat=uuid,
        request=vote["request"],
        hash=vote.get("hash", ""),
        verdict=vote["verdict"],
        digest=decision_digest(
            arguments=vote.get("arguments"),
            content=vote.get("content"),
            reason=vote.get("reason", ""),
            comment=vote.get("comment", ""),
        ),
        subject=person.subject,
        channel=person.channel,
    )
    try:
        claims = verify_decision(vote["signature"], expected, keys)
    except BadCommandError as error:
        return {"refused": str(error)}
    return {"roles": list(claims.roles)}
