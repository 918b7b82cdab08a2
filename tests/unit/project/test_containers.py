"""The Dockerfile and the compose file are true of the code: every file, command, port, variable and check they name."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from typing import Any

import pytest
import typer.main

from folkmoot._local.environment import ENVIRONMENT
from folkmoot._temporal.names import DEFAULT_QUEUE
from folkmoot.cli.app import app
from tests._support.composed import COMPOSE, SERVICES, resolved
from tests._support.temporal_server import VERSION

from .files import PACKAGE, ROOT, pyproject, python_files

WORKER = SERVICES["worker"]
LIBRARIES = ("TEMPORAL_", "OPENAI_", "OTEL_")
"""Variables that the configuration of the Temporal SDK, the OpenAI library and OpenTelemetry read."""


def dockerfile() -> list[tuple[str, str]]:
    """Instruction and argument of every line, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def argument(instruction: str) -> str:
    (found,) = [rest for word, rest in dockerfile() if word == instruction]
    return found


def python_module_of(command: list[str]) -> str | None:
    """The module of `python -m module`; None for another command."""
    return command[2] if command[:2] == ["python", "-m"] else None


# --- The image


def test_all_that_is_copied_is_in_the_repository_and_the_build_context() -> None:
    admitted = (ROOT / ".dockerignore").read_text().split()
    copied = [name for word, rest in dockerfile() if word == "COPY" for name in rest.split()[:-1]]
    assert {"src", "worker.py", "workflows", "activities"} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in admitted


def test_it_installs_extras_there_are_on_a_python_that_will_do() -> None:
    extras = pyproject()["project"]["optional-dependencies"]
    (asked,) = re.findall(
        r'pip install "\.\[([^\]]+)\]"', " ".join(rest for word, rest in dockerfile() if word == "RUN")
    )
    assert set(asked.split(",")) <= extras.keys()
    major, minor = map(int, re.findall(r"python:(\d+)\.(\d+)-slim", argument("FROM"))[0])
    lowest = pyproject()["project"]["requires-python"].removeprefix(">=")
    assert (major, minor) >= tuple(map(int, lowest.split(".")))


def test_it_does_not_run_as_root() -> None:
    instructions = [word for word, _ in dockerfile()]
    user = argument("USER")
    assert any(word == "RUN" and rest.startswith("useradd") and user in rest for word, rest in dockerfile())
    assert instructions.index("USER") < instructions.index("CMD")


def test_its_command_and_its_health_check_exist() -> None:
    command: list[str] = json.loads(argument("CMD"))
    assert command[0] == "python"
    assert (ROOT / command[1]).is_file()
    check: list[str] = json.loads(argument("HEALTHCHECK").partition("CMD ")[2])
    module = python_module_of(check)
    assert module is not None
    assert importlib.util.find_spec(module) is not None


# --- The services


def of(service: str) -> dict[str, str | None]:
    return SERVICES[service]["environment"]


OURS = [name for name, service in SERVICES.items() if "build" in service]
"""Services of our own image."""


def test_the_worker_runs_the_image_as_the_image_says() -> None:
    assert WORKER["command"] == json.loads(argument("CMD"))
    assert WORKER["healthcheck"]["test"] == ["CMD", *json.loads(argument("HEALTHCHECK").partition("CMD ")[2])]


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_runs_the_image_with_a_verb_there_is(name: str) -> None:
    service = SERVICES[name]
    assert service["build"] == "."
    assert service["image"].startswith("folkmoot:")
    if service["command"][0] == "folkmoot":
        line = next(each for each in app.registered_commands if each.name == service["command"][1])
        flags = {flag for flag in service["command"] if flag.startswith("--")}
        assert flags <= {flag for parameter in parameters(line.name) for flag in parameter.opts}


def parameters(verb: str | None) -> list[Any]:
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return commands[verb or ""].params


@pytest.mark.parametrize(("service", "name"), [(service, name) for service in OURS for name in of(service)])
def test_a_variable_of_ours_is_read(service: str, name: str) -> None:
    assert name in ENVIRONMENT
    if not name.startswith(LIBRARIES):
        readers = [*python_files(PACKAGE), ROOT / "worker.py"]
        table = PACKAGE / "_local" / "environment.py"
        constant = {f'"{name}"', f"'{name}'"}
        named = [path for path in readers if path != table and any(word in path.read_text() for word in constant)]
        # The table's own module reads some, by a constant.
        by_constant = re.search(rf'^(\w+) = "{name}"$', table.read_text(), re.MULTILINE)
        used = by_constant and re.search(rf"environ\.get\({by_constant[1]}\)", table.read_text())
        assert named or used, f"nothing reads {name}"


