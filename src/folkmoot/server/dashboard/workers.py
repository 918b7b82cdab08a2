"""Task queues, who polls them, and which versions of workers get chats."""

from __future__ import annotations

from folkmoot.server.identity import Identity

from .fleet import MOST, Fleet, Queue, read_fleet
from .frame import Site
from .grid import Column, Grid
from .relooking import Relooking, as_of
from .widgets import element, empty, text

__all__ = ["pages"]

EVERY = 10.0
_QUEUES = (
    Column("name", "Task queue"),
    Column("state", "State", "tags"),
    Column("workers", "Workers", "num"),
    Column("chats", "Living chats", "num"),
    Column("backlog", "Tasks that wait", "num"),
    Column("oldest", "Oldest waits", "num"),
)
_WORKERS = (
    Column("identity", "Worker"),
    Column("queue", "Task queue"),
    Column("does", "Takes"),
    Column("version", "Version"),
    Column("seen", "Last poll", "age"),
)
_DEPLOYMENTS = (
    Column("name", "Deployment"),
    Column("current", "Current version"),
    Column("ramping", "Ramping version"),
    Column("ramp", "Share", "num"),
)


def pages(site: Site) -> None:
    """Register the page."""

    @site.page("/workers")
    async def workers() -> None:
        identity = await site.identity()
        with site.frame("Workers", identity=identity):
            if site.admits(identity, "viewer"):
                await _Workers(site, identity).draw()


class _Workers(Relooking[Fleet]):
    """The page as one viewer sees it."""

    def __init__(self, site: Site, identity: Identity) -> None:
        super().__init__(EVERY)
        self._site = site
        # Whose token is of no tenant runs the system; a tenant's people see the queues of their chats.
        self._tenant = identity.tenant or None

    async def read(self) -> Fleet:
        return await read_fleet(self._site.moot.client, self._tenant, self._site.moot.queue)

    def lay_out(self) -> None:
        self._at = element("p", "muted")
        text("h2", "Task queues")
        self._queues = Grid("Task queues", _QUEUES)
        text("h2", "Workers")
        self._workers = Grid("Workers that poll", _WORKERS)
        self._nobody = element("div")
        with self._nobody:
            empty("No worker polls", "Start one: folkmoot worker. Chats wait for it, and lose nothing.")
        if self._tenant is None:
            text("h2", "Versions")
            self._deployments = Grid("Deployments", _DEPLOYMENTS)
            self._versionless = element("div")
            with self._versionless:
                empty("No versions", "Workers started with --deployment and --build-id show up here.")

    def show(self, found: Fleet) -> None:
        limit = f" Queues are those of the newest {MOST} living chats." if found.cut else ""
        as_of(self._at, found.at, f"looked at again every {EVERY:.0f} s.{limit}")
        self._queues.show([_row(queue) for queue in found.queues])
        workers = [worker for queue in found.queues for worker in queue.workers]
        self._workers.show(
            [
                {
                    "id": f"{item.queue} {item.identity}",
                    "identity": item.identity,
                    "queue": item.queue,
                    "does": " and ".join(item.does),
                    "version": item.version,
                    "seen": item.seen.isoformat(),
                }
                for item in workers
            ]
        )
        self._workers.set_visibility(bool(workers))
        self._nobody.set_visibility(not workers)
        if self._tenant is None:
            self._deployments.show(
                [
                    {
                        "id": item.name,
                        "name": item.name,
                        "current": item.current or "none: chats go to workers without a version",
                        "ramping": item.ramping,
                        "ramp": f"{item.ramp:g} %" if item.ramping else "",
                    }
                    for item in found.deployments
                ]
            )
            self._deployments.set_visibility(bool(found.deployments))
            self._versionless.set_visibility(not found.deployments)


def _row(queue: Queue) -> dict[str, object]:
    if queue.workers:
        state = {"text": "polled", "kind": "good"}
    elif queue.chats or queue.backlog:
        state = {"text": "no worker", "kind": "error"}
    else:
        state = {"text": "no worker, no chats", "kind": ""}
    return {
        "id": queue.name,
        "name": queue.name,
        "state": [state],
        "workers": f"{len(queue.workers):,}",
        "chats": f"{queue.chats:,}",
        "backlog": f"{queue.backlog:,}",
        "oldest": f"{queue.oldest:,.0f} s" if queue.backlog else "",
    }
