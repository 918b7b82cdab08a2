"""The team of a living chat is changed: who stays keeps what it knows, newcomers hear what was said."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from folkmoot import (
    AssistantAgent,
    BadCommandError,
    ChatBusyError,
    DiGraphBuilder,
    FolderStore,
    GraphFlow,
    HistoryLimits,
    MaxMessageTermination,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
    UnknownNameError,
)
from tests.integration.conftest import SiteFactory, said
from tests.integration.test_rollback import texts


async def test_a_newcomer_hears_what_was_said(sites: SiteFactory) -> None:
    site = await sites(["1", "2", "3", "4"])
    chat = await site.open(site.team("a", "b"))
    await chat.run(task="go")
    await chat.add_participant(site.agent("c"))
    assert said((await chat.run()).messages) == [("b", "2")]
    assert said((await chat.run()).messages) == [("c", "3")]
    assert texts(site, 2) == ["go", "1", "2"]
    await chat.remove_participant("b")
    assert said((await chat.run()).messages) == [("a", "4")]
    assert texts(site, 3) == ["go", "1", "2", "3"]


async def test_a_rollback_behind_the_change_goes_back_to_the_old_team(sites: SiteFactory) -> None:
    site = await sites(["1", "2", "two", "3"])
    old = site.team("a", "b")
    chat = await site.open(old)
    await chat.run(task="go")
    await chat.replace_participant("b", site.agent("critic", system_message="Be strict."))
    assert said((await chat.run()).messages) == [("critic", "2")]
    with pytest.raises(BadCommandError, match="very team already"):
        await chat.replace_participant("critic", site.agent("critic", system_message="Be strict."))
    await chat.rollback(turn=1)
    assert said((await chat.run()).messages) == [("b", "two")]
    assert texts(site, 2) == ["go", "1"]
    await site.moot.open(old, chat.id)


async def test_conditions_that_stay_go_on_counting_and_another_kind_of_team_takes_over(sites: SiteFactory) -> None:
    site = await sites(["1", "2", "c", "two"])
    chat = await site.open(site.team("a", "b", termination_condition=MaxMessageTermination(3)))
    await chat.run(task="go")
    await chat.rollback(turn=1)
    members = [site.agent(name) for name in ("a", "b", "c")]
    team = SelectorGroupChat(members, "scripted", termination_condition=MaxMessageTermination(3))
    await chat.change(team)
    result = await chat.run()
    assert said(result.messages)[-1] == ("c", "two")
    assert result.stop_reason == "Maximum number of messages 3 reached, current message count: 3"


async def test_refusals_change_nothing(sites: SiteFactory) -> None:
    site = await sites(["1", {"text": "2", "hold": "it"}, "3"])
    chat = await site.open(site.team("a", "b", max_turns=2))
    with pytest.raises(UnknownNameError):
        await chat.add_participant(AssistantAgent("c", "scripted", tools=["nobody_knows"]))
    with pytest.raises(BadCommandError, match="There is no such team"):
        await chat.add_participant(site.agent("a"))
    with pytest.raises(BadCommandError, match="Nobody named 'x' takes part; there are a, b"):
        await chat.remove_participant("x")
    stream = chat.run_stream(task="go")
    await anext(stream)
    await site.model.wait_for_requests(2)
    with pytest.raises(ChatBusyError, match="change it with force"):
        await chat.add_participant(site.agent("c"))
    await chat.add_participant(site.agent("c"), force=True)
    assert said((await chat.run()).messages)[0] == ("b", "3")


@pytest.mark.parametrize("gone", [False, True])
async def test_what_a_batch_half_done_has_said_is_kept(sites: SiteFactory, gone: bool) -> None:
    words = {"start": ["go on"], "left": ["done"], "right": [{"text": "late", "hold": "it"}], "end": ["so be it"]}
    site = await sites(words)
    start, left, right, end = (site.agent(name, system_message=f"You are {name}.") for name in words)
    builder = DiGraphBuilder().add_node(start).add_node(left).add_node(right).add_node(end)
    builder.add_edge(start, left).add_edge(start, right).add_edge(left, end).add_edge(right, end)
    chat = await site.open(GraphFlow([start, left, right, end], graph=builder.build()))
    stream = chat.run_stream(task="go")
    while said([await anext(stream)]) != [("left", "done")]:
        pass
    await site.model.wait_for_requests(3)
    members = [end, start] if gone else [end, start, left]
    await chat.change(RoundRobinGroupChat(members, max_turns=1), force=True)
    assert said((await chat.run()).messages) == [("end", "so be it")]
    assert texts(site, 3) == ["go", "go on", "done"]
    state = await chat.save_state()
    thread = state["agent_states"]["RoundRobinGroupChatManager"]["message_thread"]
    assert [item["content"] for item in thread] == ["go", "go on", "done", "so be it"]


async def test_a_swarm_whose_speaker_leaves_goes_on_with_its_first(sites: SiteFactory) -> None:
    site = await sites([{"calls": [{"name": "transfer_to_b", "arguments": {}}]}, "b speaks", "a again"])
    a, b, c = site.agent("a", handoffs=["b"]), site.agent("b"), site.agent("c")
    chat = await site.open(Swarm([a, b, c], max_turns=2))
    assert said((await chat.run(task="go")).messages)[-1] == ("b", "b speaks")
    await chat.change(Swarm([site.agent("a"), c], max_turns=1))
    assert said((await chat.run(task="on")).messages) == [("user", "on"), ("a", "a again")]


def graph(*members: AssistantAgent) -> GraphFlow:
    """One after another."""
    builder = DiGraphBuilder()
    for member in members:
        builder.add_node(member)
    for member, following in pairwise(members):
        builder.add_edge(member, following)
    return GraphFlow(list(members), graph=builder.build())


async def test_a_graph_becomes_another_unless_somebody_is_in_the_middle_of_it(sites: SiteFactory) -> None:
    site = await sites(["1", "2", "3", {"text": "4", "hold": "it"}])
    a, b, z = (site.agent(name) for name in ("a", "b", "z"))
    chat = await site.open(graph(a, b))
    await chat.change(graph(a, z))
    assert said((await chat.run(task="go")).messages) == [("user", "go"), ("a", "1"), ("z", "2")]
    await chat.change(graph(a, b))
    run = asyncio.create_task(chat.run(task="again"))
    await site.model.wait_for_requests(4)
    with pytest.raises(BadCommandError, match="in the middle of its graph, and 'b' or an edge to it is not"):
        await chat.change(graph(a, z), force=True)
    site.model.release("it")
    assert (await run).messages[-1].to_text() == "4"
    with pytest.raises(BadCommandError, match="give `change` the whole team"):
        await chat.remove_participant("b")


async def test_over_sealed_parts_and_continue_as_new(sites: SiteFactory, tmp_path: Path) -> None:
    site = await sites([str(number) for number in range(12)], store=FolderStore(tmp_path))
    limits = HistoryLimits(events=25, seal_bytes=500)
    chat = await site.open(site.team("a", "b", max_turns=4), limits=limits)
    await chat.run(task="go")
    await chat.add_participant(site.agent("c"))
    await chat.run()
    status = await chat.status()
    assert status.continued > 0
    assert [item.turn for item in await chat.snapshots() if item.reason == "turn"] == list(range(1, 9))
    await chat.rollback(turn=2)
    await chat.run()
    assert texts(site, 8) == ["go", "0", "1"]
    assert texts(site, 9) == ["go", "0", "1", "8"]
