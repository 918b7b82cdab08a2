"""A pytest plugin that runs the modules with the longest tests first.

Workers take tests from one another until none is left: a long one that is begun last has the others wait for it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LONG = [
    "acceptance/dashboard/test_failures_page.py",
    "acceptance/kill/test_purchase_crash.py",
    "acceptance/test_web_service.py",
    "acceptance/test_days_later.py",
    "acceptance/test_production.py",
    "integration/stores/test_many_segments.py",
    "integration/stores/test_retention.py",
]
"""Modules with tests of half a minute or more, the longest first."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {TESTS / name: rank for rank, name in enumerate(LONG)}
    # Modules stay whole: their fixtures are made once.
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))
