"""The wheel brings `folkmoot` and nothing else to the top level of its users' environments."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from .files import PACKAGE, ROOT, pyproject, python_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("folkmoot-*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_its_top_level_is_the_package_alone(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"folkmoot"}


def test_it_has_every_module_and_the_type_marker(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    modules = {path.relative_to(PACKAGE.parent).as_posix() for path in python_files(PACKAGE)}
    assert modules - names == set()
    assert "folkmoot/py.typed" in names


def test_it_has_no_tests_and_no_leftovers(wheel: zipfile.ZipFile) -> None:
    assert [name for name in wheel.namelist() if "test_" in Path(name).name or "__pycache__" in name] == []


def test_its_metadata_tell_the_license_the_extras_and_the_command(wheel: zipfile.ZipFile) -> None:
    folder = f"folkmoot-{pyproject()['project']['version']}.dist-info"
    metadata = Parser().parsestr(wheel.read(f"{folder}/METADATA").decode())
    assert metadata["License-Expression"] == "MIT"
    assert {"cli", "testing", "tokens", "dev"} <= set(metadata.get_all("Provides-Extra") or [])
    assert "MIT License" in wheel.read(f"{folder}/licenses/LICENSE").decode()
    assert "folkmoot = folkmoot.cli.main:main" in wheel.read(f"{folder}/entry_points.txt").decode()
