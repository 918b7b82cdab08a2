"""A store in a table of a PostgreSQL database, through SQLAlchemy and psycopg."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from .base import StoreUnavailableError
from .keyed import KeyedStore

__all__ = ["PostgresStore"]

TABLE = "folkmoot_store"
_TABLE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,50}")
_SECONDS = 30.0
"""For an operation: a server that hangs is one that does not answer."""
_CONNECT_SECONDS = 5
_REMOVED_TOGETHER = 500


class PostgresStore(KeyedStore):
    """Keys as rows of one table, which is made if missing.

    Args:
        url: `postgresql://user:password@host:port/database`; further parameters are libpq's. Its password is never
            shown.
        table: The table's name.

    Raises:
        ValueError: The URL or the name is none.
    """

    def __init__(self, url: str, *, table: str = TABLE) -> None:
        if not _TABLE_NAME.fullmatch(table):
            raise ValueError(f"expected a table's name of lower-case letters, digits and underscores, got {table!r}")
        try:
            self._url = make_url(url).set(drivername="postgresql+psycopg")
        except (SQLAlchemyError, ValueError):
            raise ValueError("expected postgresql://user:password@host:port/database, got something else") from None
        bare = URL.create("postgresql", host=self._url.host, port=self._url.port, database=self._url.database)
        self.shown = bare.render_as_string()
        """The URL without its secrets."""
        self._table = Table(
            table,
            MetaData(),
            # Bytewise order: keys are listed by ranges.
            Column("key", Text(collation="C"), primary_key=True),
            Column("data", LargeBinary, nullable=False),
            Column("written", DateTime(timezone=True), nullable=False, server_default=func.now()),
        )
        self._engine: AsyncEngine | None = None
        self._made = asyncio.Lock()

    def __repr__(self) -> str:
        return f"PostgresStore({self.shown!r})"

    async def close(self) -> None:
        """See `Store.close`."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    async def _write(self, key: str, data: bytes) -> None:
        row = insert(self._table).values(key=key, data=data)
        async with self._connected() as connection:
            await connection.execute(
                row.on_conflict_do_update(
                    index_elements=["key"], set_={"data": row.excluded.data, "written": func.now()}
                )
            )

    async def _read(self, key: str) -> bytes | None:
        async with self._connected() as connection:
            return await connection.scalar(select(self._table.c.data).where(self._table.c.key == key))

    async def _list(self, prefix: str) -> AsyncIterator[tuple[str, int]]:
        column, size = self._table.c.key, func.octet_length(self._table.c.data)
        # The character after "/" ends the range.
        wanted = select(column, size).where(column >= prefix, column < prefix[:-1] + chr(ord("/") + 1))
        async with self._connected() as connection:
            rows = (await connection.execute(wanted.order_by(column))).all()
        for key, length in rows:
            yield key, length

    async def _remove(self, keys: Sequence[str]) -> None:
        async with self._connected() as connection:
            for start in range(0, len(keys), _REMOVED_TOGETHER):
                some = keys[start : start + _REMOVED_TOGETHER]
                await connection.execute(delete(self._table).where(self._table.c.key.in_(some)))

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction, committed at the end of the block.

        Raises:
            StoreUnavailableError: The database does not answer, or refuses to.
        """
        try:
            async with asyncio.timeout(_SECONDS):
                engine = await self._ready()
                async with engine.begin() as connection:
                    yield connection
        except TimeoutError:
            raise StoreUnavailableError(f"The store {self.shown!r} did not answer in {_SECONDS:.0f} s.") from None
        except (SQLAlchemyError, OSError) as error:
            raise StoreUnavailableError(f"The store {self.shown!r} cannot be used: {_told(error)}") from None

    async def _ready(self) -> AsyncEngine:
        """The engine; at the first use the table is made."""
        async with self._made:
            if self._engine is None:
                engine = create_async_engine(
                    self._url,
                    pool_pre_ping=True,
                    pool_size=5,
                    hide_parameters=True,
                    connect_args={"connect_timeout": _CONNECT_SECONDS},
                )
                try:
                    async with engine.begin() as connection:
                        await self._make_table(connection)
                except BaseException:
                    await engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    async def _make_table(self, connection: AsyncConnection) -> None:
        name = self._table.name
        # Two processes that make it at once would fail each other, whatever `if not exists` says.
        await connection.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
        existed = await connection.scalar(text("select to_regclass(:name)"), {"name": name})
        await connection.run_sync(self._table.create, checkfirst=True)
        if existed is None:
            # Segments are compressed already.
            await connection.execute(text(f"alter table {name} alter column data set storage external"))


def _told(error: Any) -> str:
    """What the database said, without the statement and its parameters."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).strip().partition("\n")[0] or type(error).__name__)[:300]
