"""A spec's model is found by name, made for its endpoint, or refused; the key stays at home."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, cast

import pytest
from aiohttp import web

from folkmoot._scripted.http import ScriptedServer
from folkmoot._scripted.model import ScriptedModel
from folkmoot.errors import ModelCallError, UnknownNameError
from folkmoot.models import ModelRegistry, OpenAIChatModel
from folkmoot.options import ModelInfo, ModelSpec
from tests.unit.models.bench import KEY, ask, serving


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_registered_name_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = ScriptedModel([])
    assert ModelRegistry({"gpt-4o": model}).resolve("gpt-4o") is model


def test_functions_make_their_model_once_and_late() -> None:
    made: list[ScriptedModel] = []

    def make() -> ScriptedModel:
        made.append(ScriptedModel([]))
        return made[-1]

    registry = ModelRegistry({"a": make})
    assert not made
    assert registry.resolve("a") is registry.resolve("a")
    assert len(made) == 1


@pytest.mark.parametrize("spec", ["gpt-4o", ModelSpec("gpt-4o")])
def test_unknown_name_tells_names_and_variables(spec: str | ModelSpec) -> None:
    registry = ModelRegistry({"writer": ScriptedModel([]), "critic": ScriptedModel([])})
    for refuse in (registry.check, registry.resolve):
        with pytest.raises(UnknownNameError) as caught:
            refuse(spec)
        error = caught.value
        assert (error.kind, error.name) == ("model", "gpt-4o")
        assert "'critic', 'writer'" in str(error)
        assert "OPENAI_API_KEY" in str(error)
        assert "OPENAI_BASE_URL" in str(error)


def test_any_name_is_known_with_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = ModelRegistry()
    registry.check(ModelSpec("llama", base_url="http://localhost:1/v1"))
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    registry.check("anything")
    assert isinstance(registry.resolve("anything"), OpenAIChatModel)
    assert registry.known() == []


async def test_default_endpoint_is_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ScriptedServer(["hello"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        registry = ModelRegistry()
        assert (await ask(registry.resolve("gpt-x"))).content == "hello"
        assert server.requests[0]["model"] == "gpt-x"
        await registry.close()


async def test_spec_sets_endpoint_options_and_info() -> None:
    spec = ModelSpec("llama", options={"temperature": 0.2}, info=ModelInfo(vision=False))
    async with ScriptedServer(["hello"]) as server:
        spec = spec.model_copy(update={"base_url": server.base_url})
        registry = ModelRegistry()
        model = registry.resolve(spec)
        assert not model.info.vision
        assert registry.resolve(spec.model_copy()) is model
        await ask(model)
        assert server.requests[0]["temperature"] == 0.2
        await registry.close()


async def test_spec_of_a_registered_name_puts_its_options_on_top() -> None:
    model = ScriptedModel(["hello"])
    registry = ModelRegistry({"writer": model})
    tuned = registry.resolve(ModelSpec("writer", options={"temperature": 0.2, "seed": 1}))
    assert (await ask(tuned, options={"seed": 2})).content == "hello"
    assert (model.requests[0]["temperature"], model.requests[0]["seed"]) == (0.2, 2)


@pytest.mark.parametrize("own", [True, False])
async def test_key_goes_to_the_default_endpoint_only(monkeypatch: pytest.MonkeyPatch, own: bool) -> None:
    """A spec comes from outside: one that names an endpoint must not be able to fetch the worker's key."""
    seen: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.extend(request.headers.values())
        return web.json_response({"choices": [{"message": {"content": "x"}}]})

    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with serving(answer) as url:
        if own:
            monkeypatch.setenv("OPENAI_BASE_URL", url + "/")
        registry = ModelRegistry()
        await ask(registry.resolve(ModelSpec("m", base_url=url)))
        await registry.close()
    assert any(KEY in value for value in seen) is own


async def test_errors_of_a_keyless_endpoint_are_told_in_full() -> None:
    """The stand-in for a key is a common word; it must not be cut out of what the endpoint says."""
    async with ScriptedServer([{"status": 404, "message": "none of these models is here"}]) as server:
        registry = ModelRegistry()
        with pytest.raises(ModelCallError, match="none of these models is here"):
            await ask(registry.resolve(ModelSpec("m", base_url=server.base_url)))
        await registry.close()


def test_registering_again_replaces() -> None:
    first, second = ScriptedModel([]), ScriptedModel([])
    registry = ModelRegistry({"a": first})
    assert registry.resolve("a") is first
    registry.register("a", second)
    assert registry.resolve("a") is second


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(TypeError, match="model 'a' must be a model or a function that makes one, got str"):
        ModelRegistry({"a": cast(Any, "gpt-4o")})
    registry = ModelRegistry({"b": cast(Any, lambda: 5)})
    with pytest.raises(TypeError, match="registered as model 'b' returned int"):
        registry.resolve("b")


def test_the_client_is_imported_when_it_is_needed() -> None:
    """It takes about as long to import as all the rest; lists, dashboards and scripted models do without."""
    code = (
        "import sys, folkmoot, folkmoot.models, folkmoot._scripted\n"
        "registry = folkmoot.models.ModelRegistry({'a': folkmoot.models.OpenAIChatModel('m')})\n"
        "registry.resolve('a')\n"
        "print([name for name in ('openai', 'httpx2') if name in sys.modules])\n"
        "registry.prepare()\n"
        "print('openai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split("\n") == ["[]", "True", ""]
