"""Signed decisions: a signature is good for the one decision it was made for, and for nobody without the key."""

from __future__ import annotations

import base64
import builtins
import json
import stat
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from folkmoot import signatures
from folkmoot.errors import BadCommandError
from folkmoot.signatures import (
    DecisionClaims,
    DecisionKey,
    DecisionPublicKey,
    decision_digest,
    new_decision_key_file,
    public_keys,
    public_keys_of,
    sign_decision,
    verify_decision,
)

KEY, OTHER = DecisionKey.generate(), DecisionKey.generate()
CLAIMS = DecisionClaims(
    chat="8d3f",
    request="a-1",
    hash="c0ffee",
    verdict="approve",
    digest=decision_digest(),
    subject="alice",
    roles=("approver", "finance"),
    issued_at=1_700_000_000.25,
    id="1",
)
TYPE = "folkmoot-decision+jwt"


def raw(payload: Any, key: Any = KEY.key, algorithm: str = "EdDSA", kid: str = KEY.public.kid, typ: str = TYPE) -> str:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return jwt.PyJWS().encode(body, key, algorithm=algorithm, headers={"kid": kid, "typ": typ})


def test_a_decision_is_signed_and_verified() -> None:
    token = sign_decision(CLAIMS, KEY)
    assert verify_decision(token, CLAIMS, [OTHER.public, KEY.public]) == CLAIMS


def test_when_it_was_signed_is_what_the_signer_says() -> None:
    expected = replace(CLAIMS, issued_at=0.0, id="")
    assert verify_decision(sign_decision(CLAIMS, KEY), expected, [KEY.public]).issued_at == CLAIMS.issued_at


@pytest.mark.parametrize("name", ["chat", "request", "hash", "verdict", "digest", "subject", "channel"])
def test_another_decision_is_refused(name: str) -> None:
    with pytest.raises(BadCommandError, match=f"over another decision: its {name} differs"):
        verify_decision(sign_decision(CLAIMS, KEY), replace(CLAIMS, **{name: "other"}), [KEY.public])


def test_roles_that_were_not_signed_are_refused() -> None:
    token = sign_decision(CLAIMS, KEY)
    assert verify_decision(token, replace(CLAIMS, roles=("finance",)), [KEY.public]).roles == CLAIMS.roles
    with pytest.raises(BadCommandError, match="its roles differ"):
        verify_decision(token, replace(CLAIMS, roles=("finance", "admin")), [KEY.public])


def test_another_key_is_refused() -> None:
    with pytest.raises(BadCommandError, match="a key that does not count here"):
        verify_decision(sign_decision(CLAIMS, KEY), CLAIMS, [OTHER.public])
    with pytest.raises(BadCommandError, match="a key that does not count here"):
        verify_decision(sign_decision(CLAIMS, KEY), CLAIMS, [])
    payload = json.loads(base64.urlsafe_b64decode(sign_decision(CLAIMS, KEY).split(".")[1] + "=="))
    with pytest.raises(BadCommandError, match="signature is wrong"):
        verify_decision(raw(payload, OTHER.key), CLAIMS, [KEY.public])
    assert verify_decision(raw(payload), CLAIMS, [KEY.public]) == CLAIMS


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    payload = json.loads(base64.urlsafe_b64decode(sign_decision(CLAIMS, KEY).split(".")[1] + "=="))
    # The public key is known to everybody: it must not do as a shared secret.
    keys = {"none": None, "HS256": KEY.public.key.public_bytes_raw(), "ES256": ec.generate_private_key(ec.SECP256R1())}
    with pytest.raises(BadCommandError, match="signature is wrong"):
        verify_decision(raw(payload, keys[algorithm], algorithm), CLAIMS, [KEY.public])


def test_no_other_token_of_the_key_is_a_decision() -> None:
    payload = json.loads(base64.urlsafe_b64decode(sign_decision(CLAIMS, KEY).split(".")[1] + "=="))
    with pytest.raises(BadCommandError, match="none of a decision"):
        verify_decision(raw(payload, typ="JWT"), CLAIMS, [KEY.public])


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {},
        b"no json",
        {"roles": "finance"},
        {"issued_at": "then"},
        {"issued_at": True},
        {"subject": 1},
        {"roles": [1]},
    ],
)
def test_what_says_something_else_is_refused(payload: Any) -> None:
    if isinstance(payload, dict) and payload:
        whole = json.loads(base64.urlsafe_b64decode(sign_decision(CLAIMS, KEY).split(".")[1] + "=="))
        payload = {**whole, **payload}
    with pytest.raises(BadCommandError, match=r"none of a decision|signature is wrong"):
        verify_decision(raw(payload), CLAIMS, [KEY.public])


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "x" * 20000, None, 7])
def test_what_is_no_signature_is_refused(token: Any) -> None:
    with pytest.raises(BadCommandError):
        verify_decision(token, CLAIMS, [KEY.public])


