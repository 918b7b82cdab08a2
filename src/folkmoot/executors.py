"""Code executors (AutoGen: `autogen_core.code_executor`, `autogen_ext.code_executors.local`): where agents' code runs.

Specs, and the pure parts: which code a message holds, and how a result is put into words. Workers run code only where
they were told that they may.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from ._spec import Spec
from .messages import CodeBlock, CodeResult

__all__ = [
    "CodeBlock",
    "CodeExecutor",
    "CodeResult",
    "LocalCommandLineCodeExecutor",
    "extract_code_blocks",
    "result_text",
]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class CodeExecutor(Spec, frozen=True):
    """The base of all executors."""


class LocalCommandLineCodeExecutor(CodeExecutor, frozen=True):
    """Code runs as processes of the worker's machine, in a folder of their own.

    Args:
        timeout: Seconds all code blocks of a message may take together, at least 1.
        work_dir: The name of a folder below the worker's folder for code; None: one for each chat.
        output_limit: Bytes of output that are kept.
        environment: Names of the worker's environment variables that the code may see, besides the few it needs.

    Raises:
        ValueError: A value is out of range, or the folder's name would lead elsewhere.
    """

    type: Literal["LocalCommandLineCodeExecutor"] = "LocalCommandLineCodeExecutor"
    timeout: int = 60
    work_dir: str | None = None
    output_limit: int = 65536
    environment: tuple[str, ...] = ()

    def __init__(
        self,
        timeout: int = 60,
        work_dir: str | None = None,
        output_limit: int = 65536,
        environment: Sequence[str] = (),
    ) -> None:
        self._fill(timeout=timeout, work_dir=work_dir, output_limit=output_limit, environment=tuple(environment))

    def check(self) -> None:
        """Refuse limits that let nothing through, and folders outside the worker's own."""
        super().check()
        if self.timeout < 1:
            raise ValueError("Timeout must be greater than or equal to 1.")
        if self.output_limit < 1:
            raise ValueError(f"output_limit must be at least 1 byte, got {self.output_limit}.")
        if self.work_dir is not None and not _FOLDER.fullmatch(self.work_dir):
            raise ValueError(
                "work_dir is the name of a folder below the worker's folder for code (letters, digits, '_', '-' and "
                f"'.', not first); got {self.work_dir!r}."
            )
        for name in self.environment:
            if not _VARIABLE.fullmatch(name):
                raise ValueError(f"environment holds names of variables, never their values; got {name!r}.")


def extract_code_blocks(markdown: str, languages: Sequence[str] = ("python", "sh")) -> list[CodeBlock]:
    """The fenced code blocks of a text that are in one of these languages.

    Args:
        markdown: The text.
        languages: Names as they stand after the fence, in any case (AutoGen).

    Returns:
        The blocks in their order; the language as written, the code with its last line break.
    """
    names = "|".join(re.escape(language) for language in languages)
    # Beyond AutoGen's rule: blanks and a carriage return after the language are no reason to miss the code.
    fence = re.compile(rf"```\s*({names})[ \t]*\r?\n(.*?)```", re.IGNORECASE | re.DOTALL)
    return [CodeBlock(code=code, language=language) for language, code in fence.findall(markdown)]


def result_text(result: CodeResult) -> str:
    """What an agent says of a result (AutoGen's texts): the output, unless it is empty or tells of an error."""
    if not result.output.strip():
        return (
            f"The script ran but produced no output to console. The POSIX exit code was: {result.exit_code}. "
            "If you were expecting output, consider revising the script to ensure content is printed to stdout."
        )
    if result.exit_code:
        return (
            f"The script ran, then exited with an error (POSIX exit code: {result.exit_code})\n"
            f"Its output was:\n{result.output}"
        )
    return result.output
