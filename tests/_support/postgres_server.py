"""A real PostgreSQL server on a data folder of its own, from Debian's package; `make postgres` installs it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests._support.service import Service

PASSWORD = "never-to-be-seen-4711"
DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian has the server's programs, by version and outside PATH."""


def programs() -> Path:
    """The folder of `initdb` and `postgres`."""
    found = sorted(DEBIAN.glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise RuntimeError("There is no PostgreSQL server on this machine: run `make postgres`, or put initdb on PATH.")
    return found[-1].parent if found else Path(on_path or "").resolve().parent


class PostgresServer(Service):
    """A server that can be stopped and started again on its data."""

    def __init__(self) -> None:
        super().__init__()
        # Not pytest's folder: that is closed to the user the server runs as.
        self._folder = Path(tempfile.mkdtemp(prefix="folkmoot-postgres-"))
        self._user = _unprivileged()

    @property
    def url(self) -> str:
        """The store's URL, password included."""
        return f"postgresql://moot:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it; the first time its data folder is made."""
        data = self._folder / "data"
        if not data.exists():
            self._init(data)
        options = ["-p", str(self.port), "-h", "127.0.0.1", "-k", "", "-F"]
        self.run(str(programs() / "postgres"), "-D", str(data), *options, **self._user)

    def _is_up(self) -> bool:
        """It listens for a while before it takes anybody in."""
        asked = [str(programs() / "pg_isready"), "--quiet", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0

    def stop(self) -> None:
        """End it and its sessions."""
        self.end(signal.SIGINT)

    def remove(self) -> None:
        """Stop it and remove its data."""
        self.stop()
        shutil.rmtree(self._folder)

    def _init(self, data: Path) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        if self._user:
            for path in (self._folder, secret):
                os.chown(path, self._user["user"], self._user["group"])
        options = ["-U", "moot", "-A", "scram-sha-256", "--pwfile", str(secret), "-N", "--no-locale", "-E", "UTF8"]
        command = [str(programs() / "initdb"), "-D", str(data), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._user)
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr}")


def _unprivileged() -> dict[str, Any]:
    """Whom the server runs as: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    users = {user.pw_name: user for user in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}
