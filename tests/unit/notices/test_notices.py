"""Notices as values: their JSON says what there is to say, their line is one line; sinks are checked when given."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from folkmoot import FolkmootPlugin, RoundRobinGroupChat, UserProxyAgent, load_spec
from folkmoot.errors import UnknownNameError
from folkmoot.notices import KINDS, LogSink, Notice
from folkmoot.webhooks import Webhook, new_webhook_secret

FIRST: dict[str, Any] = {"id": "u-7", "time": "2026-01-01T00:00:00.000Z", "chat": "c", "team": "t", "offset": 7}


def notice(kind: str = "request", **fields: Any) -> Notice:
    return Notice(**{**FIRST, "kind": kind, **fields})


def test_the_json_has_what_there_is_to_say() -> None:
    assert notice().to_json() == {**FIRST, "kind": "request"}
    asked = notice(request="r", who=("person:ann",), deadline="later", arguments={"a": 1}, complete=False)
    told = {"request": "r", "who": ["person:ann"], "deadline": "later", "arguments": {"a": 1}, "complete": False}
    assert asked.to_json() == {**FIRST, "kind": "request", **told}
    assert json.loads(json.dumps(asked.to_json())) == asked.to_json()


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            notice(request="r", asks="approval", name="pay", who=("role:finance", "person:ann"), deadline="T"),
            "request of chat 'c' of team 't': approval r; tool pay; for role:finance, person:ann; until T",
        ),
        (
            notice("decision", request="r", asks="approval", verdict="reject", by=("ann",)),
            "decision of chat 'c' of team 't': approval r; reject by ann",
        ),
        (
            notice("decision", request="r", asks="approval", verdict="reject", timeout=True),
            "decision of chat 'c' of team 't': approval r; reject by nobody in time",
        ),
        (
            notice("run_ended", run=2, status="stopped", stop_reason="Enough\nsaid"),
            "run_ended of chat 'c' of team 't': run 2; Enough said",
        ),
        (notice("run_ended", run=2, status="cancelled"), "run_ended of chat 'c' of team 't': run 2; cancelled"),
        (
            notice("run_failed", run=2, status="failed", error={"agent": "a", "type": "KeyError", "message": "x"}),
            "run_failed of chat 'c' of team 't': run 2; KeyError: x",
        ),
        (
            notice("budget_warning", limit="tokens", used=80, max=100),
            "budget_warning of chat 'c' of team 't': 80 of 100 tokens used",
        ),
    ],
)
def test_the_line_tells_it_to_people(given: Notice, line: str) -> None:
    assert given.line == line


@pytest.mark.parametrize("kind", KINDS)
async def test_the_log_gets_a_line_and_the_whole(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await LogSink().send(notice(kind, prompt="100 %s"))
    (record,) = caplog.records
    assert record.name == "folkmoot.notices"
    assert record.notice["prompt"] == "100 %s"  # type: ignore[attr-defined]
    assert record.levelname == ("WARNING" if kind in ("overdue", "run_failed") else "INFO")


class Sink:
    async def send(self, notice: Notice) -> None: ...


@pytest.mark.parametrize(
    ("sinks", "error", "said"),
    [
        ({"ops": object()}, TypeError, r"The sink 'ops' needs an async method send\(notice\)"),
        ({"ops": Sink}, TypeError, "needs an async method send"),
        ({"": Sink()}, ValueError, "must not be empty"),
    ],
)
def test_what_is_no_sink_is_refused(sinks: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        FolkmootPlugin(sinks=sinks)


def team(*names: str) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([UserProxyAgent("person")], notify=names)


def test_the_names_of_a_team_are_looked_up() -> None:
    registry = FolkmootPlugin(sinks={"ops": Webhook("https://example.com", secret=new_webhook_secret())}).registry
    registry.check(team("log", "ops"))
    with pytest.raises(UnknownNameError, match="Unknown sink 'mail'; known: 'log', 'ops'"):
        registry.check(team("ops", "mail"))
    # Only those of the outermost team are told.
    registry.check(RoundRobinGroupChat([team("mail")]))


def test_the_log_may_be_another_sink() -> None:
    own = Sink()
    assert FolkmootPlugin(sinks={"log": own}).registry.sink("log") is own


def test_a_team_without_sinks_is_the_team_it_was() -> None:
    assert "notify" not in team().to_json()  # type: ignore[operator]
    told = team("ops").to_json()
    assert isinstance(told, dict)
    assert told["notify"] == ["ops"]
    assert load_spec(told) == team("ops")


@pytest.mark.parametrize(
    ("notify", "said"),
    [
        (["a", "a"], r"notify must be different names of sinks, none of them empty; got \['a', 'a'\]"),
        ([""], "none of them empty"),
        ("ops", "notify"),
    ],
)
def test_names_that_are_none_are_refused(notify: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RoundRobinGroupChat([UserProxyAgent("person")], notify=notify)
