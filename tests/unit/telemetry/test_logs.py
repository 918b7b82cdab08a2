"""The form of log lines."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from folkmoot._telemetry import current
from folkmoot._telemetry.logs import set_up


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, level = logging.getLogger(), logging.getLogger().level
    handlers = root.handlers[:]
    # What `force` closes is not ours.
    root.handlers[:] = []
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_lines(stream: io.StringIO) -> None:
    set_up("json", "info", stream=stream)
    logging.getLogger("some.where").warning("it is %s\nor so", "über", extra={"fields": {"status": 200}})
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "warning", "logger": "some.where", "message": "it is über\nor so", "status": 200}
    assert stream.getvalue().count("\n") == 1


def test_what_is_being_done_stands_in_the_line(stream: io.StringIO) -> None:
    set_up("json", "info", stream=stream)
    token = current.within(lambda: {"chat": "c", "run": 3})
    logging.getLogger("x").info("one")
    current.leave(token)
    logging.getLogger("x").info("two")
    one, two = map(json.loads, stream.getvalue().splitlines())
    assert (one["chat"], one["run"]) == ("c", 3)
    assert "chat" not in two


def test_text_has_it_behind(stream: io.StringIO) -> None:
    set_up("text", "info", stream=stream)
    token = current.within(lambda: {"chat": "c"})
    logging.getLogger("x").error("one")
    current.leave(token)
    assert stream.getvalue() == "ERROR: one [chat=c]\n"


def test_a_line_comes_even_if_nobody_can_say_what_is_being_done(stream: io.StringIO) -> None:
    set_up("json", "info", stream=stream)

    def fields() -> dict[str, str]:
        raise RuntimeError("no idea")

    token = current.within(fields)
    logging.getLogger("x").error("one")
    current.leave(token)
    assert json.loads(stream.getvalue())["message"] == "one"


def test_exceptions_are_one_line(stream: io.StringIO) -> None:
    set_up("json", "info", stream=stream)
    try:
        raise ValueError("bad")
    except ValueError:
        logging.getLogger("x").exception("failed")
    line = json.loads(stream.getvalue())
    assert line["message"] == "failed"
    assert line["exception"].endswith("ValueError: bad")


def test_libraries_that_tell_what_is_sent_are_silent_even_when_debugging(stream: io.StringIO) -> None:
    set_up("json", "debug", stream=stream)
    for name in ("httpx2", "httpcore", "openai._base_client", "mcp.client"):
        logging.getLogger(name).debug("Authorization: Bearer sk-4711")
    assert stream.getvalue() == ""
