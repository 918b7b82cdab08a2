"""FunctionalTermination: the function runs on a worker, sync or async; only True stops, an exception ends the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from folkmoot import ChatFailedError, FunctionalTermination, UnknownNameError
from tests.integration.conftest import SiteFactory

MET = "Functional termination condition met"


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_the_function_stops_the_chat(sites: SiteFactory, kind: str) -> None:
    seen: list[list[str]] = []

    def decide(messages: Sequence[Any]) -> bool:
        seen.append([message.to_text() for message in messages])
        return len(seen) == 3

    async def decide_later(messages: Sequence[Any]) -> bool:
        return decide(messages)

    site = await sites(["one", "two", "three"], functions={"enough": decide if kind == "sync" else decide_later})
    chat = await site.open(site.team("a", "b", termination_condition=FunctionalTermination("enough")))
    result = await chat.run(task="go")
    assert result.stop_reason == MET
    assert seen == [["go"], ["one"], ["two"]], "after the task and each turn, with what is new (AutoGen)"
    assert site.model.total == 2


async def test_only_true_counts(sites: SiteFactory) -> None:
    answers = iter(["yes", 1, True])
    site = await sites(functions={"enough": lambda _: next(answers)})
    chat = await site.open(site.team("a", termination_condition=FunctionalTermination("enough")))
    assert len((await chat.run(task="go")).messages) == 3


async def test_a_raising_function_ends_the_run_and_not_the_chat(sites: SiteFactory) -> None:
    calls: list[int] = []

    def enough(messages: Sequence[Any]) -> bool:
        calls.append(len(messages))
        if len(calls) == 2:
            raise LookupError("no such line")
        return len(calls) > 2

    site = await sites(["one", "two"], functions={"enough": enough})
    chat = await site.open(site.team("a", termination_condition=FunctionalTermination("enough")))
    with pytest.raises(ChatFailedError, match="no such line") as failed:
        await chat.run(task="go")
    assert (failed.value.agent, failed.value.error_type) == ("", "LookupError")
    assert len(calls) == 2, "a function that raises is not asked again and again"
    assert (await chat.status()).status == "idle"
    assert (await chat.run(task=None)).stop_reason == MET


async def test_an_unknown_function_is_refused_when_the_chat_is_opened(sites: SiteFactory) -> None:
    site = await sites(functions={"enough": bool})
    with pytest.raises(UnknownNameError) as refused:
        await site.open(site.team("a", termination_condition=FunctionalTermination("too_much")))
    assert (refused.value.kind, refused.value.name, refused.value.known) == ("function", "too_much", ("enough",))
