"""Component JSON of model contexts, memories and code executors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from folkmoot import contexts as ours
from folkmoot._spec import Frozen
from folkmoot.executors import LocalCommandLineCodeExecutor
from folkmoot.memory import ListMemory
from folkmoot.options import ModelSpec

from .envelope import Config, Kind, Writer
from .models import MODEL, write_model

__all__ = ["CONTEXT", "CONTEXTS", "EXECUTOR", "MEMORY", "read_context", "write_context"]

CONTEXT = "chat_completion_context"
MEMORY = "memory"
EXECUTOR = "code_executor"

_FIELDS: Mapping[type[ours.ChatCompletionContext], Sequence[str]] = {
    ours.BufferedChatCompletionContext: ("buffer_size",),
    ours.HeadAndTailChatCompletionContext: ("head_size", "tail_size"),
    ours.UnboundedChatCompletionContext: (),
}


def _simple(spec: type[ours.ChatCompletionContext]) -> Kind:
    def read(config: Config) -> Frozen:
        fields = {name: config.need(name) for name in _FIELDS[spec]}
        return spec.from_json({**fields, **config.given("initial_messages")})

    def write(context: ours.ChatCompletionContext, _out: Writer) -> Mapping[str, Any]:
        return {**{name: getattr(context, name) for name in _FIELDS[spec]}, "initial_messages": _initial(context)}

    return Kind(
        provider=f"autogen_core.model_context.{spec.__name__}",
        component_type=CONTEXT,
        spec=spec,
        read=read,
        write=write,
    )


def _initial(context: ours.ChatCompletionContext) -> list[dict[str, Any]] | None:
    return [message.model_dump(mode="json", exclude_none=True) for message in context.initial_messages] or None


def _read_limited(config: Config) -> Frozen:
    """AutoGen's has a model of its own to count with; see `read_context`."""
    if config.get("tool_schema"):
        config.note("'tool_schema' is left out; the tokens of tools are not counted.")
    config.part("model_client", MODEL)
    return ours.TokenLimitedChatCompletionContext.from_json(config.given("token_limit", "initial_messages"))


def _write_limited(_context: ours.TokenLimitedChatCompletionContext, _out: Writer) -> Mapping[str, Any]:
    raise ValueError(
        "A TokenLimitedChatCompletionContext cannot be dumped by itself, AutoGen's needs a model to count with; "
        "dump the agent or team that has it."
    )


_LIMITED = Kind(
    provider="autogen_core.model_context.TokenLimitedChatCompletionContext",
    component_type=CONTEXT,
    spec=ours.TokenLimitedChatCompletionContext,
    read=_read_limited,
    write=_write_limited,
)


def read_context(config: Config) -> ours.ChatCompletionContext | None:
    """The model context of an agent or a team, whose model counts its tokens."""
    context = config.part_or_none("model_context", CONTEXT)
    if isinstance(context, ours.TokenLimitedChatCompletionContext):
        counting = config.get("model_context")["config"]["model_client"]
        if counting != config.get("model_client"):
            config.note("the tokens of 'model_context' are counted for the agent's own model, not for another.")
    return context


def write_context(
    context: ours.ChatCompletionContext, model: str | ModelSpec | None, owner: object, out: Writer
) -> dict[str, Any]:
    """The component of an agent's or a team's context.

    Args:
        context: The context.
        model: The owner's model, which a token limit counts with.
        owner: Whose it is.
        out: The writer.
    """
    if not isinstance(context, ours.TokenLimitedChatCompletionContext) or model is None:
        return out.write(context, type(owner).__name__)
    config = {
        "model_client": write_model(model, owner, out),
        "token_limit": context.token_limit,
        "tool_schema": [],
        "initial_messages": _initial(context),
    }
    return out.envelope(_LIMITED, config)


def _read_memory(config: Config) -> Frozen:
    return ListMemory.from_json(config.given("name", "memory_contents"))


def _write_memory(memory: ListMemory, _out: Writer) -> Mapping[str, Any]:
    contents = [item.model_dump(mode="json", exclude_none=True) for item in memory.memory_contents]
    return {"name": memory.name, "memory_contents": contents}


def _read_executor(config: Config) -> Frozen:
    if config.get("functions_module", "functions") != "functions":
        config.note("'functions_module' is left out; code has no functions but its own here.")
    if not config.get("cleanup_temp_files", True):
        config.note("'cleanup_temp_files' is left out; the worker keeps or removes the files.")
    return LocalCommandLineCodeExecutor(timeout=config.get("timeout", 60), work_dir=_folder(config))


def _folder(config: Config) -> str | None:
    given = config.get("work_dir")
    if given is None:
        return None
    folder = str(PurePath(given))
    try:
        LocalCommandLineCodeExecutor(work_dir=folder)
    except ValueError:
        # AutoGen's default is a temporary folder, by its full path.
        config.note(f"'work_dir' {given!r} is left out; code runs in a folder of the chat's own below the worker's.")
        return None
    return folder


def _write_executor(executor: LocalCommandLineCodeExecutor, out: Writer) -> Mapping[str, Any]:
    out.lost_fields(executor, "output_limit", "environment")
    return {"timeout": executor.timeout, "work_dir": executor.work_dir}


CONTEXTS = (
    *(_simple(spec) for spec in _FIELDS),
    _LIMITED,
    Kind(
        provider="autogen_core.memory.ListMemory",
        component_type=MEMORY,
        spec=ListMemory,
        read=_read_memory,
        write=_write_memory,
    ),
    Kind(
        provider="autogen_ext.code_executors.local.LocalCommandLineCodeExecutor",
        component_type=EXECUTOR,
        spec=LocalCommandLineCodeExecutor,
        read=_read_executor,
        write=_write_executor,
    ),
)
