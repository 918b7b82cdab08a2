"""Models: the protocol, the OpenAI chat model, and the registry a worker finds them in."""

from typing import TYPE_CHECKING

from .base import Model, ModelRequest, ModelResult, ToolCall, ToolChoice
from .registry import ModelRegistry

if TYPE_CHECKING:
    from .openai import OpenAIChatModel

__all__ = ["Model", "ModelRegistry", "ModelRequest", "ModelResult", "OpenAIChatModel", "ToolCall", "ToolChoice"]


def __getattr__(name: str) -> object:
    # Importing the OpenAI client takes about as long as all the rest; only who calls a model needs it.
    if name == "OpenAIChatModel":
        from .openai import OpenAIChatModel

        return OpenAIChatModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
