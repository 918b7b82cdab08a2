"""How the calls a model asks for are to be made: retries and limits, and whether people have to approve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from temporalio import activity

from folkmoot.agents import AssistantAgent
from folkmoot.approvals import ApprovalPolicy

from .side import Side, call_function
from .tool_arguments import arguments_of
from .tools_of import options_of, schemas_of

__all__ = ["policies_of"]


async def policies_of(spec: AssistantAgent, calls: Sequence[Mapping[str, Any]], side: Side) -> dict[str, Any]:
    """What a reply tells the chat of its calls, by their place.

    Returns:
        `policies`: options, as far as they differ from the defaults; `approvals`: for those that need one, `policy`,
        `schema` of the arguments if they may be changed, and `secrets`.
    """
    policies: dict[str, Any] = {}
    approvals: dict[str, Any] = {}
    for index, call in enumerate(calls):
        options = options_of(spec, call["name"], side.registry)
        if options is None:
            continue
        if differs := options.model_dump(exclude_defaults=True):
            policies[str(index)] = differs
        if options.approval is None:
            continue
        why = await _needed(options.approval, call, side)
        if why is not None:
            policy: Any = options.approval.to_json()
            approval = {"policy": {**policy, "reason": why} if why else policy}
            if options.approval.may_edit and (schema := await _schema(spec, call["name"], side)) is not None:
                approval["schema"] = schema
            if options.secrets:
                approval["secrets"] = list(options.secrets)
            approvals[str(index)] = approval
    found = {"policies": policies, "approvals": approvals}
    return {name: value for name, value in found.items() if value}


async def _needed(policy: ApprovalPolicy, call: Mapping[str, Any], side: Side) -> str | None:
    """Why people are asked; None if they are not. Nothing may fail here: the model's reply is paid for."""
    try:
        arguments = arguments_of(call["arguments"])
    except ValueError:
        # The tool will not be called with this.
        return None
    if policy.when == "always":
        return policy.reason
    if policy.function is None:
        return policy.reason if policy.matches(arguments) else None
    try:
        needed = await call_function(side.registry.function(policy.function), call["name"], arguments)
    except Exception as error:  # noqa: BLE001 - a user's function may raise anything
        # Its text may show arguments that are secret, or what else the function knows: it is for the worker's log.
        activity.logger.warning("%r, which says when to ask, failed", policy.function, exc_info=True)
        return f"{policy.function!r}, which says when to ask, failed: {type(error).__name__}"
    # A text is why.
    return (needed if isinstance(needed, str) else policy.reason) if needed else None


async def _schema(spec: AssistantAgent, name: str, side: Side) -> Any:
    try:
        found = next((tool for tool in await schemas_of(spec, side.registry) if tool["name"] == name), None)
    except Exception:  # noqa: BLE001 - a workbench may be away; the tool itself checks what it is given
        return None
    return None if found is None else found["parameters"]
