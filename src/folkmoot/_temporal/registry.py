"""What a worker has registered under names: what cannot be JSON. Specs hold the names."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from folkmoot._spec import parts
from folkmoot.agents import (
    AgentSpec,
    AssistantAgent,
    CodeExecutorAgent,
    CustomAgent,
    SocietyOfMindAgent,
    UserProxyAgent,
)
from folkmoot.approvals import ApprovalPolicy
from folkmoot.budgets import Budget
from folkmoot.conditions import FunctionalTermination
from folkmoot.contexts import SummarizedChatCompletionContext
from folkmoot.errors import UnknownNameError, to_wire
from folkmoot.memory import Memory, NamedMemory
from folkmoot.models import ModelRegistry
from folkmoot.notices import LOG, LogSink, Sink, check_sink
from folkmoot.options import ModelSpec, ToolOptions
from folkmoot.signatures import DecisionPublicKey
from folkmoot.teams import EdgeFunction, MagenticOneGroupChat, SelectorGroupChat, TeamSpec
from folkmoot.tools import FunctionTool, RunnerTool, Tool
from folkmoot.transforms import FunctionTransform
from folkmoot.workbench import NamedWorkbench, Workbench

from .prices import PriceFunction

__all__ = ["Registry"]

_LOG = logging.getLogger("folkmoot.worker")


@dataclass
class Registry:
    """What one worker has, by name.

    Attributes:
        models: Models.
        tools: Function tools.
        functions: Functions of conditions, selections, edges, approvals and the like.
        agents: Custom agents, their classes or factories.
        memories: Memory stores.
        workbenches: Live workbenches.
        code_folder: Where agents may run code; None: they may not.
        sinks: Who is told of notices; `log` is always there.
        price: What a model call costs; None: nobody knows.
        decision_keys: Public keys of whoever signs decisions.
    """

    models: ModelRegistry
    tools: dict[str, FunctionTool] = field(default_factory=dict[str, FunctionTool])
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict[str, Callable[..., Any]])
    agents: dict[str, Any] = field(default_factory=dict[str, Any])
    memories: dict[str, Memory] = field(default_factory=dict[str, Memory])
    workbenches: dict[str, Workbench] = field(default_factory=dict[str, Workbench])
    code_folder: Path | None = None
    price: PriceFunction | None = None
    decision_keys: tuple[DecisionPublicKey, ...] = ()
    sinks: dict[str, Sink] = field(default_factory=lambda: dict[str, Sink]({LOG: LogSink()}))
    _started: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, "asyncio.Task[None]"])

    def tool(self, name: str) -> FunctionTool:
        """The tool of that name.

        Raises:
            UnknownNameError: It is not registered here.
        """
        return _find("tool", self.tools, name)

    def function(self, name: str) -> Callable[..., Any]:
        """The function of that name, or an UnknownNameError."""
        return _find("function", self.functions, name)

    def agent(self, name: str) -> Any:
        """The custom agent of that name, or an UnknownNameError."""
        return _find("agent", self.agents, name)

    def memory(self, name: str) -> Memory:
        """The memory store of that name, or an UnknownNameError."""
        return _find("memory", self.memories, name)

    def sink(self, name: str) -> Sink:
        """The sink of that name, or an UnknownNameError."""
        return _find("sink", self.sinks, name)

    def add_sinks(self, sinks: Mapping[str, Sink]) -> None:
        """Take in sinks; one named `log` takes the place of the log.

        Raises:
            TypeError: One is no sink.
            ValueError: One has no name.
        """
        for name, sink in sinks.items():
            check_sink(name, sink)
            self.sinks[name] = sink

    async def close_sinks(self) -> None:
        """Let go of their connections."""
        for sink in self.sinks.values():
            close = getattr(sink, "close", None)
            if close is not None:
                await close()

    async def workbench(self, name: str) -> Workbench:
        """The workbench of that name, started; or an UnknownNameError."""
        bench: Workbench = _find("workbench", self.workbenches, name)
        task = self._started.get(name)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._started[name] = asyncio.create_task(bench.start())
        await asyncio.shield(task)
        return bench

    async def stop_workbenches(self) -> None:
        """Let go of what was started."""
        started, self._started = self._started, {}
        for name, task in started.items():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.workbenches[name].stop()

    def folder_for_code(self) -> Path:
        """Where agents' code runs.

        Raises:
            UnknownNameError: This worker runs none.
        """
        if self.code_folder is None:
            hint = "Workers run agents' code only if they were given a folder for it (`code_folder`)."
            raise UnknownNameError("code executor", "local", (), hint)
        return self.code_folder

    def check(self, team: TeamSpec | AgentSpec) -> None:
        """Look up every name a spec holds.

        Raises:
            UnknownNameError: The first that is not registered here, with the names known.
        """
        for name in team.notify if isinstance(team, TeamSpec) else ():
            self.sink(name)
        for part in parts(team):
            for model in _models(part):
                self.models.check(model)
            for name in _functions(part):
                self.function(name)
            match part:
                case RunnerTool():
                    pass
                case Tool():
                    registered = self.tool(part.name).options
                    self._undoes(registered)
                    self._checks(registered.approval, team.name)
                case ToolOptions():
                    self._undoes(part)
                case ApprovalPolicy():
                    self._checks(part, team.name)
                case CustomAgent():
                    self.agent(part.agent)
                case NamedMemory():
                    self.memory(part.name)
                case NamedWorkbench():
                    _find("workbench", self.workbenches, part.name)
                case CodeExecutorAgent():
                    self.folder_for_code()
                case Budget() if part.cost is not None and self.price is None:
                    hint = "A budget with a cost needs workers with a price function (`FolkmootPlugin(price=...)`)."
                    raise UnknownNameError("function", "price", (), hint)
                case _:
                    pass

    def _undoes(self, options: ToolOptions) -> None:
        """Look up the tool that undoes calls."""
        if options.compensate is not None:
            self.tool(options.compensate)

    def _checks(self, policy: ApprovalPolicy | None, team: str) -> None:
        """Warn of a policy whose votes this worker cannot hold against a key: it would refuse each of them."""
        if policy is not None and policy.require_signed_decisions and not self.decision_keys:
            _LOG.warning(
                "team %r takes signed decisions only, and this worker has no keys to check them with, so no vote will "
                "count; expected FOLKMOOT_DECISION_PUBLIC_KEYS",
                team,
            )

    def refusal(self, team: TeamSpec | AgentSpec) -> dict[str, Any] | None:
        """`check` as a workflow's handlers want it: the error in its wire form, or None."""
        try:
            self.check(team)
        except UnknownNameError as error:
            return to_wire(error)
        return None


