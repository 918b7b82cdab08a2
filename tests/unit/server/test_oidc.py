"""Tokens of a provider: a real endpoint on this machine publishes generated keys, rotates them, and goes away."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from folkmoot.server.claims import ROLES
from folkmoot.server.oidc import OidcVerifier
from folkmoot.server.refusals import ProviderUnavailableError, TokenRefusedError
from folkmoot.server.settings import OidcSettings

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
NEW = ec.generate_private_key(ec.SECP256R1())


def url64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwk(algorithm: Any, key: Any, kid: str, **more: Any) -> dict[str, Any]:
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **more}


RSA_JWK, EC_JWK, ED_JWK, NEW_JWK = (
    jwk(RSAAlgorithm, RSA, "rsa", alg="RS256"),
    jwk(ECAlgorithm, EC, "ec"),
    jwk(OKPAlgorithm, ED, "ed"),
    jwk(ECAlgorithm, NEW, "new"),
)


class Provider:
    """The endpoint: what it publishes, and how often it was asked."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [RSA_JWK, EC_JWK, ED_JWK]
        self.status = 200
        self.asked: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                answer = provider.documents.get(self.path)
                self.send_response(provider.status if answer is not None else 404)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.configuration: dict[str, Any] = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    @property
    def documents(self) -> dict[str, Any]:
        return {"/keys": {"keys": self.keys}, "/.well-known/openid-configuration": self.configuration}

    def token(self, key: Any = RSA, algorithm: str = "RS256", kid: str | None = "rsa", **changes: Any) -> str:
        now = datetime.now(UTC)
        claims = {
            "iss": self.issuer,
            "aud": "folkmoot-api",
            "sub": "alice",
            "iat": now,
            "exp": now + timedelta(hours=1),
            **changes,
        }
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(given, key, algorithm=algorithm, headers={} if kid is None else {"kid": kid})

    def settings(self, **changes: Any) -> OidcSettings:
        fields = {"issuer": self.issuer, "audience": ("folkmoot-api",), "jwks_url": f"{self.issuer}/keys", **changes}
        return OidcSettings(**fields)


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()
    found.thread.start()
    yield found
    found.server.shutdown()
    found.thread.join()
    found.server.server_close()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA, "RS256", "rsa"), (EC, "ES256", "ec"), (ED, "EdDSA", "ed")])
async def test_a_token_is_verified(provider: Provider, key: Any, algorithm: str, kid: str) -> None:
    made = provider.token(key, algorithm, kid, name="Alice", roles=["viewer", "finance"], tenant="acme", jti="7")
    claims = await OidcVerifier(provider.settings()).verify(made)
    assert (claims.subject, claims.name, claims.tenant, claims.token_id) == ("alice", "Alice", "acme", "7")
    assert claims.roles == {"viewer", "finance"}


async def test_the_keys_are_found_by_the_providers_configuration(provider: Provider) -> None:
    verifier = OidcVerifier(provider.settings(jwks_url=None))
    assert (await verifier.verify(provider.token())).subject == "alice"
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]


@pytest.mark.parametrize(
    "changes", [{"issuer": "https://elsewhere.example"}, {"jwks_uri": "file:///etc/passwd"}, {"jwks_uri": None}]
)
async def test_a_configuration_that_is_not_to_be_trusted(provider: Provider, changes: dict[str, Any]) -> None:
    provider.configuration |= changes
    with pytest.raises(ProviderUnavailableError):
        await OidcVerifier(provider.settings(jwks_url=None)).verify(provider.token())
    assert "/keys" not in provider.asked


async def test_claims_are_found_where_the_settings_say(provider: Provider) -> None:
    settings = provider.settings(
        subject_claim="email",
        name_claim="preferred_username",
        roles_claim="realm_access.roles",
        tenant_claim="https://example.org/tenant",
        role_map={"fm-admins": "admin"},
    )
    made = provider.token(
        sub=None,
        email="alice@example.org",
        preferred_username="alice",
        realm_access={"roles": ["fm-admins", "finance"]},
        **{"https://example.org/tenant": "acme"},
    )
    claims = await OidcVerifier(settings).verify(made)
    assert (claims.subject, claims.name, claims.tenant) == ("alice@example.org", "alice", "acme")
    assert claims.roles == {"admin", "finance"}


@pytest.mark.parametrize(
    ("role_map", "roles"),
    [
        ({"fm-admins": "admin"}, {"finance"}),
        ({"fm-admins": "admin", "viewer": "viewer"}, {"finance", "viewer"}),
        ({"admin": "approver"}, {"finance", "approver"}),
        ({}, {"finance", "viewer", "operator", "designer", "approver", "admin"}),
    ],
)
async def test_with_a_map_the_apis_roles_come_from_it_only(
    provider: Provider, role_map: dict[str, str], roles: set[str]
) -> None:
    made = provider.token(roles=["finance", *ROLES])
    assert (await OidcVerifier(provider.settings(role_map=role_map)).verify(made)).roles == roles


