"""Votes on what people are asked, and what time does to it.

A vote binds to the hash of what it is about. Each person's first vote on a revision counts; changed arguments, or an
answer in the tool's place, make a new revision, which voids the votes before and has its author's. The decision is an
entry of its own, so that the log tells who decided what over which exact arguments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry

from . import budgets
from .calls import Failure
from .deadlines import approvers, next_step, quorum
from .engine import Chat
from .log import Entry
from .masking import restored
from .people import Person, person_of
from .requests import CHANGES, VERDICTS, subject_of
from .resolving import answer, resolve
from .state import ChatState, Request

__all__ = ["answer_refusal", "decide", "due", "gone", "refusal", "signed", "tick"]

MAX_TEXT = 4000
"""Characters of a reason or a comment."""

Fields = Mapping[str, Any]
_WITHDRAWN = {
    "run_ended": "the run ended",
    "scope_ended": "the run of its team ended",
    "interrupted": "something was said that broke its turn off",
    "rolled_back": "the chat was rolled back",
    "loaded": "another state was loaded",
    "reset": "the chat was reset",
}
"""Kinds of entries after which nobody is asked any more, in words."""


def refusal(chat: Chat, fields: Fields) -> str | None:
    """Why a vote would not count now; None if it would."""
    name, verdict = str(fields.get("request")), fields.get("verdict")
    request = chat.state.requests.get(name)
    if request is None:
        return gone(chat, name)
    if request.kind not in VERDICTS:
        return f"Request {name!r} wants an answer, not a decision; use 'answer'."
    known = [item for item in VERDICTS[request.kind] if request.policy.get(CHANGES.get(item, ""), True)]
    if verdict not in known:
        return f"The verdict on request {name!r} must be one of {', '.join(known)}; got {verdict!r}."
    person = _voter(fields)
    if person is None:
        return 'A decision needs to say who decides: \'by\' is a person\'s id, or {"subject": id, "roles": [...]}.'
    # Roles are those of the signature, where one is wanted: who may is known once it was looked at.
    known_later = request.policy.get("require_signed_decisions") and "prepared" not in fields
    return (
        (None if known_later else _not_allowed(chat, request, person))
        or _not_bound(request, fields)
        or _unsigned(request, fields)
        or _unfit(chat, request, fields)
    )


def _voter(fields: Fields) -> Person | None:
    """Who votes; with the roles of the signature, if it was looked at."""
    person, roles = person_of(fields.get("by")), fields.get("prepared", {}).get("roles")
    return person if person is None or roles is None else person._replace(roles=tuple(roles))


def gone(chat: Chat, name: str) -> str:
    """Why there is nothing to decide or to answer under a name."""
    about = (entry for entry in reversed(chat.log) if entry.data.get("request") == name)
    entry = next((entry for entry in about if entry.kind in ("decided", "answered", "request")), None)
    why = f"; open are: {', '.join(chat.state.requests) or 'none'}"
    if entry is not None and entry.kind != "request":
        verdict = entry.data.get("verdict", "answered")
        why = f": it was settled ({verdict}) at {entry.time}, offset {entry.offset}"
    elif entry is not None and (end := _withdrawn(chat, entry)) is not None:
        told = f" ({end.data['status']})" if "status" in end.data else ""
        why = f": {_WITHDRAWN[end.kind]}{told} at {end.time}, offset {end.offset}, and it was withdrawn{why}"
    return f"There is no open request {name!r}{why}."


def _withdrawn(chat: Chat, asked: Entry) -> Entry | None:
    """What ended that a person was asked something, without an answer."""
    scope = asked.data.get("scope", "")
    for entry in chat.log:
        if entry.offset <= asked.offset or entry.kind not in _WITHDRAWN:
            continue
        # A run of a team within ends what is asked in there only.
        if entry.kind != "scope_ended" or f"{scope}/".startswith(f"{entry.data['scope']}/"):
            return entry
    return None


def answer_refusal(request: Request, by: object) -> str | None:
    """Why somebody may not answer a request; None if they may."""
    people, person = approvers(request), person_of(by)
    if not people or (person is not None and person.among(people)):
        return None
    who = "Nobody in particular" if person is None else repr(person.subject)
    return f"{who} may not decide this; those who may: {', '.join(people)}."


def _not_allowed(chat: Chat, request: Request, person: Person) -> str | None:
    if (why := answer_refusal(request, person.dump())) is not None:
        return why
    if request.policy.get("exclude_requester") and person.subject == chat.state.requester:
        return f"{person.subject!r} asked for this run and may not decide what it asks for."
    if (vote := next((vote for vote in request.votes if vote.subject == person.subject), None)) is not None:
        return f"{person.subject!r} has voted already: {vote.verdict}, at offset {vote.offset}."
    return None


def _not_bound(request: Request, fields: Fields) -> str | None:
    given = fields.get("hash")
    if given == request.hash:
        return None
    if not given:
        return f"A decision binds to what it is about: give its 'hash', now {request.hash!r}."
    changed = f" (revision {request.revision})" if request.revision else ""
    return f"The decision is about other arguments: it has hash {given!r}, the request{changed} has {request.hash!r}."


def signed(chat: Chat, fields: Fields) -> bool:
    """Whether a worker has to look at a vote's signature first."""
    request = chat.state.requests.get(str(fields.get("request")))
    return request is not None and bool(request.policy.get("require_signed_decisions"))


