"""The modules with the longest tests come first, in their order, and stay whole; the others follow as collected."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests._support.long_first import LONG, TESTS, pytest_collection_modifyitems


def test_long_modules_come_first_and_stay_whole() -> None:
    paths = [Path("a.py"), TESTS / LONG[1], Path("b.py"), TESTS / LONG[0], TESTS / LONG[1], Path("a.py")]
    items: list[Any] = [SimpleNamespace(path=path, number=number) for number, path in enumerate(paths)]
    pytest_collection_modifyitems(items)
    assert [item.number for item in items] == [3, 1, 4, 0, 2, 5]


@pytest.mark.parametrize("name", LONG)
def test_a_long_module_is_there(name: str) -> None:
    assert (TESTS / name).is_file()
