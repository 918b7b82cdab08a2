"""Models: the protocol, the OpenAI chat model, and the registry a worker finds them in."""

from .base import Model, ModelRequest, ModelResult, ToolCall, ToolChoice
from .openai import OpenAIChatModel
from .registry import ModelRegistry

__all__ = ["Model", "ModelRegistry", "ModelRequest", "ModelResult", "OpenAIChatModel", "ToolCall", "ToolChoice"]
