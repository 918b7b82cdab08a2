"""Folders in memory: each belongs to one process, and those of killed ones are removed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from folkmoot._local.volatile import VolatileFolder

HOLDS = """
import sys, signal
from pathlib import Path
from folkmoot._local.volatile import VolatileFolder
folder = VolatileFolder.make(Path(sys.argv[1]))
(folder.path / "temporal.db").write_text("much")
print(folder.path, flush=True)
signal.pause()
"""


def test_a_folder_is_removed_with_what_is_in_it(tmp_path: Path) -> None:
    one, other = VolatileFolder.make(tmp_path), VolatileFolder.make(tmp_path)
    assert one is not None
    assert other is not None
    assert one.path != other.path
    (one.path / "temporal.db").write_text("much")
    one.remove()
    assert sorted(tmp_path.iterdir()) == [other.path]


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        own = VolatileFolder.make(tmp_path)
        assert own is not None
        assert left.exists(), "its process lives"
        process.send_signal(signal.SIGKILL)
    VolatileFolder.make(tmp_path)
    assert not left.exists()
    assert own.path.exists()


def test_without_room_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=2**26)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert VolatileFolder.make(tmp_path) is None
    assert VolatileFolder.make(tmp_path / "not there") is None
    assert list(tmp_path.iterdir()) == []
