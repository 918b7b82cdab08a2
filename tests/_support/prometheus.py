"""A real Prometheus over the files that are deployed, from Debian's package; `make prometheus` installs it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode

import yaml

from tests._support.service import Service

ROOT = Path(__file__).parents[2]
DEPLOYED = ROOT / "deploy" / "prometheus"


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`."""
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"There is no {name} on this machine: run `make prometheus`, or put it on PATH.")
    return found


def promtool(*arguments: str, cwd: Path | None = None) -> str:
    """Its output; an error has all that it said."""
    done = subprocess.run(
        [program("promtool"), *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=170
    )
    assert done.returncode == 0, f"promtool {arguments}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


class Prometheus(Service):
    """Scrapes every second what the deployed configuration scrapes, under other addresses.

    Args:
        folder: For its configuration and data.
        targets: host:port of what is behind each job of the deployed configuration.
    """

    def __init__(self, folder: Path, targets: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self._folder = folder
        config = yaml.safe_load((DEPLOYED / "prometheus.yml").read_text())
        config["global"] = dict.fromkeys(config["global"], "1s")
        targets = {**targets, "prometheus": [f"127.0.0.1:{self.port}"]}
        for job in config["scrape_configs"]:
            job.pop("dns_sd_configs", None)
            job["static_configs"] = [{"targets": list(targets[job["job_name"]])}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        # The same rules in quick motion: what has to last for minutes has to last for one look, a step is a second.
        rules = (DEPLOYED / "alerts.yml").read_text()
        rules = re.sub(r"^( +for:) .*$", r"\1 0s", rules, flags=re.MULTILINE)
        (folder / "alerts.yml").write_text(re.sub(r":15s\]", ":1s]", rules))

    def start(self) -> None:
        """Start it."""
        self.run(
            program("prometheus"),
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=error",
        )

    def stop(self) -> None:
        """End it."""
        self.end(signal.SIGTERM)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now: the samples of an instant vector."""
        return self._asked("query", query=expression)["result"]

    def firing(self) -> set[str]:
        """Names of the alerts that fire."""
        alerts = self._asked("alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def _is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready"):
                return True
        except (URLError, ConnectionError):
            return False

    def _asked(self, what: str, **parameters: str) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error
