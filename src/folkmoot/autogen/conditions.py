"""Component JSON of termination conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from folkmoot import conditions as ours
from folkmoot._spec import Frozen, to_json

from .envelope import Config, Kind, Writer

__all__ = ["CONDITIONS", "TERMINATION"]

TERMINATION = "termination"

_SIMPLE: Mapping[type[ours.TerminationCondition], tuple[Sequence[str], Sequence[str]]] = {
    ours.ExternalTermination: ((), ()),
    ours.FunctionCallTermination: (("function_name",), ()),
    ours.HandoffTermination: (("target",), ()),
    ours.MaxMessageTermination: (("max_messages",), ("include_agent_event",)),
    ours.SourceMatchTermination: (("sources",), ()),
    ours.StopMessageTermination: ((), ()),
    ours.TextMentionTermination: (("text",), ()),
    ours.TextMessageTermination: ((), ("source",)),
    ours.TimeoutTermination: (("timeout_seconds",), ()),
    ours.TokenUsageTermination: ((), ("max_total_token", "max_prompt_token", "max_completion_token")),
}
"""Those whose config is their fields: which must be there, and which may."""


def _simple(spec: type[ours.TerminationCondition]) -> Kind:
    needed, optional = _SIMPLE[spec]

    def read(config: Config) -> Frozen:
        return spec.from_json({**{name: config.need(name) for name in needed}, **config.given(*optional)})

    def write(condition: ours.TerminationCondition, out: Writer) -> Mapping[str, Any]:
        out.lost_fields(condition, *(set(type(condition).model_fields) - {"type", *needed, *optional}))
        return {name: to_json(getattr(condition, name)) for name in (*needed, *optional)}

    return Kind(
        provider=f"autogen_agentchat.conditions.{spec.__name__}",
        component_type=TERMINATION,
        spec=spec,
        read=read,
        write=write,
        # AutoGen drops them from its own dumps of this one, and cannot load those.
        nulls=spec is ours.TokenUsageTermination,
    )


def _combined(spec: type[Frozen], make: Callable[..., Frozen]) -> Kind:
    def read(config: Config) -> Frozen:
        config.need("conditions")
        return make(*config.parts("conditions", TERMINATION))

    def write(condition: Any, out: Writer) -> Mapping[str, Any]:
        conditions = out.parts(condition.conditions, condition, "the condition")
        if not conditions:
            raise ValueError(f"{type(condition).__name__} cannot be dumped; AutoGen knows none of its conditions.")
        return {"conditions": conditions}

    return Kind(
        provider=f"autogen_agentchat.base.{spec.__name__}",
        component_type=TERMINATION,
        spec=spec,
        read=read,
        write=write,
    )


CONDITIONS = (
    *(_simple(spec) for spec in _SIMPLE),
    _combined(ours.AndTerminationCondition, ours.AndTerminationCondition),
    _combined(ours.OrTerminationCondition, ours.OrTerminationCondition),
)
