"""State and use on a page: conditions, budgets, tokens, calls in flight, history, state to download and upload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from folkmoot.server.dashboard.errors import EXPECTED, told
from folkmoot.server.dashboard.widgets import banner, button, element, link, text

from .attempts import LIMITS, Health, read_health
from .deeds import command_line
from .looking import Look
from .nearness import Near, budgets_of, conditions_of
from .panel_timeline import duration
from .timeline import seconds_between

__all__ = ["show_state"]


_COLUMNS = {
    "prompt_tokens": "Prompt",
    "completion_tokens": "Completion",
    "model_calls": "Model calls",
    "tool_calls": "Tool calls",
}


async def show_state(look: Look) -> None:
    """Draw it."""
    place = element("div", "state-page")

    async def draw() -> None:
        async with look.chat() as chat:
            usage, budgets = await chat.usage(), await chat.budgets()
        health: Health | str | None
        try:
            health = await read_health(look.site.moot.client, look.id)
        except EXPECTED as error:
            health = told(error)
        place.clear()
        with place:
            _conditions(look)
            _usage(usage, budgets_of(budgets))
            _history(look, health)

    await draw()
    look.watch(draw)
    _documents(look)
    look.follow(look.status.head - 1)


def _section(title: str, name: str) -> Any:
    section = element("section", "panel").props(f"aria-labelledby={name}")
    with section:
        text("h2", title).props(f"id={name}")
    return section


def _near(items: Sequence[Near]) -> None:
    with element("ul", "nearness"):
        for item in items:
            with element("li", "reached" if item.reached else "").style(f"margin-left: {item.depth * 1.1:.1f}rem"):
                with element("div", "line"):
                    text("span", item.text)
                    text("span", item.told).classes("num muted told")
                if item.part is not None:
                    _meter(item.text, item.part, item.told)


def _meter(name: str, part: float, said: str) -> None:
    tone = "bad" if part >= 1 else "warn" if part >= 0.8 else ""
    bar = element("div", f"meter {tone}").props(
        f"role=meter aria-valuemin=0 aria-valuemax=100 aria-valuenow={part * 100:.0f}"
    )
    bar._props["aria-label"] = name  # pyright: ignore[reportPrivateUsage] - any characters
    bar._props["aria-valuetext"] = said or f"{part * 100:.0f} %"  # pyright: ignore[reportPrivateUsage]
    with bar:
        element("span").style(f"width: {part * 100:.1f}%")


def _conditions(look: Look) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    with _section("When a run ends", "conditions"):
        found = conditions_of(look.plan, look.state, now)
        if not found:
            text("p", "There is no condition and no limit of turns: a run ends by stop or cancel.").classes("muted")
        for path, items in found:
            if path or len(found) > 1:
                text("h3", path or "The chat")
            _near(items)
        if look.status.stop_reason and look.status.status in ("idle", "closed"):
            text("p", f"The last run ended: {look.status.stop_reason}").classes("muted")


def _usage(usage: Mapping[str, Mapping[str, int]], budgets: Sequence[Near]) -> None:
    with _section("Use and budgets", "usage"):
        if budgets:
            _near(budgets)
        if not usage:
            text("p", "Nothing was used yet.").classes("muted")
            return
        priced = any("cost" in used for used in usage.values())
        columns = ["Who", *_COLUMNS.values(), *(["Cost"] if priced else [])]
        total: dict[str, int] = {}
        with (
            element("div", "table-wrap").props('tabindex=0 role=region aria-label="Use by agent"'),
            element("table", "table usage"),
        ):
            with element("thead"), element("tr"):
                for number, name in enumerate(columns):
                    text("th", name).props("scope=col").classes("num" if number else "")
            with element("tbody"):
                for who, used in usage.items():
                    _used(who, used, priced)
                    for name, count in used.items():
                        total[name] = total.get(name, 0) + count
            with element("tfoot"):
                _used("All", total, priced)
        text("p", "Over the chat's whole life, branches that were left included.").classes("muted")


def _used(who: str, used: Mapping[str, int], priced: bool) -> None:
    with element("tr"):
        text("th", who).props("scope=row")
        for name, label in _COLUMNS.items():
            text("td", f"{used.get(name, 0):,}").classes("num").props(f'data-label="{label}"')
        if priced:
            unpriced = used.get("unpriced", 0)
            more = f" + {unpriced} unpriced" if unpriced else ""
            text("td", f"{used.get('cost', 0) / 1e6:,.4f}{more}").classes("num").props("data-label=Cost")


def _history(look: Look, health: Health | str | None) -> None:
    with _section("History and calls in flight", "history"):
        if not isinstance(health, Health):
            text("p", health or "Temporal has forgotten this chat; it is read from the store.").classes("muted")
            return
        _near(
            [
                Near("Events", f"{health.events:,} of {LIMITS.events:,}", min(1.0, health.events / LIMITS.events)),
                Near("Bytes", f"{health.size:,} of {LIMITS.bytes:,}", min(1.0, health.size / LIMITS.bytes)),
            ]
        )
        times = look.status.continued
        text(
            "p",
            f"Continued as new {times} time{'' if times == 1 else 's'}; it does so by itself at these limits. "
            f"The log has {look.status.head:,} entries.",
        ).classes("muted")
        if health.stuck:
            banner(f"The chat does not get on: {health.stuck}. The workers’ logs tell why.", kind="warning")
        if not health.pending:
            text("p", "No call is in flight.").classes("muted")
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with element("ul", "in-flight"):
            for call in health.pending:
                with element("li"):
                    since = "" if call.next else f", for {duration(seconds_between(call.since, now))}"
                    text("p", f"{call.kind.removeprefix('folkmoot_')}, attempt {call.attempt}: {call.state}{since}")
                    if call.worker:
                        text("p", f"Worker {call.worker}").classes("muted")
                    if call.next:
                        wait = duration(seconds_between(now, call.next))
                        text("p", f"Next attempt in {wait}.").classes("muted")
                    if call.failure:
                        text("p", f"Last failure: {call.failure}").classes("failure")


def _documents(look: Look) -> None:
    with _section("State and log as files", "files"):
        with element("div", "toolbar"):
            link("Download log", f"{look.path()}/log.jsonl").classes("button").props("download")
            if look.operates:
                link("Download state", f"{look.path()}/state.json").classes("button").props("download")
        if not look.designs or look.status.status == "closed":
            return
        text(
            "p",
            "Uploading a state has the chat take it over, as a whole or not at all. While a run is under way it is "
            "refused, unless that is ended first. What was stays readable as a branch.",
        )
        with element("form", "toolbar upload").props(
            f'id=upload data-to="{look.path()}/state.json" onsubmit="return false"'
        ):
            text("label", "State (JSON)").props("for=state-file")
            element("input").props("id=state-file type=file accept=application/json,.json required")
            with element("label", "tick"):
                element("input").props("id=state-force type=checkbox")
                text("span", "End a run under way first")
            send = button("Upload").props("type=submit")
        result = text("p", "").props("id=upload-result role=status aria-live=polite")

        def uploaded(event: Any) -> None:
            done, said, force = event.args
            result.text = said
            if done:
                look.site.command_line(command_line("load", look.id, "state.json", force=force))

        send.on("click", uploaded, js_handler="async () => emit(await folkmootChat.upload())")
