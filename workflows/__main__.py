"""The business processes from the command line: `python -m workflows purchase workflows/data/laptops.json`.

With `TEMPORAL_ADDRESS` (or a profile of Temporal's configuration file) a process runs on the workers of that server;
without it on the embedded server and in this very process. There, without `OPENAI_API_KEY`, the agents' words come
from the script beside the request: `laptops.script.json` for `laptops.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.envconfig import ClientConfigProfile
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities import ACTIVITIES, tools_for
from activities.chats import STORE
from activities.company import load_company
from activities.contracts import HandOver
from activities.database import VARIABLE, DatabaseUnavailableError, use
from activities.purchase_records import purchase_rules
from folkmoot import BadCommandError, Chat, ChatEvent, Folkmoot, FolkmootError, PendingRequest, local
from folkmoot.embedded import default_data_folder
from folkmoot.processes import Process
from folkmoot.testing import ScriptedModel
from workflows import PROCESSES, WORKFLOWS
from workflows._scripts import words_of
from workflows.incident_response import INCIDENT

QUEUE = "processes"
"""Of the embedded server: another than that of `folkmoot dev`, whose worker does not know the processes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments say; the exit code."""
    given = _parser().parse_args(arguments)
    try:
        return asyncio.run(_hand_over(given) if given.verb == "hand-over" else _run(given))
    except (FolkmootError, DatabaseUnavailableError, RPCError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("left; the process goes on where its workers are", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workflows", description="Run the business processes.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for process in PROCESSES:
        told = f"start one, or find it, and follow it to its end. {process.description}"
        one = verbs.add_parser(process.name, help=told)
        one.set_defaults(process=process)
        one.add_argument("request", type=Path, metavar="FILE", help=f"the {process.request.__name__}, as JSON")
        one.add_argument("--id", help="its number, in place of the file's")
        one.add_argument(
            "--as",
            dest="people",
            action="append",
            default=[],
            metavar="NAME:ROLE,ROLE",
            help="whom what is asked of people is put to, at this terminal; several times for several people",
        )
    one = verbs.add_parser("hand-over", help="have somebody else be on call in an incident")
    one.add_argument("id", metavar="INCIDENT", help="its number")
    one.add_argument("--to", default="", help="who; the next of the rota if not given")
    one.add_argument("--note", default="", help="what they must know")
    one.add_argument("--by", default="", help="who hands over")
    return parser


async def _run(given: argparse.Namespace) -> int:
    """Begin a process, and show it until it has ended."""
    process: Process[BaseModel] = given.process
    request = _request(process, given.request, given.id)
    people = [_person(text) for text in given.people]
    async with _server(given.request, str(getattr(request, "model", ""))) as (moot, queue):
        handle, created = await process.start(moot.client, request, queue=queue)
        there = "" if created else ", which there was already"
        print(f"process {handle.id}{there}, chat {handle.id}-chat", flush=True)
        follows = asyncio.create_task(_follow(moot, handle, process.state, people))
        try:
            outcome = await handle.result()
        except WorkflowFailureError as failure:
            cause = failure.cause
            print(f"failed: {(cause and cause.__cause__) or cause}", file=sys.stderr)
            return 1
        finally:
            follows.cancel()
            await asyncio.gather(follows, return_exceptions=True)
        print(outcome.model_dump_json(indent=2, exclude_none=True))
        return 0


async def _hand_over(given: argparse.Namespace) -> int:
    """Signal an incident's process."""
    words = HandOver(to=given.to, note=given.note, by=given.by)
    if _configured():
        moot = await Folkmoot.connect()
        await INCIDENT.handle(moot.client, given.id).signal("hand_over", words)
        await moot.close()
    else:
        async with local() as moot:
            await INCIDENT.handle(moot.client, given.id).signal("hand_over", words)
    print(f"a hand-over of incident {given.id} is asked for")
    return 0


