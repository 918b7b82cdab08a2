"""A chat's state on its way between libraries: what was begun in one goes on in the other, and in itself."""

from __future__ import annotations

import asyncio
import difflib
import json
import uuid
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from folkmoot import Store, local
from folkmoot.testing import ScriptedServer

from .libraries import Library, autogen_library, folkmoot_library
from .marks import Coverage, coverage_of
from .record import Record, difference
from .talk import Talk

__all__ = ["KEY", "Travelled", "Traveller", "travel_fixture"]

KEY = "folkmoot"
"""What of a state AutoGen does not know."""

Build = Callable[[Any], Any]
Script = Mapping[str, Sequence[str | Mapping[str, Any]]]
Story = Callable[[Talk], Awaitable[Any]]
State = dict[str, Any]

_USAGE = (10, 5)


@dataclass(frozen=True)
class Travelled:
    """What was said and asked after the state was saved.

    Attributes:
        autogen_stayed: By AutoGen's team that was never saved.
        autogen: By AutoGen, with AutoGen's state.
        arrived: By Folkmoot, with AutoGen's state.
        left: By AutoGen, with Folkmoot's state.
        folkmoot: By Folkmoot, with Folkmoot's state.
        folkmoot_stayed: By Folkmoot's chat that was never loaded.
        autogen_state: The state AutoGen saved.
        folkmoot_state: The state Folkmoot saved.
    """

    autogen_stayed: Record
    autogen: Record
    arrived: Record
    left: Record
    folkmoot: Record
    folkmoot_stayed: Record
    autogen_state: State
    folkmoot_state: State


