"""The filters of the list are its address."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.errors import BadCommandError
from folkmoot.server.dashboard.boards import View
from folkmoot.server.dashboard.query import OVERDUE, Filters
from folkmoot.server.identity import Identity
from folkmoot.server.refusals import ForbiddenError

OLGA = Identity("olga", frozenset({"operator"}), tenant="acme")
ADA = Identity("ada", frozenset({"admin"}), all_tenants=True)
VALUES = st.text(max_size=20).map(str.strip)


STATUSES, DUES = st.sampled_from(["", "idle", "closed"]), st.sampled_from(["", OVERDUE, "2030-01-31T12:00+00:00"])


@given(st.builds(Filters, STATUSES, VALUES, VALUES, VALUES, VALUES, DUES, VALUES))
def test_an_address_is_read_as_it_was_written(filters: Filters) -> None:
    query = filters.but(cursor=filters.cursor)
    assert Filters.of(dict(parse_qsl(query.removeprefix("?")))) == filters


def test_another_filter_begins_at_the_first_page() -> None:
    filters = Filters(status="idle", search="a b", cursor="xyz")
    assert filters.but(status="paused") == "?status=paused&search=a+b"
    assert filters.but(status="", search="") == ""
    assert filters.any
    assert not Filters(cursor="xyz").any


def test_only_ones_own_are_asked_for() -> None:
    assert Filters().wanted(OLGA).tenant == "acme"
    assert Filters().wanted(ADA).tenant is None
    assert Filters(tenant="acme").wanted(ADA).tenant == "acme"
    with pytest.raises(ForbiddenError, match="Tenant 'other' is not yours"):
        Filters(tenant="other").wanted(OLGA)


def test_what_is_past_due_changes_by_the_minute() -> None:
    wanted = Filters(due=OVERDUE).wanted(ADA)
    assert wanted.living
    assert wanted.due_before is not None
    assert (wanted.due_before.second, wanted.due_before.microsecond) == (0, 0)
    old = replace(wanted, due_before=datetime(2026, 5, 4, 3, 2, tzinfo=UTC))
    assert View(old).now().due_before >= wanted.due_before
    # A later page is of the list that it is a page of.
    assert Filters(due="2026-05-04T03:02+00:00").wanted(ADA) == old
    assert View(old, "cursor").now() == old


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"status": "odd"}, "Status 'odd': expected one of idle"),
        ({"due": "soon"}, "Due 'soon': expected 'overdue', or a time"),
        ({"due": "2030-01-31T12:00"}, "expected 'overdue', or a time"),
        ({"team": "x" * 301}, "The filter 'team' is longer than 300 characters"),
    ],
)
def test_bad_addresses_are_refused(query: dict[str, str], told: str) -> None:
    with pytest.raises(BadCommandError, match=told):
        Filters.of(query)


def test_what_cannot_be_looked_for_is_refused() -> None:
    with pytest.raises(BadCommandError, match="cannot be looked for"):
        Filters(search="it's").wanted(ADA)
