"""The verb `encryption-key`: makes a key that payloads and the store are encrypted with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from folkmoot._encryption.keys import new_key_id
from folkmoot._secrets import write_secret
from folkmoot.encryption import KeyRing, new_key

from .screen import clean
from .verbs import Invocation, verb

__all__ = ["VERBS"]


async def encryption_key(
    invocation: Invocation,
    key_id: Annotated[
        str | None,
        typer.Option(
            "--id",
            envvar="FOLKMOOT_ENCRYPTION_KEY_ID",
            help="The key's id, which is no secret; none: today's date and letters of chance.",
        ),
    ] = None,
    new_file: Annotated[
        Path | None,
        typer.Option(
            envvar="FOLKMOOT_NEW_ENCRYPTION_KEY", help="A new file for the key, which is then not shown; none: stdout."
        ),
    ] = None,
) -> None:
    """Make a key for FOLKMOOT_ENCRYPTION_KEYS, as ID:KEY."""
    name = key_id or new_key_id()
    text = f"{name}:{new_key()}"
    KeyRing.parse(text)
    if new_file is None:
        invocation.screen.emit({"kind": "encryption-key", "id": name, "key": text}, text)
        return
    path = new_file.expanduser()
    write_secret(path, text)
    told = f"{path}: a new key; set FOLKMOOT_ENCRYPTION_KEYS_FILE={path}"
    invocation.screen.emit({"kind": "encryption-key", "id": name, "path": str(path)}, clean(told))


VERBS = [verb("encryption-key", encryption_key)]
