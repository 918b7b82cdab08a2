"""Key rings: which texts are keys, what they encrypt, and that no key is ever shown."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from folkmoot.encryption import DamagedError, EncryptionKeyError, KeyRing, new_key
from folkmoot.errors import error_from_wire, to_wire

ONE, TWO = base64.b64encode(bytes(range(32))).decode(), base64.b64encode(bytes(range(32, 64))).decode()


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    old, both = KeyRing.parse(f"one:{ONE}"), KeyRing.parse(f"two:{TWO},\n one:{ONE}")
    assert (old.first, both.first) == ("one", "two")
    assert both.decrypt("one", old.encrypt(b"text", b"place"), b"place") == b"text"
    assert both.decrypt("two", both.encrypt(b"text", b"place"), b"place") == b"text"
    assert both.unseal("one", old.seal(b"text", b"place"), b"place") == b"text"


def test_a_named_key_encrypts() -> None:
    ring = KeyRing({"one": base64.b64decode(ONE), "two": base64.b64decode(TWO)}, first="two")
    assert ring.decrypt("two", ring.encrypt(b"text", b""), b"") == b"text"
    assert KeyRing(ring.keys, "two") == ring != KeyRing(ring.keys)


def test_encrypting_is_another_each_time_and_sealing_is_not() -> None:
    ring = KeyRing.parse(f"one:{ONE}")
    assert len({ring.encrypt(b"text", b"") for _ in range(100)}) == 100
    assert len({ring.seal(b"text", b"") for _ in range(3)}) == 1
    assert len({ring.seal(b"text", place) for place in (b"a", b"b")} | {ring.seal(b"texT", b"a")}) == 3


@pytest.mark.parametrize("how", ["encrypt", "seal"])
def test_what_was_changed_or_put_elsewhere_is_refused(how: str) -> None:
    ring = KeyRing.parse(f"one:{ONE}")
    other = KeyRing.parse(f"one:{TWO}")
    made, opened = (ring.encrypt, "decrypt") if how == "encrypt" else (ring.seal, "unseal")
    data = made(b"a text", b"here")
    assert b"a text" not in data
    for keys, changed, place in [
        *((ring, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], b"here") for at in range(len(data))),
        (ring, data, b"there"),
        (ring, data[:-1], b"here"),
        (ring, b"", b"here"),
        (other, data, b"here"),
    ]:
        with pytest.raises(DamagedError, match="cannot be decrypted with the key 'one'"):
            getattr(keys, opened)("one", changed, place)


def test_a_missing_key_is_named_and_comes_over_the_wire() -> None:
    ring = KeyRing.parse(f"one:{ONE}")
    with pytest.raises(EncryptionKeyError, match=r"the key 'three', which is not here \(keys here: 'one'\)") as raised:
        ring.decrypt("three", b"x" * 40, b"")
    again = error_from_wire(**to_wire(raised.value))
    assert isinstance(again, EncryptionKeyError)
    assert (again.key_id, str(again)) == ("three", str(raised.value))


@pytest.mark.parametrize(
    "text",
    [
        ONE,
        f"one {ONE}",
        f":{ONE}",
        f"{ONE}:one",
        f"one:{ONE[:-8]}",
        f"one:{ONE}{ONE}",
        f"one:{ONE[:-4]}!!!=",
        f"one:{ONE},one:{TWO}",
        f"o/ne:{ONE}",
        f"one:{ONE},two",
        ",",
    ],
)
def test_bad_texts_are_refused_without_showing_a_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"key") as raised:
        KeyRing.parse(text)
    shown = f"{raised.value!r} {raised.value.__cause__!r}"
    for secret in (ONE, TWO, ONE[:-8], ONE[:8]):
        assert secret not in shown


def test_a_ring_shows_no_key() -> None:
    ring = KeyRing.parse(f"one:{ONE}")
    assert ONE not in repr(ring)
    assert repr(bytes(range(32)))[:12] not in repr(ring)
    with pytest.raises(ValueError, match="has 5 bytes; expected 32") as raised:
        KeyRing({"one": b"short"})
    assert "short" not in str(raised.value)
    with pytest.raises(ValueError, match="no key 'x' to encrypt with; known are one"):
        KeyRing({"one": bytes(32)}, first="x")
    with pytest.raises(ValueError, match="got none"):
        KeyRing({})


def test_new_keys_are_keys_and_differ() -> None:
    texts = {new_key() for _ in range(50)}
    assert len(texts) == 50
    assert {len(base64.b64decode(text)) for text in texts} == {32}
    urlsafe = base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode()
    assert KeyRing.parse(f"one:{urlsafe.rstrip('=')}").keys == {"one": b"\xfb\xff" * 16}


def test_the_environment(tmp_path: Path) -> None:
    assert KeyRing.from_environment({}) is None
    assert KeyRing.from_environment({"FOLKMOOT_ENCRYPTION_KEYS": "  "}) is None
    file = tmp_path / "keys"
    file.write_text(f"two:{TWO}\none:{ONE}\n")
    found = KeyRing.from_environment({"FOLKMOOT_ENCRYPTION_KEYS_FILE": str(file)})
    assert found == KeyRing.from_environment({"FOLKMOOT_ENCRYPTION_KEYS": f"two:{TWO},one:{ONE}"})
    with pytest.raises(ValueError, match="Both FOLKMOOT_ENCRYPTION_KEYS and"):
        KeyRing.from_environment({"FOLKMOOT_ENCRYPTION_KEYS": "x", "FOLKMOOT_ENCRYPTION_KEYS_FILE": str(file)})
    with pytest.raises(FileNotFoundError):
        KeyRing.from_environment({"FOLKMOOT_ENCRYPTION_KEYS_FILE": str(tmp_path / "none")})
