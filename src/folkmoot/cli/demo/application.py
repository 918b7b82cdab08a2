"""The demo's application: a team of a writer with a tool and a critic, and the plugin its worker process runs with."""

from __future__ import annotations

import asyncio
import json
import os
import platform
from importlib import metadata
from pathlib import Path

from folkmoot.agents import AssistantAgent
from folkmoot.conditions import MaxMessageTermination, TextMentionTermination
from folkmoot.plugin import FolkmootPlugin
from folkmoot.teams import RoundRobinGroupChat
from folkmoot.tools import ToolContext

__all__ = ["LEDGER", "PACKAGES", "TASK", "package_facts", "plugin", "team"]

LEDGER = "tool-calls.jsonl"
"""Where the tool writes down its calls, in the folder the worker was started in."""
PACKAGES = ("folkmoot", "temporalio")
TASK = f"Write a note on what is installed here: {' and '.join(PACKAGES)}."

_WRITER = (
    "You are writer. You write short release notes, at most 60 words, from facts only. First call package_facts once "
    "for each package you are asked about, all in one go. When critic asks for a change, answer with the whole new "
    "note."
)
_CRITIC = (
    "You are critic. The first time you see a note, ask in one sentence for one improvement, and do not approve it. "
    "The second time, answer APPROVE and nothing else."
)


async def package_facts(package: str, context: ToolContext) -> str:
    """Look up what is installed under the name of a Python package.

    Args:
        package: The name of the package, as on PyPI.
        context: The call, with its idempotency key.
    """
    # What a real tool would do with the key is to have a second call of it refused; here each call is written down.
    line = json.dumps({"key": context.idempotency_key, "attempt": context.attempt, "pid": os.getpid()})
    await asyncio.to_thread(_note, line)
    found = metadata.metadata(package)
    facts = {
        "package": package,
        "version": found["Version"],
        "summary": found["Summary"],
        "python": platform.python_version(),
    }
    return json.dumps(facts, ensure_ascii=False)


def _note(line: str) -> None:
    with Path(LEDGER).open("a", encoding="utf-8") as ledger:
        ledger.write(line + "\n")


def team(model: str) -> RoundRobinGroupChat:
    """The team, as JSON can hold it: model and tool by name.

    Args:
        model: Name of the model both agents speak by.
    """
    return RoundRobinGroupChat(
        [
            AssistantAgent(
                "writer",
                model,
                tools=["package_facts"],
                system_message=_WRITER,
                max_tool_iterations=3,
                model_client_stream=True,
            ),
            AssistantAgent("critic", model, system_message=_CRITIC, model_client_stream=True),
        ],
        name="release_note",
        termination_condition=TextMentionTermination("APPROVE", sources=["critic"]) | MaxMessageTermination(10),
    )


def plugin() -> FolkmootPlugin:
    """What the demo's worker has registered; its store is that of the worker's environment."""
    return FolkmootPlugin(tools=[package_facts], store=os.environ.get("FOLKMOOT_STORE") or None)