def test_what_all_of_ours_have_to_agree_on_is_the_same_for_all() -> None:
    common = COMPOSE["x-environment"]
    for service in OURS:
        assert {name: of(service)[name] for name in common} == common
    # Otherwise clients do not find what workers do.
    assert default(common["FOLKMOOT_TASK_QUEUE"]) == DEFAULT_QUEUE
    assert {"TEMPORAL_NAMESPACE", "FOLKMOOT_STORE", "FOLKMOOT_ENCRYPTION_KEYS"} <= common.keys()


def default(text: str) -> str:
    """What a text is without a file `.env`."""
    return resolved(text, {})


def test_the_store_is_a_volume_its_user_may_write_and_all_share() -> None:
    store = default(of("worker")["FOLKMOOT_STORE"] or "")
    volumes = {
        volume for name in ("worker", "api") for volume in SERVICES[name]["volumes"] if not volume.startswith(".")
    }
    (volume,) = [mount.split(":") for mount in volumes]
    assert volume[1] == store
    assert volume[0] in COMPOSE["volumes"]
    assert any(word == "RUN" and "--owner folkmoot" in rest and rest.endswith(store) for word, rest in dockerfile())


def test_every_client_finds_the_server_where_it_listens() -> None:
    (published,) = SERVICES["temporal"]["ports"]
    port = published.rpartition(":")[2]
    for name in (*OURS, "temporal-ui"):
        assert of(name)["TEMPORAL_ADDRESS"] == f"temporal:{port}", name
    assert SERVICES["temporal"]["healthcheck"]["test"][-1] == port


def test_the_api_is_asked_where_it_listens() -> None:
    port = of("api")["FOLKMOOT_API_PORT"]
    (published,) = SERVICES["api"]["ports"]
    assert published.endswith(f":{port}")
    module, url = SERVICES["api"]["healthcheck"]["test"][-2:]
    assert importlib.util.find_spec(module) is not None
    assert url == f"http://127.0.0.1:{port}/readyz"
    # The browser comes from outside.
    endpoint = of("temporal-ui")["TEMPORAL_CODEC_ENDPOINT"] or ""
    keys = {"FOLKMOOT_ENCRYPTION_KEYS": "a:b"}
    assert resolved(endpoint, keys) == f"http://localhost:{port}/codec"
    assert resolved(endpoint, keys | {"FOLKMOOT_PUBLIC_URL": "https://moot.example"}) == "https://moot.example/codec"
    assert default(endpoint) == "", "where nothing is encrypted it would answer with 404"
    # The Web UI has no sign-in of its own here: the browser keeps a token for that path.
    assert of("temporal-ui")["TEMPORAL_CODEC_INCLUDE_CREDENTIALS"] == "true"
    (ui,) = SERVICES["temporal-ui"]["ports"]
    shown = f"http://localhost:{ui.split(':')[1]}"
    assert default(of("api")["FOLKMOOT_TEMPORAL_UI_URL"] or "") == shown
    assert default(of("api")["FOLKMOOT_CORS_ORIGINS"] or "").split() == [shown]


def test_workers_can_be_any_number() -> None:
    assert not WORKER.keys() & {"ports", "container_name", "hostname"}
    assert int(default(WORKER["deploy"]["replicas"])) >= 1
    assert all(service.get("container_name") is None for service in SERVICES.values())


def test_a_worker_is_given_as_long_to_stop_as_it_takes() -> None:
    seconds = int(WORKER["stop_grace_period"].removesuffix("s"))
    (grace,) = re.findall(r"^GRACE = timedelta\(seconds=(\d+)\)$", (ROOT / "worker.py").read_text(), re.MULTILINE)
    assert seconds > int(grace)


def test_none_of_ours_begins_before_setup_is_done() -> None:
    assert SERVICES["setup"]["command"][:2] == ["folkmoot", "setup"]
    assert SERVICES["setup"]["healthcheck"] == {"disable": True}, "the image's would look for a worker"
    for name in ("worker", "api"):
        assert SERVICES[name]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}


def test_the_server_has_the_database_that_is_made() -> None:
    database, schema, server = (of(name) for name in ("postgresql", "temporal-schema", "temporal"))
    assert schema["SQL_HOST"] == server["POSTGRES_SEEDS"] == "postgresql"
    assert schema["SQL_PLUGIN"] == server["DB"]
    assert schema["SQL_PORT"] == server["DB_PORT"]
    assert database["POSTGRES_USER"] == schema["SQL_USER"] == server["POSTGRES_USER"]
    assert database["POSTGRES_PASSWORD"] == schema["SQL_PASSWORD"] == server["POSTGRES_PWD"]
    assert f"//{database['POSTGRES_USER']}:{database['POSTGRES_PASSWORD']}@postgresql/" in str(
        of("worker")["FOLKMOOT_DATABASE_URL"]
    )
    assert "temporal-sql-tool --db application create" in SERVICES["temporal-schema"]["command"][0]


