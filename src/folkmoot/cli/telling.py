"""What the verbs that work until they are told to stop tell of themselves: metrics, traces, logs."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from folkmoot.telemetry import Telemetry

from .verbs import Invocation

__all__ = ["telling"]


@contextmanager
def telling(invocation: Invocation, service: str) -> Generator[Telemetry]:
    """What the environment says, from now on until the block ends.

    Args:
        invocation: The call of the verb; its log level comes before the environment's.
        service: The process's name.

    Raises:
        ValueError: A variable is bad.
        ImportError: Traces are wanted, and the extra `telemetry` is not installed.
        OSError: The address of the metrics is in use.
    """
    level = invocation.settings.log_level or "warning"
    telemetry = Telemetry.from_environment({**os.environ, "FOLKMOOT_LOG_LEVEL": level}, service_name=service)
    telemetry.set_up_logs()
    telemetry.start()
    try:
        yield telemetry
    finally:
        telemetry.stop()
