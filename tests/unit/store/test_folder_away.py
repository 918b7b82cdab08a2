"""A folder that is away is told from an empty one: nothing in it is missing, begun anew or deleted until it is back."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from folkmoot.store import BlobNotFoundError, FolderStore, StoreUnavailableError, mounts
from folkmoot.store.folder import MARKER

ONE, TWO = "1" * 32, "2" * 32
PLACE = {"namespace": "n", "chat_id": "c", "chat": ONE}
NAME = "0" * 64


async def manifests(store: FolderStore) -> list[bytes]:
    return [data async for data in store.manifests(namespace="n")]


OPERATIONS: dict[str, Callable[[FolderStore], Any]] = {
    "put": lambda store: store.put(b"new", chat=TWO),
    "get": lambda store: store.get(NAME, chat=ONE),
    "size": lambda store: store.size(chat=ONE),
    "delete": lambda store: store.delete(chat=ONE),
    "put_manifest": lambda store: store.put_manifest(b"{}", **PLACE),
    "manifests": manifests,
    "delete_manifest": lambda store: store.delete_manifest(**PLACE),
    "begin": lambda store: store.begin(),
    "begun": lambda store: store.begun(),
}


@pytest.fixture
async def store(tmp_path: Path) -> FolderStore:
    """One with a blob and a manifest."""
    store = FolderStore(tmp_path / "store")
    await store.put(b"kept", chat=ONE)
    await store.put_manifest(b"{}", **PLACE)
    return store


def away(store: FolderStore) -> Path:
    """Take the folder away; where it is then."""
    return store.path.rename(store.path.with_name("elsewhere"))


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("mount_point", [False, True])
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_nothing_is_done_while_it_is_away(store: FolderStore, operation: str, mount_point: bool) -> None:
    elsewhere = away(store)
    if mount_point:
        store.path.mkdir()
    before = files(elsewhere)
    with pytest.raises(StoreUnavailableError, match=r"is away: .*Mount or restore it") as caught:
        await OPERATIONS[operation](store)
    assert str(store.path) in str(caught.value)
    assert store.path.exists() == mount_point
    assert not mount_point or list(store.path.iterdir()) == [], "nothing is written beneath what is mounted later"
    assert files(elsewhere) == before


async def test_it_goes_on_when_it_is_back(store: FolderStore) -> None:
    name = await store.put(b"kept", chat=ONE)
    elsewhere = away(store)
    with pytest.raises(StoreUnavailableError):
        await store.get(name, chat=ONE)
    elsewhere.rename(store.path)
    assert await store.get(name, chat=ONE) == b"kept"
    with pytest.raises(BlobNotFoundError):
        await store.get(NAME, chat=ONE)
    assert await manifests(store) == [b"{}"]
    assert await store.delete(chat=ONE) == (1, 4)


async def test_a_process_that_has_only_opened_it_has_seen_it(store: FolderStore) -> None:
    opened = FolderStore(store.path)
    away(store)
    with pytest.raises(StoreUnavailableError, match="is away"):
        await opened.put(b"new", chat=TWO)
    assert not store.path.exists()


async def test_one_that_goes_while_it_is_read_has_lost_nothing(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, read = await store.put(b"kept", chat=ONE), store._get

    def goes(key: str) -> bytes | None:
        away(store)
        return read(key)

    monkeypatch.setattr(store, "_get", goes)
    with pytest.raises(StoreUnavailableError, match="is away"):
        await store.get(name, chat=ONE)


async def test_one_that_goes_while_it_is_written_is_not_made_again(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = store._put

    def goes(key: str, data: bytes) -> None:
        away(store)
        put(key, data)

    monkeypatch.setattr(store, "_put", goes)
    with pytest.raises(StoreUnavailableError):
        await store.put(b"new", chat=TWO)
    assert not store.path.exists()


async def test_a_folder_that_cannot_be_read_is_not_empty(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_path: object) -> object:
        raise PermissionError("no")

    monkeypatch.setattr(os, "scandir", unreadable)
    with pytest.raises(StoreUnavailableError, match="cannot be used: no"):
        await store.delete(chat=ONE)


# --- The first use


@pytest.mark.parametrize("exists", [False, True])
async def test_the_first_write_begins_one(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path if exists else tmp_path / "store"
    store = FolderStore(folder)
    assert not await store.begun()
    assert await store.size(chat=ONE) == (0, 0)
    assert await manifests(store) == []
    assert list(tmp_path.iterdir()) == [], "whoever only reads begins nothing"
    names = await asyncio.gather(*(FolderStore(folder).put(bytes([number]), chat=ONE) for number in range(8)))
    assert MARKER in files(folder)
    assert (await store.size(chat=ONE)).blobs == len(names) == 8


@pytest.mark.parametrize("operation", ["get", "delete", "delete_manifest"])
async def test_of_a_missing_folder_nothing_is_known(tmp_path: Path, operation: str) -> None:
    with pytest.raises(StoreUnavailableError, match=f"there is no store in the folder.*{MARKER}"):
        await OPERATIONS[operation](FolderStore(tmp_path / "store"))
    assert list(tmp_path.iterdir()) == []


async def test_in_an_empty_folder_nothing_was_kept_but_what_somebody_knows_of(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    assert await store.delete(chat=ONE) == (0, 0)
    await store.delete_manifest(**PLACE)
    with pytest.raises(StoreUnavailableError, match="there is no store in the folder"):
        await store.get(NAME, chat=ONE)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / MARKER).touch()
    with pytest.raises(BlobNotFoundError):
        await store.get(NAME, chat=ONE)


async def test_the_folder_that_is_to_hold_it_is_not_made(tmp_path: Path) -> None:
    for operation in OPERATIONS.values():
        with pytest.raises(StoreUnavailableError, match=r"mount or make the folder '.*disk' first"):
            await operation(FolderStore(tmp_path / "disk" / "store"))
    assert list(tmp_path.iterdir()) == []


async def test_none_is_begun_where_something_is_to_be_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "a disk"
    disk.mkdir()
    wanted, mounted = tmp_path / "fstab", tmp_path / "mountinfo"
    written = str(disk).replace(" ", r"\040")
    wanted.write_text(f"# what is mounted\nUUID=1 / ext4\nUUID=2 none swap\n\nserver:/chats {written} nfs rw 0 0\n")
    mounted.write_text("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")
    monkeypatch.setattr(mounts, "_WANTED", wanted)
    monkeypatch.setattr(mounts, "_MOUNTED", mounted)
    store = FolderStore(disk / "store")
    for operation in OPERATIONS.values():
        with pytest.raises(StoreUnavailableError, match=r"nothing is mounted at '.*a disk', where /etc/fstab"):
            await operation(store)
    assert list(disk.iterdir()) == []
    mounted.write_text(mounted.read_text() + f"2 1 0:50 / {written} rw - nfs server:/chats rw\n")
    await store.put(b"new", chat=ONE)
    assert MARKER in files(disk / "store")


# --- One that was begun before there were markers


@pytest.mark.parametrize("left", ["blobs", "manifests"])
async def test_what_was_kept_before_is_adopted(store: FolderStore, left: str) -> None:
    if left == "blobs":
        await store.delete_manifest(**PLACE)
    else:
        await store.delete(chat=ONE)
    (store.path / MARKER).unlink()
    old = FolderStore(store.path)
    assert await manifests(old) == ([b"{}"] if left == "manifests" else [])
    assert MARKER in files(store.path)
    away(store)
    with pytest.raises(StoreUnavailableError, match="is away"):
        await old.put(b"new", chat=TWO)


async def test_other_files_are_no_store(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "docs" / "ab").mkdir(parents=True)
    (tmp_path / "docs" / "ab" / "readme").touch()
    store = FolderStore(tmp_path)
    assert not await store.begun()
    with pytest.raises(StoreUnavailableError, match="there is no store"):
        await store.get(NAME, chat=ONE)


async def test_contents_without_the_marker_are_not_trusted_once_it_was_seen(store: FolderStore) -> None:
    """What lies beneath the place where the disk is mounted looks like a store, too."""
    (store.path / MARKER).unlink()
    with pytest.raises(StoreUnavailableError, match="is away"):
        await manifests(store)
    assert MARKER not in files(store.path)


async def test_who_may_only_read_needs_no_marker(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    (store.path / MARKER).unlink()
    reader = FolderStore(store.path)

    opened = Path.open

    def read_only(path: Path, mode: str = "r", **options: Any) -> Any:
        if path.name == MARKER:
            raise OSError(errno.EROFS, "Read-only file system")
        return opened(path, mode, **options)

    monkeypatch.setattr(Path, "open", read_only)
    assert await manifests(reader) == [b"{}"]
    with pytest.raises(StoreUnavailableError, match="Read-only"):
        await reader.put(b"new", chat=ONE)
