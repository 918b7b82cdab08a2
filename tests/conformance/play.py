"""Playing a scenario: once in AutoGen, once in Folkmoot on a real Temporal server, both against a scripted endpoint."""

from __future__ import annotations

import asyncio
import gc
import sys
import uuid
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from folkmoot import local
from folkmoot.testing import ScriptedServer

from .libraries import Library, autogen_library, folkmoot_library
from .marks import Coverage
from .record import Failure, Record, difference
from .talk import Talk

__all__ = ["Played", "Player"]

Build = Callable[[Any], Any]
Story = Callable[[Talk], Awaitable[object]]
Script = Mapping[str, Sequence[str | Mapping[str, Any]]]

_USAGE = (10, 5)
_SECONDS = 40.0


@dataclass(frozen=True)
class Played:
    """A scenario's records.

    Attributes:
        autogen: What AutoGen did.
        folkmoot: What Folkmoot did.
    """

    autogen: Record
    folkmoot: Record


class Player:
    """Plays scenarios as a test's mark says, and holds the two records against each other.

    Args:
        coverage: The test's mark.
        folder: Where agents' code is run.
    """

    def __init__(self, coverage: Coverage, folder: Path) -> None:
        self._coverage = coverage
        self._folder = folder

    async def __call__(
        self,
        team: Build,
        script: Script,
        *tasks: Any,
        story: Story | None = None,
        spare: bool = False,
        parallel: bool = False,
        unheard: Sequence[str] = (),
        own_words: Callable[[str], bool] | None = None,
    ) -> Played:
        """Play one scenario in both libraries.

        Args:
            team: Makes the team (or agent) from a library.
            script: What each model says, by the model's name; a reply without `usage` costs 10 and 5 tokens.
            tasks: Tasks to stream one after the other; a function makes one of a library's messages.
            story: What happens, instead of `tasks`.
            spare: Replies may be left over.
            parallel: Models are asked at the same time, so that the order of their requests means nothing.
            unheard: Models whose requests are not compared but in number: their prompts are each library's own words.
            own_words: Whether a text in messages and requests is a library's own words, and not compared.

        Returns:
            The records. They are the same where the mark says `covers`, and differ where it says `better`.
        """
        told = story or _runs(tasks)
        autogen = await _on_autogen(team, script, told, spare, self._folder)
        folkmoot = await _on_folkmoot(team, script, told, spare, self._folder)
        found = difference(*(record.comparable(parallel, unheard, own_words) for record in (autogen, folkmoot)))
        if found and self._coverage.verdict == "agree":
            pytest.fail(f"AutoGen and Folkmoot differ:\n{found}", pytrace=False)
        if not found and self._coverage.verdict == "better":
            pytest.fail("AutoGen and Folkmoot agree; the test says they do not", pytrace=False)
        return Played(autogen, folkmoot)

    def refusals(self, build: Build) -> dict[str, str]:
        """How each library refuses to build something: class and text of its error.

        Where the mark says `covers`, they refuse alike.
        """
        url = "http://localhost:1/v1"
        libraries: list[Library] = [autogen_library(url, self._folder), folkmoot_library(url, self._folder)]
        found = {lib.name: _refusal(build, lib) for lib in libraries}
        if self._coverage.verdict == "agree":
            assert len(set(found.values())) == 1, f"AutoGen and Folkmoot refuse differently: {found}"
        return found


def _refusal(build: Build, lib: Library) -> str:
    try:
        build(lib)
    except Exception as error:  # noqa: BLE001 - whatever is raised is compared
        return f"{type(error).__name__}: {error}"
    return "not refused"


def _runs(tasks: Sequence[Any]) -> Story:
    async def story(talk: Talk) -> None:
        for task in tasks:
            await talk.stream(task)

    return story


async def _on_autogen(team: Build, script: Script, story: Story, spare: bool, folder: Path) -> Record:
    async with _scripted(script, spare) as server:
        lib = autogen_library(server.base_url, folder)
        with warnings.catch_warnings():
            # pytest makes errors of warnings, and AutoGen's own would then change what it does.
            warnings.simplefilter("ignore")
            async with _closed(lib):
                before = asyncio.all_tasks()
                record = await _told(Talk(lib, team(lib), server), story)
                hung = any(outcome.failure == Failure("Hangs", "") for outcome in record.outcomes)
                if hung and (left := asyncio.all_tasks() - before):
                    await _clear(left)
                return record


async def _on_folkmoot(team: Build, script: Script, story: Story, spare: bool, folder: Path) -> Record:
    async with _scripted(script, spare) as server:
        lib = folkmoot_library(server.base_url, folder)
        name = f"conformance-{uuid.uuid4().hex}"
        async with _closed(lib), local(":memory:", queue=name, code_folder=folder) as moot:
            chat = await moot.open(team(lib), id=name)
            record = await _told(Talk(lib, chat, server), story)
            await chat.close(force=True)
            return record


async def _clear(left: set[asyncio.Task[Any]]) -> None:
    """End what a hung run of AutoGen's left behind, here and in silence, so that it disturbs no later test."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_SECONDS)
        left.clear()
        gc.collect()
    finally:
        sys.unraisablehook = hook


@asynccontextmanager
async def _closed(lib: Library) -> AsyncIterator[None]:
    """Closes AutoGen's live models at the end."""
    try:
        yield
    finally:
        for model in lib.models:
            await model.close()


async def _told(talk: Talk, story: Story) -> Record:
    async with asyncio.timeout(_SECONDS):
        await story(talk)
    return talk.finish()


@asynccontextmanager
async def _scripted(script: Script, spare: bool) -> AsyncIterator[ScriptedServer]:
    priced = {model: [_priced(reply) for reply in replies] for model, replies in script.items()}
    async with ScriptedServer(priced) as server:
        yield server
        assert spare or not server.script.left, f"{server.script.left} replies of the script were never asked for"


def _priced(reply: str | Mapping[str, Any]) -> dict[str, Any]:
    # The server's own estimate counts the bytes of a request, which differ by spaces only.
    return {"usage": _USAGE, **({"text": reply} if isinstance(reply, str) else reply)}
