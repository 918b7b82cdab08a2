"""Errors of agents, and what comes after them."""

from __future__ import annotations

from tests.conformance.marks import better
from tests.conformance.play import Player

REFUSED = {"status": 400, "message": "no such model"}


@better(
    "B096",
    why="AutoGen raises a RuntimeError whose text is the traceback; Folkmoot names agent, class (its own, not a client "
    "library's) and text as fields, and keeps no traceback.",
)
async def test_a_failing_agent_is_named(play: Player) -> None:
    played = await play(lambda lib: lib.round_robin("a", "b", max_turns=2), {"a": ["1"], "b": [REFUSED]}, "go")
    assert played.autogen.failure.type == "BadRequestError"
    assert played.folkmoot.failure.type == "ModelCallError"
    for record in (played.autogen, played.folkmoot):
        assert "no such model" in record.failure.text
        assert record.last.said == [("user", "go"), ("a", "1")], "what was said before is kept"


@better(
    "B097",
    why="After an error AutoGen's team is broken: it skips the failed agent's turn, gives one turn a run, and neither "
    "conditions nor limits hold any more; in Folkmoot a run without a task takes the failed turn again.",
)
async def test_after_an_error_the_team_completes(play: Player) -> None:
    script = {"a": [REFUSED, "1", "3"], "b": ["2"]}
    played = await play(lambda lib: lib.round_robin("a", "b", max_turns=3), script, "go", None, spare=True)
    assert played.autogen.last.said == [("b", "2")]
    assert played.autogen.last.stop_reason == "The group chat is stopped."
    assert played.folkmoot.last.said == [("a", "1"), ("b", "2"), ("a", "3")]
    assert played.folkmoot.last.stop_reason == "Maximum number of turns 3 reached."
    assert played.folkmoot.heard("a", 1) == [("user", "go")], "nothing is heard twice"


@better("B097", why="AutoGen's agent, alone, hears a task twice when it is tried again after an error.")
async def test_an_agent_alone_can_be_tried_again(play: Player) -> None:
    played = await play(lambda lib: lib.agent(), {"writer": [REFUSED, "1"]}, "go", "again")
    assert played.folkmoot.heard("writer") == [("user", "go"), ("user", "again")]
    assert played.folkmoot.last.said == [("user", "again"), ("writer", "1")]
