"""What every kind of store keeps: blobs and manifests that one chat owns, on real servers."""

from __future__ import annotations

import asyncio
import hashlib
import uuid

import pytest

from folkmoot.store import BlobNotFoundError, Store, open_store

BYTES = bytes(range(256)) * 40


def chat() -> str:
    return uuid.uuid4().hex


async def test_a_blob_comes_back_under_its_hash(store: Store) -> None:
    mine = chat()
    name = await store.put(BYTES, chat=mine)
    assert name == hashlib.sha256(BYTES).hexdigest()
    assert await store.get(name, chat=mine) == BYTES


async def test_the_same_bytes_are_one_blob_of_a_chat(store: Store) -> None:
    mine = chat()
    names = await asyncio.gather(*(store.put(BYTES, chat=mine) for _ in range(5)))
    assert len(set(names)) == 1
    assert await store.delete(chat=mine) == (1, len(BYTES))


async def test_an_empty_blob_is_one(store: Store) -> None:
    mine = chat()
    assert await store.get(await store.put(b"", chat=mine), chat=mine) == b""


async def test_a_blob_is_its_chats_alone(store: Store) -> None:
    mine, other = chat(), chat()
    name = await store.put(BYTES, chat=mine)
    with pytest.raises(BlobNotFoundError, match=name):
        await store.get(name, chat=other)


async def test_deleting_a_chat_leaves_the_others(store: Store) -> None:
    mine, other = chat(), chat()
    name = await store.put(BYTES, chat=mine)
    await store.put(BYTES, chat=other)
    more = [await store.put(bytes([number]), chat=mine) for number in range(60)]
    assert await store.delete(chat=mine) == (61, len(BYTES) + 60)
    for gone in (name, more[7]):
        with pytest.raises(BlobNotFoundError):
            await store.get(gone, chat=mine)
    assert await store.get(name, chat=other) == BYTES
    assert await store.delete(chat=mine) == (0, 0)


@pytest.mark.parametrize("bad", ["", "..", "a/b", "x" * 65, "_manifests", "é"])
async def test_what_is_no_uuid_is_refused(store: Store, bad: str) -> None:
    with pytest.raises(ValueError, match="chat's uuid"):
        await store.put(b"x", chat=bad)
    with pytest.raises(ValueError, match="chat's uuid"):
        await store.delete(chat=bad)


async def test_what_is_no_hash_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match=r"expected a SHA-256 in hex, got '\.\./x'"):
        await store.get("../x", chat=chat())


async def test_manifests_are_kept_by_namespace_and_id(store: Store) -> None:
    space, name = chat(), "release/42 é.."
    first, second = chat(), chat()
    await store.put_manifest(b"one", namespace=space, chat_id=name, chat=first)
    await store.put_manifest(b"two", namespace=space, chat_id=name, chat=second)
    await store.put_manifest(b"one again", namespace=space, chat_id=name, chat=first)
    await store.put_manifest(b"three", namespace=space, chat_id="other", chat=chat())
    await store.put_manifest(b"elsewhere", namespace=chat(), chat_id=name, chat=chat())
    assert sorted([data async for data in store.manifests(namespace=space, chat_id=name)]) == [b"one again", b"two"]
    assert sorted([data async for data in store.manifests(namespace=space)]) == [b"one again", b"three", b"two"]
    await store.delete_manifest(namespace=space, chat_id=name, chat=first)
    await store.delete_manifest(namespace=space, chat_id=name, chat=first)
    assert [data async for data in store.manifests(namespace=space, chat_id=name)] == [b"two"]
    assert [data async for data in store.manifests(namespace=space, chat_id="never")] == []


async def test_deleting_a_chats_blobs_leaves_its_manifest(store: Store) -> None:
    space, mine = chat(), chat()
    await store.put_manifest(b"left", namespace=space, chat_id="c", chat=mine)
    await store.put(BYTES, chat=mine)
    assert await store.delete(chat=mine) == (1, len(BYTES))
    assert [data async for data in store.manifests(namespace=space)] == [b"left"]


async def test_two_that_open_the_same_share_it(store: Store, url: str) -> None:
    other, mine = open_store(url), chat()
    name = await store.put(BYTES, chat=mine)
    assert await other.get(name, chat=mine) == BYTES
    await other.close()


async def test_a_store_can_be_used_after_it_was_closed(store: Store) -> None:
    mine = chat()
    name = await store.put(BYTES, chat=mine)
    await store.close()
    assert await store.get(name, chat=mine) == BYTES


async def test_no_secret_is_shown(store: Store) -> None:
    await store.put(BYTES, chat=chat())
    with pytest.raises(BlobNotFoundError) as caught:
        await store.get("0" * 64, chat=chat())
    for text in (repr(store), str(caught.value)):
        assert "never-to-be-seen" not in text
