"""Finds the model a spec means: one registered on this worker, or one of an OpenAI-compatible endpoint."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from folkmoot.errors import UnknownNameError
from folkmoot.options import ModelInfo, ModelSpec

from .base import Model, ModelRequest, ModelResult
from .openai import NO_KEY, OpenAIChatModel

__all__ = ["ModelRegistry"]

_DEFAULT_TIMEOUT = 600.0
_OPENAI = "https://api.openai.com/v1"
_HINT = (
    "Register it on the worker (models={...}), or set OPENAI_API_KEY "
    "(and OPENAI_BASE_URL for another endpoint) in the worker's environment to use it by name."
)


class ModelRegistry:
    """The models of one worker.

    Args:
        models: Models by name, or functions that make one when it is first needed (so keys are read on the
            worker).

    Raises:
        TypeError: A value is neither a model nor a function.
    """

    def __init__(self, models: Mapping[str, Model | Callable[[], Model]] | None = None) -> None:
        self._registered: dict[str, Model | Callable[[], Model]] = {}
        self._resolved: dict[str, Model] = {}
        for name, model in (models or {}).items():
            self.register(name, model)

    def register(self, name: str, model: Model | Callable[[], Model]) -> None:
        """Add a model, or put another in its place.

        Raises:
            TypeError: `model` is neither a model nor a function.
        """
        if not (isinstance(model, Model) or callable(model)):
            raise TypeError(f"model {name!r} must be a model or a function that makes one, got {type(model).__name__}")
        self._registered[name] = model
        # Models made for specs may stand on the one replaced.
        self._resolved.clear()

    def known(self) -> list[str]:
        """The registered names, sorted. Other names may still work, as models of the default endpoint."""
        return sorted(self._registered)

    def check(self, spec: str | ModelSpec) -> None:
        """Refuse a model that `resolve` could not find; nothing is built.

        Raises:
            UnknownNameError: No model has that name, and there is no endpoint to ask for it.
        """
        name, base_url = (spec, None) if isinstance(spec, str) else (spec.name, spec.base_url)
        if base_url is None and name not in self._registered and not _default_endpoint():
            raise UnknownNameError("model", name, self.known(), _HINT)

    def resolve(self, spec: str | ModelSpec) -> Model:
        """The model a spec means, the same object for the same spec.

        A registered name comes first, also in a `ModelSpec` without an endpoint, whose options then go on
        top. Any other name is a model of the spec's endpoint, else of the default one. The worker's key is
        only ever sent to the default endpoint: specs come from outside, and one that names an endpoint must
        not be able to fetch the key. A model of another endpoint that wants a key is registered.

        Raises:
            UnknownNameError: No model has that name, and there is no endpoint to ask for it.
            TypeError: A registered function returned something else than a model.
        """
        self.check(spec)
        key = spec if isinstance(spec, str) else spec.model_dump_json()
        model = self._resolved.get(key)
        if model is None:
            model = self._resolved[key] = self._build(spec)
        return model

    @staticmethod
    def prepare() -> None:
        """Import the OpenAI client now.

        For workers, before they start: the first call would hold up their event loop for about a second.
        """
        importlib.import_module("folkmoot.models.connection")

    @property
    def calls_openai(self) -> bool:
        """Whether the OpenAI client is likely needed: there is a default endpoint, or such a model is registered."""
        return _default_endpoint() or any(isinstance(model, OpenAIChatModel) for model in self._registered.values())

    async def close(self) -> None:
        """Close every model that was used."""
        models = list({id(model): model for model in self._resolved.values()}.values())
        self._resolved.clear()
        for model in models:
            await model.close()

    def _build(self, spec: str | ModelSpec) -> Model:
        if isinstance(spec, str):
            registered = self._registered.get(spec)
            return _endpoint_model(ModelSpec(spec)) if registered is None else _made(spec, registered)
        if spec.base_url is None and spec.name in self._registered:
            return _Tuned(self.resolve(spec.name), spec)
        return _endpoint_model(spec)


def _endpoint_model(spec: ModelSpec) -> Model:
    foreign = spec.base_url is not None and not _is_default(spec.base_url)
    return OpenAIChatModel(
        spec.name,
        base_url=spec.base_url,
        api_key=NO_KEY if foreign else None,
        options=spec.options,
        info=spec.info,
        timeout=spec.timeout or _DEFAULT_TIMEOUT,
    )


def _made(name: str, registered: Model | Callable[[], object]) -> Model:
    if isinstance(registered, Model):
        return registered
    model = registered()
    if not isinstance(model, Model):
        raise TypeError(f"the function registered as model {name!r} returned {type(model).__name__}, expected a model")
    return model


def _default_endpoint() -> bool:
    return bool(os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"))


def _is_default(base_url: str) -> bool:
    default = os.environ.get("OPENAI_BASE_URL") or _OPENAI
    return base_url.rstrip("/") == default.rstrip("/")


@dataclass(frozen=True)
class _Tuned:
    """A registered model with the options of a spec on top."""

    model: Model
    spec: ModelSpec

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def info(self) -> ModelInfo:
        return self.spec.info or self.model.info

    def render(self, message: Mapping[str, Any]) -> bytes:
        return self.model.render(message)

    async def create(self, request: ModelRequest) -> ModelResult:
        options = {**self.spec.options, **request.options}
        timeout = min(request.timeout, self.spec.timeout or request.timeout)
        return await self.model.create(replace(request, options=options, timeout=timeout))

    async def close(self) -> None:
        await self.model.close()
