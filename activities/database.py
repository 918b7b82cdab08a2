"""The application's database: SQLite in a file, or PostgreSQL by its URL, through SQLAlchemy.

SQLAlchemy's plain engine, in threads: tools that are plain functions run in threads anyway, and SQLite's driver of the
standard library has no other form. Every write goes through `once`: a transaction that holds the effect and its key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from activities.tables import Effect, Table
from folkmoot.embedded import default_data_folder

__all__ = [
    "VARIABLE",
    "Database",
    "DatabaseUnavailableError",
    "KeyReusedError",
    "RefusedError",
    "current",
    "default_url",
    "use",
]

VARIABLE = "FOLKMOOT_DATABASE_URL"
"""Environment variable of the application's processes: which database."""

_SECONDS: Final = 10
"""A connection that is not there by then is not coming; a lock of SQLite's is waited for as long."""


class DatabaseUnavailableError(Exception):
    """The database does not answer. Trying again later may help."""


class KeyReusedError(Exception):
    """An idempotency key came a second time, for something else. Trying again never helps."""


class RefusedError(Exception):
    """The company's rules forbid it. Its text is for whoever asked; nothing was written."""


class Database:
    """One database; safe to use from any number of threads and processes.

    Args:
        url: `sqlite:///FILE`, or `postgresql://user:password@host:port/database`. The password is never shown.

    Raises:
        ValueError: The URL is none, or of another kind of database.
        DatabaseUnavailableError: Nobody answers there.
    """

    def __init__(self, url: str) -> None:
        parsed = _parsed(url)
        self.shown = parsed.render_as_string(hide_password=True)
        """The URL without its password."""
        self._engine = _engine(parsed)
        try:
            self._prepare()
        except BaseException:
            self._engine.dispose()
            raise

    def __repr__(self) -> str:
        return f"Database({self.shown!r})"

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def session(self) -> Generator[Session]:
        """A transaction, committed at the end of the block.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise DatabaseUnavailableError(f"The database {self.shown} cannot be used: {_told(error)}") from None

    def once(
        self, key: str, name: str, arguments: Mapping[str, Any], effect: Callable[[Session], dict[str, Any]]
    ) -> dict[str, Any]:
        """Have an effect, unless it was had under this key before; either way its first result comes back.

        Key, effect and result are one transaction. Of two at the same time one waits for the other: on PostgreSQL at
        the key's row, on SQLite for the right to write.

        Args:
            key: The same on every attempt, and nobody else's.
            name: What is done.
            arguments: With what; JSON.
            effect: Writes; what it returns is kept (JSON). If it raises, nothing is written, the key neither.

        Raises:
            KeyReusedError: The key was used with another name or other arguments.
            DatabaseUnavailableError: The database does not answer.
            Exception: What `effect` raises.
        """
        told = json.dumps([name, arguments], sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(told.encode()).hexdigest()
        with self.session() as session:
            claim = self._insert(Effect).values(key=key, name=name, digest=digest).on_conflict_do_nothing()
            if session.execute(claim.returning(Effect.key)).one_or_none() is None:
                found = session.execute(select(Effect).where(Effect.key == key)).scalar_one()
                if found.digest != digest:
                    raise KeyReusedError(f"The key {key!r} was used for {found.name!r} with other arguments.")
                assert found.result is not None
                return found.result
            result = effect(session)
            session.execute(update(Effect).where(Effect.key == key).values(result=result))
            return result

    def load(self, rows: Mapping[type[Table], list[dict[str, Any]]]) -> None:
        """Add rows that are not there yet; those that are stay as they are.

        Args:
            rows: By table, values by column attribute; tables that others refer to come first.
        """
        with self.session() as session:
            for table, values in rows.items():
                if values:
                    session.execute(self._insert(table).on_conflict_do_nothing(), values)

    def _insert(self, table: type[Table]) -> sqlite.Insert | postgresql.Insert:
        return (sqlite if self._engine.dialect.name == "sqlite" else postgresql).insert(table)

    def _prepare(self) -> None:
        """Make the tables that are missing. Workers that start at the same time do so one after another."""
        try:
            with self._engine.begin() as connection:
                if self._engine.dialect.name == "postgresql":
                    # SQLite's transactions exclude each other; here two would fail each other.
                    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(VARIABLE))))
                Table.metadata.create_all(connection)
        except SQLAlchemyError as error:
            raise DatabaseUnavailableError(f"The database {self.shown} cannot be used: {_told(error)}") from None


_current: list[Database] = []


def use(url: str | None) -> Database:
    """Open a database, which is that of this process's tools and activities from now on.

    Args:
        url: As for `Database`; None or empty: `default_url()`.

    Raises:
        As `Database`.
    """
    opened = Database(url or default_url())
    for earlier in _current:
        earlier.close()
    _current[:] = [opened]
    return opened


def current() -> Database:
    """The database of this process.

    Raises:
        DatabaseUnavailableError: None has been opened.
    """
    if not _current:
        raise DatabaseUnavailableError("This process has no database: call activities.database.use(url) first.")
    return _current[0]


def default_url() -> str:
    """SQLite, in the folder of the embedded server's data."""
    folder = Path(default_data_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return URL.create("sqlite", database=str(folder / "application.db")).render_as_string()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("expected the URL of a database, such as sqlite:///FILE; got something else") from None
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise ValueError(f"expected sqlite:///FILE or postgresql://HOST/DATABASE, got one of {other!r}")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_timeout=_SECONDS, hide_parameters=True, connect_args=_LIBPQ)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _SECONDS})
    event.listen(engine, "connect", _sqlite_connected)
    event.listen(engine, "begin", _sqlite_begins)
    return engine


_LIBPQ: Final = {"connect_timeout": _SECONDS, "options": f"-c lock_timeout={_SECONDS}s"}


def _sqlite_connected(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # The driver would begin transactions by itself, and later than at the first statement.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _sqlite_begins(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail if another wrote in between.
    connection.execute(text("BEGIN IMMEDIATE"))


def _told(error: Any) -> str:
    """What the database said, without the statement and its parameters."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).strip().partition("\n")[0] or type(error).__name__)[:300]
