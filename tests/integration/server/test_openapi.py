"""The OpenAPI document: what a client is generated from, and what is promised of every route."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import pytest

from tests.integration.server.conftest import Api

OPEN = {"get_health", "get_readiness", "get_version"}


@pytest.fixture
async def document(api: Api) -> dict[str, Any]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app), base_url="http://api") as client:
        return (await client.get("/openapi.json")).json()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, verb, item) for path, verbs in document["paths"].items() for verb, item in verbs.items()]


async def test_every_operation_is_named_told_and_refused_in_one_shape(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    found = operations(document)
    names = [item["operationId"] for _, _, item in found]
    assert len(set(names)) == len(names) > 35
    for path, verb, item in found:
        assert item["tags"], path
        assert item["summary"], path
        assert item["description"], path
        if item["operationId"] in OPEN:
            assert "security" not in item, path
            continue
        assert item["security"] == [{"bearer": []}], path
        expected = {"401", "403", "422", "429", "503"}
        expected |= {"404"} if "{" in path else set()
        expected |= {"409", "413"} if verb in ("post", "put", "delete") else set()
        assert expected <= set(item["responses"]), (path, verb)
        for status, response in item["responses"].items():
            if status >= "400":
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, (path, status)
                assert set(response["content"]) == {"application/problem+json"}, (path, status)


async def test_every_field_and_parameter_of_ours_is_bounded(document: dict[str, Any]) -> None:
    for path, _, item in operations(document):
        for parameter in item.get("parameters", ()):
            schema = parameter["schema"]
            for part in schema.get("anyOf", [schema]):
                if part.get("type") == "integer":
                    assert {"minimum", "maximum"} <= set(part), (path, parameter["name"])
                if part.get("type") == "string" and "format" not in part and "enum" not in part:
                    assert "maxLength" in part, (path, parameter["name"])
            assert parameter.get("description"), (path, parameter["name"])


async def test_no_body_says_who_asks(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for _, _, item in operations(document):
        body = item.get("requestBody")
        if body is None:
            continue
        schema = body["content"]["application/json"]["schema"]
        for part in schema.get("anyOf", [schema]):
            name = part.get("$ref", "").rpartition("/")[2]
            # A saved state is whatever it is.
            if name not in ("", "JsonObject"):
                assert not {"by", "subject", "roles"} & set(schemas[name]["properties"])
                assert schemas[name]["additionalProperties"] is False
