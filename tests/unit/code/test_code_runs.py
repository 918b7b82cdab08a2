"""Code blocks run in real processes: what they write, how they end, what they see of the worker."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

import pytest

from folkmoot._code import run_blocks, runner
from folkmoot.messages import CodeBlock, CodeResult


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "work"


async def run(folder: Path, *blocks: tuple[str, str], **options: Any) -> CodeResult:
    listed = [CodeBlock(language=language, code=code) for language, code in blocks]
    return await run_blocks(listed, folder=folder, **({"timeout": 60.0} | options))


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "print('hi')"),
        ("Python", "print('hi')"),
        ("py", "print('hi')"),
        ("sh", "echo hi"),
        ("shell", "echo hi"),
        ("bash", "[[ 1 == 1 ]] && echo hi"),
    ],
)
async def test_each_language_runs(folder: Path, language: str, code: str) -> None:
    assert await run(folder, (language, code)) == CodeResult(exit_code=0, output="hi\n")


async def test_python_is_the_workers_own(folder: Path) -> None:
    assert (await run(folder, ("python", "import sys; print(sys.executable)"))).output.strip() == sys.executable


async def test_output_and_errors_stand_in_the_order_they_came(folder: Path) -> None:
    code = "import sys\nfor n in range(3):\n    print(n)\n    print('e', n, file=sys.stderr)"
    assert (await run(folder, ("python", code))).output == "0\ne 0\n1\ne 1\n2\ne 2\n"


async def test_blocks_run_until_one_fails(folder: Path) -> None:
    result = await run(folder, ("sh", "echo one"), ("python", "print('two'); raise SystemExit(3)"), ("sh", "echo no"))
    assert result == CodeResult(exit_code=3, output="one\ntwo\n")


async def test_no_blocks_are_no_failure(folder: Path) -> None:
    assert await run(folder) == CodeResult(exit_code=0, output="")


async def test_an_unknown_language_is_said_as_autogen_says_it(folder: Path) -> None:
    result = await run(folder, ("sh", "echo one"), ("Ruby", "puts 1"))
    assert result == CodeResult(exit_code=1, output="one\n\nunknown language ruby")


async def test_a_signal_counts_as_in_a_shell(folder: Path) -> None:
    assert (await run(folder, ("sh", "kill -TERM $$"))).exit_code == 128 + 15


async def test_a_shell_that_is_not_installed_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    assert await run(folder, ("bash", "echo")) == CodeResult(exit_code=127, output="bash: No such file or directory\n")


async def test_a_block_that_reads_gets_nothing(folder: Path) -> None:
    assert "EOFError" in (await run(folder, ("python", "input()"))).output
    assert await run(folder, ("sh", "cat; echo done")) == CodeResult(exit_code=0, output="done\n")


async def test_a_block_sees_named_variables_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "SHOWN"):
        monkeypatch.setenv(name, f"value of {name}")
    code = "import os, json; print(json.dumps(sorted(os.environ))); print(os.environ['HOME'], os.environ['SHOWN'])"
    result = await run(folder, ("python", code), environment=("SHOWN", "NOT_SET"))
    assert result.output == f'["HOME", "LANG", "PATH", "SHOWN"]\n{folder.resolve()} value of SHOWN\n'


async def test_limits_hold_for_what_the_block_starts_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "FILE_SIZE", 4096)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        result = await run(folder, ("bash", "bash -c 'ulimit -c; ulimit -t'"), timeout=20)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert result.output == "0\n41\n"
    result = await run(folder, ("python", "open('big', 'wb', 0).write(bytes(4096)); open('big', 'ab', 0).write(b'x')"))
    assert result.exit_code == 1
    assert "File too large" in result.output
    assert (folder / "big").stat().st_size == 4096


async def test_output_is_cut_at_the_limit_and_says_so(folder: Path) -> None:
    # The limit falls amid the third letter, which is left out.
    result = await run(folder, ("python", "print('é' * 5, end='')"), output_limit=5)
    assert result == CodeResult(exit_code=0, output="éé\n[output cut: the first 5 of 10 bytes]")
    result = await run(folder, ("python", "print('x' * 1_000_000, end='')"), ("sh", "echo y"), output_limit=10)
    assert result.output == "xxxxxxxxxx\n[output cut: the first 10 of 1,000,002 bytes]"
    assert (await run(folder, ("sh", "printf 12345"), output_limit=5)).output == "12345"


async def test_bytes_that_are_no_text_are_marked(folder: Path) -> None:
    assert (await run(folder, ("sh", r"printf 'a\377b'"))).output == "a\ufffdb"


@pytest.mark.parametrize("options", [{"timeout": 0}, {"timeout": -1.0}, {"output_limit": 0}])
async def test_limits_are_positive(folder: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^timeout and output_limit must be positive, got "):
        await run(folder, ("sh", "echo"), **options)