def _models(part: object) -> Iterator[str | ModelSpec]:
    """The models that a part of a spec names."""
    match part:
        case AssistantAgent() | MagenticOneGroupChat() | SocietyOfMindAgent() | SummarizedChatCompletionContext():
            yield part.model_client
        case CodeExecutorAgent() | SelectorGroupChat() if part.model_client is not None:
            yield part.model_client
        case _:
            pass


def _functions(part: object) -> Iterator[str]:
    """The functions that a part of a spec names."""
    found: tuple[str | None, ...] = ()
    match part:
        case FunctionalTermination():
            found = (part.func,)
        case SelectorGroupChat():
            found = (part.selector_func, part.candidate_func)
        case EdgeFunction():
            found = (part.function,)
        case AssistantAgent():
            found = (part.tool_call_summary_formatter,)
        case CodeExecutorAgent():
            found = (part.approval_func,)
        case UserProxyAgent():
            found = (part.input_func,)
        case ApprovalPolicy():
            found = (part.function,)
        case FunctionTransform():
            found = (part.func,)
        case _:
            pass
    yield from (name for name in found if name is not None)


def _find(kind: str, known: Mapping[str, Any], name: str) -> Any:
    if name not in known:
        raise UnknownNameError(kind, name, sorted(known))
    return known[name]