def test_verifying_takes_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    token = sign_decision(CLAIMS, KEY)

    class NoClock:
        def __getattr__(self, name: str) -> None:
            raise AssertionError("it asked for the time")

    for module in ("jwt.api_jwt.datetime", "time.time"):
        monkeypatch.setattr(module, NoClock())
    assert verify_decision(token, CLAIMS, [KEY.public]) == CLAIMS


def test_a_digest_is_of_what_comes_with_a_verdict() -> None:
    parts: list[dict[str, Any]] = [
        {},
        {"arguments": {}},
        {"arguments": {"a": 1, "b": [1, 2]}},
        {"arguments": {"a": 1, "b": [2, 1]}},
        {"content": "a"},
        {"reason": "a"},
        {"comment": "a"},
        {"content": "\ud800"},
    ]
    assert len({decision_digest(**part) for part in parts}) == len(parts)
    assert decision_digest(arguments={"b": 2, "a": 1}) == decision_digest(arguments={"a": 1, "b": 2})
    for bad in (float("nan"), object()):
        with pytest.raises(ValueError, match="is no JSON"):
            decision_digest(content=bad)


def test_keys_are_read_from_texts() -> None:
    assert DecisionKey.parse(f" {KEY.text}\n").public == KEY.public
    assert DecisionPublicKey.parse(KEY.public.text) == KEY.public
    assert KEY.text not in repr(KEY)


def test_keys_are_read_from_pem() -> None:
    private = KEY.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = KEY.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert DecisionKey.parse(private).public == DecisionPublicKey.parse(public) == KEY.public
    assert public_keys(f"{OTHER.public.text},\n{public}\n{KEY.public.text}") == (
        OTHER.public,
        KEY.public,
        KEY.public,
    )


def test_several_public_keys() -> None:
    assert public_keys(f"{KEY.public.text} {OTHER.public.text}") == (KEY.public, OTHER.public)
    assert public_keys("") == ()


def test_public_keys_of_a_workers_environment(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"{KEY.public.text}\n{OTHER.public.text}\n")
    assert public_keys_of({"FOLKMOOT_DECISION_PUBLIC_KEYS_FILE": str(path)}) == (KEY.public, OTHER.public)
    assert public_keys_of({"FOLKMOOT_DECISION_PUBLIC_KEYS": KEY.public.text}) == (KEY.public,)
    assert public_keys_of({}) == ()


@pytest.mark.parametrize(
    "text", ["", "x", "a" * 42, "ä" * 43, "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"]
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"decision key is not .*(base64url|PEM)"):
        DecisionKey.parse(text)
    with pytest.raises(ValueError, match=r"decision's public key is not .*(base64url|PEM)"):
        DecisionPublicKey.parse(text)


def test_other_kinds_of_keys_are_refused() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    locked = KEY.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()
    for pem in (curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), locked):
        with pytest.raises(ValueError, match="not the unencrypted PEM of an Ed25519 private key"):
            DecisionKey.parse(pem)
    with pytest.raises(ValueError, match="not the PEM of an Ed25519 public key"):
        DecisionPublicKey.parse(
            curve.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        )


def test_a_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = new_decision_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert DecisionKey.parse(path.read_text()).public == key.public
    with pytest.raises(FileExistsError):
        new_decision_key_file(path)


@pytest.mark.parametrize(("module", "name"), [("jwt", "PyJWT"), ("cryptography", "cryptography")])
def test_what_is_not_installed_is_told(module: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = sign_decision(CLAIMS, KEY)
    imported = builtins.__import__

    def missing(asked: str, *arguments: Any, **more: Any) -> Any:
        if asked.partition(".")[0] == module:
            raise ModuleNotFoundError(f"No module named {asked!r}", name=asked)
        return imported(asked, *arguments, **more)

    for found in (signatures._jwt, signatures._cryptography):
        found.cache_clear()
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=rf"need '{name}'.*pip install 'folkmoot\[server\]'"):
        verify_decision(token, CLAIMS, [KEY.public])


IN_SANDBOX = """
from temporalio.worker.workflow_sandbox import SandboxRestrictions
from temporalio.worker.workflow_sandbox._importer import Importer
from temporalio.worker.workflow_sandbox._restrictions import RestrictionContext

from folkmoot.errors import BadCommandError
from folkmoot.signatures import DecisionClaims, public_keys, verify_decision

keys = public_keys({public!r})
context = RestrictionContext()
context.is_runtime = True
with Importer(SandboxRestrictions.default.with_passthrough_modules("folkmoot"), context).applied():
    for token in {tokens!r}:
        try:
            print(verify_decision(token, DecisionClaims(**{claims!r}), keys).subject)
        except BadCommandError as error:
            print(error)
"""


def test_a_workflows_sandbox_survives_bad_signatures() -> None:
    """In a process of its own: without preparation a forged signature aborts the interpreter."""
    good = sign_decision(CLAIMS, KEY)
    forged = f"{good[:-6]}AAAA{good[-2:]}"
    script = IN_SANDBOX.format(public=KEY.public.text, tokens=[forged, "a.b.c", "", good], claims=asdict(CLAIMS))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "The decision's signature is wrong.",
        "The decision's signature is wrong.",
        "The decision is not signed; this takes a signed one.",
        "alice",
    ]
