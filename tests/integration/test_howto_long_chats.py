"""The program of the how-to on long chats runs as it stands."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from folkmoot import local
from folkmoot.embedded import IN_MEMORY
from folkmoot.testing import ScriptedModel
from tests._support.documents import python_blocks, run_block


def answers(body: dict[str, Any]) -> str:
    first = str(body["messages"][0]["content"])
    return "critic" if "Read the following conversation" in first or "select" in first.lower() else "Chapter one."


async def test_long_chats(monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = python_blocks("docs/howto/long-chats.md")
    models = {name: ScriptedModel(answers, name=name) for name in ("gpt-4o", "gpt-4o-mini")}
    monkeypatch.setattr("folkmoot.local", partial(local, data_dir=IN_MEMORY, models=models))
    names = await run_block(program, {})
    assert (names["last"], names["told"]) == ("Chapter one.", "Chapter one.")
    asked = models["gpt-4o-mini"].requests[-1]["messages"]
    assert asked[-1]["content"] == "What is the novel about?"
