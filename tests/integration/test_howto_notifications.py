"""The programs in the how-to on notifications run as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import folkmoot
from folkmoot.notices import Notice, SinkRefusedError, encode
from folkmoot.testing import ScriptedModel
from tests._support.documents import python_blocks, run_block
from tests._support.receiver import Receiver


async def test_notifications(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    sending, receiving, sink = python_blocks("docs/howto/notifications.md")
    real = folkmoot.local

    def local(**options: Any) -> Any:
        return real(":memory:", models={"gpt-4o-mini": ScriptedModel(["Dear all"], name="gpt-4o-mini")}, **options)

    async with Receiver() as receiver:
        monkeypatch.setenv("OPS_URL", receiver.url)
        monkeypatch.setenv("OPS_SECRET", receiver.secret)
        monkeypatch.setattr(folkmoot, "local", local)
        # The block leaves as soon as the run is over; the notice may still be on its way then.
        await run_block(sending + "    await received()\n", {"received": lambda: receiver.until(1)})
        (got,) = receiver.received
    assert got.data["chat"] == "letter"

    receive = (await run_block(receiving, {}))["receive"]
    notice = Notice(**{name: tuple(v) if isinstance(v, list) else v for name, v in got.data.items()})
    bodies: Sequence[bytes] = (encode(notice), b"{}")
    assert [receive(body, got.headers, receiver.secret) for body in (bodies[0], *bodies)] == [204, 204, 400]
    assert capsys.readouterr().out == "run_ended letter\n"

    room = (await run_block(sink, {}))["Room"]()
    await room.send(notice)
    assert room.lines == [
        "run_ended of chat 'letter' of team 'RoundRobinGroupChat': run 1; Maximum number of turns 1 reached."
    ]
    with pytest.raises(SinkRefusedError):
        await room.send(Notice(**{**got.data, "tenant": "secret"}))
