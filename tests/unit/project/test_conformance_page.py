"""The checklist of AutoGen's behaviour: every line has a test, and the page of results says what the tests say."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conformance.checklist import ELSEWHERE, LATER, LINES
from tests.conformance.page import PAGE, page, proofs

TESTS = Path(__file__).parents[2]


def test_every_line_has_a_test_or_belongs_to_a_later_issue() -> None:
    assert list(LINES) == [f"B{number:03}" for number in range(1, 121)]
    found = proofs()
    without = [line for line in LINES if not found[line]]
    assert [line for line in without if line not in LATER] == []
    assert [line for line in LATER if line not in without] == [], "a line that has a test is not later any more"


def test_the_tests_named_elsewhere_exist() -> None:
    for test in [test for tests in ELSEWHERE.values() for test in tests]:
        path, _, name = test.partition("::")
        text = (TESTS / path).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), f"there is no {test}"


def test_the_page_is_current() -> None:
    text = "docs/conformance.md is not current: run python -m tests.conformance.page"
    assert PAGE.read_text(encoding="utf-8") == page(), text
