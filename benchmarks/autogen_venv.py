"""An environment of its own for AutoGen, made once in the user's cache folder: it is no dependency of Folkmoot's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from folkmoot._local.environment import cache_folder

__all__ = ["VERSION", "autogen_python"]

VERSION = "0.7.5"
REQUIREMENTS = (f"autogen-agentchat=={VERSION}", f"autogen-ext[openai]=={VERSION}")


def autogen_python() -> str:
    """The interpreter of that environment; the first time takes a minute.

    Raises:
        RuntimeError: It could not be made; the text has the end of what pip said.
    """
    folder = cache_folder() / f"autogen-{VERSION}"
    python, done = folder / "bin" / "python", folder / "complete"
    if not done.exists():
        print(f"Installing AutoGen {VERSION} into the cache folder, once ...", file=sys.stderr)
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS])
        done.touch()
    return str(python)


def versions(python: str | Path) -> str:
    """What that environment has of what matters here, for the report."""
    names = ("autogen-agentchat", "openai")
    code = f"from importlib.metadata import version as v; print(*(n + ' ' + v(n) for n in {names}), sep=', ')"
    return _run([str(python), "-c", code]).strip()


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {done.stderr[-1000:]}")
    return done.stdout
