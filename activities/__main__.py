"""`python -m activities`: make the tables, and add the company's data to them.

With the environment variable `FOLKMOOT_DATABASE_URL`.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from activities.company import COMPANY, load_company
from activities.database import VARIABLE, use


def main() -> None:
    """Load a file."""
    parser = argparse.ArgumentParser(prog="python -m activities", description="Make the tables and fill them.")
    parser.add_argument("--load", type=Path, default=COMPANY, metavar="FILE", help="rows as JSON; the test data")
    file: Path = parser.parse_args().load
    database = use(os.environ.get(VARIABLE))
    load_company(database, file)
    print(f"{file} is in {database.shown}")


if __name__ == "__main__":
    main()
