"""The application's database in tests: the made-up company in a new database, and calls of its tools."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, select

from activities import database
from activities.company import load_company
from activities.database import Database
from activities.tables import Table
from folkmoot import FunctionTool, ToolContext

__all__ = ["call", "company", "count", "fresh_postgres", "one"]


@contextmanager
def company(url: str) -> Generator[Database]:
    """This process's database for a while: that of the URL, with the test data."""
    opened = database.use(url)
    load_company(opened)
    try:
        yield opened
    finally:
        opened.close()


def count(opened: Database, table: type[Table], **wanted: Any) -> int:
    """How many rows of a table have these values."""
    with opened.session() as session:
        return session.execute(select(func.count()).select_from(table).filter_by(**wanted)).scalar_one()


def one(opened: Database, table: type[Table], **wanted: Any) -> dict[str, Any]:
    """The only row that has these values."""
    with opened.session() as session:
        row = session.execute(select(table).filter_by(**wanted)).scalar_one()
        return {attribute.key: getattr(row, attribute.key) for attribute in table.__mapper__.column_attrs}


async def call(tool: FunctionTool, chat: str, *, key: str | None = None, **arguments: Any) -> str:
    """Call a tool as a chat's agent does."""
    key = key or uuid.uuid4().hex
    context = ToolContext(chat_id=chat, agent="agent", call_id="1", idempotency_key=key)
    return await tool.run_json(arguments, context)


def fresh_postgres(url: str) -> Iterator[str]:
    """A new database on the server of that URL; it is dropped at the end."""
    import psycopg

    name = f"app_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    try:
        yield f"{url.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)".encode())
