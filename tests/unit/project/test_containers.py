"""The Dockerfile and the compose file are true of the code: every file, command, port, variable and check they name."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from typing import Any

import pytest
import yaml

from folkmoot._local.environment import ENVIRONMENT
from folkmoot._temporal.names import DEFAULT_QUEUE, SEARCH_ATTRIBUTES

from .files import PACKAGE, ROOT, pyproject, python_files

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WORKER = SERVICES["worker"]
LIBRARIES = ("TEMPORAL_", "OPENAI_")
"""Variables that the Temporal SDK's and the OpenAI library's own configuration read."""


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


def test_the_worker_runs_the_image_as_the_image_says() -> None:
    assert WORKER["build"] == "."
    assert WORKER["command"] == json.loads(argument("CMD"))
    assert WORKER["healthcheck"]["test"] == ["CMD", *json.loads(argument("HEALTHCHECK").partition("CMD ")[2])]


@pytest.mark.parametrize("name", WORKER["environment"])
def test_a_variable_of_the_worker_is_read(name: str) -> None:
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


def test_the_task_queue_is_the_one_clients_use() -> None:
    assert WORKER["environment"]["FOLKMOOT_TASK_QUEUE"] == DEFAULT_QUEUE


def test_the_store_is_a_volume_its_user_may_write() -> None:
    store = WORKER["environment"]["FOLKMOOT_STORE"]
    (volume,) = [mount.split(":") for mount in WORKER["volumes"]]
    assert volume[1] == store
    assert volume[0] in COMPOSE["volumes"]
    assert any(word == "RUN" and "--owner folkmoot" in rest and rest.endswith(store) for word, rest in dockerfile())


def test_every_client_finds_the_server_where_it_listens() -> None:
    (published,) = SERVICES["temporal"]["ports"]
    port = published.rpartition(":")[2]
    for name in ("temporal-setup", "temporal-ui", "worker"):
        assert SERVICES[name]["environment"]["TEMPORAL_ADDRESS"] == f"temporal:{port}", name
    assert SERVICES["temporal"]["healthcheck"]["test"][-1] == port


def test_all_clients_use_the_namespace_that_is_made() -> None:
    assert (
        SERVICES["temporal-setup"]["environment"]["TEMPORAL_NAMESPACE"] == WORKER["environment"]["TEMPORAL_NAMESPACE"]
    )


def test_the_search_attributes_made_are_those_chats_write() -> None:
    (script,) = SERVICES["temporal-setup"]["command"]
    assert dict(re.findall(r"--name (\w+) --type (\w+)", script)) == SEARCH_ATTRIBUTES


def test_the_server_has_the_database_that_is_made() -> None:
    database, schema, server = (SERVICES[name]["environment"] for name in ("postgresql", "temporal-schema", "temporal"))
    assert schema["SQL_HOST"] == server["POSTGRES_SEEDS"] == "postgresql"
    assert schema["SQL_PLUGIN"] == server["DB"]
    assert database["POSTGRES_USER"] == schema["SQL_USER"] == server["POSTGRES_USER"]
    assert database["POSTGRES_PASSWORD"] == schema["SQL_PASSWORD"] == server["POSTGRES_PWD"]
    (source,) = SERVICES["temporal"]["configs"]
    assert source["target"] == server["DYNAMIC_CONFIG_FILE_PATH"]
    assert yaml.safe_load(COMPOSE["configs"][source["source"]]["content"])


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
def test_a_service_has_a_pinned_image_and_no_door_to_the_network(name: str) -> None:
    image: str = SERVICES[name].get("image", "")
    assert "build" in SERVICES[name] or re.search(r":\$\{\w+:-\d[\w.]*\}$", image), image
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_no_script_is_cut_short_by_compose() -> None:
    """A single `$` in a script would be replaced by compose; doubled ones reach the shell."""
    for service in SERVICES.values():
        for script in service.get("command", []):
            assert not re.search(r"(?<!\$)\$(?!\$)", script.replace("$$", ""))
            assert shlex.split(script.replace("\\\n", " "), comments=True)
