"""kill -9 of a worker around and inside calls: the chat ends as an undisturbed one and asks nothing known again."""

from __future__ import annotations

import pytest

from folkmoot.testing import kill_at
from tests._support.waiting import eventually
from tests.acceptance.kill.theatre import Theatre, entry


async def test_one_kill_inside_a_model_call_inside_a_tool_and_between_reply_and_tool(house: Theatre) -> None:
    """Three chats on one worker. The third gets it killed when the request for its tool is in history, the tool not yet
    run; at that time the first waits for its model, and the second is inside a tool.
    """
    house.play.held = {"model:books:1"}
    # The second chat's two tool calls pass the place first.
    env = {**kill_at("tool.before", 3, once=house.folder / "killed"), "WORKER_BLOCK": "tool-hall1"}
    worker = await house.worker(env)
    in_model, model_run = await house.perform("model")
    in_tool, tool_run = await house.perform("tool")
    await eventually(lambda: house.play.asked.get("model:books:1"), what="the first waits for its model")
    await eventually(lambda: house.bookings("tool")["hall1"], what="the second is inside a tool")
    await entry(in_tool, "tool")
    between, between_run = await house.perform("between")
    await worker.killed(model_run, tool_run, between_run)
    house.model.release("model:books:1")
    await house.worker()
    for run in (model_run, tool_run, between_run):
        assert (await run).stop_reason == "Text 'APPROVE' mentioned"
    await house.check(in_model, "model", asked_twice=("books:1",))
    await house.check(in_tool, "tool", booked_twice=("hall1",))
    await house.check(between, "between")


# Passages of the places: booking, drafting, judging, and so on.
@pytest.mark.parametrize(("place", "n", "asked_twice"), [("model.before", 3, ()), ("model.after", 2, ("drafts:1",))])
async def test_killed_around_a_model_call(house: Theatre, place: str, n: int, asked_twice: tuple[str, ...]) -> None:
    """Between reading the log and the call nothing was asked; between reply and report, only that is asked again."""
    worker = await house.worker(kill_at(place, n, once=house.folder / "killed"))
    chat, run = await house.perform("chat")
    await worker.killed(run)
    await house.worker()
    await run
    await house.check(chat, "chat", asked_twice=asked_twice)


async def test_killed_after_a_tool_before_its_report(house: Theatre) -> None:
    """The tool runs again and can tell by its key."""
    worker = await house.worker(kill_at("tool.after", 1, once=house.folder / "killed"))
    chat, run = await house.perform("chat")
    await worker.killed(run)
    begun = [item for item, attempts in house.bookings("chat").items() if attempts]
    await house.worker()
    await run
    await house.check(chat, "chat", booked_twice=tuple(begun))
