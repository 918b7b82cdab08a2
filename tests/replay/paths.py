"""Every path a chat's workflow can take, on a real server. Each function takes one, and returns the chat's id."""

from __future__ import annotations

from tests.replay.budget_paths import BUDGET_PATHS
from tests.replay.change_paths import CHANGE_PATHS
from tests.replay.command_paths import COMMAND_PATHS
from tests.replay.long_paths import LONG_PATHS
from tests.replay.notice_paths import NOTICE_PATHS
from tests.replay.people_paths import PEOPLE_PATHS
from tests.replay.run_paths import RUN_PATHS
from tests.replay.steps import Path
from tests.replay.team_paths import TEAM_PATHS
from tests.replay.time_paths import TIME_PATHS

__all__ = ["PATHS"]

ALL = (
    RUN_PATHS,
    COMMAND_PATHS,
    TEAM_PATHS,
    LONG_PATHS,
    PEOPLE_PATHS,
    NOTICE_PATHS,
    BUDGET_PATHS,
    CHANGE_PATHS,
    TIME_PATHS,
)
PATHS: dict[str, Path] = {path.__name__: path for paths in ALL for path in paths}
