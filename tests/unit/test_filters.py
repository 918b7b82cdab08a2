"""What goes into a list filter cannot change what the filter says."""

from __future__ import annotations

import pytest

from folkmoot import BadCommandError
from folkmoot._temporal.filters import is_safe, quoted


@pytest.mark.parametrize("value", ["", "acme", "role:finance", "Ålesund & söhne", "a b%c_d"])
def test_a_plain_text_is_quoted(value: str) -> None:
    assert is_safe(value)
    assert quoted(value) == f"'{value}'"


@pytest.mark.parametrize("value", ["'", "O'Brien", 'say "x"', "a\\", "\\'", "a\nb", "\x00", "\x7f"])
def test_what_servers_read_in_their_own_way_is_refused(value: str) -> None:
    assert not is_safe(value)
    with pytest.raises(BadCommandError, match="a quote, a backslash or a control character"):
        quoted(value)
