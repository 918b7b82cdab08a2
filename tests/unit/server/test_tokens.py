"""Our own tokens: what is issued is read back, and nothing else is believed."""

from __future__ import annotations

import base64
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from folkmoot.server.refusals import TokenRefusedError
from folkmoot.server.tokens import (
    AUDIENCE,
    ISSUER,
    TokenKey,
    issue,
    new_key_file,
    parse_keys,
    unverified,
    verify,
)

KEY = TokenKey(b"a key of more than thirty-two bytes")
OTHER = TokenKey(b"another key, of at least thirty-two bytes")
HOUR = timedelta(hours=1)


def payload(**changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "roles": ["viewer"],
        "iat": now,
        "exp": now + HOUR,
        "jti": "1",
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def signed(claims: dict[str, Any], key: TokenKey = KEY, algorithm: str = "HS256", **headers: Any) -> str:
    return jwt.encode(claims, key.secret, algorithm=algorithm, headers={"kid": key.kid, **headers})


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_is_issued_is_read_back() -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    made = issue((KEY,), "alice", roles=["finance", "approver"], tenant="acme", name="Alice", lifetime=HOUR, now=now)
    claims = verify(made, (KEY,))
    assert (claims.subject, claims.tenant, claims.name) == ("alice", "acme", "Alice")
    assert claims.roles == {"approver", "finance"}
    assert claims.expires == now + HOUR
    assert claims.token_id


def test_every_token_has_its_own_id() -> None:
    assert len({verify(issue((KEY,), "alice"), (KEY,)).token_id for _ in range(5)}) == 5


def test_the_claims_are_the_ones_that_are_promised() -> None:
    claims = unverified(issue((KEY,), "root", roles=["admin"], tenants=["*"]))
    assert (claims["aud"], claims["iss"], claims["tenants"]) == ("folkmoot", "folkmoot", ["*"])
    assert claims["exp"] - claims["iat"] == 8 * 3600


def test_the_first_key_signs_and_every_key_verifies() -> None:
    old, new = issue((KEY,), "alice"), issue((OTHER, KEY), "alice")
    assert jwt.get_unverified_header(new)["kid"] == OTHER.kid
    assert verify(old, (OTHER, KEY)).subject == verify(new, (OTHER, KEY)).subject == "alice"
    with pytest.raises(TokenRefusedError, match="a key that is not in use"):
        verify(old, (OTHER,))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exp": datetime.now(UTC) - HOUR}, "has expired"),
        ({"nbf": datetime.now(UTC) + HOUR}, "not valid yet"),
        ({"iat": datetime.now(UTC) + HOUR}, "not valid yet"),
        ({"aud": "others"}, "for another audience"),
        ({"iss": "others"}, "of another issuer"),
        ({"exp": None}, "lacks the claim 'exp'"),
        ({"iat": None}, "lacks the claim 'iat'"),
        ({"jti": None}, "lacks the claim 'jti'"),
        ({"sub": None}, "lacks the claim 'sub'"),
        ({"aud": None}, "lacks the claim 'aud'"),
        ({"sub": ""}, "no claim 'sub'"),
        ({"sub": "role:finance"}, "claim 'sub' is a role"),
        ({"sub": "a" * 257}, "longer than 256"),
        ({"sub": "alice\nbob"}, "cannot be shown"),
        ({"roles": [1]}, "'roles' is no list of texts"),
        ({"roles": {"admin": True}}, "'roles' is no list of texts"),
        ({"tenant": ["acme"]}, "'tenant' is no text"),
    ],
)
def test_a_token_that_says_something_else_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(TokenRefusedError, match=said):
        verify(signed(payload(**changes)), (KEY,))


def test_clocks_may_differ_a_little() -> None:
    now = datetime.now(UTC)
    ended = payload(exp=now - timedelta(seconds=3), iat=now + timedelta(seconds=3))
    assert verify(signed(ended), (KEY,)).subject == "alice"


def test_none_is_no_algorithm() -> None:
    bare = {**payload(), "iat": 1, "exp": 9_999_999_999}
    for algorithm in ("none", "None", "NONE", ""):
        forged = f"{part({'alg': algorithm, 'typ': 'JWT', 'kid': KEY.kid})}.{part(bare)}."
        with pytest.raises(TokenRefusedError, match=r"algorithm|damaged"):
            verify(forged, (KEY,))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused_even_with_the_right_key(algorithm: str) -> None:
    key = TokenKey(b"k" * 64)
    with pytest.raises(TokenRefusedError, match="algorithm that is not accepted"):
        verify(signed(payload(), key, algorithm), (key,))


def test_a_forged_signature_is_refused() -> None:
    head, body, _ = issue((KEY,), "alice", roles=["viewer"]).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["roles"] = ["admin"]
    forged = signed(payload(), OTHER, kid=KEY.kid)
    for token in (f"{head}.{part(claims)}.{forged.split('.')[2]}", forged):
        with pytest.raises(TokenRefusedError, match="signature is wrong"):
            verify(token, (KEY,))


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "..", "é.é.é", f"{part({'alg': 'HS256'})}.x.y", "[].[].[]"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenRefusedError):
        verify(text, (KEY,))
    with pytest.raises(TokenRefusedError):
        unverified(text)


def test_a_refusal_holds_nothing_of_the_token() -> None:
    made = signed(payload(sub="a-secret-subject", exp=datetime.now(UTC) - HOUR))
    with pytest.raises(TokenRefusedError) as caught:
        verify(made, (KEY,))
    assert "secret" not in str(caught.value)
    assert made not in repr(caught.value)


def test_a_short_key_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match=r"has 31 bytes; expected at least 32.*--new-key") as caught:
        parse_keys(f"{'k' * 40}\n{'short-secret'.ljust(31, 'x')}")
    assert "short-secret" not in str(caught.value)


def test_a_key_is_not_shown() -> None:
    assert "thirty-two" not in repr(KEY)


def test_keys_are_read_from_a_text() -> None:
    first, second = "a" * 32, "b" * 32
    keys = parse_keys(f" {first}\n{second} {first}\n")
    assert [key.secret for key in keys] == [first.encode(), second.encode()]
    assert parse_keys(" \n") == ()


def test_a_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = new_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert parse_keys(path.read_text()) == (key,)
    with pytest.raises(FileExistsError):
        new_key_file(path)
    assert parse_keys(path.read_text()) == (key,)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"keys": ()}, "expected FOLKMOOT_TOKEN_KEY or FOLKMOOT_TOKEN_KEY_FILE"),
        ({"subject": " "}, "expected whose token it is"),
        ({"lifetime": timedelta(0)}, "expected more than 0"),
    ],
)
def test_what_is_not_issued(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        issue(**{"keys": (KEY,), "subject": "alice", **arguments})


def test_a_token_nobody_would_accept_is_not_issued() -> None:
    with pytest.raises(TokenRefusedError, match="is a role"):
        issue((KEY,), "role:admin")
