"""kill -9 in a custom agent's turn, while agents' code runs, and while a person is waited for."""

from __future__ import annotations

import os
from pathlib import Path

from tests._support.waiting import eventually
from tests.acceptance.kill.company import Company


async def test_killed_in_a_turn_of_ones_own_in_code_and_with_a_request_open(troupe: Company) -> None:
    """The turn begins again from the agent's last state, the code is run again, and the request is still open."""
    worker = await troupe.worker()
    own = await troupe.perform("custom", "blocked")
    code = await troupe.perform("code", "blocked")
    asking = await troupe.perform("person", "asked")
    plain = await troupe.perform("person", "plain")
    begun = troupe.house.folder / "code" / f"chat-{code.chat.id}" / "begun"
    await eventually(begun.exists, what="the code runs")
    await eventually(lambda: len(troupe.notes("custom", "blocked")) == 2, what="the second turn has begun")
    (request,) = await eventually(asking.chat.pending, what="the person is asked")
    await troupe.strike(worker)
    await eventually(lambda: not _lives(int(begun.read_text())), what="nothing of the first attempt runs on")

    assert await asking.chat.pending() == [request], "the very same request"
    (other,) = await eventually(plain.chat.pending, what="the other is asked")
    await asking.chat.answer(request.request, "Mine [*]".replace("[*]", "[person-asked]"))
    await plain.chat.answer(other.request, "Mine [*]".replace("[*]", "[person-plain]"))
    await own.run
    await code.run
    await troupe.check()
    turns = [line.partition(":")[0] for line in troupe.notes("custom", "blocked")]
    assert turns == ["turn 1", "turn 2", "turn 2"], "only the turn under way was begun again, and counted once"


def _lives(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        return True
    # A zombie that nobody has collected yet runs no more.
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
