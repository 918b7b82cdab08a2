"""One chat without end: what a turn costs at turn 1,000 and at the last, and what the worker's memory does."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from temporalio.client import Client

from folkmoot import AssistantAgent, BufferedChatCompletionContext, Chat, Folkmoot, RoundRobinGroupChat
from folkmoot._client.workers import Workers
from folkmoot.store import FolderStore

from .dialogue import AGENTS, MODEL
from .folkmoot_side import QUEUE
from .lines import Child
from .report import say, table

__all__ = ["TURNS_A_RUN", "curve", "long_chat_table", "measure_long_chat"]

ID = "soak"
TURNS_A_RUN = 500
WINDOW = 1_000
"""Turns over which costs are averaged."""
SEEN = 20
"""Messages a model is shown, so that what a turn costs is the chat's doing and not the request's."""

Sample = dict[str, Any]
Worker = tuple[str, str, str]
"""Arguments of the worker process: the server's address, the model's URL, the store's folder."""


def team() -> RoundRobinGroupChat:
    """Two agents that see the newest messages only."""
    context = BufferedChatCompletionContext(buffer_size=SEEN)
    return RoundRobinGroupChat(
        [
            AssistantAgent(agent.name, model_client=MODEL, system_message=agent.system, model_context=context)
            for agent in AGENTS
        ],
        max_turns=TURNS_A_RUN,
    )


async def measure_long_chat(folder: Path, worker: Worker, turns: int) -> list[Sample]:
    """Go on until the chat has had so many turns; a sample after every run."""
    file = folder / "long.jsonl"
    samples: list[Sample] = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    if samples and samples[-1]["turn"] >= turns:
        return samples
    client = await Client.connect(worker[0])
    async with Child("benchmarks.folkmoot_side", *worker) as child:
        began = f"{time.time():.0f}"
        async with await Folkmoot.connect(worker[0], queue=QUEUE, store=FolderStore(worker[2])) as moot:
            await Workers(client, QUEUE).require()
            chat = await moot.open(team(), ID)
            sizes = folder / "runs.json"
            while (await chat.status()).turn < turns:
                await _run(chat)
                sample = {"worker": began, **await _sample(client, chat, sizes), **await child.ask("usage")}
                samples.append(sample)
                with file.open("a") as out:
                    print(json.dumps(sample), file=out)
                say(f"{ID}: turn {sample['turn']}, {sample['rss'] / 2**20:.0f} MiB")
    return samples


async def _run(chat: Chat) -> None:
    """A run to its end, or that of one an earlier process began."""
    status = await chat.status()
    if status.status == "idle":
        await chat.run(task="Go on.")
        return
    async for event in chat.events(after=status.head - 2):
        if event.kind == "run_ended":
            return


async def _sample(client: Client, chat: Chat, file: Path) -> Sample:
    """Events and bytes of all histories of the chat so far; those the server forgets are kept in `file`."""
    turn = (await chat.status()).turn
    sizes: dict[str, list[int]] = json.loads(file.read_text()) if file.exists() else {}
    async for run in client.list_workflows(f"WorkflowId = '{chat.id}' AND ExecutionStatus = 'ContinuedAsNew'"):
        sizes[run.run_id] = [run.history_length, run.raw_info.history_size_bytes]
    now = await client.get_workflow_handle(chat.id).describe()
    execution = now.raw_description.workflow_execution_info
    sizes[now.run_id] = [execution.history_length, execution.history_size_bytes]
    file.write_text(json.dumps(sizes))
    events, size = (sum(found[part] for found in sizes.values()) for part in (0, 1))
    return {"turn": turn, "events": events, "bytes": size, "runs": len(sizes), "at": time.time()}


def costs(samples: Sequence[Sample]) -> list[Sample]:
    """Per turn over about `WINDOW` turns before each sample, within the life of one worker."""
    found: list[Sample] = []
    for place, sample in enumerate(samples):
        start = next((item for item in samples[:place] if item["turn"] >= sample["turn"] - WINDOW), None)
        if start is None or start["worker"] != sample["worker"]:
            continue
        turns = sample["turn"] - start["turn"]
        each = {key: (sample[key] - start[key]) / turns for key in ("events", "bytes", "cpu", "at")}
        found.append({"turn": sample["turn"], "rss": sample["rss"], **each})
    return found


def long_chat_table(samples: Sequence[Sample]) -> str:
    """A turn about turn 1,000, at ten places, and at the end, each against the first."""
    found = costs(samples)
    if not found:
        return f"Not enough turns yet; a figure needs {2 * TURNS_A_RUN} by one worker."
    first = next((item for item in found if item["turn"] >= WINDOW), found[-1])
    step = max(1, len(found) // 10)
    lines: list[list[str]] = []
    for item in [first, *(item for item in found[step - 1 :: step] if item["turn"] > first["turn"])]:
        cells = [str(item["turn"])]
        for key, scale in (("events", 1), ("bytes", 1), ("cpu", 1_000), ("at", 1_000)):
            cells += [f"{item[key] * scale:.2f} (× {item[key] / first[key]:.2f})"]
        lines.append([*cells, f"{item['rss'] / 2**20:.0f}"])
    return table(("turn", "events/turn", "bytes/turn", "worker CPU ms/turn", "wall ms/turn", "worker RSS MiB"), lines)


def curve(samples: Sequence[Sample]) -> str:
    """An SVG of bytes, worker CPU and memory over the turns, each against its largest value."""
    found, width, height = costs(samples), 800, 300
    if not found:
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"/>\n'
    last = found[-1]["turn"]
    lines: list[str] = []
    marks = (("bytes", "bytes/turn", "#0a6"), ("cpu", "worker CPU/turn", "#c40"), ("rss", "worker memory", "#06c"))
    for row, (key, name, colour) in enumerate(marks):
        most = max(item[key] for item in found) or 1
        points = " ".join(
            f"{40 + item['turn'] / last * (width - 60):.1f},{height - 30 - item[key] / most * (height - 60):.1f}"
            for item in found
        )
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>')
        lines.append(f'<text x="{60 + 240 * row}" y="18" fill="{colour}">{name}, of its most</text>')
    axis = f'<path d="M40 30V{height - 30}H{width - 20}" fill="none" stroke="#888"/>'
    label = f'<text x="{width - 20}" y="{height - 10}" text-anchor="end" fill="#888">turn {last}</text>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"'
    return "\n".join([f'{head} font-size="13">', axis, label, *lines, "</svg>", ""])