class Traveller:
    """Plays the first part of a scenario in both libraries, saves, and plays the second part wherever the state goes.

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
        first: Story | Sequence[Any],
        later: Script,
        then: Story | Sequence[Any],
        *,
        parallel: bool = False,
        unheard: Sequence[str] = (),
        own_words: Callable[[str], bool] | None = None,
        spare: bool = False,
        same_state: bool = True,
        store: Store | None = None,
    ) -> Travelled:
        """Play both parts.

        Args:
            team: Makes the team (or agent) from a library.
            script: What each model says before the state is saved.
            first: The tasks before it is saved, or a story; what a story gives back is the state, if that is not None.
            later: What each model says afterwards.
            then: The tasks afterwards, or a story.
            parallel: See `Player`.
            unheard: See `Player`.
            own_words: See `Player`.
            spare: Replies of the second part may be left over.
            same_state: A state that was loaded is saved again as it was.
            store: Where Folkmoot's worker keeps what is large.

        Returns:
            The records of the second part. All are the same where the mark says `covers`, and not all where it says
            `better`; Folkmoot's chat goes on with its own state as if it had never been saved, in any case.
        """
        before, after = _told(first), _told(then)

        def compared(record: Record) -> Record:
            return record.comparable(parallel, unheard, own_words)

        async def stay(lib_of: Callable[[str, Path], Library]) -> tuple[State, Record]:
            whole = {name: [*script.get(name, ()), *later.get(name, ())] for name in {**script, **later}}
            async with _stage(lib_of, team, whole, self._folder, spare, store) as (lib, target, server), _in_time():
                talk = Talk(lib, target, server)
                state = _plain(await before(talk) or await target.save_state())
                asked = len(server.requests)
                lib.notes.clear()
                talk = Talk(lib, target, server)
                await after(talk)
                record = talk.finish()
                record.asked = record.asked[asked:]
                return state, compared(record)

        async def go(lib_of: Callable[[str, Path], Library], state: State) -> Record:
            async with _stage(lib_of, team, later, self._folder, spare, store) as (lib, target, server), _in_time():
                await target.load_state(state)
                if same_state:
                    _same_state(_plain(await target.save_state()), state, ours=lib_of is folkmoot_library)
                talk = Talk(lib, target, server)
                await after(talk)
                return compared(talk.finish())

        theirs, autogen_stayed = await stay(autogen_library)
        ours, folkmoot_stayed = await stay(folkmoot_library)
        autogen, left = await go(autogen_library, theirs), await go(autogen_library, ours)
        arrived, folkmoot = await go(folkmoot_library, theirs), await go(folkmoot_library, ours)
        found = Travelled(autogen_stayed, autogen, arrived, left, folkmoot, folkmoot_stayed, theirs, ours)
        self._check(found)
        return found

    def _check(self, found: Travelled) -> None:
        if (unlike := difference(found.folkmoot_stayed, found.folkmoot)) != "":
            pytest.fail(f"Folkmoot goes on with its own state (+) unlike the chat that was saved (-):\n{unlike}")
        legs = {name: value for name, value in vars(found).items() if isinstance(value, Record)}
        unlike = {name: text for name, leg in legs.items() if (text := difference(found.autogen, leg))}
        if unlike and self._coverage.verdict == "agree":
            told = "\n".join(f"- AutoGen's way (-) and {name} (+):\n{text}" for name, text in unlike.items())
            pytest.fail(f"The same conversation goes on in different ways.\n{told}", pytrace=False)
        if not unlike and self._coverage.verdict == "better":
            pytest.fail("All ways agree; the test says they do not", pytrace=False)


@pytest.fixture(name="travel")
def travel_fixture(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, server_address: str, tmp_path: Path
) -> Traveller:
    """Plays scenarios in two parts; see `Traveller`. A test module takes it in by `travel = travel_fixture`."""
    coverage = coverage_of(request.function)
    if coverage is None:
        raise pytest.UsageError(f"{request.node.nodeid} needs a mark: @covers('B001') or @better('B001', why='...')")
    # `local` takes the session's server, instead of starting one for each test.
    monkeypatch.setenv("TEMPORAL_ADDRESS", server_address)
    return Traveller(coverage, tmp_path)


def _in_time() -> asyncio.Timeout:
    """A bound for what never comes."""
    return asyncio.timeout(40.0)


def _told(part: Story | Sequence[Any]) -> Story:
    if callable(part):
        return part

    async def story(talk: Talk) -> None:
        for task in part:
            await talk.stream(task)

    return story


def _plain(state: Mapping[str, Any]) -> State:
    """A state as it comes back from a file."""
    text = json.dumps(state)
    return json.loads(text)


def _same_state(again: State, state: State, *, ours: bool) -> None:
    kept = state if ours and KEY in state else {name: value for name, value in state.items() if name != KEY}
    found = again if KEY in kept else {name: value for name, value in again.items() if name != KEY}
    texts = [json.dumps(_timed(value), indent=1, sort_keys=True).splitlines() for value in (kept, found)]
    if unlike := list(difflib.unified_diff(*texts, "loaded", "saved again", lineterm="", n=4)):
        pytest.fail("\n".join(["Loaded and saved again, the state is another:", *unlike]))


def _timed(value: Any) -> Any:
    """With every point in time written in one way: AutoGen writes microseconds."""
    if isinstance(value, list):
        return [_timed(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: datetime.fromisoformat(item).isoformat() if key == "created_at" else _timed(item)
        for key, item in value.items()
    }


@asynccontextmanager
async def _stage(
    lib_of: Callable[[str, Path], Library], team: Build, script: Script, folder: Path, spare: bool, store: Store | None
) -> AsyncIterator[tuple[Library, Any, ScriptedServer]]:
    """A team of one of the libraries at a scripted endpoint: AutoGen's, or a chat of Folkmoot's on a real server."""
    priced = {
        name: [{"usage": _USAGE, **({"text": reply} if isinstance(reply, str) else reply)} for reply in replies]
        for name, replies in script.items()
    }
    async with ScriptedServer(priced) as server:
        lib = lib_of(server.base_url, folder)
        try:
            if lib.autogen:
                with warnings.catch_warnings():
                    # pytest makes errors of warnings, and AutoGen's own would then change what it does.
                    warnings.simplefilter("ignore")
                    yield lib, team(lib), server
            else:
                name = f"conformance-{uuid.uuid4().hex}"
                async with local(":memory:", queue=name, code_folder=folder, store=store) as moot:
                    chat = await moot.open(team(lib), id=name)
                    yield lib, chat, server
                    await chat.close(force=True)
        finally:
            for model in lib.models:
                await model.close()
        assert spare or not server.script.left, f"{server.script.left} replies of the script were never asked for"
