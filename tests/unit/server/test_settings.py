"""The server's settings: from variables, checked at once, and never shown where they are secrets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from folkmoot.server.settings import OIDC_VARIABLES, VARIABLES, OidcSettings, Settings
from folkmoot.signatures import DecisionKey

KEY = "k" * 32
DECISION = DecisionKey.generate()
OIDC = {"FOLKMOOT_OIDC_ISSUER": "https://id.example", "FOLKMOOT_OIDC_AUDIENCE": "folkmoot api"}


def test_only_a_key_is_needed() -> None:
    settings = Settings.from_environment({"FOLKMOOT_TOKEN_KEY": KEY, "FOLKMOOT_API_PORT": ""})
    assert (settings.host, settings.port, settings.auth, settings.cors_origins) == ("127.0.0.1", 8080, "token", ())
    assert [key.secret for key in settings.token_keys] == [KEY.encode()]


def test_every_variable_counts(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "FOLKMOOT_API_HOST": "0.0.0.0",
            "FOLKMOOT_API_PORT": "9000",
            "FOLKMOOT_TRUSTED_PROXIES": "10.0.0.2 172.16.0.0/12, ::1",
            "FOLKMOOT_AUTH": "token",
            "FOLKMOOT_TOKEN_KEY": f"{KEY} {'o' * 40}",
            "FOLKMOOT_PEOPLE_FILE": str(tmp_path / "people.toml"),
            "FOLKMOOT_NAMED_TEAMS": "1",
            "FOLKMOOT_MAX_BODY": "100000",
            "FOLKMOOT_RATE_LIMIT": "10/second",
            "FOLKMOOT_ANONYMOUS_RATE_LIMIT": "none",
            "FOLKMOOT_CORS_ORIGINS": "https://a.example/, http://localhost:3000",
            "FOLKMOOT_DECISION_KEY": DECISION.text,
            **OIDC,
            "FOLKMOOT_OIDC_JWKS_URL": "https://id.example/keys",
            "FOLKMOOT_OIDC_SUBJECT_CLAIM": "email",
            "FOLKMOOT_OIDC_NAME_CLAIM": "nickname",
            "FOLKMOOT_OIDC_ROLES_CLAIM": "groups",
            "FOLKMOOT_OIDC_TENANT_CLAIM": "org",
            "FOLKMOOT_OIDC_TENANTS_CLAIM": "orgs",
            "FOLKMOOT_OIDC_ROLE_MAP": "fm-admins=admin fm-all=viewer",
        }
    )
    assert (settings.host, settings.port, settings.max_body) == ("0.0.0.0", 9000, 100_000)
    assert settings.trusted_proxies == ("10.0.0.2", "172.16.0.0/12", "::1")
    assert (settings.rate_limit, settings.anonymous_rate_limit) == ("10/second", "none")
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")
    assert settings.people_file == tmp_path / "people.toml"
    assert settings.named_teams
    assert not Settings(token_keys=settings.token_keys).named_teams
    assert len(settings.token_keys) == 2
    assert settings.decision_key is not None
    assert settings.decision_key.public == DECISION.public
    assert settings.oidc == OidcSettings(
        issuer="https://id.example",
        audience=("folkmoot", "api"),
        jwks_url="https://id.example/keys",
        subject_claim="email",
        name_claim="nickname",
        roles_claim="groups",
        tenant_claim="org",
        tenants_claim="orgs",
        role_map={"fm-admins": "admin", "fm-all": "viewer"},
    )


def test_every_setting_has_its_variable() -> None:
    assert set(Settings.model_fields) - {"token_keys", "oidc", "decision_key"} == set(VARIABLES)
    assert set(OidcSettings.model_fields) == set(OIDC_VARIABLES)


def test_what_is_given_wins() -> None:
    settings = Settings.from_environment({"FOLKMOOT_TOKEN_KEY": KEY, "FOLKMOOT_API_PORT": "9000"}, port=9001, host=None)
    assert (settings.port, settings.host) == (9001, "127.0.0.1")


def test_keys_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "decision").write_text(f"{DECISION.text}\n")
    settings = Settings.from_environment(
        {"FOLKMOOT_TOKEN_KEY_FILE": str(tmp_path / "key"), "FOLKMOOT_DECISION_KEY_FILE": str(tmp_path / "decision")}
    )
    assert settings.token_keys[0].secret == KEY.encode()
    assert settings.decision_key is not None


def test_secrets_are_not_shown() -> None:
    settings = Settings.from_environment({"FOLKMOOT_TOKEN_KEY": KEY, "FOLKMOOT_DECISION_KEY": DECISION.text})
    assert KEY not in repr(settings)
    assert DECISION.text not in repr(settings)
    with pytest.raises(ValidationError) as caught:
        Settings.from_environment({"FOLKMOOT_TOKEN_KEY": KEY, "FOLKMOOT_API_PORT": "many"})
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"FOLKMOOT_TOKEN_KEY": ""}, "nothing to check tokens with; expected FOLKMOOT_TOKEN_KEY"),
        ({"FOLKMOOT_TOKEN_KEY": "short"}, "has 5 bytes; expected at least 32"),
        ({"FOLKMOOT_TOKEN_KEY_FILE": "/dev/null"}, "FOLKMOOT_TOKEN_KEY_FILE: '/dev/null' is empty"),
        ({"FOLKMOOT_TOKEN_KEY_FILE": sys.executable}, "FOLKMOOT_TOKEN_KEY_FILE: .* is no text; expected a key"),
        ({"FOLKMOOT_TOKEN_KEY": KEY, "FOLKMOOT_TOKEN_KEY_FILE": "/x"}, "Both FOLKMOOT_TOKEN_KEY and"),
        ({"FOLKMOOT_AUTH": "none", "FOLKMOOT_API_HOST": "0.0.0.0"}, "only listen on this machine; got host '0.0.0.0'"),
        ({"FOLKMOOT_AUTH": "none", "FOLKMOOT_API_HOST": "api.example"}, "only listen on this machine"),
        ({"FOLKMOOT_AUTH": "none", "FOLKMOOT_TOKEN_KEY": KEY}, "looks at no token"),
        ({"FOLKMOOT_AUTH": "off"}, "'token' or 'none'"),
        ({"FOLKMOOT_API_PORT": "70000"}, "port"),
        ({"FOLKMOOT_TRUSTED_PROXIES": "proxy.example"}, "trusted proxy 'proxy.example': expected an address such as"),
        ({"FOLKMOOT_TRUSTED_PROXIES": "10.0.0.1/8"}, "trusted proxy '10.0.0.1/8'"),
        ({"FOLKMOOT_MAX_BODY": "10"}, "max_body"),
        ({"FOLKMOOT_NAMED_TEAMS": "some"}, "named_teams"),
        ({"FOLKMOOT_RATE_LIMIT": "often"}, "Rate 'often': expected one such as '600/minute'"),
        ({"FOLKMOOT_ANONYMOUS_RATE_LIMIT": "0/minute"}, "expected at least 1"),
        ({"FOLKMOOT_CORS_ORIGINS": "*"}, "origin '\\*': expected one such as"),
        ({"FOLKMOOT_CORS_ORIGINS": "https://*.example"}, "expected one such as"),
        ({"FOLKMOOT_CORS_ORIGINS": "https://a.example/path"}, "expected one such as"),
        ({"FOLKMOOT_DECISION_KEY": "short"}, "is not base64url of 32 bytes"),
        ({**OIDC, "FOLKMOOT_OIDC_AUDIENCE": ""}, "audience"),
        ({**OIDC, "FOLKMOOT_OIDC_ISSUER": "http://id.example"}, "expected an https:// URL"),
        ({**OIDC, "FOLKMOOT_OIDC_ISSUER": "https://"}, "expected an https:// URL"),
        ({**OIDC, "FOLKMOOT_OIDC_JWKS_URL": "file:///keys"}, "expected an https:// URL"),
        ({**OIDC, "FOLKMOOT_OIDC_JWKS_URL": "http://localhost@evil.example/"}, "expected an https:// URL"),
        ({**OIDC, "FOLKMOOT_OIDC_ROLE_MAP": "admins"}, "got 'admins'"),
        ({"FOLKMOOT_OIDC_AUDIENCE": "a"}, "nothing to check tokens with"),
    ],
)
def test_what_is_refused(environment: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Settings.from_environment(environment)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST"])
def test_without_authentication_on_this_machine(host: str) -> None:
    assert Settings(auth="none", host=host).auth == "none"


@pytest.mark.parametrize("issuer", ["https://id.example", "http://localhost:8081/realms/x", "http://[::1]:8081"])
def test_issuers_that_are_taken(issuer: str) -> None:
    assert OidcSettings(issuer=issuer, audience=("a",)).issuer == issuer
