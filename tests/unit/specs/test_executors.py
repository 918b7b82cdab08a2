"""Code executors: limits, folders, which code a message holds, and how a result is put into words."""

from __future__ import annotations

import pytest

from folkmoot.executors import CodeBlock, CodeExecutor, CodeResult, LocalCommandLineCodeExecutor, extract_code_blocks
from folkmoot.executors import result_text as text_of


def test_defaults_and_json() -> None:
    executor = LocalCommandLineCodeExecutor()
    assert (executor.timeout, executor.work_dir, executor.output_limit, executor.environment) == (60, None, 65536, ())
    assert executor.to_json() == {"type": "LocalCommandLineCodeExecutor"}
    rich = LocalCommandLineCodeExecutor(5, "job-1.2", 100, ["TZ", "_x"])
    assert CodeExecutor.from_json(rich.to_json()) == rich


@pytest.mark.parametrize("folder", ["", ".", "..", "../x", "/tmp/x", "a/b", "a\\b", ".hidden", "~", "a b", "a\n", "C:"])
def test_folders_elsewhere_are_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="work_dir is the name of a folder below"):
        LocalCommandLineCodeExecutor(work_dir=folder)
    with pytest.raises(ValueError, match="work_dir is the name of a folder below"):
        CodeExecutor.from_json({"type": "LocalCommandLineCodeExecutor", "work_dir": folder})


def test_limits_that_let_nothing_through_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Timeout must be greater than or equal to 1\."):
        LocalCommandLineCodeExecutor(timeout=0)
    with pytest.raises(ValueError, match="output_limit must be at least 1 byte, got 0"):
        LocalCommandLineCodeExecutor(output_limit=0)


@pytest.mark.parametrize("name", ["", "A=B", "1A", "A B", "A\n"])
def test_values_of_variables_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="environment holds names of variables, never their values"):
        LocalCommandLineCodeExecutor(environment=["PATH", name])


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("nothing", []),
        ("```python\nprint(1)\n```", [("print(1)\n", "python")]),
        ("a ```Python\nx``` b ```  sh\ny\n``` c", [("x", "Python"), ("y\n", "sh")]),
        ("```\nx\n```", []),
        ("```bash\nx\n```", []),
        ("```python3\nx\n```", []),
        ("```python x\n```", []),
        ("```python\nunclosed", []),
        ("```python \r\nx\r\n```", [("x\r\n", "python")]),
        ("```js\nx\n```\n```python\ny\n```", [("y\n", "python")]),
    ],
)
def test_code_in_messages(text: str, blocks: list[tuple[str, str]]) -> None:
    assert extract_code_blocks(text) == [CodeBlock(code, language) for code, language in blocks]


def test_names_of_languages_are_taken_literally() -> None:
    assert extract_code_blocks("```c++\nx\n```\n```c\ny\n```", ["c++"]) == [CodeBlock("x\n", "c++")]
    assert extract_code_blocks("```powershell\nx\n```", ["ps", "powershell"]) == [CodeBlock("x\n", "powershell")]


def test_results_in_words() -> None:
    assert text_of(CodeResult(0, "fine\n")) == "fine\n"
    assert text_of(CodeResult(2, "broken")) == (
        "The script ran, then exited with an error (POSIX exit code: 2)\nIts output was:\nbroken"
    )
    for code in (0, 3):
        assert text_of(CodeResult(code, " \n")) == (
            f"The script ran but produced no output to console. The POSIX exit code was: {code}. "
            "If you were expecting output, consider revising the script to ensure content is printed to stdout."
        )
