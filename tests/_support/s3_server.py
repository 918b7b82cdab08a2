"""A real S3-compatible server, versitygw over a folder: built once into the cache folder, started and killed by tests.

`python -m tests._support.s3_server` builds it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from folkmoot._local import build
from folkmoot._local.environment import cache_folder
from folkmoot._local.locks import FileLock
from tests._support.service import Service

VERSION = "v1.8.0"
ACCESS_KEY = "folkmoot-test"
SECRET_KEY = "never-to-be-seen-0815"
BUCKET = "chats"
ROOT = Path(__file__).parents[2]


PROGRAM = cache_folder() / "bin" / f"versitygw-{VERSION}"


async def build_it() -> None:
    """Build the server, by the Go that builds the Temporal CLI, unless it is there."""
    path = PROGRAM
    path.parent.mkdir(parents=True, exist_ok=True)
    async with FileLock(path.parent / "versitygw.lock"):
        if not path.is_file():
            go = await build._find_go() or await build._install_go(lambda *_: None)
            with tempfile.TemporaryDirectory(dir=path.parent, prefix="build-") as folder:
                package = f"github.com/versity/versitygw/cmd/versitygw@{VERSION}"
                await build._run([str(go), "install", package], environment=build._go_environment(folder))
                (Path(folder) / "versitygw").replace(path)


class S3Server(Service):
    """One server with one bucket, over a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The store's URL, keys included."""
        keys = f"access_key_id={ACCESS_KEY}&secret_access_key={SECRET_KEY}"
        return f"s3://{BUCKET}/some/prefix?endpoint={self.endpoint}&region=us-east-1&{keys}"

    @property
    def keys(self) -> list[str]:
        """What lies in the bucket."""
        bucket = self._folder / "data" / BUCKET
        return [path.relative_to(bucket).as_posix() for path in bucket.rglob("*") if path.is_file()]

    def start(self) -> None:
        """Start it, with its bucket."""
        if not PROGRAM.is_file():
            # A process of its own: the test may have an event loop.
            subprocess.run([sys.executable, "-m", __name__], cwd=ROOT, check=True)
        (self._folder / "data" / BUCKET).mkdir(parents=True, exist_ok=True)
        # Beside the files, as not every file system of a test machine has extended attributes.
        (self._folder / "sidecar").mkdir(exist_ok=True)
        self.run(
            str(PROGRAM),
            *("--port", f"127.0.0.1:{self.port}", "--quiet", "--region", "us-east-1"),
            *("--access", ACCESS_KEY, "--secret", SECRET_KEY),
            *("posix", "--sidecar", str(self._folder / "sidecar"), str(self._folder / "data")),
        )


if __name__ == "__main__":
    asyncio.run(build_it())
