"""The how-to on the HTTP API: its routes, bodies, variables and commands are those there are, and its examples work."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2 as httpx
import jsonschema
import pytest
import typer

from folkmoot import AssistantAgent
from folkmoot._chat.specs import team_of
from folkmoot._local.environment import ENVIRONMENT
from folkmoot._spec import to_json
from folkmoot._temporal import seen
from folkmoot.approvals import ApprovalPolicy
from folkmoot.cli.app import app
from folkmoot.server import app as application
from folkmoot.server import feeds, handles
from folkmoot.server.people import read_people
from folkmoot.server.settings import VARIABLES, Settings
from folkmoot.server.tokens import issue
from tests._support.documents import python_blocks, run_block
from tests._support.waiting import eventually
from tests.integration.conftest import SiteFactory, unique
from tests.integration.server.conftest import SECRET, Api, ApiFactory

DOCUMENT = "docs/howto/http-api.md"
PAGE = (Path(__file__).parents[3] / DOCUMENT).read_text(encoding="utf-8")
TOKENS = {"olga": ("operator",), "ann": ("approver", "editors")}
SPECIFICATION: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "docs/reference/openapi.json").read_text(encoding="utf-8")
)
"""Of the application: test_generated_client.py sees to that."""


@dataclass(frozen=True)
class Sent:
    """A request that a line of curl makes."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | None

    @property
    def operation(self) -> dict[str, Any]:
        """What the document has for it."""
        path = urlsplit(self.url.removeprefix("$API")).path
        # A path that is written out wins over one with a name in braces.
        for template in sorted(SPECIFICATION["paths"], key=lambda template: template.count("{")):
            if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path):
                found = SPECIFICATION["paths"][template]
                assert self.method.lower() in found, f"{template} has no {self.method}"
                return found[self.method.lower()]
        raise AssertionError(f"there is no route for {path}")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def curls() -> list[Sent]:
    lines = [line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    return [_sent(shlex.split(line)) for line in lines if line.startswith("curl ")]


def _sent(words: list[str]) -> Sent:
    found: dict[str, str] = {"-X": ""}
    headers: dict[str, str] = {}
    rest = iter(words[1:])
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word in ("-X", "-d"):
            found[word] = next(rest)
        elif word != "-N":
            assert word.startswith("$API/"), word
            found["url"] = word
    body = found.get("-d")
    return Sent(found["-X"] or ("GET" if body is None else "POST"), found["url"], headers, body)


def commands() -> list[str]:
    lines = [line for block in blocks("console") for line in re.findall(r"^\$ folkmoot (.*)$", block, re.MULTILINE)]
    return lines + re.findall(r"`folkmoot (\w+ -[^`]*)`", PAGE)


def named() -> list[tuple[str, str]]:
    return re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/[^\s`,;?]*)", PAGE)


def test_there_is_something_to_hold_against_the_code() -> None:
    assert len(curls()) == 7
    assert {command.split()[0] for command in commands()} == {"dev", "serve", "token"}
    assert len(set(named())) > 12


@pytest.mark.parametrize(("method", "path"), sorted(set(named())))
def test_a_route(method: str, path: str) -> None:
    assert method.lower() in SPECIFICATION["paths"].get(path, {}), f"{method} {path}"


@pytest.mark.parametrize("sent", curls(), ids=lambda sent: f"{sent.method} {sent.url}")
def test_what_curl_sends(sent: Sent) -> None:
    parameters = {(item["in"], item["name"]): item["schema"] for item in sent.operation.get("parameters", ())}
    for pair in filter(None, urlsplit(sent.url).query.split("&")):
        assert ("query", pair.partition("=")[0]) in parameters
    assert {name for place, name in parameters if place == "header"} >= set(sent.headers) - {
        "Authorization",
        "Content-Type",
    }
    if sent.body is None:
        assert not sent.operation.get("requestBody", {}).get("required")
        return
    assert sent.headers["Content-Type"] == "application/json"
    schema = sent.operation["requestBody"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": SPECIFICATION["components"]}
    jsonschema.Draft202012Validator(whole).validate(json.loads(sent.body))


def test_a_body_with_a_word_that_is_none_is_seen() -> None:
    bad = Sent("POST", "$API/v1/chats", {"Content-Type": "application/json"}, '{"team": "notes", "name": "note-7"}')
    with pytest.raises(jsonschema.ValidationError, match="name"):
        test_what_curl_sends(bad)
    with pytest.raises(AssertionError, match="no DELETE"):
        _ = Sent("DELETE", "$API/v1/inbox", {}, None).operation


def test_every_variable_is_one() -> None:
    found = set(re.findall(r"\bFOLKMOOT_[A-Z_]+", PAGE))
    assert len(found) > 15
    assert found <= set(ENVIRONMENT)


@pytest.mark.parametrize("command", commands())
def test_a_command_parses(command: str) -> None:
    line = typer.main.get_command(app)
    words = shlex.split(command.partition(" < ")[0])
    with line.make_context("folkmoot", list(words)) as context:
        _, verb, rest = cast(Any, line).resolve_command(context, words)
        with verb.make_context(words[0], rest, parent=context) as inner:
            assert not inner.args


def test_limits_are_those_told() -> None:
    fields = Settings.model_fields
    for field in ("max_body", "rate_limit", "anonymous_rate_limit"):
        assert f"| {fields[field].default} | `{VARIABLES[field]}` |" in PAGE
    assert f"| wait for what becomes of a command | {handles.COMMAND_SECONDS:.0f} s |" in PAGE
    assert f"| a whole request, but for streams | {application.DEADLINE:.0f} s |" in PAGE
    assert f"{feeds.QUEUE} entries lying" in PAGE
    assert f"comes for {feeds.HEARTBEAT:.0f} s" in " ".join(PAGE.split())
    assert f"last {seen.MOST} commands" in PAGE
    assert f"{fields['host'].default}:{fields['port'].default}" in PAGE


def test_files_are_what_they_should_be(tmp_path: Path) -> None:
    (people,) = blocks("toml")
    (tmp_path / "people.toml").write_text(people)
    assert read_people(tmp_path / "people.toml")["ann"].roles == {"approver", "editors"}
    assert "require_signed_decisions" in ApprovalPolicy.model_fields
    team = team_of(_team())
    assert isinstance(team, AssistantAgent)
    assert team.turn_approval is not None
    assert team.turn_approval.approvers == ("role:editors",)


async def test_what_is_unmasked_takes_an_operator_and_nothing_else_that_reads_does(api: Api) -> None:
    """A chat that is not there: who may ask is told so, who may not is told that."""
    told = re.findall(r"GET (/v1/chats/[^`]*)", PAGE.partition("## Shown unmasked")[2])
    needed = {"context": {"path": "a"}, "compare": {"first": 0, "second": 0}}
    client = await api.client("vera", ["viewer"])
    refused: list[str] = []
    for path, verbs in SPECIFICATION["paths"].items():
        if "get" not in verbs or not path.startswith("/v1/chats/{id}"):
            continue
        url = path.removeprefix("/v1").format(id="no-such-chat", number=1, offset=0)
        status = (await client.get(url, params=needed.get(path.rpartition("/")[2], {}))).status_code
        assert status in (403, 404), path
        refused += [path] if status == 403 else []
    assert sorted(told) == sorted(refused)


