"""The services of docker-compose.yml as processes of this machine: their commands, their environment, their files.

What differs is where things are: names of hosts become addresses of this machine, ports free ones, volumes folders.
"""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from folkmoot._local.ports import LOOPBACK, free_port, is_free
from tests._support.postgres_server import PASSWORD, PostgresServer
from tests._support.prometheus import Prometheus
from tests._support.service import Service
from tests._support.temporal_server import SERVER, SQL_TOOL

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?+])([^${}]*))?\}")
"""One without another in it."""
SCRIPTS = Path(sys.executable).parent


def resolved(text: str, given: Mapping[str, str]) -> str:
    """What Compose makes of a text: `${NAME}`, `${NAME:-default}`, `${NAME:?why not}`, `${NAME:+if it is}`, and `$$`.

    Raises:
        KeyError: A value that has to be given is not.
    """

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if given.get(name):
            return rest if kind == "+" else given[name]
        if kind == "?":
            raise KeyError(f"{name}: {rest}")
        return rest if kind == "-" else ""

    # Inner ones first.
    count = 1
    while count:
        text, count = _VARIABLE.subn(value, text)
    return text.replace("$$", "$")


def environment(service: str, given: Mapping[str, str]) -> dict[str, str]:
    """A service's environment variables, with what the file `.env` gives."""
    found: dict[str, str] = {}
    for name, value in SERVICES[service]["environment"].items():
        if value is not None:
            found[name] = resolved(str(value), given)
        elif name in given:
            found[name] = given[name]
    return found


def _low_port() -> int:
    """A free port that fits the column in which PostgreSQL keeps those of Temporal's members: 15 bits."""
    while not is_free(port := random.randrange(20_000, 32_000)):
        pass
    return port


class System:
    """All services but the Web UI and Grafana, which are no packages here.

    Args:
        folder: Where the volumes are.
        given: What `.env` has.
    """

    def __init__(self, folder: Path, given: Mapping[str, str]) -> None:
        self.folder = folder
        self.given = {**given, "POSTGRES_PASSWORD": PASSWORD}
        self.postgres = PostgresServer()
        self.temporal = Service()
        self.ports = {name: free_port() for name in ("temporal", "api", "metrics of worker", "metrics of api")}
        self.processes: dict[str, subprocess.Popen[str]] = {}
        jobs = {"temporal": "temporal", "worker": "metrics of worker", "api": "metrics of api"}
        (folder / "prometheus").mkdir()
        self.prometheus = Prometheus(
            folder / "prometheus", {job: [f"{LOOPBACK}:{self.ports[port]}"] for job, port in jobs.items()}
        )

    @property
    def url(self) -> str:
        """The API's."""
        return f"http://{LOOPBACK}:{self.ports['api']}"

    def environment(self, service: str) -> dict[str, str]:
        """What a process of the service gets, adapted to where things are here."""
        metrics = self.ports.get(f"metrics of {service}", 0)
        here = {
            "temporal:7233": f"{LOOPBACK}:{self.temporal.port}",
            "//temporal:": "//moot:",
            "@postgresql/": f"@{LOOPBACK}:{self.postgres.port}/",
            "/var/lib/folkmoot": str(self.folder / "segments"),
            "0.0.0.0:9464": f"{LOOPBACK}:{metrics}",
            "0.0.0.0:8000": f"{LOOPBACK}:{self.ports['temporal']}",
            "0.0.0.0": LOOPBACK,
            "/etc/temporal/config/dynamicconfig/folkmoot.yaml": str(ROOT / "deploy/temporal/dynamic-config.yaml"),
        }
        names = {
            "SQL_HOST": LOOPBACK,
            "SQL_PORT": str(self.postgres.port),
            "SQL_USER": "moot",
            "DB_PORT": str(self.postgres.port),
            "POSTGRES_SEEDS": LOOPBACK,
            "POSTGRES_USER": "moot",
            "FOLKMOOT_API_PORT": str(self.ports["api"]),
            # Four are enough here, and made in a moment.
            "NUM_HISTORY_SHARDS": "4",
        }
        found = environment(service, self.given)
        for name, value in found.items():
            for there, ours in here.items():
                value = value.replace(there, ours)
            found[name] = names.get(name, value)
        own = ("FOLKMOOT_", "TEMPORAL_", "OPENAI_", "OTEL_", "SQL_", "POSTGRES_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        return {**kept, "XDG_CONFIG_HOME": str(self.folder), "PATH": f"{SCRIPTS}:{kept.get('PATH', '')}", **found}

    def start_temporal(self) -> None:
        """PostgreSQL, the schema as the compose file's script makes it, and the server."""
        if not (SERVER.is_file() and SQL_TOOL.is_file()):
            # A process of its own: the test may have an event loop.
            subprocess.run([sys.executable, "-m", "tests._support.temporal_server"], cwd=ROOT, check=True)
        self.postgres.start()
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "temporal-sql-tool").symlink_to(SQL_TOOL)
        variables = self.environment("temporal-schema")
        variables["PATH"] = f"{tools}:{variables['PATH']}"
        service = SERVICES["temporal-schema"]
        command = [*service["entrypoint"], *(resolved(part, self.given) for part in service["command"])]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        ports = {"FRONTEND_GRPC_PORT": self.temporal.port}
        others = ("FRONTEND_HTTP", "MATCHING_GRPC", "HISTORY_GRPC", "WORKER_GRPC")
        members = ("FRONTEND", "MATCHING", "HISTORY", "WORKER")
        ports |= {f"{name}_PORT": free_port() for name in others}
        ports |= {f"{name}_MEMBERSHIP_PORT": _low_port() for name in members}
        numbers = {name: str(port) for name, port in ports.items()}
        self.temporal.run(str(SERVER), "start", env={**self.environment("temporal"), **numbers})

    def run(self, service: str) -> str:
        """Run a service that ends; what it said."""
        command = [resolved(part, self.given) for part in SERVICES[service]["command"]]
        done = subprocess.run(
            command, env=self.environment(service), cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, f"{service}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, service: str) -> None:
        """Start a service that goes on."""
        with (self.folder / f"{service}.log").open("a") as log:
            process = subprocess.Popen(
                SERVICES[service]["command"],
                env=self.environment(service),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.processes[service] = process

    def ill(self, service: str) -> str:
        """What its health check says is wrong; empty: nothing."""
        kind, *command = (part.replace(":8000/", f":{self.ports['api']}/") for part in self._check(service))
        assert kind == "CMD"
        variables = self.environment(service)
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        return done.stderr or f"code {done.returncode}" if done.returncode else ""

    def _check(self, service: str) -> list[str]:
        return SERVICES[service]["healthcheck"]["test"]

    def command_line(self, *arguments: str, code: int = 0, service: str = "api") -> list[dict[str, Any]]:
        """Run `folkmoot` as `docker compose exec` does; its lines."""
        done = subprocess.run(
            ["folkmoot", *arguments, "--json"],
            env=self.environment(service),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, f"{shlex.join(arguments)}: {done.stdout}{done.stderr}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    def kill(self, service: str) -> None:
        """Kill its process."""
        process = self.processes.pop(service)
        process.kill()
        process.wait()

    def stop(self) -> Iterator[tuple[str, int]]:
        """Stop all, workers and API first; name and exit code of each of these."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for service, process in self.processes.items():
            yield service, process.wait(60)
        self.prometheus.stop()
        self.temporal.end(signal.SIGTERM)
        self.postgres.remove()
