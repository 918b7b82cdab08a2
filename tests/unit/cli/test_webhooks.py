"""`--webhook NAME=URL`: the secret comes from the environment, what is wrong is told without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from folkmoot import FolkmootPlugin
from folkmoot.cli.webhooks import add_webhooks, allows_http, webhooks_of
from folkmoot.webhooks import new_webhook_secret

SECRET = new_webhook_secret()
ENVIRONMENT = {"FOLKMOOT_WEBHOOK_SECRET_OPS": SECRET, "FOLKMOOT_WEBHOOK_SECRET_ON_CALL": SECRET}


def test_each_has_its_own_secret(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    environment = {
        "FOLKMOOT_WEBHOOK_SECRET_OPS": f"{SECRET} {SECRET}",
        "FOLKMOOT_WEBHOOK_SECRET_ON_CALL_FILE": str(file),
    }
    found = webhooks_of(["ops=https://a.example/x?k=v", "on-call=http://localhost:1"], environment)
    assert {name: repr(hook) for name, hook in found.items()} == {
        "ops": "Webhook('https://a.example')",
        "on-call": "Webhook('http://localhost:1')",
    }
    assert webhooks_of(None, {}) == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["https://a.example/token-4711"], "Webhook 1 has no name; expected NAME=URL"),
        (["https://a.example/?token-4711=1"], "Webhook 1 has no name"),
        (["=https://a.example"], "Webhook 1 has no name"),
        (["ops=https://a.example", "ops=https://b.example"], "There are two webhooks 'ops'"),
        (["mail=https://a.example"], "'mail' has no secret; expected it in FOLKMOOT_WEBHOOK_SECRET_MAIL or"),
        (["ops=http://a.example/token-4711"], "'ops': http://a.example is not https: .* --allow-http-webhooks"),
        (["ops="], "'ops': A webhook's URL begins with https://HOST"),
    ],
)
def test_what_is_wrong_is_told_without_secrets(given: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        webhooks_of(given, ENVIRONMENT)
    assert "4711" not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_http_can_be_allowed() -> None:
    assert (
        repr(webhooks_of(["ops=http://a.example"], ENVIRONMENT, allow_http=True)["ops"])
        == "Webhook('http://a.example')"
    )


def test_a_name_that_the_worker_knows_is_refused() -> None:
    plugin = FolkmootPlugin()
    add_webhooks(plugin, webhooks_of(["ops=https://a.example"], ENVIRONMENT))
    assert sorted(plugin.registry.sinks) == ["log", "ops"]
    with pytest.raises(ValueError, match="The worker has a sink 'ops' already"):
        add_webhooks(plugin, webhooks_of(["ops=https://b.example"], ENVIRONMENT))


@pytest.mark.parametrize(("text", "allowed"), [(None, False), ("", False), ("0", False), ("1", True), ("true", True)])
def test_http_of_other_machines_is_allowed_by_a_variable(text: str | None, allowed: bool) -> None:
    assert allows_http({} if text is None else {"FOLKMOOT_ALLOW_HTTP_WEBHOOKS": text}) is allowed


def test_what_neither_allows_nor_forbids_is_refused() -> None:
    with pytest.raises(ValueError, match="FOLKMOOT_ALLOW_HTTP_WEBHOOKS: 'maybe'; expected 1 or 0"):
        allows_http({"FOLKMOOT_ALLOW_HTTP_WEBHOOKS": "maybe"})
