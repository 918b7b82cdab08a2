"""Writes the pages of the reference that are made from the code, and takes away those that no longer are."""

from __future__ import annotations

import sys

from . import FOLDER, HEAD, pages


def main() -> None:
    """Write them all."""
    made = pages()
    for name, text in made.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in FOLDER.rglob("*.md"):
        if str(path.relative_to(FOLDER)) not in made and path.read_text(encoding="utf-8").startswith(HEAD):
            path.unlink()
    sys.stdout.write(f"wrote {len(made)} pages of the reference\n")


if __name__ == "__main__":
    main()
