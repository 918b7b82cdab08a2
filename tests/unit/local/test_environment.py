"""The environment decides the data folder, the cache folder and the task queue; every variable is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from folkmoot._local.environment import ENVIRONMENT, cache_folder, default_data_folder, task_queue


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("FOLKMOOT_DATA_DIR", "XDG_DATA_HOME", "XDG_CACHE_HOME", "FOLKMOOT_TASK_QUEUE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_folders_follow_the_home_folder(tmp_path: Path) -> None:
    assert default_data_folder() == tmp_path / ".local/share/folkmoot"
    assert cache_folder() == tmp_path / ".cache/folkmoot"


def test_folders_follow_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_data_folder() == tmp_path / "data/folkmoot"
    assert cache_folder() == tmp_path / "cache/folkmoot"


def test_a_relative_xdg_path_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    assert default_data_folder() == tmp_path / ".local/share/folkmoot"


def test_the_data_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOLKMOOT_DATA_DIR", "~/moots")
    assert default_data_folder() == tmp_path / "moots"


def test_the_task_queue_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert task_queue("folkmoot") == "folkmoot"
    monkeypatch.setenv("FOLKMOOT_TASK_QUEUE", "moots")
    assert task_queue("folkmoot") == "moots"


def test_every_variable_has_a_meaning() -> None:
    assert all(meaning for meaning in ENVIRONMENT.values())
    assert {"TEMPORAL_ADDRESS", "FOLKMOOT_DATA_DIR", "FOLKMOOT_TEMPORAL_CLI"} <= ENVIRONMENT.keys()
