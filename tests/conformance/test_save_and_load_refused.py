"""States that do not fit are refused, and parts of states."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.marks import better, covers
from tests.conformance.play import Player
from tests.conformance.talk import Talk
from tests.conformance.travel import travel_fixture

travel = travel_fixture

State = dict[str, Any]
RUNNING = "The team cannot be loaded while it is running."
INVALID = "Invalid state format. The expected state format has changed since v0.4.9."


async def load(talk: Talk, state: State) -> str:
    """Load a state; how it was refused is noted, as far as AutoGen's text goes."""
    try:
        await talk.target.load_state(state)
    except (ValueError, RuntimeError) as error:
        text = str(error)
    else:
        text = "loaded"
    known = next(
        (start for start in (RUNNING, INVALID, "Invalid message type in message buffer") if start in text), text
    )
    talk.note(known)
    return text


def pair(lib: Any) -> Any:
    """a and b, one turn a run."""
    return lib.round_robin("a", "b", max_turns=1)


def member(state: State, name: str) -> State:
    """What was saved of one."""
    return state["agent_states"][name]


def without(name: str) -> Callable[[State], None]:
    """Takes somebody out."""
    return lambda state: state["agent_states"].pop(name)


def in_the_buffer(message: State) -> Callable[[State], None]:
    """Puts a message where b has not heard it yet."""

    def change(state: State) -> None:
        member(state, "b")["message_buffer"].append(message)

    return change


def wrong_shape(state: State) -> None:
    """Agents in a list."""
    state["agent_states"] = list(state["agent_states"])


def wrong_thread(state: State) -> None:
    """A thread that is no list."""
    member(state, "RoundRobinGroupChatManager")["message_thread"] = "none"


def wrong_context(state: State) -> None:
    """An LLM message of an unknown kind."""
    member(state, "b")["agent_state"]["llm_context"]["messages"] = [{"type": "Strange"}]


def stranger(state: State) -> None:
    """A thread with a message of an unknown type."""
    member(state, "RoundRobinGroupChatManager")["message_thread"].append({"type": "StrangeMessage", "source": "a"})


MISSING = {"a participant": without("b"), "the manager": without("RoundRobinGroupChatManager"), "shape": wrong_shape}


@covers("B090")
@pytest.mark.parametrize("case", MISSING)
async def test_what_does_not_fit_is_refused_with_autogens_text(play: Player, case: str) -> None:
    async def story(talk: Talk) -> None:
        state = copy.deepcopy(dict(await talk.target.save_state()))
        MISSING[case](state)
        assert await load(talk, state) != "loaded"

    played = await play(pair, {}, story=story)
    (text,) = played.folkmoot.notes
    assert text.startswith(("Agent state for", INVALID))


REFUSED: dict[str, tuple[Callable[[State], None], str]] = {
    "a participant is missing": (without("b"), "Agent state for b not found in the saved state."),
    "the manager is missing": (
        without("RoundRobinGroupChatManager"),
        "Agent state for RoundRobinGroupChatManager not found in the saved state.",
    ),
    "a thread that is none": (wrong_thread, f"{INVALID} Please read the release note on GitHub. Expected a list as "),
    "a context that is none": (wrong_context, INVALID),
    "an event not heard yet": (
        in_the_buffer({"type": "ThoughtEvent", "source": "a", "content": "Hm."}),
        "Invalid message type in message buffer: ThoughtEvent",
    ),
    "a message of an unknown type": (stranger, "Unknown message type: StrangeMessage"),
}


@better("B090", "B094", why="AutoGen takes over what it can of a state before it finds that it does not fit.")
@pytest.mark.parametrize("case", REFUSED)
async def test_a_state_that_is_refused_changes_nothing(play: Player, case: str) -> None:
    change, expected = REFUSED[case]

    async def story(talk: Talk) -> None:
        await talk.stream("go")
        state = copy.deepcopy(dict(await talk.target.save_state()))
        await talk.stream(None)
        change(state)
        before = None if talk.lib.autogen else await talk.target.save_state()
        text = await load(talk, state)
        if not talk.lib.autogen:
            assert text.startswith(expected)
            assert await talk.target.save_state() == before
            kinds = [entry.kind async for entry in talk.target.events(follow=False)]
            assert kinds[-1] == "refused"
            assert "loaded" not in kinds
        await talk.stream("more")

    script = {"a": ["a1", "a2"], "b": ["b1"]}
    played = await play(pair, script, story=story, spare=True)
    assert played.folkmoot.heard("a") == [("user", "go"), ("assistant", "a1"), ("b", "b1"), ("user", "more")]
    assert played.autogen.asked != played.folkmoot.asked or played.autogen.notes != played.folkmoot.notes


@covers("B091")
async def test_during_a_run_loading_is_refused_and_saving_is_not(play: Player) -> None:
    async def story(talk: Talk) -> None:
        run = talk.start("go")
        await talk.asked(1)
        state = dict(await talk.target.save_state())
        await load(talk, state)
        talk.release("a")
        await run

    played = await play(pair, {"a": [{"text": "a1", "hold": "a"}]}, story=story)
    assert played.folkmoot.notes == [RUNNING]
    assert played.folkmoot.last.said[-1] == ("a", "a1")
