"""A guarded pytest process ends with pytest's exit code and all its output, without the interpreter's own exit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .files import ROOT

BODY = """
import atexit, os
import temporalio.bridge.runtime
atexit.register(lambda: os.write(1, b"interpreter exit"))
def test_it():
    assert {outcome}
"""


def run(folder: Path, body: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(body)
    command = [sys.executable, "-m", "pytest", "-p", "tests._support.exit_guard", "--rootdir", str(folder)]
    return subprocess.run(
        [*command, "-c", "/dev/null", "-p", "no:cacheprovider", *options, str(folder / "test_it.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("outcome", "code"), [(True, 0), (False, 1)])
@pytest.mark.parametrize("options", [(), ("-n", "1")])
def test_the_code_and_the_report_are_pytests(
    tmp_path: Path, outcome: bool, code: int, options: tuple[str, ...]
) -> None:
    done = run(tmp_path, BODY.format(outcome=outcome), *options)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("1 passed" if outcome else "1 failed") in done.stdout
    assert "interpreter exit" not in done.stdout


def test_processes_without_the_sdk_end_as_usual(tmp_path: Path) -> None:
    done = run(tmp_path, BODY.replace("import temporalio.bridge.runtime", "").format(outcome=True))
    assert done.returncode == 0
    assert "interpreter exit" in done.stdout
