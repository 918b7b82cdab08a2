"""A store's contents with encryption: what lies there, under which names, and who can read it."""

from __future__ import annotations

import hashlib
import re
import uuid
from pathlib import Path

import pytest

from folkmoot.encryption import KeyRing, new_key
from folkmoot.store import BlobNotFoundError, Deleted, FolderStore, Store, StoreUnavailableError
from folkmoot.store.encrypted import EncryptedStore, encrypted

OLD, NEW = (KeyRing.parse(f"{name}:{new_key()}") for name in ("old", "new"))
BOTH = KeyRing({**NEW.keys, **OLD.keys})
SECRET = b"a secret text " * 5_000
ONE, TWO = uuid.uuid4().hex, uuid.uuid4().hex
PLACE = {"namespace": "default", "chat_id": "c", "chat": ONE}


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def files(folder: FolderStore) -> list[Path]:
    return [path for path in folder.path.rglob("*/*") if path.is_file()]


@pytest.mark.parametrize("data", [b"", b"x", SECRET, bytes(300_000)], ids=len)
async def test_blobs_come_back_and_nobody_reads_them(folder: FolderStore, data: bytes) -> None:
    store = EncryptedStore(folder, OLD)
    name = await store.put(data, chat=ONE)
    assert await store.get(name, chat=ONE) == data
    (file,) = files(folder)
    assert len(data) < 10 or data[:10] not in file.read_bytes()
    assert name == hashlib.sha256(file.read_bytes()).hexdigest(), "any store can check what it has"
    assert name != hashlib.sha256(data).hexdigest(), "nobody can check a guess"


async def test_the_same_bytes_are_one_blob_of_a_chat_and_unlike_those_of_another(folder: FolderStore) -> None:
    store = EncryptedStore(folder, OLD)
    names = {await store.put(SECRET, chat=ONE) for _ in range(3)}
    assert len(names) == 1
    assert await store.put(SECRET, chat=TWO) not in names
    assert (await store.size(chat=ONE)).blobs == 1
    assert (await store.delete(chat=ONE)).blobs == 1
    assert await store.size(chat=ONE) == Deleted(0, 0)
    with pytest.raises(BlobNotFoundError):
        await store.get(names.pop(), chat=ONE)


async def test_a_blob_of_another_chat_is_refused(folder: FolderStore) -> None:
    store = EncryptedStore(folder, OLD)
    name = await store.put(SECRET, chat=ONE)
    await folder.put(await folder.get(name, chat=ONE), chat=TWO)
    with pytest.raises(ValueError, match="cannot be decrypted"):
        await store.get(name, chat=TWO)


async def test_what_was_stored_before_is_read_and_rotated_keys_read(folder: FolderStore) -> None:
    plain = await EncryptedStore(folder, None).put(SECRET, chat=ONE)
    assert plain == hashlib.sha256(SECRET).hexdigest()
    old = await EncryptedStore(folder, OLD).put(SECRET, chat=ONE)
    both = EncryptedStore(folder, BOTH)
    new = await both.put(SECRET, chat=ONE)
    assert len({plain, old, new}) == 3
    for name in (plain, old, new):
        assert await both.get(name, chat=ONE) == SECRET


@pytest.mark.parametrize(("keys", "here"), [(None, "none"), (NEW, "'new'")])
async def test_a_missing_key_is_named_and_the_store_waited_for(
    folder: FolderStore, keys: KeyRing | None, here: str
) -> None:
    name = await EncryptedStore(folder, OLD).put(SECRET, chat=ONE)
    await EncryptedStore(folder, OLD).put_manifest(SECRET, **PLACE)
    told = re.escape(f"encrypted with the key 'old', which is not here (keys here: {here})")
    with pytest.raises(StoreUnavailableError, match=told):
        await EncryptedStore(folder, keys).get(name, chat=ONE)
    with pytest.raises(StoreUnavailableError, match=told):
        await found(EncryptedStore(folder, keys), "c")


async def found(store: Store, chat_id: str | None) -> list[bytes]:
    return [data async for data in store.manifests(namespace="default", chat_id=chat_id)]


async def test_manifests(folder: FolderStore) -> None:
    store = EncryptedStore(folder, OLD)
    await EncryptedStore(folder, None).put_manifest(b"from before", **{**PLACE, "chat": TWO})
    await store.put_manifest(SECRET, **PLACE)
    assert not any(b"secret" in file.read_bytes() for file in files(folder))
    assert sorted(await found(store, "c")) == sorted(await found(store, None)) == [SECRET, b"from before"]
    await store.put_manifest(b"later", **PLACE)
    assert sorted(await found(EncryptedStore(folder, BOTH), "c")) == [b"from before", b"later"]
    await store.delete_manifest(**PLACE)
    assert await found(store, "c") == [b"from before"]


async def test_a_manifest_of_another_chat_is_refused(folder: FolderStore) -> None:
    store = EncryptedStore(folder, OLD)
    await store.put_manifest(SECRET, **PLACE)
    (file,) = files(folder)
    await store.put_manifest(b"other", **{**PLACE, "chat_id": "d"})
    (other,) = {*files(folder)} - {file}
    other.write_bytes(file.read_bytes())
    with pytest.raises(ValueError, match=r"A manifest of chat 'd' .* is another chat's"):
        await found(store, "d")


def test_wrapping(folder: FolderStore) -> None:
    store = encrypted(folder, OLD)
    assert store is not None
    assert (store.inner, store.keys, repr(store)) == (folder, OLD, repr(folder))
    assert encrypted(store, NEW) is store
    assert encrypted(None, OLD) is None
