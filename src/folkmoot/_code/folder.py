"""The files of code blocks: written below a working folder, and nowhere else."""

from __future__ import annotations

import os
import secrets
import stat
from hashlib import sha256
from pathlib import Path, PurePosixPath

__all__ = ["OutsideError", "drop", "keep_code", "named", "working_folder"]

_MARK = "# filename:"


class OutsideError(ValueError):
    """A file name leads out of the working folder."""


def working_folder(path: Path) -> Path:
    """The folder, made for this user only if it is missing; as an absolute path without links.

    Raises:
        NotADirectoryError: There is something else at that path.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path.resolve(strict=True)


def named(code: str) -> str | None:
    """The file name in a first line `# filename: x` (AutoGen), unchecked; None: there is no such line."""
    first, _, _ = code.partition("\n")
    return first.removeprefix(_MARK).strip() if first.startswith(_MARK) else None


def keep_code(folder: Path, code: str, name: str | None, extension: str) -> str:
    """Write a block's code and return the file's path below the folder.

    Links are not followed, not even to places inside: what they lead to may change until the file is opened.

    Args:
        folder: The working folder.
        code: What is written.
        name: The path asked for; None: a name that no other run has.
        extension: Of a file without a name.

    Raises:
        OutsideError: `name` is absolute, has a `..`, or goes over a link or anything but folders.
        OSError: The file cannot be written.
    """
    if name is None:
        name = f"tmp_code_{sha256(code.encode('utf-8', 'replace')).hexdigest()[:16]}_{secrets.token_hex(4)}.{extension}"
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise OutsideError(name)
    parent = _open_parents(folder, path)
    try:
        _write(parent, path.name, code.encode("utf-8", "replace"))
    finally:
        os.close(parent)
    return str(path)


def _open_parents(folder: Path, path: PurePosixPath) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY
    place = os.open(folder, flags)
    for part in path.parts[:-1]:
        try:
            if not _exists(part, place):
                os.mkdir(part, 0o700, dir_fd=place)
            inner = os.open(part, flags | os.O_NOFOLLOW, dir_fd=place)
        except (FileExistsError, NotADirectoryError) as error:
            raise OutsideError(str(path)) from error
        except OSError as error:
            if stat.S_ISLNK(os.stat(part, dir_fd=place, follow_symlinks=False).st_mode):
                raise OutsideError(str(path)) from error
            raise
        finally:
            os.close(place)
        place = inner
    return place


def _exists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _write(folder: int, name: str, data: bytes) -> None:
    if _exists(name, folder):
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OutsideError(name)
        # A new file: the old one may be a pipe, or have a second name outside.
        os.unlink(name, dir_fd=folder)
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    with os.fdopen(file, "wb") as opened:
        opened.write(data)


def drop(folder: Path, name: str) -> None:
    """Delete a file that had no name of its own."""
    (folder / name).unlink(missing_ok=True)
