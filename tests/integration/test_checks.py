"""What `folkmoot doctor` looks at, one by one: clocks, versions of workers, stores, endpoints, keys, databases."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from folkmoot import AssistantAgent, FolderStore, Folkmoot, FolkmootPlugin, OpenAIChatModel
from folkmoot._client import checks
from folkmoot._client.checks import Finding, found, looks_at_server
from folkmoot._client.reaching import look_at_database, look_at_encryption, look_at_models, look_at_store
from folkmoot._scripted.http import ScriptedServer
from folkmoot.encryption import KeyRing, new_key
from tests._support.faulty_store import FaultyStore
from tests._support.waiting import eventually
from tests.conftest import ClientFactory
from tests.integration.conftest import KEY, MODEL, unique, worker_on

SECRET = "hidden-4711"


# --- The server


@pytest.mark.parametrize(("seconds", "level"), [(0, "ok"), (-20, "warn"), (20, "warn"), (-90, "fail"), (90, "fail")])
async def test_a_clock_that_is_wrong(
    client_factory: ClientFactory, monkeypatch: pytest.MonkeyPatch, seconds: int, level: str
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=seconds)

    look = looks_at_server(await client_factory(), unique())["clock"]
    monkeypatch.setattr(checks, "datetime", Wrong)
    finding = await look()
    assert finding.level == level, finding
    if seconds:
        word = "ahead of" if seconds > 0 else "behind"
        assert word in finding.text
        assert "NTP" in finding.mend
        told = float(finding.text.split(" s ")[0])
        assert told == pytest.approx(abs(seconds), abs=2)


async def test_workers_of_a_deployment_without_a_current_version(client_factory: ClientFactory) -> None:
    queue, deployment = unique(), unique()
    client = await client_factory(plugins=[FolkmootPlugin()])
    version = WorkerDeploymentVersion(deployment, "7")
    config = WorkerDeploymentConfig(
        version=version,
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
    look = looks_at_server(client, queue)["workers"]
    assert (await look()).level == "fail"
    async with Worker(client, task_queue=queue, deployment_config=config):

        async def polling() -> Finding | None:
            finding = await look()
            return finding if finding.level != "fail" else None

        finding = await eventually(polling, what="the worker's polls")
        assert finding is not None
        assert finding.level == "warn"
        assert finding.text.startswith(
            f"task queue {queue!r}: 1 of {deployment}:7; no version is current of {deployment}"
        )
        assert "set-current-version" in finding.mend


async def test_a_look_that_fails_is_a_finding() -> None:
    async def look() -> Finding:
        raise OSError("no route")

    assert await found("here", look, mend="pull the plug") == Finding("here", "fail", "no route", "pull the plug")


# --- The store


async def test_a_store_is_left_as_it_was(tmp_path: Path) -> None:
    store = FaultyStore(tmp_path)
    await store.begin()
    before = list(tmp_path.rglob("*"))
    assert (await look_at_store(store)).level == "ok"
    assert list(tmp_path.rglob("*")) == before


async def test_no_store_is_begun_where_a_disk_may_have_to_be_mounted(tmp_path: Path) -> None:
    for store, what in (
        (FolderStore(tmp_path), "no store is in the folder yet"),
        (FolderStore(tmp_path / "store"), "there is no folder yet"),
    ):
        finding = await look_at_store(store)
        assert (finding.level, "mount or restore it" in finding.mend) == ("warn", True)
        assert finding.text == f"{store!r}: {what}; the first write begins one"
        assert list(tmp_path.iterdir()) == []
    assert (await found("store", lambda: look_at_store(FolderStore(tmp_path / "disk" / "store")))).level == "fail"


@pytest.mark.parametrize("name", ["file", "link"])
async def test_a_store_in_what_is_no_folder_fails(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    store = FolderStore(tmp_path / name)
    assert (await look_at_store(store)) == Finding(
        "store", "fail", f"{store!r}: this is no folder", "name a folder in FOLKMOOT_STORE"
    )


async def test_a_store_where_no_file_can_be_made_fails_whatever_its_mode_says() -> None:
    # A folder in which root, too, makes nothing.
    finding = await look_at_store(FolderStore("/proc/nope"))
    assert (finding.level, "this process cannot write to '/proc': " in finding.text) == ("fail", True)


async def test_a_store_that_is_away(tmp_path: Path) -> None:
    store = FaultyStore(tmp_path)
    await store.begin()
    store.away = True
    finding = await found("store", lambda: look_at_store(store))
    assert (finding.level, finding.text) == ("fail", f"The store {str(tmp_path)!r} is away.")


async def test_no_store_is_a_warning() -> None:
    finding = await look_at_store(None)
    assert (finding.level, "FOLKMOOT_STORE" in finding.mend) == ("warn", True)


# --- Models


@contextmanager
def endpoint(status: int, body: bytes) -> Iterator[tuple[str, list[str | None]]]:
    """An endpoint that answers so; its URL, and the keys it was asked with."""
    keys: list[str | None] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/v1/models"
            keys.append(self.headers["Authorization"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1", keys
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "level"), [(200, "ok"), (401, "fail"), (403, "fail"), (404, "warn"), (429, "fail"), (500, "fail")]
)
async def test_an_endpoint(status: int, level: str) -> None:
    with endpoint(status, b'{"data": [{"id": "a"}, {"id": "b"}]}') as (url, keys):
        finding = await look_at_models({"OPENAI_BASE_URL": url, "OPENAI_API_KEY": SECRET})
    assert (finding.level, keys) == (level, [f"Bearer {SECRET}"])
    assert str(status) in finding.text
    assert ("2 models" in finding.text) == (status == 200)
    assert SECRET not in finding.text + finding.mend


async def test_an_endpoint_of_another_kind_with_a_password_in_its_url() -> None:
    with endpoint(200, b"<html>") as (url, _):
        finding = await look_at_models({"OPENAI_BASE_URL": url.replace("//", f"//user:{SECRET}@")})
    assert SECRET not in finding.text
    assert (finding.level, "no list of models" in finding.text) == ("ok", True)


async def test_no_endpoint() -> None:
    finding = await look_at_models({})
    assert (finding.level, "OPENAI_API_KEY" in finding.mend) == ("warn", True)


# --- Keys


@pytest.mark.parametrize(
    ("wrote", "reads", "level", "says"),
    [
        ("", "", "ok", "off here, as for the client and the worker of the newest chat"),
        ("a", "a", "ok", "on here, as for the client and the worker of the newest chat"),
        ("a", "", "fail", "off here, but the client of"),
        ("", "a", "warn", "wrote is plain"),
        ("a", "b", "fail", "is encrypted with the key 'a'"),
        ("a", "ba", "ok", "on here"),
    ],
)
async def test_keys_that_do_not_agree(server_address: str, wrote: str, reads: str, level: str, says: str) -> None:
    ring = {name: KeyRing.parse(f"{name}:{new_key()}") for name in "ab"}

    def plugin(names: str, **options: Any) -> FolkmootPlugin:
        keys = {name: ring[name].keys[name] for name in names}
        return FolkmootPlugin(encryption=KeyRing(keys) if keys else None, **options)

    queue = unique("queue")
    async with ScriptedServer([{"text": "hello"}]) as model:
        models = {MODEL: OpenAIChatModel(MODEL, base_url=model.base_url, api_key=KEY)}
        writer = plugin(wrote, models=models)
        client = await Client.connect(server_address, plugins=[writer])
        async with Folkmoot(client, plugin=writer, queue=queue) as moot, worker_on(client, queue):
            chat = await moot.open(AssistantAgent("writer", MODEL), id=unique())
            await chat.run(task="go")

            async def newest() -> bool:
                return [each.id async for each in moot.list(limit=1)] == [chat.id]

            await eventually(newest, what="the chat in the list")
            finding = await look_at_encryption(await Client.connect(server_address, plugins=[plugin(reads)]))
    assert (finding.level, says in finding.text) == (level, True), finding


# --- The database


async def test_a_database_that_is_away_or_none() -> None:
    finding = await look_at_database(f"postgresql://ann:{SECRET}@127.0.0.1:1/moot")
    assert finding.level == "fail"
    assert finding.text.startswith("postgresql://127.0.0.1:1/moot: ")
    wrong = await look_at_database(SECRET)
    assert (wrong.level, wrong.text) == ("fail", "FOLKMOOT_DATABASE_URL is no URL")
    assert SECRET not in finding.text + finding.mend + wrong.text + wrong.mend


async def test_a_database_that_answers(tmp_path: Path) -> None:
    assert (await look_at_database(f"sqlite:///{tmp_path / 'a.db'}")).level == "ok"
