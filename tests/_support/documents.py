"""Code blocks of the documentation, to be run by tests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["python_blocks", "run_block"]

ROOT = Path(__file__).parents[2]


def python_blocks(document: str) -> list[str]:
    """The Python blocks of a document, named by its path from the repository's root."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


async def run_block(block: str, names: Mapping[str, object]) -> dict[str, Any]:
    """Run a block that may await at its top level, with some names given; all its names come back."""
    body = "".join(f"    {line}\n" if line else "\n" for line in block.splitlines())
    scope: dict[str, Any] = dict(names)
    source = f"async def block():\n{body}\n    return locals()\n"
    # Users' files have the __future__ imports they name, not those of this file.
    exec(compile(source, "document", "exec", dont_inherit=True), scope)
    return await scope["block"]()
