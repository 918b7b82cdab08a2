"""The API's OpenAPI document, and the Python client that is generated from it.

`python -m tests._support.client_generator` writes both anew. The generator lives in an environment of its own, built
once into the cache folder: it asks for older releases of what the command line uses.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from temporalio.client import Client

from folkmoot import Folkmoot
from folkmoot._local.environment import cache_folder
from folkmoot._local.locks import FileLock
from folkmoot.server.app import create_app
from folkmoot.server.settings import Settings
from folkmoot.server.tokens import TokenKey

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "reference" / "openapi.json"
CLIENT = ROOT / "src" / "folkmoot" / "api_client"
GENERATED = ("api", "models", "client.py", "errors.py", "types.py")
"""What of the client's folder is generated."""
TOOLS = ("openapi-python-client==0.29.1", "ruff==0.17.6")
"""Of exactly these releases: others write the same otherwise."""
HEAD = '"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""\n\n'
CONFIG = {"docstrings_on_attributes": True, "post_hooks": []}


async def document() -> str:
    """The OpenAPI document, as the repository has it."""
    nowhere = await Client.connect("127.0.0.1:1", lazy=True)
    app = create_app(Folkmoot(nowhere), Settings(token_keys=(TokenKey(b"0" * 32),)))
    return json.dumps(app.openapi(), indent=2) + "\n"


def reduced(document: dict[str, Any]) -> dict[str, Any]:
    """What the client is generated from.

    Streams have a reader of their own, as a generated one would wait for their end. And `default` says of every error
    what each of them says again.
    """
    for path in document["paths"].values():
        for verb, operation in [*path.items()]:
            responses: dict[str, Any] = operation["responses"]
            if "text/event-stream" in responses.get("200", {}).get("content", {}):
                del path[verb]
            problem = responses.pop("default")
            kept = {status: response for status, response in responses.items() if not _same(response, problem)}
            operation["responses"] = {**kept, "default": problem}
    document["paths"] = {path: verbs for path, verbs in document["paths"].items() if verbs}
    return document


def _same(response: dict[str, Any], problem: dict[str, Any]) -> bool:
    return response.get("content") == problem["content"]


def generate(document: str, folder: Path) -> None:
    """Write the client of a document to a folder, in place of what was generated there before.

    Args:
        document: The OpenAPI document.
        folder: Where; other files there stay.
    """
    programs = _programs()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "openapi.json").write_text(json.dumps(reduced(json.loads(document))))
        (work / "config.json").write_text(json.dumps(CONFIG))
        command = [programs / "openapi-python-client", "generate", "--meta", "none", "--output-path", "made"]
        _run(*command, "--path", "openapi.json", "--config", "config.json", "--fail-on-warning", folder=work)
        made = work / "made"
        for path in made.rglob("*.py"):
            # Of the two releases of this HTTP client that can be had, folkmoot has the later one.
            text = path.read_text().replace("import httpx\n", "import httpx2 as httpx\n")
            path.write_text(text if text.startswith('"""') else HEAD + text)
        ruff = [programs / "ruff"]
        options = ["--isolated", "--quiet", "--line-length", "120", "made"]
        _run(*ruff, "check", "--fix-only", "--select", "F401,I,UP", "--target-version", "py311", *options, folder=work)
        _run(*ruff, "format", *options, folder=work)
        for part in GENERATED:
            shutil.rmtree(folder / part, ignore_errors=True)
            copy = shutil.copytree if (made / part).is_dir() else shutil.copyfile
            copy(made / part, folder / part)


def _programs() -> Path:
    """Where the generator's programs are; it is installed first, unless it is there."""
    folder = cache_folder() / "client-generator" / "-".join(tool.partition("==")[2] for tool in TOOLS)
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_install(folder))
    return folder / "bin"


async def _install(folder: Path) -> None:
    done = folder / "installed"
    async with FileLock(folder.with_suffix(".lock")):
        if not done.is_file():
            venv.create(folder, with_pip=True, clear=True)
            _run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", *TOOLS, folder=folder)
            done.touch()


def _run(*command: str | Path, folder: Path) -> None:
    found = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if found.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}:\n{found.stdout}{found.stderr}")


if __name__ == "__main__":
    made = asyncio.run(document())
    DOCUMENT.write_text(made)
    generate(made, CLIENT)
    sys.stdout.write(f"wrote {DOCUMENT.relative_to(ROOT)} and {CLIENT.relative_to(ROOT)}\n")