def _team() -> dict[str, Any]:
    (text,) = blocks("json")
    return json.loads(text)


@pytest.fixture
async def notes(sites: SiteFactory, apis: ApiFactory) -> Api:
    """A server with the page's team, for whom a scripted model speaks."""
    site = await sites()
    spec: dict[str, Any] = dict(cast(Any, to_json(site.agent())))
    team = {**_team(), "model_client": spec["model_client"]}
    return await apis(site=site, teams={"notes": team}, real=True)


async def test_the_quick_start(notes: Api) -> None:
    names = {who.upper(): issue([SECRET], who, roles=roles) for who, roles in TOKENS.items()}
    answers: dict[str, Any] = {}
    # The server is that of other tests, too.
    chat_id = unique()
    async with httpx.AsyncClient(timeout=60) as client:
        for sent in curls():
            url = _filled(sent.url, {"API": notes.url, **names}).replace("note-7", chat_id)
            headers = {name: _filled(value, names) for name, value in sent.headers.items()}
            if url.endswith("/events"):
                # It goes on; up to what is asked it is read here.
                await _asked(client, url, headers)
                continue
            body = None if sent.body is None else _filled(sent.body, names).replace("note-7", chat_id)

            async def answered() -> list[httpx.Response]:
                answer = await client.request(sent.method, url, headers=headers, content=body)  # noqa: B023
                # The inbox follows the chats within a second or so.
                return [] if url.endswith("/inbox") and chat_id not in answer.text else [answer]  # noqa: B023

            (answer,) = await eventually(answered, what=url)
            assert answer.is_success, answer.text
            answers[sent.operation["operationId"]] = answer.json()
            if url.endswith("/requests"):
                (request,) = answer.json()["requests"]
                names |= {"REQUEST": request["request"], "HASH": request["hash"]}
    assert answers["open_chat"]["id"] == chat_id
    assert chat_id in [item["chat"] for item in answers["show_inbox"]["requests"]]
    assert answers["decide"]["decided"] == "approve"
    assert answers["get_run"]["status"] == "stopped"
    assert answers["get_run"]["messages"][-1]["content"] == "hello"


async def _asked(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> None:
    async with client.stream("GET", url, headers=headers) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: ") and json.loads(line.removeprefix("data: ")).get("kind") == "request":
                return
    raise AssertionError("the stream ended before anybody was asked")


def _filled(text: str, names: dict[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda found: names[found[1]], text)


async def test_the_python_client(notes: Api) -> None:
    (program,) = python_blocks(DOCUMENT)
    tokens = {who: issue([SECRET], who, roles=roles) for who, roles in TOKENS.items()}
    names = await run_block(program, {"url": notes.url, **tokens})
    assert names["entry"].kind == "run_ended"
    assert names["request"].approvers == ["role:editors"]
