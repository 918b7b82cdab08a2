"""Stores that do not answer, or refuse to: one error that says which, without a secret, until they are back."""

from __future__ import annotations

from pathlib import Path

import pytest

from folkmoot.store import FolderStore, StoreUnavailableError, open_store
from folkmoot.store.base import Store
from tests._support.postgres_server import PASSWORD, PostgresServer
from tests._support.s3_server import SECRET_KEY, S3Server

CHAT = "0123456789abcdef0123456789abcdef"


async def refused(store: Store, shown: str) -> None:
    """Nothing can be done with the store, and the error names it."""
    tries = (
        lambda: store.put(b"x", chat=CHAT),
        lambda: store.get("0" * 64, chat=CHAT),
        lambda: store.delete(chat=CHAT),
        lambda: store.put_manifest(b"x", namespace="n", chat_id="c", chat=CHAT),
    )
    for trial in tries:
        with pytest.raises(StoreUnavailableError) as caught:
            await trial()
        assert shown in str(caught.value)
        for secret in (SECRET_KEY, PASSWORD, "wrong-secret"):
            assert secret not in str(caught.value)
        assert "\n" not in str(caught.value)


async def test_a_killed_s3_server_and_the_same_one_back(tmp_path: Path) -> None:
    server = S3Server(tmp_path)
    server.start()
    try:
        store = open_store(server.url)
        name = await store.put(b"kept", chat=CHAT)
        server.end()
        await refused(store, "s3://chats/some/prefix")
        server.start()
        assert await store.get(name, chat=CHAT) == b"kept"
    finally:
        server.end()


async def test_a_wrong_key(s3: S3Server) -> None:
    await refused(open_store(s3.url.replace(SECRET_KEY, "wrong-secret")), "s3://chats/some/prefix")


async def test_a_bucket_that_is_not_there(s3: S3Server) -> None:
    store = open_store(s3.url.replace("s3://chats", "s3://nowhere"))
    with pytest.raises(StoreUnavailableError, match="'s3://nowhere/some/prefix' cannot be used: it has no such bucket"):
        await store.get("0" * 64, chat=CHAT)


async def test_keys_and_endpoint_come_from_the_environment(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "folkmoot-test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    store = open_store("s3://chats/from-environment")
    name = await store.put(b"kept", chat=CHAT)
    assert await store.get(name, chat=CHAT) == b"kept"
    assert any(key.startswith(f"from-environment/{CHAT}/") for key in s3.keys)


async def test_a_database_that_is_stopped_and_back(postgres: PostgresServer) -> None:
    store = open_store(postgres.url)
    name = await store.put(b"kept", chat=CHAT)
    postgres.stop()
    try:
        await refused(store, f"postgresql://127.0.0.1:{postgres.port}/postgres")
    finally:
        postgres.start()
    assert await store.get(name, chat=CHAT) == b"kept"
    await store.close()


async def test_a_wrong_password(postgres: PostgresServer) -> None:
    store = open_store(postgres.url.replace(PASSWORD, "wrong-secret"))
    await refused(store, f"postgresql://127.0.0.1:{postgres.port}/postgres")


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = FolderStore(tmp_path / "file" / "store")
    with pytest.raises(StoreUnavailableError, match=r"FolderStore.* cannot be used"):
        await store.put(b"x", chat=CHAT)