def _unsigned(request: Request, fields: Fields) -> str | None:
    if not request.policy.get("require_signed_decisions"):
        return None
    if not fields.get("signature"):
        return "This request takes signed decisions only; 'signature' is missing."
    # A worker looks at the signature before the vote is counted.
    return fields.get("prepared", {}).get("refused")


def _unfit(chat: Chat, request: Request, fields: Fields) -> str | None:
    """What is wrong with what the vote brings along."""
    for name in ("reason", "comment"):
        if len(fields.get(name) or "") > MAX_TEXT:
            return f"{name!r} must have at most {MAX_TEXT} characters, got {len(fields[name])}."
    verdict, arguments, content = fields["verdict"], fields.get("arguments"), fields.get("content")
    more = verdict == "approve" and request.kind == "budget"
    if arguments is not None and verdict != "edit" and not more:
        return f"The verdict {verdict!r} takes no 'arguments'; to change them is the verdict 'edit'."
    if content is not None and verdict not in ("answer", "succeeded"):
        return f"The verdict {verdict!r} takes no 'content', got {content!r}; say why with 'reason'."[:MAX_TEXT]
    if verdict == "edit":
        return _misfit(chat, request, arguments)
    if verdict in ("answer", "succeeded") and not isinstance(content, str):
        return f"The verdict {verdict!r} needs a text as 'content', got {content!r}."
    return budgets.misfit(chat, request, arguments) if more and arguments else None


def _misfit(chat: Chat, request: Request, arguments: Any) -> str | None:
    if not isinstance(arguments, dict):
        return f"The verdict 'edit' needs 'arguments', a JSON object; got {arguments!r}."
    try:
        meant = _meant(chat, request, cast(dict[str, Any], arguments))
    except ValueError as error:
        return f"The changed arguments cannot be used: {error}"
    schema = chat.log.at(request.offset).data.get("schema")
    if schema is None:
        return None
    # An own registry: by default references to other places are fetched.
    check = Draft202012Validator(schema, registry=Registry()).iter_errors  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    try:
        error = next(check(meant), None)
    except Exception as problem:  # noqa: BLE001 - the schema is somebody else's, and a vote must not end the run
        return f"The changed arguments cannot be checked: the tool's schema is none: {problem}"[:300]
    if error is None:
        return None
    # A text may show all that was given, e.g. of `anyOf`: with secrets among it, only fields and the rule are named.
    secret = chat.log.at(request.offset).data.get("secrets")
    why = _rule(error) if secret else error.message[:300]
    return f"The changed arguments do not fit the tool: at {error.json_path}: {why}"


def _rule(error: ValidationError) -> str:
    """The rule that does not hold, and of which fields; of what was given nothing but the arguments' names."""
    if error.validator == "required":
        given = cast(dict[str, Any], error.instance)
        missing = [name for name in cast(list[str], error.validator_value) if name not in given]
        return f"there is no {', '.join(map(repr, missing))}"[:300]
    if error.validator == "type":
        return f"expected type {error.validator_value!r}"
    schema = cast(dict[str, Any], error.schema)
    # Deeper, names may be part of a secret.
    if error.validator == "additionalProperties" and not error.absolute_path and "patternProperties" not in schema:
        known = schema.get("properties", {})
        more = [name for name in cast(dict[str, Any], error.instance) if name not in known]
        return f"it has no {', '.join(map(repr, more))}"[:300]
    return f"{error.validator!r} does not hold"


