"""The business processes from the command line, with the data that ships: `python -m workflows`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from activities.company import load_company
from activities.database import Database
from activities.tables import Incident, Page, Purchase, PurchaseOrder, Shift, SupplierMessage
from folkmoot import Folkmoot
from folkmoot.testing import Script, ScriptedServer
from tests._support.application import count, one
from tests._support.waiting import eventually

ROOT = Path(__file__).parents[2]
DATA = Path("workflows/data")


class Shell:
    """Runs `python -m workflows` with an environment of its own."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        named = ("TEMPORAL_", "OPENAI_", "FOLKMOOT_D", "FOLKMOOT_TASK")
        plain = {name: value for name, value in os.environ.items() if not name.startswith(named)}
        self.environment = {**plain, **variables}

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start it."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "workflows", *arguments),
            cwd=ROOT,
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str, typed: str = "") -> tuple[int | None, str, str]:
        """Exit code, output and errors."""
        process = await self.start(*arguments)
        async with asyncio.timeout(90):
            out, err = await process.communicate(typed.encode())
        return process.returncode, out.decode(), err.decode()


def result(output: str) -> dict[str, Any]:
    """The JSON at the end of the output."""
    # Temporal's core may warn of something after it.
    return json.JSONDecoder().raw_decode(output[output.rindex("\n{\n") + 1 :])[0]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """On the embedded server, in a folder of its own."""
    return Shell({"FOLKMOOT_DATA_DIR": str(tmp_path)})


def database(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / 'application.db'}")


async def test_a_purchase_without_a_server_a_key_and_anybody_to_ask(shell: Shell, tmp_path: Path) -> None:
    code, out, err = await shell.run("purchase", str(DATA / "lamps.json"))
    assert code == 0, err
    assert result(out)["order"] == "PO-lamps"
    assert "finance used place_order: Order PO-lamps is placed" in out
    # The same request again is the same purchase.
    code, again, _ = await shell.run("purchase", str(DATA / "lamps.json"))
    assert (code, result(again)) == (0, result(out))
    opened = database(tmp_path)
    assert (count(opened, PurchaseOrder), count(opened, SupplierMessage)) == (1, 1)
    opened.close()


async def test_people_decide_at_the_terminal(shell: Shell, tmp_path: Path) -> None:
    file = str(DATA / "laptops.json")
    people = ("--as", "dora:director", "--as", "finn:finance")
    code, out, err = await shell.run("purchase", file, *people, typed="yes\nyes\n")
    assert code == 0, err
    assert "asked of role:director, role:finance: finance wants to call place_large_order." in out
    assert '{"supplier": "north", "quantity": 10, "amount": 12990} (rita asks for 10 x ' in out
    assert result(out)["status"] == "ordered"
    code, out, _ = await shell.run("purchase", file, "--id", "L2", *people, typed="no too dear\n")
    assert (code, result(out)["status"]) == (0, "rejected")
    assert "too dear" in result(out)["reason"]
    opened = database(tmp_path)
    assert one(opened, Purchase, id="L2")["status"] == "rejected"
    opened.close()


async def test_after_a_kill_the_purchase_goes_on_where_it_was(shell: Shell, tmp_path: Path) -> None:
    """Server and worker are in the one process that is killed; what people are asked and what is ordered is not done
    again, though the agents' words are a script's.
    """
    file, people = str(DATA / "laptops.json"), ("--as", "dora:director", "--as", "finn:finance")
    process = await shell.start("purchase", file, *people)
    assert process.stdout is not None
    async with asyncio.timeout(90):
        while b"asked of role:director" not in await process.stdout.readline():
            assert not process.stdout.at_eof()
    process.kill()
    await process.communicate()
    code, out, err = await shell.run("purchase", file, *people, typed="yes\nyes\n")
    assert code == 0, err
    assert "process purchase-laptops, which there was already" in out
    assert out.count("asked of role:director, role:finance") == 1, "one approval, and no other"
    assert result(out)["order"] == "PO-laptops"
    opened = database(tmp_path)
    assert count(opened, PurchaseOrder) == 1
    opened.close()
    # And once it has ended it tells what came of it.
    code, again, _ = await shell.run("purchase", file)
    assert (code, result(again)) == (0, result(out))


