"""Code blocks are files of the working folder: named ones stay, and no name leads out of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from folkmoot._code import run_blocks
from folkmoot.messages import CodeBlock, CodeResult

OUTSIDE = CodeResult(exit_code=1, output="Filename is not in the workspace")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "work"


async def run(folder: Path, *codes: str, language: str = "python") -> CodeResult:
    blocks = [CodeBlock(language=language, code=code) for code in codes]
    return await run_blocks(blocks, folder=folder, timeout=60)


async def test_the_folder_is_made_for_this_user_only(folder: Path) -> None:
    await run(folder, "open('made', 'w')")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "made").exists()


async def test_a_file_in_the_folders_place_is_an_error(folder: Path) -> None:
    folder.write_text("")
    with pytest.raises(OSError, match="work"):
        await run(folder, "print(1)")


async def test_named_blocks_stay_and_can_be_imported(folder: Path) -> None:
    first = await run(folder, "# filename: tools/adder.py\nadd = lambda a, b: a + b")
    assert first == CodeResult(exit_code=0, output="")
    assert await run(folder, "from tools.adder import add\nprint(add(1, 2))") == CodeResult(exit_code=0, output="3\n")
    assert sorted(path.name for path in folder.rglob("*.py")) == ["adder.py"]


async def test_a_name_may_look_like_an_option(folder: Path) -> None:
    assert (await run(folder, "# filename: -c\necho ran", language="sh")).output == "ran\n"


async def test_a_named_block_replaces_the_file(folder: Path) -> None:
    await run(folder, "# filename: x.py\nprint('a long first version')")
    assert (await run(folder, "# filename: x.py\nprint(2)")).output == "2\n"
    assert (folder / "x.py").read_text() == "# filename: x.py\nprint(2)"


@pytest.mark.parametrize(
    "name", ["../x.py", "/tmp/x.py", "a/../../x.py", "a/../x.py", "..", ".", "", "/", "a\0b", "file/x.py"]
)
async def test_names_that_lead_out_are_refused(folder: Path, name: str) -> None:
    folder.mkdir()
    (folder / "file").write_text("")
    assert await run(folder, f"# filename: {name}\nprint(1)") == OUTSIDE
    assert sorted(path.name for path in folder.parent.rglob("*")) == ["file", "work"]


async def test_links_are_refused(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "target.py").write_text("kept")
    folder.mkdir()
    (folder / "way").symlink_to(outside)
    (folder / "link.py").symlink_to(outside / "target.py")
    (folder / "new.py").symlink_to(outside / "new.py")
    for name in ("way/x.py", "link.py", "new.py"):
        assert await run(folder, f"# filename: {name}\nprint(1)") == OUTSIDE
    assert [path.name for path in outside.iterdir()] == ["target.py"]
    assert (outside / "target.py").read_text() == "kept"


async def test_a_second_name_or_a_pipe_is_replaced_not_written_to(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    outside = tmp_path / "outside.py"
    outside.write_text("kept")
    os.link(outside, folder / "hard.py")
    os.mkfifo(folder / "pipe.py")
    for name in ("hard.py", "pipe.py"):
        assert (await run(folder, f"# filename: {name}\nprint(1)")).output == "1\n"
    assert outside.read_text() == "kept"


async def test_a_file_that_cannot_be_written_is_named(folder: Path) -> None:
    name = "x" * 300
    result = await run(folder, f"# filename: {name}\nprint(1)")
    assert result == CodeResult(exit_code=1, output=f"Cannot write '{name}': File name too long")


async def test_only_the_first_line_names_the_file(folder: Path) -> None:
    assert (await run(folder, "print(1)\n# filename: ../x.py")).output == "1\n"


async def test_text_that_is_no_utf8_is_written_with_marks(folder: Path) -> None:
    assert (await run(folder, "print('\ud83d')")).output == "?\n"
