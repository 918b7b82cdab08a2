"""A machine without Temporal or Go: an empty PATH, home and cache."""

from __future__ import annotations

from pathlib import Path

import pytest


def executable(path: Path, script: str = "exit 0") -> Path:
    """Write a shell script that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Its PATH has a folder `bin` of its own and the system's shell tools; its cache is `cache`."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("/bin/sh", "/bin/cat", "/bin/chmod", "/bin/sleep"):
        (tools / Path(tool).name).symlink_to(tool)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("FOLKMOOT_TEMPORAL_CLI", "TEMPORAL_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
