"""Rolling back and forking: what models see next, what readers find, what the reply tells."""

from __future__ import annotations

import pytest

from folkmoot import BadCommandError, ChatBusyError, MaxMessageTermination, PayloadTooLargeError
from tests.integration.conftest import Site, SiteFactory, said, unique


def texts(site: Site, number: int) -> list[str]:
    """What the model was shown in a request, without instructions."""
    return [item["content"] for item in site.model.requests[number]["messages"] if item["role"] != "system"]


async def test_the_next_request_is_that_of_the_snapshot(sites: SiteFactory) -> None:
    site = await sites(["1", "2", "3", "two", "three"])
    chat = await site.open(site.team("a", "b", termination_condition=MaxMessageTermination(4)))
    await chat.run(task="go")
    done = await chat.rollback(turn=1)
    assert (done.snapshot.turn, done.crossed) == (1, ())
    result = await chat.run()
    assert said(result.messages) == [("b", "two"), ("a", "three")]
    assert result.stop_reason == "Maximum number of messages 4 reached, current message count: 4"
    assert texts(site, 3) == ["go", "1"]
    assert texts(site, 4) == ["go", "1", "two"]


async def test_what_was_after_is_a_branch_that_can_be_gone_back_to(sites: SiteFactory) -> None:
    site = await sites(["1", "2", "two", "3", "4"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    await chat.run(task="go")
    await chat.label("before", turn=1)
    await chat.rollback(label="before")
    await chat.run()
    first, second = await chat.branches()
    assert [item.turn for item in first.snapshots] == [1, 2]
    assert (second.parent, [item.turn for item in second.snapshots]) == (first.snapshots[0].offset, [3])
    with pytest.raises(BadCommandError, match="Turn 2 is not on the present branch; its snapshot there is at offset"):
        await chat.rollback(turn=2)
    assert not first.snapshots[1].current
    back = await chat.rollback(first.snapshots[1].offset)
    assert back.snapshot.current, "the chat is on its branch now"
    assert back.snapshot == await chat.find(back.snapshot.offset)
    await chat.run(task="more")
    assert texts(site, 3) == ["go", "1", "2", "more"]


async def test_snapshots_are_compared_by_offset_and_by_label(sites: SiteFactory) -> None:
    site = await sites(["1", "2"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    await chat.run(task="go")
    first, second = await chat.snapshots()
    # A label that reads like an offset is a label all the same.
    await chat.label(str(second.offset), first.offset)
    found = await chat.compare(str(second.offset), second.offset)
    assert (found.first.snapshot.offset, found.second.snapshot.offset) == (first.offset, second.offset)
    with pytest.raises(BadCommandError, match="No snapshot has the label 'none'"):
        await chat.compare(first.offset, "none")


async def test_a_running_chat_is_refused_without_force(sites: SiteFactory) -> None:
    site = await sites(["1", {"text": "2", "hold": "it"}, "two"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    run = chat.run_stream(task="go")
    async for item in run:
        if item.type == "TextMessage" and item.source == "a":
            break
    await site.model.wait_for_requests(2)
    with pytest.raises(ChatBusyError, match="roll it back with force"):
        await chat.rollback(turn=1)
    await chat.rollback(turn=1, force=True)
    assert said((await chat.run()).messages) == [("b", "two")]
    assert texts(site, 2) == ["go", "1"]


async def test_a_fork_goes_on_by_itself_and_so_does_its_source(sites: SiteFactory) -> None:
    site = await sites(["1", "2", "theirs", "3", "4"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    await chat.run(task="go")
    name = unique()
    fork = await site.moot.fork(chat.id, name, turn=1)
    await fork.run()
    await chat.run(task="more")
    assert texts(site, 2) == ["go", "1"]
    assert texts(site, 3) == ["go", "1", "2", "more"]
    deeper = await site.moot.fork(name, unique())
    state, saved = await deeper.save_state(), await fork.save_state()
    assert state["agent_states"] == saved["agent_states"]


async def test_saved_and_loaded(sites: SiteFactory) -> None:
    site = await sites(["1", "2", "3", "4"])
    team = site.team("a", "b", termination_condition=MaxMessageTermination(3))
    chat = await site.open(team)
    await chat.run(task="go")
    state = await chat.save_state()
    other = await site.open(team, state=state)
    await other.run(task="more")
    assert texts(site, 2) == ["go", "1", "2", "more"]
    assert (await other.save_state(offset=(await other.snapshots())[0].offset))["agent_states"] == state["agent_states"]
    with pytest.raises(BadCommandError, match="Agent state for a not found in the saved state"):
        await other.load_state({**state, "agent_states": {}})
    with pytest.raises(BadCommandError, match=r"Expected a saved state, .* got \{\}"):
        await other.load_state({})
    with pytest.raises(PayloadTooLargeError, match=r"where there is no store \(`store=`, `FOLKMOOT_STORE`\), has"):
        await other.load_state({**state, "more": "x" * 2_000_000})


async def test_old_messages(sites: SiteFactory) -> None:
    site = await sites(["2"])
    old = [
        {"role": "user", "name": "user", "content": "go"},
        {"role": "user", "name": "a", "content": "1"},
    ]
    chat = await site.open(site.team("a", "b"), messages=old)
    assert said((await chat.run()).messages) == [("b", "2")]
    assert texts(site, 0) == ["go", "1"]
