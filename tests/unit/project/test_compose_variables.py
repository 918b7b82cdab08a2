"""Each variable of a worker or of the API reaches its container, or it is told here why not."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer.main

from folkmoot._local.environment import ENVIRONMENT
from folkmoot.cli.app import app
from folkmoot.server.settings import OIDC_VARIABLES, VARIABLES
from tests._support.composed import SERVICES

from .files import ROOT

OTHER_SERVER = "the server is that of the compose file, in a network of its own"
EMBEDDED = "there is no embedded server"
A_SECRET_OF_ENV = "secrets come from .env, not from files"
OWN_WORKER = "of `folkmoot worker`; the compose file's worker is worker.py, which has its own"
NOT_FOR_COMPOSE = {
    "TEMPORAL_API_KEY": OTHER_SERVER,
    "TEMPORAL_TLS": OTHER_SERVER,
    "TEMPORAL_TLS_CLIENT_CERT_PATH": OTHER_SERVER,
    "TEMPORAL_TLS_CLIENT_KEY_PATH": OTHER_SERVER,
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH": OTHER_SERVER,
    "TEMPORAL_TLS_SERVER_NAME": OTHER_SERVER,
    "TEMPORAL_CONFIG_FILE": OTHER_SERVER,
    "TEMPORAL_PROFILE": OTHER_SERVER,
    "FOLKMOOT_DATA_DIR": EMBEDDED,
    "FOLKMOOT_TEMPORAL_CLI": EMBEDDED,
    "FOLKMOOT_JSON": "for the command line; FOLKMOOT_LOG_FORMAT is what services have",
    "FOLKMOOT_DEBUG": "for the command line",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "OTEL_EXPORTER_OTLP_ENDPOINT tells it, too",
    "FOLKMOOT_APP": OWN_WORKER,
    "FOLKMOOT_CODE_FOLDER": OWN_WORKER,
    "FOLKMOOT_GRACEFUL_SHUTDOWN_TIMEOUT": "stop_grace_period has to fit it",
    "FOLKMOOT_WEBHOOK_SECRET_NAME": "its own name is the operator's: it is in folkmoot.env",
    "FOLKMOOT_WEBHOOK_SECRET_NAME_FILE": A_SECRET_OF_ENV,
    "FOLKMOOT_AUTH": "without tokens it would listen on its own machine only, which is the container",
    "FOLKMOOT_TOKEN_KEY_FILE": A_SECRET_OF_ENV,
    "FOLKMOOT_DECISION_KEY_FILE": A_SECRET_OF_ENV,
    "FOLKMOOT_DECISION_PUBLIC_KEYS_FILE": A_SECRET_OF_ENV,
    "FOLKMOOT_ENCRYPTION_KEYS_FILE": A_SECRET_OF_ENV,
}
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
SERVING = {"worker": "worker", "serve": "api"}
"""What goes on in a container, and the service that it is."""


def options(*verbs: str) -> set[str]:
    return {parameter.envvar for verb in verbs for parameter in COMMANDS[verb].params if parameter.envvar}


def passed(*services: str) -> set[str]:
    return {name for service in services for name in SERVICES[service]["environment"]}


def test_a_variable_reaches_the_workers_or_the_api_or_it_is_told_why_not() -> None:
    # What is an option of other verbs alone is for whoever types.
    others = options(*(COMMANDS.keys() - SERVING.keys())) - options(*SERVING)
    typed = {"EDITOR", "FOLKMOOT_DEMO_MODEL"}
    concerned = ENVIRONMENT.keys() - (others - passed("worker", "api")) - typed
    assert concerned - passed("worker", "api") == NOT_FOR_COMPOSE.keys()


@pytest.mark.parametrize("verb", SERVING)
def test_an_option_of_a_service_reaches_that_service(verb: str) -> None:
    assert options(verb) <= passed(SERVING[verb]) | NOT_FOR_COMPOSE.keys()


def test_a_setting_of_the_api_reaches_the_api() -> None:
    assert {*VARIABLES.values(), *OIDC_VARIABLES.values()} <= passed("api") | NOT_FOR_COMPOSE.keys()


def test_what_worker_py_reads_reaches_the_workers() -> None:
    text = (ROOT / "worker.py").read_text()
    read = set(re.findall(r'environ\.get\("(\w+)"\)', text))
    assert read >= {"FOLKMOOT_WEBHOOKS", "FOLKMOOT_STORE"}
    assert read <= passed("worker")


def test_what_has_no_line_of_its_own_comes_from_a_file_that_is_kept_out_of_git_and_image() -> None:
    for name in ("setup", "worker", "api"):
        (file,) = SERVICES[name]["env_file"]
        assert file == {"path": "folkmoot.env", "required": False}
    assert "folkmoot.env" in (ROOT / ".gitignore").read_text().split()
    admitted = (ROOT / ".dockerignore").read_text().split()
    assert "*" in admitted
    assert "!folkmoot.env" not in admitted
    # Who sets webhooks finds beside them where their secrets go.
    before, _, _ = (ROOT / ".env.example").read_text().partition("#FOLKMOOT_WEBHOOKS=")
    assert "folkmoot.env, as FOLKMOOT_WEBHOOK_SECRET_NAME=" in before.rpartition("\n#FOLKMOOT_")[2]


def test_files_of_the_api_have_a_folder_in_its_container() -> None:
    assert "./deploy/folkmoot:/etc/folkmoot:ro" in SERVICES["api"]["volumes"]
    example = (ROOT / ".env.example").read_text()
    assert {"/etc/folkmoot/people.toml", "/etc/folkmoot/teams"} <= set(re.findall(r"/etc/folkmoot/[\w.]+", example))
