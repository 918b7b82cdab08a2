"""Task queues, who polls them, and versions."""

from __future__ import annotations

import signal
from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests._support.browser import accessible, by_keyboard, shot, themes, visitor

from .conftest import Dashboard, Visit


def test_queues_and_workers_are_shown_in_both_themes_and_at_phone_width(dashboard: Dashboard, visit: Visit) -> None:
    queue = dashboard.cli.environment["FOLKMOOT_TASK_QUEUE"]
    assert dashboard.worker is not None
    for theme, phone in themes():
        page = visit(theme=theme, phone=phone).open("/workers")
        line = page.get_by_role("table", name="Task queues").get_by_role("row").filter(has_text=queue)
        expect(line).to_contain_text("polled")
        workers = page.get_by_role("table", name="Workers that poll")
        expect(workers).to_contain_text(f"{dashboard.worker.process.pid}@")
        looked = page.get_by_role("paragraph").filter(has_text="As of")
        expect(looked.get_by_role("time")).to_have_attribute("data-local", "yes")
        expect(looked).not_to_contain_text("UTC")
        accessible(page)
        shot(page, f"workers-{theme}{'-phone' if phone else ''}")
    by_keyboard(page)


def test_tenants_see_no_versions(visit: Visit) -> None:
    page = visit("viewer", tenant="acme").open("/workers")
    page.get_by_role("heading", name="Task queues").wait_for()
    assert page.get_by_role("heading", name="Versions").count() == 0


def test_a_version_and_a_queue_without_workers_are_told(
    make_dashboard: Callable[..., Dashboard], browser: Browser
) -> None:
    own = make_dashboard(start=False)
    own.worker = own.cli.start("worker", "--deployment", "moot", "--build-id", "7")
    own.worker.kind("worker")
    own.start_api()
    with visitor(browser, own.url, token=own.token()) as who:
        page = who.open("/workers")
        expect(page.get_by_role("table", name="Workers that poll")).to_contain_text("moot 7")
        expect(page.get_by_role("table", name="Deployments")).to_contain_text("moot")
        assert own.worker.end(signal.SIGTERM) == 0
