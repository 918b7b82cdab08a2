"""Whatever is sent to whichever operation, the answer is one the OpenAPI document tells of, and never a failure.

Schemathesis makes the requests, good ones and bad ones, for chats that are there and for ids that are not; documents
with a form of their own (specs, states, exports) are good ones with a part of them broken.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, GenerationMode, Response
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
)

from folkmoot import ApprovalPolicy, AssistantAgent, FunctionTool, RoundRobinGroupChat, ToolOptions
from folkmoot._spec import to_json
from tests._support.client_generator import DOCUMENT
from tests._support.errands import ERRAND, Errand
from tests._support.waiting import eventually
from tests.integration.conftest import unique, worker_on
from tests.integration.server.conftest import Api, ApiFactory, opened
from tests.integration.server.conftest import settings as server_settings

EXAMPLES = {"admin": 8, "viewer": 3}
"""Of each kind of request to an operation, by who asks."""


def documented(context: CheckContext, response: Response, case: Case) -> None:
    """A check: the status is told of by itself; what comes with `default` is for what stands before the server."""
    assert str(response.status_code) in case.operation.definition.raw["responses"], response.text


CHECKS: list[CheckFunction] = [
    not_a_server_error,
    documented,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
REFUSALS = [401, 403, 404, 405, 409, 413, 422, 429]
"""What a bad request is answered with; the bigger ones are too big."""
TEAM = RoundRobinGroupChat([AssistantAgent("a", "scripted")], max_turns=1)
TIMEOUT = 20
"""Seconds for which no answer may take longer."""
LAST = {"close_chat", "delete_chat"}
"""What leaves nothing for others to ask for."""
ONCE = {"answer", "decide"}
"""What may come too late: there is one request, and it is decided once."""


def operations() -> dict[str, APIOperation]:
    """The operations of the document by name."""
    document = json.loads(DOCUMENT.read_text())
    # Who asks is said by the test.
    del document["components"]["securitySchemes"]
    for operation in (operation for verbs in document["paths"].values() for operation in verbs.values()):
        operation.pop("security", None)
    config = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}})
    found = [result.ok() for result in schemathesis.openapi.from_dict(document, config=config).get_all_operations()]
    return {operation.definition.raw["operationId"]: operation for operation in found}


OPERATIONS = operations()
TAGS = sorted({operation.tags[0] for operation in OPERATIONS.values()})


@dataclass
class Sample:
    """A chat of each kind, and documents that fit it."""

    idle: str
    asking: str
    closed: str
    request: str
    snapshot: int
    spec: dict[str, Any]
    state: dict[str, Any]
    errand: str
    export: dict[str, Any]

    @property
    def ids(self) -> tuple[str, ...]:
        """The chats."""
        return self.idle, self.asking, self.closed

    def bodies(self, operation: str) -> list[Any]:
        """Good bodies of an operation whose documents have a form that the OpenAPI document does not tell."""
        message = {"type": "TextMessage", "source": "user", "content": "go"}
        return {
            "open_chat": [
                {"team": self.spec, "task": [message], "state": self.state},
                {"team": self.spec, "messages": [message, {"role": "user", "content": "go", "name": "a"}]},
            ],
            "change_team": [{"team": {**self.spec, "max_turns": 7}, "force": True}],
            "import_chat": [{"document": self.export}],
            "rollback_chat": [{"offset": self.snapshot}],
            "label_snapshot": [{"label": "here", "offset": self.snapshot}],
            "put_messages": [
                {"messages": [message, {"role": "user", "content": "go", "name": "b"}], "names": {"b": "a"}},
                {"messages": [message], "termination": {"go": "stay"}, "max_tokens": 100},
            ],
            "put_state": [self.state],
            "say": [{"message": message}],
            "signal_process": [{"result": "a start"}],
            "start_process": [{"id": unique("E"), "what": "buy bread"}, {"id": self.errand, "what": "go"}],
            "start_run": [{"task": [message]}],
            "summarize_chat": [{"method": "reflection_with_llm", "model_client": {"model": "scripted"}}],
        }.get(operation, [])

    def query(self, operation: str) -> dict[str, Any] | None:
        """A query of an operation that what is there can be asked with."""
        return {
            "compare_snapshots": {"first": self.snapshot, "second": self.snapshot},
            "get_context": {"path": "a"},
            "show_crossing": {"offset": self.snapshot},
            # Some chats wait for people, and would be waited for.
            "get_run": {"wait": 0.1},
            "start_run": {"wait": 0.1},
        }.get(operation)


async def sample(api: Api, client: httpx.AsyncClient) -> Sample:
    """What there is to ask for."""
    agent = dict(to_json(api.site.agent(tools=["pay"], max_tool_iterations=2)))
    asking = await opened(client, api, team=agent, task="pay")
    ids = [await opened(client, api, "a", "b") for _ in range(2)]
    for chat_id in ids:
        run = await client.post(f"/chats/{chat_id}/runs", json={"task": "go"}, params={"wait": 30})
        assert run.status_code == 200, run.text
    await client.post(f"/chats/{ids[1]}/close")

    async def requests() -> list[dict[str, Any]]:
        return (await client.get(f"/chats/{asking}/requests")).json()["requests"]

    (request,) = await eventually(requests, what="the chat asks")
    state = (await client.get(f"/chats/{ids[0]}/state")).json()
    errand = unique("E")
    await client.post("/processes/errand", json={"id": errand, "what": "go"})
    export = (await client.get(f"/chats/{ids[0]}/export")).json()
    (*_, snapshot) = (await client.get(f"/chats/{ids[0]}/snapshots")).json()["snapshots"]
    given = request["request"], snapshot["offset"]
    return Sample(ids[0], asking, ids[1], *given, api.spec("a", "b"), state, errand, export)


@pytest.fixture
async def api(apis: ApiFactory) -> AsyncIterator[Api]:
    def pay(amount: int) -> str:
        """Pay."""
        return f"paid {amount}"

    def script(request: dict[str, Any]) -> Any:
        return {"calls": [{"name": "pay", "arguments": {"amount": 12}}]} if request.get("tools") else {"text": "hello"}

    tool = FunctionTool(pay, options=ToolOptions(approval=ApprovalPolicy()))
    given = server_settings(anonymous_rate_limit="none")
    offered: dict[str, Any] = {"teams": {"notes": TEAM}, "processes": [ERRAND]}
    api = await apis(script, tools=[tool], real=True, worker=False, given=given, **offered)
    async with worker_on(api.site.client, api.site.queue, workflows=[Errand]):
        yield api


def requests_to(operation: APIOperation, chats: Sample) -> dict[str, st.SearchStrategy[Case]]:
    """Kinds of requests to an operation."""
    name, own = operation.definition.raw["operationId"], [*operation.path_parameters]
    places: list[dict[str, Any]] = [{}]
    if "{id}" in operation.path:
        given = {"request": chats.request, "offset": chats.snapshot, "number": 1}
        more = {name: value for name, value in given.items() if f"{{{name}}}" in operation.path}
        # Whoever follows a chat that is not closed waits for what comes.
        ids = [chats.closed] if name == "follow_log" else chats.ids
        places = [{"id": chat_id, **part} for chat_id in ids for part in ([more, {}] if more else [{}])]
    elif "{kind}" in operation.path:
        places = [{"kind": "errand", **({"key": chats.errand} if "{key}" in operation.path else {})}]
        places = [{**places[0], "signal": "done"}] if "{signal}" in operation.path else places
    elif "{name}" in operation.path:
        places = [{"name": "notes"}]
    query = chats.query(name)
    there = st.sampled_from(places)

    def made(place: dict[str, Any], **more: Any) -> st.SearchStrategy[Case]:
        return operation.as_strategy(path_parameters=place, query=query, **more)

    kinds = {"good": there.flatmap(made)}
    if own:
        kinds["somewhere"] = operation.as_strategy()
    if operation.query or operation.body or operation.headers:
        bad = GenerationMode.NEGATIVE
        kinds["bad"] = there.flatmap(lambda place: operation.as_strategy(bad, path_parameters=place))
    if bodies := chats.bodies(name):
        as_json: dict[str, Any] = {"media_type": "application/json"}
        # At the idle chat, which can take it.
        kinds["whole"] = st.sampled_from(bodies).flatmap(lambda body: made(places[0], body=body, **as_json))
        documents = st.tuples(there, st.sampled_from(bodies).flatmap(broken))
        kinds["broken"] = documents.flatmap(lambda two: made(two[0], body=two[1], **as_json))
    return kinds


ATOMS = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))


@st.composite
def broken(draw: st.DrawFn, document: Any) -> Any:
    """A document with up to two of its parts replaced or left out."""
    made = copy.deepcopy(document)
    for _ in range(draw(st.integers(0, 2))):
        inner = draw(st.sampled_from([*parts(made)]) if made else st.none())
        if inner is None:
            break
        key = draw(st.sampled_from([*inner] if isinstance(inner, dict) else range(len(inner))))
        if draw(st.booleans()):
            inner[key] = draw(JSON)
        else:
            del inner[key]
    return made


def parts(document: Any) -> list[Any]:
    """All that is not empty in a document and holds others, itself included."""
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return [*([document] if inner else []), *(part for item in inner for part in parts(item))]


@pytest.mark.parametrize("role", EXAMPLES)
@pytest.mark.parametrize("tag", TAGS)
async def test_whatever_is_asked_is_answered_as_the_document_says(api: Api, tag: str, role: str) -> None:
    # Chats that other tests have left to nobody are not seen.
    tenant = unique("tenant")
    chats = await sample(api, await api.client(tenant=tenant))
    token = (await api.client("ada", [role], tenant)).headers["authorization"]
    found = [operation for operation in OPERATIONS.values() if tag in operation.tags]
    for operation in sorted(found, key=lambda item: item.definition.raw["operationId"] in LAST):
        seen: set[int] = set()
        for kind, strategy in requests_to(operation, chats).items():
            seen |= await asyncio.to_thread(attack, strategy, kind, EXAMPLES[role], api.url, token)
        if role == "admin" and operation.definition.raw["operationId"] not in ONCE:
            assert seen & {200, 201, 202}, f"{operation.label} was never carried out"


def attack(strategy: st.SearchStrategy[Case], kind: str, count: int, url: str, token: str) -> set[int]:
    """Send requests of one kind, look at the answers, and return their statuses."""
    seen: set[int] = set()

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def send(case: Case) -> None:
        response = case.call(base_url=url, headers={"Authorization": token}, timeout=TIMEOUT)
        seen.add(response.status_code)
        checks = [*CHECKS, negative_data_rejection] if kind == "bad" else CHECKS
        case.validate_response(response, checks=checks)

    send()
    return seen
