"""A release keeps the histories of all paths of its code, whole, once and for ever."""

from __future__ import annotations

import shutil
from collections.abc import Set
from pathlib import Path

import pytest

from tests.replay import processes
from tests.replay.caller import Caller
from tests.replay.record import CURRENT
from tests.replay.release import CHATS, PROCESSES, Kind, ReleaseError, keep
from workflows import WORKFLOWS

KEPT = ("tools.1.json", "continue_as_new_carried.1.json", "continue_as_new_carried.2.json")
PATHS = {"tools", "continue_as_new_carried"}


def of(current: Path, paths: Set[str] = PATHS) -> Kind:
    """Histories of chats in a folder."""
    return Kind(current, current.parent, paths, [Caller], "tests.replay.record")


@pytest.fixture
def current(tmp_path: Path) -> Path:
    folder = tmp_path / "current"
    folder.mkdir()
    for name in KEPT:
        shutil.copyfile(CURRENT / name, folder / name)
    return folder


async def test_the_histories_are_kept_once(current: Path) -> None:
    (kept,) = await keep([of(current)], "1.2.3")
    assert kept == current.with_name("1.2.3")
    assert {file.name: file.read_bytes() for file in kept.iterdir()} == {
        file.name: file.read_bytes() for file in current.iterdir()
    }
    (current / "tools.1.json").write_text("{}")
    with pytest.raises(ReleaseError, match=r"'1\.2\.3' has left its histories"):
        await keep([of(current)], "1.2.3")
    assert (kept / "tools.1.json").read_bytes() == (CURRENT / "tools.1.json").read_bytes()


@pytest.mark.parametrize(
    ("paths", "named"), [(PATHS | {"new"}, "new"), ({"tools"}, "continue_as_new_carried")], ids=["missing", "left"]
)
async def test_every_path_must_be_on_record(current: Path, paths: set[str], named: str) -> None:
    with pytest.raises(ReleaseError, match=f"not both: {named}; run"):
        await keep([of(current, paths)], "1.2.3")
    assert [folder.name for folder in current.parent.iterdir()] == ["current"]


async def test_histories_of_other_code_are_not_kept(current: Path) -> None:
    file = current / "tools.1.json"
    file.write_text(file.read_text().replace('"folkmoot.model"', '"folkmoot.tool"', 1))
    with pytest.raises(ReleaseError, match=r"tools\.1\.json is of other code than this; record it anew"):
        await keep([of(current)], "1.2.3")
    assert [folder.name for folder in current.parent.iterdir()] == ["current"]


async def test_what_a_broken_off_attempt_left_is_not_kept(current: Path) -> None:
    left = current.with_name(".1.2.3")
    left.mkdir()
    (left / "old.1.json").write_text("{}")
    (kept,) = await keep([of(current)], "1.2.3")
    assert {file.name for file in kept.iterdir()} == set(KEPT)
    assert not left.exists()


async def test_those_of_the_business_processes_are_kept_beside_the_current_ones(current: Path, tmp_path: Path) -> None:
    folder = tmp_path / "process_histories"
    folder.mkdir()
    for number in (1, 2):
        shutil.copyfile(processes.HISTORIES / f"incident_handed_over.{number}.json", folder / f"handed.{number}.json")
    of_processes = Kind(folder, folder, {"handed"}, WORKFLOWS, "tests.replay.processes")
    chats, kept = await keep([of(current), of_processes], "1.2.3")
    assert kept == folder / "1.2.3"
    assert sorted(file.name for file in kept.iterdir()) == ["handed.1.json", "handed.2.json"]
    assert {file.name for file in chats.iterdir()} == set(KEPT)


async def test_where_those_of_processes_cannot_be_kept_none_are(current: Path, tmp_path: Path) -> None:
    folder = tmp_path / "process_histories"
    folder.mkdir()
    with pytest.raises(ReleaseError, match=r"not both: handed; run python -m tests\.replay\.processes NAME"):
        await keep([of(current), Kind(folder, folder, {"handed"}, WORKFLOWS, "tests.replay.processes")], "1.2.3")
    assert [item.name for item in current.parent.iterdir() if item.name != folder.name] == ["current"]


def test_a_release_keeps_all_histories_there_are() -> None:
    assert (CHATS.current, PROCESSES.current) == (CURRENT, processes.HISTORIES)
    assert set(processes.PATHS) == PROCESSES.paths
