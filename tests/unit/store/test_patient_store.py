"""A store that is away is asked again, and the log tells of an outage once, however many ask and however often."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from folkmoot.store import BlobNotFoundError, StoreUnavailableError, patient
from folkmoot.store.patient import PatientStore
from tests._support.faulty_store import FaultyStore
from tests._support.waiting import eventually

CHAT = "c" * 32


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "folkmoot.store"]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FaultyStore:
    monkeypatch.setattr(patient, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(patient, "_LONGEST_PAUSE", 0.01)
    return FaultyStore(tmp_path)


async def test_an_outage_is_told_of_once_and_so_is_its_end(
    store: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    name = await store.put(b"x", chat=CHAT)
    for outage in (1, 2):
        store.away, refused = True, store.refused
        reads = [asyncio.create_task(PatientStore(store, 30).get(name, chat=CHAT)) for _ in range(3)]
        await eventually(lambda before=refused: store.refused >= before + 12, what="all were refused repeatedly")
        assert [text.endswith("asked again until it answers.") for text in told(caplog)] == [True, False] * (
            outage - 1
        ) + [True]
        store.away = False
        assert await asyncio.gather(*reads) == [b"x"] * 3
        assert len(told(caplog)) == 2 * outage
        assert told(caplog)[-1] == f"The store answers again: {store!r}"


async def test_a_store_that_misses_a_content_is_one_that_answers(
    store: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    await store.put(b"x", chat=CHAT)
    store.away = True
    with pytest.raises(StoreUnavailableError):
        await PatientStore(store, 0.05).get("a" * 64, chat=CHAT)
    store.away = False
    with pytest.raises(BlobNotFoundError):
        await PatientStore(store).get("a" * 64, chat=CHAT)
    assert [text.partition(":")[0] for text in told(caplog)][1:] == ["The store answers again"]
