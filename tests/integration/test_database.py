"""Every write happens once by its key, on SQLite and on a real PostgreSQL, whatever races and failures come."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from activities.company import load_company
from activities.database import Database, DatabaseUnavailableError, KeyReusedError, current, use
from activities.tables import Budget, Effect, Sanction, Supplier
from tests._support.application import count, fresh_postgres, one
from tests._support.postgres_server import PASSWORD, PostgresServer

RACERS = 8


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind, empty."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'application.db'}"
        return
    yield from fresh_postgres(request.getfixturevalue("postgres").url)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()


def listed(name: str) -> Any:
    """An effect that shows how often it happened."""

    def effect(session: Session) -> dict[str, Any]:
        session.add(Sanction(name=name, list_name="a list"))
        return {"listed": name}

    return effect


def test_an_effect_happens_once_and_everybody_gets_its_result(database: Database) -> None:
    first = database.once("key", "list", {"name": "x"}, listed("x"))
    again = database.once("key", "list", {"name": "x"}, listed("never"))
    assert first == again == {"listed": "x"}
    assert count(database, Sanction) == 1
    assert one(database, Effect)["result"] == {"listed": "x"}


def test_a_key_is_good_for_one_thing(database: Database) -> None:
    database.once("key", "list", {"name": "x"}, listed("x"))
    for name, arguments in (("list", {"name": "y"}), ("strike", {"name": "x"})):
        with pytest.raises(KeyReusedError, match="'key' was used for 'list'"):
            database.once("key", name, arguments, listed("y"))
    assert count(database, Sanction) == 1


def test_a_failed_effect_leaves_nothing_and_can_be_tried_again(database: Database) -> None:
    def failing(session: Session) -> dict[str, Any]:
        listed("x")(session)
        session.flush()
        raise ArithmeticError("half-way")

    with pytest.raises(ArithmeticError):
        database.once("key", "list", {}, failing)
    assert (count(database, Sanction), count(database, Effect)) == (0, 0)
    assert database.once("key", "list", {}, listed("x")) == {"listed": "x"}


def test_of_many_at_the_same_time_one_has_the_effect(database: Database) -> None:
    """Threads of two handles, as two worker processes have them."""
    start, happened = threading.Barrier(RACERS), []

    def race(number: int) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        for round_ in range(10):
            start.wait(30)

            def effect(session: Session, round_: int = round_) -> dict[str, Any]:
                happened.append(round_)
                session.add(Sanction(name=f"name {round_}", list_name="a list"))
                return {"by": number}

            results.append(database.once(f"key {round_}", "list", {}, effect))
        return results

    with ThreadPoolExecutor(RACERS) as pool:
        told = list(pool.map(race, range(RACERS)))
    assert sorted(happened) == list(range(10)), "once in each round"
    assert all(results == told[0] for results in told), "all were told of the same one"
    assert count(database, Sanction) == 10


def test_who_waits_has_the_effect_if_the_first_fails(database: Database) -> None:
    begun, waiting = threading.Event(), threading.Event()

    def failing(session: Session) -> dict[str, Any]:
        begun.set()
        assert waiting.wait(30)
        raise ArithmeticError("half-way")

    def second() -> dict[str, Any]:
        assert begun.wait(30)
        waiting.set()
        return database.once("key", "list", {}, listed("x"))

    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(second)
        with pytest.raises(ArithmeticError):
            database.once("key", "list", {}, failing)
        assert later.result(30) == {"listed": "x"}
    assert count(database, Sanction) == 1


def test_workers_that_start_together_make_the_tables_together(url: str) -> None:
    start = threading.Barrier(4)

    def opened(_: int) -> None:
        start.wait(30)
        database = Database(url)
        load_company(database)
        database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(opened, range(4)))
    database = Database(url)
    assert (count(database, Supplier), count(database, Budget)) == (3, 2)
    database.close()


def test_loading_again_changes_nothing(database: Database) -> None:
    load_company(database)
    with database.session() as session:
        session.get_one(Budget, "office").spent = 100
    load_company(database)
    assert one(database, Budget, cost_centre="office")["spent"] == 100


def test_the_database_holds_the_budgets_total(database: Database) -> None:
    load_company(database)
    with pytest.raises(Exception, match="within_total"), database.session() as session:
        session.get_one(Budget, "office").reserved = 80_001
    assert one(database, Budget, cost_centre="office")["reserved"] == 0


def test_the_command_fills_it(url: str, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text('{"budgets": [{"cost_centre": "garden", "total": 100}]}')
    for options in ([], ["--load", str(own)]):
        command = [sys.executable, "-m", "activities", *options]
        done = subprocess.run(
            command, env={"FOLKMOOT_DATABASE_URL": url}, capture_output=True, text=True, check=True, timeout=60
        )
        assert PASSWORD not in done.stdout + done.stderr
    database = Database(url)
    assert (count(database, Supplier), count(database, Budget)) == (3, 3)
    database.close()


def test_a_database_that_is_gone_is_told_without_its_password() -> None:
    server = PostgresServer()
    server.start()
    try:
        database = Database(server.url)
        server.stop()
        with pytest.raises(DatabaseUnavailableError) as gone:
            database.once("key", "list", {}, listed("x"))
        with pytest.raises(DatabaseUnavailableError):
            Database(server.url)
        server.start()
        assert database.once("key", "list", {}, listed("x")) == {"listed": "x"}, "it comes back by itself"
        database.close()
    finally:
        server.remove()
    assert PASSWORD not in str(gone.value) + repr(database)
    assert f"127.0.0.1:{server.port}" in str(gone.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://me:hidden-word@host/x",
        "postgresql://me:hidden-word@x:port/y",
    ],
)
def test_a_url_of_no_database_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match="expected ") as refused:
        Database(url)
    assert "hidden-word" not in str(refused.value)


def test_the_process_has_one_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKMOOT_DATA_DIR", str(tmp_path / "data"))
    opened = use(None)
    assert current() is opened
    assert (tmp_path / "data" / "application.db").exists()
    other = use(f"sqlite:///{tmp_path / 'other.db'}")
    assert current() is other
    other.close()
