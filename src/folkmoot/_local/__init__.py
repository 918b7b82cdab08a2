"""The embedded Temporal server: found, fetched or built, started, shared between processes, and stopped."""

from __future__ import annotations

from folkmoot._local.binary import find_cli
from folkmoot._local.build import build_cli
from folkmoot._local.environment import ENVIRONMENT, default_data_folder
from folkmoot._local.namespace import register_search_attributes
from folkmoot._local.progress import Progress
from folkmoot._local.server import Server, ensure_server

__all__ = [
    "ENVIRONMENT",
    "Progress",
    "Server",
    "build_cli",
    "default_data_folder",
    "ensure_server",
    "find_cli",
    "register_search_attributes",
]
