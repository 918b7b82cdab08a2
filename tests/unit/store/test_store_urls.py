"""Stores by URL: what is meant, what is refused, and that no secret is ever in a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from folkmoot import FolkmootPlugin
from folkmoot.store import FolderStore, as_store, open_store
from folkmoot.store.objects import ObjectStore
from folkmoot.store.postgres import PostgresStore

SECRET = "never-to-be-seen"


@pytest.mark.parametrize("url", ["some/where", Path("some/where"), "file:///some/where", "file://localhost/some/where"])
def test_a_folder(url: str | Path) -> None:
    found = open_store(url)
    assert isinstance(found, FolderStore)
    assert str(found.path).lstrip("/") == "some/where"


def test_a_folder_with_odd_characters() -> None:
    found = open_store("file:///some/a%20b")
    assert isinstance(found, FolderStore)
    assert found.path == Path("/some/a b")


def test_a_bucket() -> None:
    url = f"s3://chats/some/prefix?endpoint=http://127.0.0.1:9&access_key_id=a&secret_access_key={SECRET}"
    found = open_store(url)
    assert isinstance(found, ObjectStore)
    assert repr(found) == "ObjectStore('s3://chats/some/prefix')"


def test_a_database() -> None:
    found = open_store(f"postgresql://moot:{SECRET}@db:5433/chats?table=sealed&sslmode=require")
    assert isinstance(found, PostgresStore)
    assert repr(found) == "PostgresStore('postgresql://db:5433/chats')"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "expected a folder's path"),
        ("ftp://me:never-to-be-seen@host/x?key=never-to-be-seen", "got 'ftp://host/x'"),
        ("file://elsewhere/x", "expected file:///path, got 'file://elsewhere/x'"),
        ("s3://me:never-to-be-seen@chats/x", "'s3://chats/x': keys are given by the environment"),
        ("s3://", "expected s3://bucket/prefix, got 's3://': no bucket is named"),
        ("s3:///x?key=never-to-be-seen", "got 's3:///x': no bucket is named"),
        ("az:///x", "got 'az:///x': no account/container is named"),
        ("s3://chats/x?secret_accesskey=never-to-be-seen", "'secret_accesskey' is not valid"),
        ("postgresql://moot:never-to-be-seen@db/chats?table=Robert'; drop", "expected a table's name"),
        ("postgresql://moot:never-to-be-seen@db:port/chats", "expected postgresql://user:password@host:port/database"),
    ],
)
def test_what_names_no_store_is_refused_without_its_secrets(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"expected|keys are given|not valid") as caught:
        open_store(url)
    assert why in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_store_is_one_already() -> None:
    folder = FolderStore("x")
    assert as_store(folder) is folder
    assert as_store(None) is None


def test_a_plugin_takes_a_url(tmp_path: Path) -> None:
    assert repr(FolkmootPlugin(store=str(tmp_path)).store) == repr(FolderStore(tmp_path))
    assert FolkmootPlugin().store is None
