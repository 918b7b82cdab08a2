"""The company's data: suppliers, budgets, services, rotas. A file of test data ships; `python -m activities` loads it.

A file has a list of rows for each table, by the names of the columns; money is in cents.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from activities.database import Database
from activities.tables import Budget, Offer, OnCall, Reading, Sanction, Service, Supplier, Table

__all__ = ["COMPANY", "load_company"]

COMPANY = Path(__file__).parent / "data" / "company.json"
"""The test data: a made-up company."""

# Those that others refer to come first.
_TABLES: dict[str, type[Table]] = {
    "suppliers": Supplier,
    "offers": Offer,
    "sanctions": Sanction,
    "budgets": Budget,
    "services": Service,
    "readings": Reading,
    "rota": OnCall,
}


def load_company(database: Database, file: Path = COMPANY) -> None:
    """Add a file's rows that are not in the database yet.

    Args:
        database: Where to.
        file: JSON: an object with a list of rows for each table.

    Raises:
        ValueError: The file is not of that form; the text names the table and the column.
        OSError: It cannot be read.
    """
    data: object = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError(f"{str(file)!r} must hold an object of tables, got {type(data).__name__}")
    tables = cast(dict[str, Any], data)
    for name, rows in tables.items():
        if name not in _TABLES:
            raise ValueError(f"{str(file)!r}: there is no table {name!r}; known are {', '.join(_TABLES)}")
        columns = _TABLES[name].__mapper__.column_attrs.keys()
        for row in cast(list[object], rows if isinstance(rows, list) else [rows]):
            for column in cast(dict[str, Any], row) if isinstance(row, dict) else ["a row"]:
                if column not in columns:
                    raise ValueError(f"{str(file)!r}: {name} has no {column!r}; its columns are {', '.join(columns)}")
    database.load({table: tables[name] for name, table in _TABLES.items() if name in tables})
