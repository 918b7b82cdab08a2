"""The log: offsets, digests that name it, restoring from stored forms, and what is refused."""

from __future__ import annotations

import pytest

from folkmoot._chat.log import EMPTY_DIGEST, Log, derive_id


def filled(count: int = 5) -> Log:
    log = Log()
    for number in range(count):
        log.append({"kind": "note", "time": "t", "number": number})
    return log


def rest_of(log: Log, base: int) -> Log:
    """The part of a log that is carried from offset `base` on."""
    return Log.restore(base, log.digest_at(base) or "", [entry.encoded for entry in log.after(base)])


def test_offsets_are_consecutive() -> None:
    log = filled(3)
    assert [entry.offset for entry in log] == [0, 1, 2]
    assert (log.head, len(log)) == (3, 3)


def test_restored_log_is_the_same_log() -> None:
    log = filled()
    again = Log.restore(0, EMPTY_DIGEST, [entry.encoded for entry in log])
    assert list(again) == list(log)
    assert (again.digest, again.bytes) == (log.digest, log.bytes)


def test_rest_of_a_log_keeps_offsets_and_digests() -> None:
    log = filled()
    rest = rest_of(log, 3)
    assert (rest.base, rest.head, rest.digest, rest.base_digest) == (3, 5, log.digest, log.digest_at(3))
    assert rest.at(4) == log.at(4)
    assert rest_of(log, 5).digest == log.digest
    with pytest.raises(KeyError):
        rest.at(2)
    assert rest.digest_at(2) is None


def test_digest_tells_logs_apart_that_differ_anywhere_before() -> None:
    one, other = Log(), Log()
    one.append({"kind": "a", "time": "t"})
    other.append({"kind": "b", "time": "t"})
    for log in (one, other):
        log.append({"kind": "same", "time": "t"})
    assert one.digest != other.digest
    assert one.digest_at(0) == other.digest_at(0) == EMPTY_DIGEST


def test_slices_go_by_offset() -> None:
    rest = rest_of(filled(), 2)
    assert [entry.offset for entry in rest.after(3)] == [3, 4]
    assert [entry.offset for entry in rest.after(0, 4)] == [2, 3]
    assert rest.after(9) == rest.after(0, 1) == []


def test_entry_out_of_order_is_refused() -> None:
    log, other = filled(2), filled(4)
    with pytest.raises(ValueError, match="entry 3 does not follow 1"):
        log.extend(other.at(3))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_not_json_is_refused_and_leaves_no_entry(number: float) -> None:
    log = filled(1)
    with pytest.raises(ValueError, match="JSON"):
        log.append({"kind": "a", "time": "t", "number": number})
    assert log.head == 1


def test_lone_surrogates_are_held_as_they_are_stored() -> None:
    log = Log()
    entry = log.append({"kind": "a", "time": "t", "text": "x\ud83dy"})
    assert entry.data["text"] == "x?y"
    assert Log.restore(0, EMPTY_DIGEST, [entry.encoded]).at(0) == entry


def test_letters_of_all_languages_are_kept() -> None:
    text = 'Grüße 你好 🎉 \\ " \n \u2028'
    log = Log()
    entry = log.append({"kind": "a", "time": "t", "text": text})
    assert Log.restore(0, EMPTY_DIGEST, [entry.encoded]).at(0).data["text"] == text


def test_derived_ids_have_uuid_form_and_differ_by_chat_and_step() -> None:
    ids = {derive_id(chat, key) for chat in ("one", "two") for key in ("1", "2", "1-2")}
    assert len(ids) == 6
    assert derive_id("one", "1") in ids
    assert all([len(part) for part in found.split("-")] == [8, 4, 4, 4, 12] for found in ids)
