"""A Temporal server as in production: all services of the real one, by a configuration file, on PostgreSQL."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError

from folkmoot._local.namespace import ensure_namespace, register_search_attributes
from folkmoot._local.ports import LOOPBACK, free_port, is_free
from folkmoot._temporal.names import SEARCH_ATTRIBUTES
from tests._support.postgres_server import PASSWORD, PostgresServer
from tests._support.service import Service
from tests._support.temporal_server import SCHEMAS, SERVER, SQL_TOOL, VERSION
from tests._support.waiting import eventually

ROOT = Path(__file__).parents[2]
DYNAMIC: dict[str, Any] = {
    "frontend.WorkflowTimeSkippingEnabled": True,
    # Without, a run that skipped time before it was continued as new may begin later by all that was ever skipped: the
    # server takes it for younger than this interval and holds it back, and counts what was skipped twice there.
    "history.workflowIdReuseMinimalInterval": "0s",
    # As the tests' dev server has it: a shard is not held to 20 loads of its queue a second, timers fire when due.
    "history.transferProcessorMaxPollRPS": 2000,
    "history.timerProcessorMaxTimeShift": "10ms",
}
"""Dynamic configuration."""


class ProductionServer(Service):
    """A server that can be ended and started again, with its PostgreSQL.

    Args:
        folder: For its configuration and its log.
        dynamic: Dynamic configuration besides `DYNAMIC`.
    """

    def __init__(self, folder: Path, dynamic: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.postgres = PostgresServer()
        self.metrics_port = free_port()
        self.log = folder / "temporal.log"
        self._config = folder / "temporal.yaml"
        self._dynamic = folder / "dynamic.yaml"
        # YAML takes JSON in.
        values = {name: [{"value": value}] for name, value in {**DYNAMIC, **(dynamic or {})}.items()}
        self._dynamic.write_text(json.dumps(values, indent=2))
        self._config.write_text(json.dumps(self._settings(), indent=2))

    @property
    def address(self) -> str:
        """host:port of the frontend."""
        return f"{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start PostgreSQL and the server, unless they run; the first time the databases are made."""
        if self._process is not None:
            return
        if not (SERVER.is_file() and SQL_TOOL.is_file()):
            # A process of its own: the test may have an event loop.
            subprocess.run([sys.executable, "-m", "tests._support.temporal_server"], cwd=ROOT, check=True)
        self.postgres.start()
        for database, schema in SCHEMAS.items():
            # Each of them does nothing to what is there already.
            self._sql(database, "create")
            self._sql(database, "setup-schema", "-v", "0.0")
            self._sql(database, "update-schema", "--schema-name", schema)
        self.run(str(SERVER), "--config-file", str(self._config), "--allow-no-auth", "start")

    async def ready(self) -> Client:
        """Wait until it serves; it listens for a while before.

        Raises:
            RuntimeError: It has ended.
        """

        async def connected() -> Client | None:
            if self._process is None or self._process.poll() is not None:
                told = self.log.read_text().splitlines() if self.log.exists() else []
                raise RuntimeError(f"the Temporal server {VERSION} has ended; its log: {' '.join(told[-3:])[:3000]}")
            # The SDK says it with a plain RuntimeError, and tries itself for so long only where nobody listens.
            with suppress(RuntimeError):
                return await Client.connect(self.address)
            return None

        client = await eventually(connected, what="the server serves", within=90)
        assert client is not None
        return client

    async def prepare(self) -> None:
        """Make the namespace `default` ready for chats, and wait until it is."""
        client = await self.ready()
        await ensure_namespace(client)
        await register_search_attributes(client, SEARCH_ATTRIBUTES)

        async def known() -> bool:
            try:
                await client.count_workflows("ChatStatus = 'idle'")
            except RPCError:
                return False
            return True

        await eventually(known, what="the search attributes are known")

    def stop(self) -> None:
        """End the server as an operator does, then PostgreSQL.

        Raises:
            RuntimeError: It did not end well.
        """
        process = self._process
        self.end(signal.SIGTERM)
        self.postgres.stop()
        if process is not None and process.returncode != 0:
            raise RuntimeError(f"the Temporal server {VERSION} ended with code {process.returncode}; see {self.log}")

    def kill(self) -> None:
        """The server is killed, and PostgreSQL crashes."""
        self.end(signal.SIGKILL)
        self.postgres.end(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop it and remove its data."""
        try:
            self.stop()
        finally:
            self.postgres.remove()

    def _sql(self, database: str, *command: str) -> None:
        tool = [str(SQL_TOOL), "--plugin", "postgres12", "--endpoint", LOOPBACK, "--port", str(self.postgres.port)]
        login = ["--user", "moot", "--password", PASSWORD, "--database", database]
        done = subprocess.run([*tool, *login, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"temporal-sql-tool {' '.join(command)} failed: {done.stdout}{done.stderr}")

    def _settings(self) -> dict[str, Any]:
        """The server's configuration, with every port one that is free."""

        def store(database: str) -> dict[str, Any]:
            login = {"user": "moot", "password": PASSWORD, "databaseName": database}
            place = {"connectAddr": f"{LOOPBACK}:{self.postgres.port}", "connectProtocol": "tcp"}
            return {"sql": {"pluginName": "postgres12", **place, **login, "maxConns": 20, "maxIdleConns": 20}}

        def service(port: int) -> dict[str, Any]:
            return {"rpc": {"grpcPort": port, "membershipPort": _low_port(), "bindOnLocalHost": True}}

        cluster = {"enabled": True, "initialFailoverVersion": 1, "rpcName": "frontend", "rpcAddress": self.address}
        return {
            "log": {"stdout": False, "level": "warn", "outputFile": str(self.log)},
            "persistence": {
                "defaultStore": "default",
                "visibilityStore": "visibility",
                "numHistoryShards": 4,
                "datastores": {"default": store("temporal"), "visibility": store("temporal_visibility")},
            },
            "global": {
                "membership": {"maxJoinDuration": "30s", "broadcastAddress": LOOPBACK},
                "metrics": {
                    "prometheus": {"timerType": "histogram", "listenAddress": f"{LOOPBACK}:{self.metrics_port}"}
                },
            },
            "services": {
                "frontend": service(self.port),
                **{name: service(free_port()) for name in ("matching", "history", "worker")},
            },
            "clusterMetadata": {
                "enableGlobalNamespace": False,
                "failoverVersionIncrement": 10,
                "masterClusterName": "active",
                "currentClusterName": "active",
                "clusterInformation": {"active": cluster},
            },
            "dcRedirectionPolicy": {"policy": "noop"},
            "dynamicConfigClient": {"filepath": str(self._dynamic), "pollInterval": "10s"},
        }


def _low_port() -> int:
    """A free port that fits the schema's `smallint` column of members; the kernel gives none of these by itself."""
    return next(port for port in iter(lambda: random.randrange(20_000, 32_000), 0) if is_free(port))