@pytest.mark.parametrize(
    ("settings", "tenants"), [({}, ()), ({"tenants_claim": "all"}, ("*",)), ({"tenants_claim": "none"}, ())], ids=str
)
async def test_a_token_is_for_all_tenants_only_by_the_claim_that_the_settings_name(
    provider: Provider, settings: dict[str, Any], tenants: tuple[str, ...]
) -> None:
    made = provider.token(roles=["admin"], tenants=["*"], all=["*"])
    assert (await OidcVerifier(provider.settings(**settings)).verify(made)).tenants == tenants


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exp": datetime.now(UTC) - timedelta(hours=1)}, "has expired"),
        ({"nbf": datetime.now(UTC) + timedelta(hours=1)}, "not valid yet"),
        ({"aud": "others"}, "for another audience"),
        ({"iss": "https://elsewhere.example"}, "of another issuer"),
        ({"exp": None}, "lacks the claim 'exp'"),
        ({"sub": None}, "lacks the claim 'sub'"),
        ({"key": EC, "algorithm": "ES256"}, "algorithm that is not accepted|damaged"),
        ({"key": NEW, "algorithm": "ES256", "kid": "ec"}, "signature is wrong"),
        ({"kid": "unheard-of"}, "a key that the identity provider does not have"),
        ({"kid": None}, "a key that the identity provider does not have"),
    ],
)
async def test_a_token_that_is_refused(provider: Provider, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(TokenRefusedError, match=said):
        await OidcVerifier(provider.settings()).verify(provider.token(**changes))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512", "none"])
async def test_a_public_key_is_no_shared_secret(provider: Provider, algorithm: str) -> None:
    # By hand: PyJWT refuses to sign with what it sees is a public key.
    _, body, _ = provider.token().split(".")
    head = url64(json.dumps({"alg": algorithm, "typ": "JWT", "kid": "rsa"}).encode())
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    digest = f"sha{algorithm[2:]}" if algorithm != "none" else None
    signature = hmac.digest(public, f"{head}.{body}".encode(), digest) if digest else b""
    forged = f"{head}.{body}.{url64(signature)}"
    with pytest.raises(TokenRefusedError, match="algorithm that is not accepted"):
        await OidcVerifier(provider.settings()).verify(forged)
    assert provider.asked == []


async def test_a_key_that_is_for_no_signatures_does_not_count(provider: Provider) -> None:
    provider.keys = [{**RSA_JWK, "use": "enc"}, EC_JWK]
    with pytest.raises(TokenRefusedError, match="does not have"):
        await OidcVerifier(provider.settings()).verify(provider.token())


async def test_a_token_without_a_key_id_is_of_the_only_key(provider: Provider) -> None:
    provider.keys = [{name: value for name, value in EC_JWK.items() if name != "kid"}]
    made = provider.token(EC, "ES256", None)
    assert (await OidcVerifier(provider.settings()).verify(made)).subject == "alice"


async def test_keys_are_fetched_once(provider: Provider) -> None:
    verifier = OidcVerifier(provider.settings(), clock=Clock())
    await asyncio.gather(*(verifier.verify(provider.token()) for _ in range(20)))
    assert provider.asked == ["/keys"]


async def test_a_new_key_is_found_and_unknown_ones_do_not_make_it_ask_without_end(provider: Provider) -> None:
    clock = Clock()
    verifier = OidcVerifier(provider.settings(), clock=clock)
    await verifier.verify(provider.token())
    provider.keys = [NEW_JWK]
    made = provider.token(NEW, "ES256", "new")
    with pytest.raises(TokenRefusedError):  # too soon to ask again
        await verifier.verify(made)
    clock.now += 11
    assert (await verifier.verify(made)).subject == "alice"
    for _ in range(20):
        with pytest.raises(TokenRefusedError, match="does not have"):
            await verifier.verify(provider.token(kid="made-up"))
    assert len(provider.asked) == 2
    with pytest.raises(TokenRefusedError, match="does not have"):  # the old key is gone
        await verifier.verify(provider.token())


async def test_keys_become_old(provider: Provider) -> None:
    clock = Clock()
    verifier = OidcVerifier(provider.settings(), clock=clock)
    await verifier.verify(provider.token())
    provider.keys = [NEW_JWK]
    clock.now += 301
    with pytest.raises(TokenRefusedError, match="does not have"):
        await verifier.verify(provider.token())


@pytest.mark.parametrize("keys", [None, [], [{"kty": "nonsense"}], "keys"])
async def test_a_provider_that_publishes_nothing_of_use(provider: Provider, keys: Any) -> None:
    provider.keys = keys
    with pytest.raises(ProviderUnavailableError, match="cannot be had now"):
        await OidcVerifier(provider.settings()).verify(provider.token())


async def test_a_provider_that_is_away_is_asked_seldom(provider: Provider) -> None:
    clock = Clock()
    provider.status = 500
    verifier = OidcVerifier(provider.settings(), clock=clock)
    for _ in range(10):
        with pytest.raises(ProviderUnavailableError):
            await verifier.verify(provider.token())
    assert len(provider.asked) == 1
    provider.status = 200
    clock.now += 11
    assert (await verifier.verify(provider.token())).subject == "alice"


async def test_known_keys_go_on_counting_for_a_while(provider: Provider) -> None:
    clock = Clock()
    verifier = OidcVerifier(provider.settings(), clock=clock)
    await verifier.verify(provider.token())
    provider.status = 503
    clock.now += 1800
    assert (await verifier.verify(provider.token())).subject == "alice"
    clock.now += 1801
    with pytest.raises(ProviderUnavailableError):
        await verifier.verify(provider.token())


async def test_a_provider_that_is_nowhere() -> None:
    settings = OidcSettings(issuer="http://127.0.0.1:1", audience=("a",))
    made = jwt.encode({"iss": "http://127.0.0.1:1"}, RSA, algorithm="RS256", headers={"kid": "rsa"})
    with pytest.raises(ProviderUnavailableError):
        await OidcVerifier(settings).verify(made)
