"""A worker is a version of a deployment, or none; what would leave it without work is told before it starts."""

from __future__ import annotations

import re

import pytest
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from typer.testing import CliRunner

from folkmoot.cli.app import app
from folkmoot.cli.serve import _lines_of, version_of

BAD = [
    ({"build_id": "7"}, "Build id '7' needs a deployment; expected --deployment or FOLKMOOT_DEPLOYMENT."),
    ({"versioning": "pinned"}, "Versioning 'pinned' needs a deployment; expected --deployment or FOLKMOOT_DEPLOYMENT."),
    ({"deployment": "chats"}, "Deployment 'chats' needs a build id; expected --build-id or FOLKMOOT_BUILD_ID."),
    *(
        (
            {"deployment": name, "build_id": "7"},
            f"Deployment {name!r}: expected a name without '.' and ':' that begins not with '__'.",
        )
        for name in ("my.chats", "my:chats", "__chats", " ")
    ),
]


@pytest.mark.parametrize(("given", "behaviour"), [(None, "AUTO_UPGRADE"), ("", "AUTO_UPGRADE"), ("pinned", "PINNED")])
def test_a_version(given: str | None, behaviour: str) -> None:
    version = version_of("chats", "2026-11-21.1", given)
    assert version is not None
    assert version.version == WorkerDeploymentVersion("chats", "2026-11-21.1")
    assert version.use_worker_versioning
    assert version.default_versioning_behavior == VersioningBehavior[behaviour]


def test_people_are_told_the_command_that_makes_it_current() -> None:
    assert _lines_of(version_of("my chats", "7", "pinned"), "127.0.0.1:7233", "agents") == [
        "Version          '7' of deployment 'my chats', pinned",
        (
            "                 gets chats once it is current: temporal worker deployment set-current-version "
            "--address 127.0.0.1:7233 --namespace agents --deployment-name 'my chats' --build-id 7"
        ),
    ]
    assert _lines_of(None, "127.0.0.1:7233", "agents") == []


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_a_deployment_there_is_no_version(nothing: str | None) -> None:
    assert version_of(nothing, nothing, nothing) is None


@pytest.mark.parametrize(("given", "said"), BAD)
def test_what_does_not_go_together_is_told_before_anything_is_started(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        version_of(given.get("deployment"), given.get("build_id"), given.get("versioning"))
    # Nobody listens there: the options are looked at first.
    options = {f"FOLKMOOT_{name.upper()}": value for name, value in given.items()}
    result = CliRunner().invoke(app, ["worker", "--address", "127.0.0.1:1"], env=options)
    assert (result.exit_code, result.stderr) == (1, f"folkmoot: {said}\n")


def test_an_unknown_versioning_is_told() -> None:
    with pytest.raises(ValueError, match="Versioning 'sideways': expected one of auto-upgrade, pinned"):
        version_of("chats", "7", "sideways")
    result = CliRunner().invoke(app, ["worker", "--deployment", "chats", "--build-id", "7", "--versioning", "sideways"])
    assert result.exit_code == 2
    assert "'sideways' is not one of 'auto-upgrade', 'pinned'" in result.stderr
