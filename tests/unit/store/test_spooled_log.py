"""A log whose older part lies in a file: the same log, in bounded memory."""

from __future__ import annotations

import gc
import os
import random
import threading
from pathlib import Path

import pytest

from folkmoot._chat.log import Log
from folkmoot._temporal import spooled_log
from folkmoot._temporal.spooled_log import SpooledLog


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooled_log, "BLOCK", 8)


def filled(log: Log, count: int) -> Log:
    for number in range(count):
        kind = {"kind": "rolled_back", "to": number // 2} if number % 50 == 49 else {"kind": "message"}
        log.append({**kind, "time": str(number), "text": f"é{number}\n" * (number % 5)})
    return log


@pytest.mark.parametrize("base", [0, 1_000])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 15, 16, 17, 200, 1_003])
def test_it_is_the_log_it_would_be_in_memory(base: int, count: int) -> None:
    plain, spooled = filled(Log(base, "d" * 16), count), filled(SpooledLog(base, "d" * 16), count)
    assert list(spooled) == list(plain)
    assert (spooled.head, spooled.digest, len(spooled)) == (plain.head, plain.digest, len(plain))
    rng = random.Random(7)
    for _ in range(200):
        start, end = rng.randint(base - 5, base + count + 5), rng.randint(base - 5, base + count + 5)
        assert spooled.after(start, end) == plain.after(start, end)
        assert spooled.after(start) == plain.after(start)
        assert spooled.digest_at(start) == plain.digest_at(start)
        assert spooled.branch(end) == plain.branch(end)
        assert spooled.turns_back(start, end) == plain.turns_back(start, end)
        if base <= start < base + count:
            assert spooled.at(start) == plain.at(start)
            assert spooled[start - base] == plain[start - base]
        else:
            with pytest.raises(KeyError):
                spooled.at(start)
    assert spooled[2:9] == plain[2:9]


def test_memory_holds_the_newest_only() -> None:
    log = SpooledLog()
    most = 0
    for number in range(2_000):
        log.append({"kind": "message", "time": "t", "text": "x" * 100, "n": number})
        most = max(most, log.bytes)
    assert most < 16 * 200
    assert log.bytes + log.spooled_bytes == sum(len(entry.encoded) + 1 for entry in log)
    assert len(log._entries) < 16


def test_pinned_entries_are_found() -> None:
    log = SpooledLog(5)
    log.pin({2: b'{"kind":"message","time":"t"}'})
    filled(log, 40)
    assert log.at(2).kind == "message"
    with pytest.raises(KeyError):
        log.at(3)


def test_the_file_is_closed_with_the_log_and_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooled_log.tempfile, "tempdir", str(tmp_path))
    log = filled(SpooledLog(), 100)
    file = log._file  # type: ignore[attr-defined]
    assert os.fstat(file).st_size > 0
    assert list(tmp_path.iterdir()) == []
    del log
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(file)


def test_without_room_on_the_disk_all_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError("No space left on device")

    monkeypatch.setattr(spooled_log.os, "pwrite", full)
    log = filled(SpooledLog(), 100)
    assert [entry.offset for entry in log] == list(range(100))
    monkeypatch.undo()
    assert list(filled(log, 100))[:100] == list(filled(Log(), 100))


def test_threads_read_while_it_grows() -> None:
    log = SpooledLog()
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            head = log.head
            offsets = [entry.offset for entry in log.each(0, head)]
            if offsets != list(range(head)):
                wrong.append((head, offsets[:3]))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    filled(log, 600)
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
