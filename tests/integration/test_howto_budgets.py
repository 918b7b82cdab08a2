"""The program in the how-to on budgets runs as it stands."""

from __future__ import annotations

from functools import partial

import pytest

from folkmoot.embedded import IN_MEMORY, local
from folkmoot.testing import ScriptedModel
from tests._support.documents import python_blocks, run_block


async def test_the_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = python_blocks("docs/howto/budgets.md")
    models = {"gpt-4o-mini": ScriptedModel([{"text": "Buy!", "usage": [100, 10], "repeat": True}], name="gpt-4o-mini")}
    monkeypatch.setattr("folkmoot.local", partial(local, data_dir=IN_MEMORY, models=models))
    names = await run_block(program, {})
    assert names["result"].stop_reason == "Maximum number of turns 6 reached."
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "The chat has used up its budget: model calls 3 of 3. May it go on?"
    assert shown[1] == "the chat cost 0.000126 of 0.5"
    assert shown[3:] == ["the chat model_calls 6 of 13", "critic tokens 330 of 20000"]