async def test_an_incident_is_handed_over_and_resolved(shell: Shell, tmp_path: Path) -> None:
    process = await shell.start("incident", str(DATA / "checkout.json"), "--as", "bo")
    assert process.stdin is not None
    assert process.stdout is not None
    seen: list[str] = []

    async def until(text: str) -> None:
        assert process.stdout is not None
        while text not in "".join(seen):
            line = await process.stdout.readline()
            assert line, "".join(seen)
            seen.append(line.decode())

    async with asyncio.timeout(90):
        await until("asked of ana")
        code, out, err = await shell.run("hand-over", "nowhere", "--note", "Mine.", "--by", "ana")
        assert (code, out, len(err.splitlines())) == (1, "", 1), err
        # Bo is not on call yet.
        process.stdin.write(b"I will look\n")
        await until("may not decide this")
        code, out, err = await shell.run("hand-over", "checkout", "--note", "The database is fine.", "--by", "ana")
        assert (code, out) == (0, "a hand-over of incident checkout is asked for\n"), err
        process.stdin.write(b"yes\n")
        rest, _ = await process.communicate()
    told = "".join(seen) + rest.decode()
    assert "bo takes over from ana, who says: The database is fine." in told
    assert result(told)["shifts"] == 2
    opened = database(tmp_path)
    assert one(opened, Incident)["status"] == "resolved"
    assert [count(opened, table, person="bo") for table in (Shift, Page)] == [1, 1]
    opened.close()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            {"quantity": "many", "limit": -1, "requester": None, "colour": "red"},
            "requester is missing; quantity is 'many', expected a valid integer; limit is -1, expected greater than 0",
        ),
        ({"purpose": "x" * 5000}, f"purpose is '{'x' * 79}…, expected at most 4000 characters"),
        ("[]", "is no PurchaseRequest: it is [], expected a valid dictionary"),
        ("{", "is no JSON: Expecting property name"),
        (None, "No such file"),
    ],
)
async def test_what_is_no_request_is_told(
    shell: Shell, tmp_path: Path, text: str | dict[str, Any] | None, told: str
) -> None:
    file = tmp_path / "own.json"
    if isinstance(text, dict):
        good = json.loads((ROOT / DATA / "lamps.json").read_text())
        text = json.dumps({name: value for name, value in {**good, **text}.items() if value is not None})
    if text is not None:
        file.write_text(text)
    code, _, err = await shell.run("purchase", str(file))
    assert code == 1
    assert told in err
    assert str(file) in err
    assert len(err.splitlines()) == 1, err


# --- With a server and the application's worker


@pytest.fixture
async def served(server_address: str, tmp_path: Path) -> AsyncIterator[Shell]:
    """A shell that is told of a server, on whose queue `worker.py` works."""
    queue = f"processes-{uuid.uuid4().hex[:8]}"
    opened = database(tmp_path)
    load_company(opened)
    opened.close()
    async with ScriptedServer(Script.load(ROOT / DATA / "lamps.script.json")) as model:
        variables = {
            "TEMPORAL_ADDRESS": server_address,
            "FOLKMOOT_TASK_QUEUE": queue,
            "FOLKMOOT_DATABASE_URL": f"sqlite:///{tmp_path / 'application.db'}",
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "none",
        }
        shell = Shell(variables)
        command = [sys.executable, "worker.py"]
        process = subprocess.Popen(command, cwd=ROOT, env=shell.environment)  # noqa: ASYNC220 - returns at once
        async with await Folkmoot.connect(server_address, queue=queue) as moot:
            await eventually(moot._workers.any, what="the worker polls", within=60)
        yield shell
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 60) == 0


async def test_a_purchase_on_the_applications_worker(served: Shell, tmp_path: Path) -> None:
    name = f"R-{uuid.uuid4().hex[:8]}"
    code, out, err = await served.run("purchase", str(DATA / "lamps.json"), "--id", name)
    assert code == 0, err
    assert result(out)["order"] == f"PO-{name}"
    opened = database(tmp_path)
    assert count(opened, PurchaseOrder) == 1
    opened.close()


async def test_a_worker_without_its_database_does_not_start(server_address: str) -> None:
    shell = Shell({"TEMPORAL_ADDRESS": server_address, "FOLKMOOT_DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/x"})
    command = [sys.executable, "worker.py"]
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=ROOT,
        env=shell.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "The database postgresql+psycopg://u:***@127.0.0.1:1/x cannot be used" in done.stderr
    assert "hidden" not in done.stderr