@asynccontextmanager
async def _server(file: Path, model: str) -> AsyncGenerator[tuple[Folkmoot, str]]:
    """Chats on the server that is meant, and the queue of whoever works there."""
    if _configured():
        queue = os.environ.get("FOLKMOOT_TASK_QUEUE") or "folkmoot"
        async with await Folkmoot.connect(queue=queue, store=os.environ.get("FOLKMOOT_STORE") or None) as moot:
            yield moot, queue
        return
    url = os.environ.get(VARIABLE)
    database = await asyncio.to_thread(use, url)
    if not url:
        await asyncio.to_thread(load_company, database)
    models: dict[str, Any] = {}
    if not os.environ.get("OPENAI_API_KEY"):
        script = file.with_suffix(".script.json")
        models[model] = ScriptedModel(words_of(script), name=model)
        print(f"no OPENAI_API_KEY: the agents' words come from {script}")
    print(f"the database is {database.shown}")
    # What people decided is read from the chat's log, by activities too, which find the store by this.
    store = os.environ.get(STORE) or None
    os.environ[STORE] = store or str(default_data_folder() / "store")
    async with local(models=models, tools=tools_for(purchase_rules()), store=store, queue=QUEUE) as embedded:
        client: Client = embedded.client
        async with (
            Worker(client, task_queue=QUEUE, workflows=WORKFLOWS, activities=ACTIVITIES),
            Folkmoot(client, queue=QUEUE) as moot,
        ):
            yield moot, QUEUE


async def _follow(
    moot: Folkmoot, handle: WorkflowHandle[Any, Any], states: type[BaseModel], people: Sequence[dict[str, Any]]
) -> None:
    """Show what is said, and put what is asked to the people here."""
    state: Any = None
    while state is None or state.stage == "intake":
        await asyncio.sleep(0.1)
        state = await handle.query("state", result_type=states)
    chat = await moot.get(state.chat)
    async for entry in chat.events():
        if line := _shown(entry):
            print(line, flush=True)
        if entry.kind == "request":
            for request in await chat.pending():
                if request.request == entry.data["request"]:
                    await _ask(chat, request, people)


async def _ask(chat: Chat, request: PendingRequest, people: Sequence[dict[str, Any]]) -> None:
    """Have each of the people here say what they think of it, until it is decided."""
    print(f"asked of {', '.join(request.approvers) or 'anybody'}: {request.prompt}")
    if request.arguments is not None:
        print(f"  {json.dumps(request.arguments, ensure_ascii=False)} ({request.reason})")
    if not people:
        verb = "answer" if request.kind == "input" else "approve"
        print(f"  from elsewhere: folkmoot {verb} {chat.id} {request.request}")
    for person in people:
        if not any(found.request == request.request for found in await chat.pending()):
            return
        print(f"{person['subject']} (yes, or no and why; an answer where one is asked for): ", end="", flush=True)
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return
        word, _, rest = line.strip().partition(" ")
        try:
            if request.kind == "input":
                await chat.answer(request.request, line.strip(), by=person)
            elif word.lower() == "yes":
                await chat.approve(request.request, by=person)
            else:
                await chat.reject(request.request, rest or word, by=person)
        except BadCommandError as error:
            print(f"  {error}")


def _shown(entry: ChatEvent) -> str:
    """A line for what happened, if it is of interest here."""
    data = entry.data
    match entry.kind:
        case "message" if entry.message is not None:
            text = entry.message.to_text()
            return f"{entry.message.source}: {text}" if text else ""
        case "tool":
            return f"{data['agent']} used {data['name']}: {data.get('content', '')}"
        case "decided":
            return f"decided: {data['verdict']} {', '.join(data.get('by') or ())}".rstrip()
        case "escalated" | "reminded" | "expired":
            return f"{entry.kind}: request {data['request']}"
        case _:
            return ""


def _request(process: Process[BaseModel], file: Path, number: str | None) -> BaseModel:
    try:
        data: object = json.loads(file.read_text(encoding="utf-8"))
        if number and isinstance(data, dict):
            data = {**cast(dict[str, Any], data), process.number: number}
        return process.read(data)
    except UnicodeDecodeError:
        raise ValueError(f"{str(file)!r} is no text in UTF-8; expected JSON.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{str(file)!r} is no JSON: {error}") from None
    except ValueError as error:
        raise ValueError(f"{str(file)!r} is {error}") from None


def _person(text: str) -> dict[str, Any]:
    name, _, roles = text.partition(":")
    if not name:
        raise ValueError(f"--as takes NAME:ROLE,ROLE; got {text!r}")
    return {"subject": name, "roles": [role for role in roles.split(",") if role], "channel": "cli"}


def _configured() -> bool:
    return bool(ClientConfigProfile.load().address)


if __name__ == "__main__":
    # Whoever reads a pipe is told at once, too: the next line may be long in coming.
    cast(io.TextIOWrapper, sys.stdout).reconfigure(line_buffering=True)
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The SDK's threads can abort an interpreter that ends by itself, and one may still wait for a line.
    os._exit(code)
