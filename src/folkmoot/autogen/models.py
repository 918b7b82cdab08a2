"""Component JSON of model clients. A key is never taken over: it belongs to the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from folkmoot.options import ModelInfo, ModelSpec

from .envelope import Config, Kind, Writer

__all__ = ["MODEL", "MODELS", "write_model"]

MODEL = "model"

_OPTIONS = (
    "frequency_penalty",
    "logit_bias",
    "max_tokens",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "seed",
    "stop",
    "stream_options",
    "temperature",
    "top_p",
    "user",
)
"""What AutoGen sends with every request (autogen_ext: CreateArguments)."""

_CREDENTIALS = ("api_key", "azure_ad_token", "azure_ad_token_provider")
_CONNECTION = ("organization", "default_headers")
_ABILITIES = ("vision", "function_calling", "json_output", "structured_output", "family")
_SEVERAL = "multiple_system_messages"


def _read_openai(config: Config) -> ModelSpec:
    return _read(config, config.need("model"), config.get("base_url"))


def _read_azure(config: Config) -> ModelSpec:
    """Through the address at which Azure's endpoints speak OpenAI's own protocol, where a deployment is the model."""
    endpoint, model = str(config.need("azure_endpoint")), config.need("model")
    deployment = config.get("azure_deployment") or model
    if config.get("api_version") is not None:
        config.note("'api_version' is left out; the endpoint is asked at its address without one, /openai/v1.")
    return _read(config, deployment, f"{endpoint.rstrip('/')}/openai/v1")


def _read(config: Config, name: str, base_url: str | None) -> ModelSpec:
    _note_connection(config, name, base_url)
    if config.get("add_name_prefixes"):
        raise config.refuse(
            "'add_name_prefixes' has no counterpart in a model; give the agent transforms=[TextMessageContentName()]."
        )
    if config.get("include_name_in_message") is False:
        raise config.refuse("'include_name_in_message' cannot be false; names of speakers are always sent.")
    retries = config.get("max_retries")
    return ModelSpec(
        name,
        base_url=base_url,
        options=_without_null(config.given(*_OPTIONS)),
        info=_info(config),
        timeout=config.get("timeout"),
        max_attempts=None if retries is None else int(retries) + 1,
    )


def _note_connection(config: Config, name: str, base_url: str | None) -> None:
    register = f"register a model on the worker (models={{{name!r}: ...}}) and use its name as model_client"
    for field in _CREDENTIALS:
        if config.get(field) is not None:
            place = "" if base_url else "set OPENAI_API_KEY in the worker's environment, or "
            config.note(f"{field!r} is left out, chats hold no credentials; {place}{register}.")
    for field in _CONNECTION:
        if config.get(field):
            config.note(f"{field!r} is left out, it belongs to the connection; {register}.")


def _info(config: Config) -> ModelInfo | None:
    given = cast(Mapping[str, Any] | None, config.get("model_info"))
    older = cast(Mapping[str, Any] | None, config.get("model_capabilities"))
    said = given or older
    if said is None:
        return None
    # What is not said counts as not able (AutoGen).
    abilities: dict[str, Any] = {"structured_output": False, _SEVERAL: False}
    abilities |= {name: value for name, value in said.items() if value is not None}
    if unknown := sorted(set(abilities) - {*_ABILITIES, _SEVERAL}):
        raise config.refuse(f"'model_info' has unknown fields {unknown}; expected some of {[*_ABILITIES, _SEVERAL]}.")
    return ModelInfo.from_json(abilities)


def write_model(model: str | ModelSpec, owner: object, out: Writer) -> dict[str, Any]:
    """The component of an agent's or a team's model.

    Args:
        model: A name, which AutoGen takes for one of OpenAI's, or a spec.
        owner: Whose model it is.
        out: The writer.
    """
    spec = ModelSpec(model) if isinstance(model, str) else model
    return out.write(spec, type(owner).__name__)


def _write(spec: ModelSpec, out: Writer) -> Mapping[str, Any]:
    if unknown := sorted(set(spec.options) - {*_OPTIONS}):
        out.lost(spec, f"options {unknown}", "AutoGen's client takes only those it knows")
    return {
        "model": spec.name,
        "base_url": spec.base_url,
        "timeout": spec.timeout,
        "max_retries": None if spec.max_attempts is None else spec.max_attempts - 1,
        "model_info": None if spec.info is None else _write_info(spec.info, spec, out),
        **_with_null({name: value for name, value in spec.options.items() if name in _OPTIONS}),
    }


def _with_null(options: Mapping[str, Any]) -> dict[str, Any]:
    """AutoGen refuses JSON mode, a `response_format` without a schema, unless that is there as None."""
    form = options.get("response_format")
    return {**options, "response_format": {"json_schema": None, **form}} if isinstance(form, Mapping) else {**options}


def _without_null(options: Mapping[str, Any]) -> dict[str, Any]:
    form = cast(Mapping[str, Any] | None, options.get("response_format"))
    if form is None or form.get("json_schema", ...) is not None:
        return {**options}
    return {**options, "response_format": {name: value for name, value in form.items() if name != "json_schema"}}


def _write_info(info: ModelInfo, spec: ModelSpec, out: Writer) -> Mapping[str, Any]:
    if info.context_window is not None:
        out.lost(spec, "'info.context_window'")
    made = {name: getattr(info, name) for name in _ABILITIES}
    return {**made, _SEVERAL: True} if info.multiple_system_messages else made


MODELS = (
    Kind(
        provider="autogen_ext.models.openai.OpenAIChatCompletionClient",
        component_type=MODEL,
        spec=ModelSpec,
        read=_read_openai,
        write=_write,
    ),
    Kind(
        provider="autogen_ext.models.openai.AzureOpenAIChatCompletionClient",
        component_type=MODEL,
        read=_read_azure,
    ),
)
