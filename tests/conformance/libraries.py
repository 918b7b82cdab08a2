"""The vocabulary scenarios are written in: the same names, from either library.

A scenario's builder gets one of these as `lib` and knows no more than that. AutoGen is imported only when its side is
played, so that the page of results can be made without it.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["Library", "autogen_library", "folkmoot_library"]

KEY = "sk-test-not-a-key"

_AUTOGEN = (
    "autogen_agentchat.agents",
    "autogen_agentchat.base",
    "autogen_agentchat.conditions",
    "autogen_agentchat.messages",
    "autogen_agentchat.teams",
    "autogen_agentchat.tools",
    "autogen_core",
    "autogen_core.memory",
    "autogen_core.model_context",
    "autogen_core.models",
    "autogen_core.tools",
    "autogen_ext.code_executors.local",
)
_FOLKMOOT = (
    "folkmoot",
    "folkmoot.agents",
    "folkmoot.executors",
    "folkmoot.memory",
    "folkmoot.messages",
    "folkmoot.teams",
    "folkmoot.tools",
    "folkmoot.workbench",
)


class Library:
    """One library's names, and how models are made in it.

    `theirs` is AutoGen's in either; `models` are AutoGen's live models, to be closed.

    Args:
        name: `autogen` or `folkmoot`.
        modules: Where its public names are, the first that has one wins.
        make_model: Makes a live model from its name and abilities.
        executor: The arguments of its code executor.
    """

    def __init__(
        self, name: str, modules: tuple[str, ...], make_model: Callable[..., Any], executor: dict[str, Any]
    ) -> None:
        self.name = name
        self.models: list[Any] = []
        self.theirs: Library = self
        self.notes: list[Any] = []
        self._modules = [importlib.import_module(module) for module in modules]
        self._make_model = make_model
        self._executor = executor

    @property
    def autogen(self) -> bool:
        """Whether this is AutoGen, for the few things that are spelt differently."""
        return self.name == "autogen"

    def __getattr__(self, name: str) -> Any:
        for module in self._modules:
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(f"{self.name} has no {name}; looked in {', '.join(m.__name__ for m in self._modules)}")

    def model(self, name: str, **info: Any) -> Any:
        """A model of that name at the scripted server; `info` says what it cannot do, e.g. `vision=False`.

        For AutoGen, `stream_usage=False` leaves streams without usage, as its agents do by themselves.
        """
        return self._make_model(name, info)

    def agent(self, name: str = "writer", **options: Any) -> Any:
        """An AssistantAgent whose model has the agent's name."""
        model = options.pop("model_client", None) or self.model(name)
        return self.AssistantAgent(name, model, **options)

    def round_robin(self, *names: str, **options: Any) -> Any:
        """A round robin of such agents."""
        return self.RoundRobinGroupChat([self.agent(name) for name in names], **options)

    def executor(self) -> Any:
        """A code executor in a folder of the test's own."""
        return self.LocalCommandLineCodeExecutor(**self._executor)

    def text(self, content: str, source: str = "user") -> Any:
        """A TextMessage."""
        return self.TextMessage(content=content, source=source)


class AutogenLibrary(Library):
    """AutoGen's names; it remembers external terminations, which are set on the condition itself there."""

    def __init__(self, base_url: str, folder: Path) -> None:
        client = importlib.import_module("autogen_ext.models.openai").OpenAIChatCompletionClient

        def make(name: str, info: dict[str, Any]) -> Any:
            abilities = ("vision", "function_calling", "json_output", "structured_output", "multiple_system_messages")
            model_info = dict.fromkeys(abilities, True) | {"family": "unknown"} | info
            stream_usage = model_info.pop("stream_usage", True)
            model = client(model=name, base_url=base_url, api_key=KEY, max_retries=0, model_info=model_info)
            if stream_usage:
                # Streams tell their usage only on request; Folkmoot always asks, AutoGen's agents never.
                model.create_stream = functools.partial(model.create_stream, include_usage=True)
            self.models.append(model)
            return model

        super().__init__("autogen", _AUTOGEN, make, {"work_dir": folder})
        self.stops: list[Any] = []

    def ExternalTermination(self) -> Any:  # noqa: N802 - it stands for the class
        """The condition."""
        stop = self._modules[2].ExternalTermination()
        self.stops.append(stop)
        return stop


def autogen_library(base_url: str, folder: Path) -> AutogenLibrary:
    """AutoGen 0.7.5, its models at this endpoint, its code run in this folder."""
    return AutogenLibrary(base_url, folder)


def folkmoot_library(base_url: str, folder: Path) -> Library:
    """Folkmoot, its models at this endpoint; agents and components of AutoGen's in it are made by `theirs`."""
    folkmoot = importlib.import_module("folkmoot")

    def make(name: str, info: dict[str, Any]) -> Any:
        return folkmoot.OpenAIChatModel(name, base_url=base_url, api_key=KEY, info=folkmoot.ModelInfo(**info))

    # Where code is run is the worker's affair there.
    lib = Library("folkmoot", _FOLKMOOT, make, {})
    lib.theirs = autogen_library(base_url, folder)
    lib.models = lib.theirs.models
    return lib
