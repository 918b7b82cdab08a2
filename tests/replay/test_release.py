"""A release keeps the histories of all paths of its code, whole, once and for ever."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.replay.record import CURRENT
from tests.replay.release import ReleaseError, keep

KEPT = ("tools.1.json", "continue_as_new_carried.1.json", "continue_as_new_carried.2.json")
PATHS = {"tools", "continue_as_new_carried"}


@pytest.fixture
def current(tmp_path: Path) -> Path:
    folder = tmp_path / "current"
    folder.mkdir()
    for name in KEPT:
        shutil.copyfile(CURRENT / name, folder / name)
    return folder


async def test_the_histories_are_kept_once(current: Path) -> None:
    kept = await keep(current, "1.2.3", PATHS)
    assert kept == current.with_name("1.2.3")
    assert {file.name: file.read_bytes() for file in kept.iterdir()} == {
        file.name: file.read_bytes() for file in current.iterdir()
    }
    (current / "tools.1.json").write_text("{}")
    with pytest.raises(ReleaseError, match=r"'1\.2\.3' has left its histories"):
        await keep(current, "1.2.3", PATHS)
    assert (kept / "tools.1.json").read_bytes() == (CURRENT / "tools.1.json").read_bytes()


@pytest.mark.parametrize(
    ("paths", "named"), [(PATHS | {"new"}, "new"), ({"tools"}, "continue_as_new_carried")], ids=["missing", "left"]
)
async def test_every_path_must_be_on_record(current: Path, paths: set[str], named: str) -> None:
    with pytest.raises(ReleaseError, match=f"not both: {named}; run"):
        await keep(current, "1.2.3", paths)
    assert [folder.name for folder in current.parent.iterdir()] == ["current"]


async def test_histories_of_other_code_are_not_kept(current: Path) -> None:
    file = current / "tools.1.json"
    file.write_text(file.read_text().replace('"folkmoot.model"', '"folkmoot.tool"', 1))
    with pytest.raises(ReleaseError, match=r"tools\.1\.json is of other code than this; record it anew"):
        await keep(current, "1.2.3", PATHS)
    assert [folder.name for folder in current.parent.iterdir()] == ["current"]


async def test_what_a_broken_off_attempt_left_is_not_kept(current: Path) -> None:
    left = current.with_name(".1.2.3")
    left.mkdir()
    (left / "old.1.json").write_text("{}")
    kept = await keep(current, "1.2.3", PATHS)
    assert {file.name for file in kept.iterdir()} == set(KEPT)
    assert not left.exists()
