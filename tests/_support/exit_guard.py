"""A pytest plugin that ends the process with pytest's own exit code.

Processes that used the Temporal SDK abort at interpreter exit now and then (temporalio/sdk-python #300): a run
whose tests all passed would then fail. So, when everything is reported and flushed, the interpreter's own exit
is skipped.
"""

from __future__ import annotations

import os
import sys

import pytest

_CODE = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_CODE] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    code = config.stash.get(_CODE, None)
    # Without a code the session never began (a usage error, --help), and the SDK has no threads yet.
    if code is None or "temporalio.bridge" not in sys.modules:
        return
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    os._exit(code)
