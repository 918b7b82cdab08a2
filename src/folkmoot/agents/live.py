"""What is live in what users pass for a model: specs keep its name, the worker in this process gets the object."""

from __future__ import annotations

from typing import Protocol

from folkmoot.options import ModelInfo, ModelSpec

__all__ = ["ModelClient", "NamedModel", "check_model", "live_model", "model_field", "model_info"]


class NamedModel(Protocol):
    """A live model: the worker in this process registers it under its name."""

    @property
    def name(self) -> str:
        """The name specs know it by."""
        ...


ModelClient = str | ModelSpec | NamedModel
"""What `model_client` takes: the name of a registered model or of one the default endpoint knows, a `ModelSpec`, or a
live model, which stays in this process while the spec holds its name."""


def live_model(given: ModelClient | None) -> NamedModel | None:
    """The model itself, where one was passed."""
    return None if given is None or isinstance(given, str | ModelSpec) else given


def model_field(given: ModelClient) -> str | ModelSpec:
    """What a spec's JSON holds of a model.

    Raises:
        ValueError: It is none, or has no name.
    """
    if isinstance(given, str | ModelSpec):
        return given
    name: object = getattr(given, "name", None)
    if not isinstance(name, str):
        raise ValueError(
            f"model_client must be the name of a model, a ModelSpec or a model with a name, got {given!r}."
        )
    return name


def check_model(model_client: str | ModelSpec) -> None:
    """Refuse an empty name.

    Raises:
        ValueError: It is empty.
    """
    if not model_client:
        raise ValueError("model_client must be the name of a model, a ModelSpec or a model, got ''.")


def model_info(given: ModelClient | None) -> ModelInfo | None:
    """What a model can do, as far as it is known here; a name's abilities are the worker's to know."""
    info: object = getattr(given, "info", None)
    return info if isinstance(info, ModelInfo) else None