def _meant(chat: Chat, request: Request, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Changed arguments with the secrets that their author was not shown."""
    secrets = chat.log.at(request.offset).data.get("secrets", ())
    asked = subject_of(chat.log, request).get("arguments", "{}")
    return restored(arguments, asked, secrets) if secrets else dict(arguments)


def decide(chat: Chat, command: str, fields: Fields, time: str) -> None:
    """Take in a vote that counts, and the decision if it is made by it."""
    name, verdict = fields["request"], fields["verdict"]
    request = chat.state.requests[name]
    person = _voter(fields)
    assert person is not None
    told: dict[str, Any] = {key: fields[key] for key in ("reason", "comment", "signature") if fields.get(key)}
    if verdict == "edit":
        told["arguments"] = json.dumps(_meant(chat, request, fields["arguments"]), ensure_ascii=False)
    elif verdict in ("answer", "succeeded"):
        told["content"] = fields["content"]
    if verdict in CHANGES:
        told["revision"] = request.revision + 1
    elif request.kind == "budget" and verdict == "approve" and fields.get("arguments"):
        told["arguments"] = json.dumps(fields["arguments"], ensure_ascii=False)
    secrets = chat.log.at(request.offset).data.get("secrets")
    told |= {"secrets": secrets} if secrets and "arguments" in told else {}
    told = {"verdict": verdict, "hash": request.hash, "by": person.dump(), **told}
    chat.append(time, "vote", command=command, request=name, **told)
    _count(chat, name, time)


def _count(chat: Chat, name: str, time: str) -> None:
    request = chat.state.requests[name]
    said = [vote.verdict for vote in request.votes]
    if request.kind == "outcome":
        if said:
            _decided(chat, name, said[-1], time)
        return
    rejected = said.count("reject")
    if rejected >= request.policy.get("reject_quorum", 1):
        _decided(chat, name, "reject", time)
    elif len(said) - rejected >= quorum(request):
        _decided(chat, name, _approval(chat, request), time)


def _approval(chat: Chat, request: Request) -> str:
    """What it means that a request is approved of as it stands: of an answer in the tool's place, that this is it."""
    changed = None if request.revised is None else chat.log.at(request.revised).data["verdict"]
    return "answer" if changed == "answer" else "approve"


def _decided(chat: Chat, name: str, verdict: str, time: str, *, timeout: bool = False) -> None:
    """Write the decision, and what follows from it."""
    request = chat.state.requests[name]
    # A deadline that is over is nobody's vote.
    votes = [chat.log.at(vote.offset).data for vote in request.votes if not timeout and _for(vote.verdict, verdict)]
    told: dict[str, Any] = {"by": [vote["by"]["subject"] for vote in votes]}
    if timeout:
        told["timeout"] = True
    reasons = [f"{vote['by']['subject']}: {vote['reason']}" for vote in votes if vote.get("reason")]
    if verdict in ("reject", "failed") and reasons:
        told["reason"] = "; ".join(reasons)
    if request.revised is not None and verdict in ("approve", "answer"):
        changed = chat.log.at(request.revised).data
        told |= {key: changed[key] for key in ("arguments", "content", "secrets") if key in changed}
    elif request.kind == "budget":
        # Nobody meant more than those who said how much, even if they were too few.
        agreed = [chat.log.at(vote.offset).data for vote in request.votes if vote.verdict == "approve"]
        told |= budgets.extension(chat, request, agreed)
    elif votes:
        told |= {key: votes[-1][key] for key in ("arguments", "content") if key in votes[-1]}
    where = {"run": chat.state.run, "path": request.path, "call": request.call, "index": request.index}
    entry = chat.append(
        time, "decided", request=name, **{"for": request.kind}, verdict=verdict, hash=request.hash, **where, **told
    )
    resolve(chat, request, entry, time)


def _for(vote: str, verdict: str) -> bool:
    """Whether a vote is one for the decision; who changed the arguments approves of them."""
    return vote == verdict or (verdict in ("approve", "answer") and vote in ("approve", "edit", "answer"))


# --- Time -------------------------------------------------------------------------------------------------------------


def due(state: ChatState) -> str | None:
    """When something is due next, None if nothing is."""
    steps = (next_step(request) for request in state.requests.values())
    return min((step.time for step in steps if step is not None), default=None)


def tick(chat: Chat, time: str) -> None:
    """Write what is due: reminders, steps of escalation chains, ends of deadlines and what they mean."""
    for name in list(chat.state.requests):
        while (request := chat.state.requests.get(name)) is not None:
            step = next_step(request, time)
            if step is None or step.time > time:
                break
            where = {"request": name, "path": request.path}
            if step.kind == "expired":
                chat.append(time, "expired", **where)
                _expired(chat, name, request, time)
            elif step.kind == "escalated":
                chain = request.policy["escalation"][step.number - 1]
                chat.append(time, "escalated", **where, step=step.number, approvers=chain["approvers"])
                if request.votes:
                    # Fewer may be enough now.
                    _count(chat, name, time)
            else:
                chat.append(time, "reminded", **where, number=step.number)


def _expired(chat: Chat, name: str, request: Request, time: str) -> None:
    means = request.policy.get("on_timeout", "reject")
    match means:
        case "wait":
            return
        case "fail":
            text = f"Nobody answered request {name} within its {request.policy['deadline']:g} seconds: {request.prompt}"
            chat.fail(request.path, Failure("RequestTimeoutError", text), time)
        case "answer":
            answer(chat, name, request.policy["default"], time, timeout=True)
        case _:
            verdict = _approval(chat, request) if means == "approve" else means
            _decided(chat, name, verdict, time, timeout=True)
