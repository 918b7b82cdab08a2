"""States of any size: a chat of 209,000 tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from folkmoot import FolderStore, PayloadTooLargeError
from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.talk import Talk
from tests.conformance.travel import Traveller, travel_fixture

travel = travel_fixture

TOKENS = 209_000
TURNS = 24
LETTERS = TOKENS * 4 // TURNS
"""Of each message; a token has about four."""


def three(lib: Any) -> Any:
    """a, b and c in turn, until one says STOP."""
    return lib.round_robin("a", "b", "c", termination_condition=lib.TextMentionTermination("STOP"))


@covers("B087", "B088", "B092")
async def test_a_long_chat_of_three_goes_on(travel: Traveller, tmp_path: Path) -> None:
    script = {name: [f"{name}{turn} ".ljust(LETTERS, name) for turn in range(TURNS // 3)] for name in "abc"}
    script["c"][-1] += "STOP"
    later = {"a": ["a goes on"], "b": ["b goes on"], "c": ["STOP"]}
    gone = await travel(three, script, ["go"], later, ["more"], store=FolderStore(tmp_path))
    assert len(json.dumps(gone.folkmoot_state)) > 3 * TOKENS * 4
    assert sum(len(content) for _, content in gone.arrived.heard("b", 0)) > (TOKENS * 4) - LETTERS


@better("B090", "B094", why="AutoGen's state never leaves the process; Folkmoot's command has a limit without a store.")
async def test_a_large_state_without_a_store_is_refused(play: Player) -> None:
    async def story(talk: Talk) -> None:
        await talk.stream("go")
        state = json.loads(json.dumps(await talk.target.save_state()))
        messages = state["agent_states"]["b"]["message_buffer"]
        messages[-1]["content"] = "x" * 1_100_000
        if talk.lib.autogen:
            await talk.target.load_state(state)
        else:
            with pytest.raises(
                PayloadTooLargeError, match=r"The state, .* has .* bytes; at most 1,000,000 are allowed"
            ):
                await talk.target.load_state(state)
        await talk.stream(None)

    played = await play(three, {"a": ["STOP"], "b": ["b1 STOP"]}, story=story)
    assert played.folkmoot.heard("b") == [("user", "go"), ("a", "STOP")]