def test_the_server_is_the_one_that_is_tested() -> None:
    for name in ("temporal", "temporal-schema"):
        assert f"v{default(SERVICES[name]['image']).rpartition(':')[2]}" == VERSION


@pytest.mark.parametrize("name", SERVICES)
def test_a_file_that_is_mounted_is_there(name: str) -> None:
    for mount in SERVICES[name].get("volumes", []):
        source, _, *options = mount.split(":")
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert options == ["ro"]
        else:
            assert source in COMPOSE["volumes"]
    for value in of(name).values() if "environment" in SERVICES[name] else ():
        if value is not None and value.startswith("/etc/"):
            assert value in [mount.split(":")[1] for mount in SERVICES[name]["volumes"]]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_what_can_come_true(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        match wait["condition"]:
            case "service_healthy":
                assert "healthcheck" in SERVICES[other]
            case "service_completed_successfully":
                assert SERVICES[other].get("restart", "no") in {"no", "on-failure:20"}, "it must be able to end"
            case condition:
                raise AssertionError(f"{name} waits for {condition!r} of {other}")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_goes_on_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    if service.get("restart") == "unless-stopped":
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
        assert {"interval", "timeout", "retries"} <= service["healthcheck"].keys()
    else:
        assert name in {"temporal-schema", "setup"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_pinned_image_and_no_door_to_the_network(name: str) -> None:
    image: str = SERVICES[name].get("image", "")
    assert "build" in SERVICES[name] or re.search(r":v?\$\{\w+:-\d[\w.]*\}$", image), image
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_no_two_services_have_one_port() -> None:
    ports = [port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == len(set(ports))


def test_no_script_is_cut_short_by_compose() -> None:
    """A single `$` in a script would be replaced by compose; doubled ones reach the shell."""
    for service in SERVICES.values():
        for script in service.get("command", []):
            assert not re.search(r"(?<!\$)\$(?![\${])", script.replace("$$", ""))
            assert shlex.split(script.replace("\\\n", " "), comments=True)


# --- What is set in the file `.env`


def used() -> dict[str, set[str]]:
    """The variables of the compose file, each with what it is where nothing sets it; `?`: that is refused."""
    text = (ROOT / "docker-compose.yml").read_text()
    found: dict[str, set[str]] = {}
    for name, kind, rest in re.findall(r"\$\{(\w+)(?::([-?])([^}]*))?\}", text):
        found.setdefault(name, set()).add("?" if kind == "?" else rest)
    for service in OURS:
        for name, value in of(service).items():
            if value is None:
                found.setdefault(name, set()).add("")
    return found


def example() -> tuple[dict[str, str], dict[str, str]]:
    """The variables of `.env.example`: those that it sets, and those that it tells with their values."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = [line.split("=", 1) for line in lines if re.match(r"#?[A-Z_]+=", line)]
    return (
        {name: value for name, value in pairs if not name.startswith("#")},
        {name[1:]: value for name, value in pairs if name.startswith("#")},
    )


def test_the_example_tells_every_variable_and_no_other() -> None:
    asked, told = example()
    assert asked.keys() | told.keys() == used().keys()
    assert not asked.keys() & told.keys()


def test_the_example_tells_what_they_are_without() -> None:
    asked, told = example()
    for name, values in used().items():
        (value,) = values
        if value == "?":
            assert asked[name] == "", f"{name} has to be set, and no secret is set for everybody"
        elif value:
            assert told[name] == value


def test_every_variable_has_a_comment() -> None:
    before = ""
    for line in (ROOT / ".env.example").read_text().splitlines():
        if re.match(r"#?[A-Z_]+=", line) and not line.startswith(("#POSTGRESQL_V", "#TEMPORAL_", "#PROM", "#GRAF")):
            assert before.startswith("#"), line
        before = line


def test_no_secret_stands_in_what_is_deployed() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name, value in re.findall(r"^ +(\w*(?:PASSWORD|PWD|KEYS?)):(.*)$", text, re.MULTILINE):
        assert value.strip() == "" or value.strip().startswith("${"), name
    assert ".env" in (ROOT / ".gitignore").read_text().split()
