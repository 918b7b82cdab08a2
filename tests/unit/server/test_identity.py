"""Who asks is what their token says and nothing else; roles and tenants bound what they see and may."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Depends, FastAPI

from folkmoot.server.guards import guard
from folkmoot.server.identity import Identity, Permission, require
from folkmoot.server.oidc import OidcVerifier
from folkmoot.server.refusals import ForbiddenError
from folkmoot.server.settings import OidcSettings, Settings
from folkmoot.server.tokens import TokenKey, issue

KEY = TokenKey(b"a key of more than thirty-two bytes")
LOCAL = ("127.0.0.1", 1)


def application(settings: Settings) -> FastAPI:
    app = FastAPI()
    for permission in Permission:

        def route(identity: Identity) -> dict[str, Any]:
            seen = [tenant for tenant in ("", "acme", "other") if identity.sees(tenant)]
            return {**identity.by, "sees": seen, "name": identity.name}

        # The text of an annotation is looked up outside of this function.
        route.__annotations__["identity"] = Annotated[Identity, Depends(require(permission))]
        app.post(f"/{permission}")(route)
    guard(app, settings)
    return app


def client(app: FastAPI, client: tuple[str, int] = LOCAL, base_url: str = "http://localhost:8080") -> Any:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app, client=client), base_url=base_url)


async def asked(token: str | None, permission: str = "read", **settings: Any) -> httpx2.Response:
    app = application(Settings(**{"token_keys": (KEY,), **settings}))
    async with client(app) as http:
        return await http.post(f"/{permission}", headers={} if token is None else {"Authorization": token})


def bearer(*roles: str, **more: Any) -> str:
    return f"Bearer {issue((KEY,), 'alice', roles=roles, **more)}"


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("viewer", {"read"}),
        ("operator", {"read", "operate"}),
        ("designer", {"read", "operate", "design"}),
        ("approver", {"read", "operate", "decide"}),
        ("designer approver", {"read", "operate", "design", "decide"}),
        ("admin", {"read", "operate", "design", "decide", "administer"}),
        ("finance", set()),
        ("Admin", set()),
    ],
)
async def test_what_each_role_may(role: str, allowed: set[str]) -> None:
    token = bearer(*role.split())
    codes = {permission: (await asked(token, permission)).status_code for permission in Permission}
    assert {permission for permission, code in codes.items() if code == 200} == allowed
    assert {code for permission, code in codes.items() if permission not in allowed} <= {403}


async def test_what_is_missing_is_told() -> None:
    low, none = await asked(bearer("viewer"), "decide"), await asked(bearer("finance"), "read")
    other = await asked(bearer("approver"), "design")
    assert other.json()["detail"] == "This takes the role 'designer'; yours is 'approver'."
    assert low.json()["detail"] == "This takes the role 'approver'; yours is 'viewer'."
    assert none.json()["detail"] == "This takes the role 'viewer'; you have none."
    assert low.json()["code"] == "ForbiddenError"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YWxpY2U6eA==", issue((KEY,), "alice")])
async def test_without_a_token_nobody_is_known(header: str | None) -> None:
    response = await asked(header)
    assert (response.status_code, response.json()["code"]) == (401, "NotAuthenticatedError")
    assert response.headers["www-authenticate"] == 'Bearer realm="folkmoot"'


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("forged", "none, or damaged"),
        ("x" * 8193, "longer than 8192"),
        (jwt.encode({"iss": "elsewhere"}, KEY.secret), "an issuer that does not count"),
        (issue((TokenKey(b"o" * 32),), "alice", roles=["admin"]), "a key that is not in use"),
    ],
)
async def test_a_token_that_proves_nothing(token: str, said: str) -> None:
    response = await asked(f"bearer {token}")
    assert (response.status_code, response.json()["code"]) == (401, "TokenRefusedError")
    assert said in response.json()["detail"]
    assert response.headers["www-authenticate"] == 'Bearer realm="folkmoot", error="invalid_token"'
    assert token not in response.text


async def test_an_expired_token_is_told_so() -> None:
    made = jwt.encode(
        {"iss": "folkmoot", "aud": "folkmoot", "sub": "a", "jti": "1", "iat": 1, "exp": 2},
        KEY.secret,
        headers={"kid": KEY.kid},
    )
    assert (await asked(f"Bearer {made}")).json()["detail"] == "The token has expired."


async def test_nothing_in_a_request_says_who_decides() -> None:
    app = application(Settings(token_keys=(KEY,)))
    async with client(app) as http:
        response = await http.post(
            "/decide?by=mallory&subject=mallory",
            json={"by": "mallory", "identity": {"subject": "mallory", "roles": ["admin"]}},
            headers={"Authorization": bearer("approver", "finance"), "X-Forwarded-User": "mallory"},
        )
    assert {name: response.json()[name] for name in ("subject", "roles", "channel")} == {
        "subject": "alice",
        "roles": ["approver", "finance"],
        "channel": "http",
    }


@pytest.mark.parametrize(
    ("token", "sees"),
    [
        (bearer("viewer", tenant="acme"), ["acme"]),
        (bearer("viewer"), [""]),
        (bearer("admin"), [""]),
        (bearer("admin", tenant="acme"), ["acme"]),
        (bearer("admin", tenants=["*"]), ["", "acme", "other"]),
        (bearer("admin", tenant="acme", tenants=["*"]), ["acme"]),
        (bearer("approver", tenants=["*"]), [""]),
        (bearer("admin", tenants=["acme"]), [""]),
    ],
)
async def test_an_identity_sees_its_tenants_chats(token: str, sees: list[str]) -> None:
    assert (await asked(token)).json()["sees"] == sees


def test_the_tenant_of_what_is_opened() -> None:
    acme, root = Identity("alice", tenant="acme"), Identity("root", all_tenants=True)
    assert acme.tenant_of(None) == acme.tenant_of("acme") == "acme"
    assert (root.tenant_of(None), root.tenant_of("other")) == ("", "other")
    for asked_for in ("other", ""):
        with pytest.raises(ForbiddenError, match="is not yours; expected 'acme'"):
            acme.tenant_of(asked_for)


async def test_the_file_of_people_wins(tmp_path: Path) -> None:
    path = tmp_path / "people.toml"
    path.write_text('[people.alice]\nname = "Alice"\nroles = ["approver", "finance"]\ntenant = "acme"\n')
    response = await asked(bearer("admin", tenants=["*"]), "decide", people_file=path)
    assert response.json() == {
        "subject": "alice",
        "roles": ["approver", "finance"],
        "channel": "http",
        "sees": ["acme"],
        "name": "Alice",
    }
    assert (await asked(bearer("admin"), "administer", people_file=path)).status_code == 403


async def test_a_provider_that_is_away_is_503() -> None:
    oidc = OidcSettings(issuer="http://127.0.0.1:1", audience=("a",))
    made = jwt.encode({"iss": oidc.issuer}, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "k"})
    response = await asked(f"Bearer {made}", oidc=oidc)
    assert (response.status_code, response.json()["code"]) == (503, "ProviderUnavailableError")
    assert response.headers["retry-after"]
    assert (await asked(bearer("viewer"), oidc=oidc)).status_code == 200  # our own go on


async def test_each_issuers_tokens_are_verified_by_its_own_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: OidcVerifier, token: str) -> None:
        raise AssertionError("it was asked")

    monkeypatch.setattr(OidcVerifier, "verify", refuse)
    oidc = OidcSettings(issuer="https://id.example", audience=("a",))
    # Our own issuer is never the provider's business, nor is anybody else's.
    assert (await asked(bearer("viewer"), oidc=oidc)).status_code == 200
    assert (await asked(bearer("viewer"), oidc=oidc, token_keys=())).status_code == 401


async def test_without_authentication_whoever_is_at_the_machine_may_do_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        app = application(Settings(auth="none"))
    assert "NO AUTHENTICATION" in caplog.text
    for url, address in (
        ("http://localhost:8080", LOCAL),
        ("http://[::1]:8080", ("::1", 1)),
        ("http://127.0.0.1", LOCAL),
    ):
        async with client(app, address, url) as http:
            response = await http.post("/administer")
        assert (response.status_code, response.json()["subject"]) == (200, "local")
        assert response.json()["sees"] == ["", "acme", "other"]


@pytest.mark.parametrize(
    ("address", "url", "origin"),
    [
        (("10.0.0.7", 1), "http://localhost", None),  # from another machine
        (LOCAL, "http://evil.example", None),  # a name that leads here
        (LOCAL, "http://localhost.evil.example", None),
        (LOCAL, "http://localhost", "https://evil.example"),  # a page in a browser here
        (LOCAL, "http://localhost", "null"),
    ],
)
async def test_without_authentication_nobody_else_is_served(
    address: tuple[str, int], url: str, origin: str | None
) -> None:
    async with client(application(Settings(auth="none")), address, url) as http:
        response = await http.post("/read", headers={"Origin": origin} if origin else {})
    assert response.status_code == 403


async def test_the_tokens_end_is_known() -> None:
    ends: list[Any] = []
    app = FastAPI()

    @app.get("/")
    async def route(identity: Annotated[Identity, Depends(require(Permission.READ))]) -> None:
        ends.append((identity.expires, identity.token_id))

    guard(app, Settings(token_keys=(KEY,)))
    async with client(app) as http:
        await http.get("/", headers={"Authorization": bearer("viewer", lifetime=timedelta(hours=1))})
    ((expires, token_id),) = ends
    assert expires.utcoffset() == timedelta(0)
    assert token_id


def test_the_document_tells_of_the_token() -> None:
    document = application(Settings(token_keys=(KEY,))).openapi()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["paths"]["/decide"]["post"]["security"] == [{"bearer": []}]
