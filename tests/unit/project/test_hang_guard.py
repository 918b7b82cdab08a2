"""What a test that hangs waits for is in its report, whatever hangs: the test, a fixture's setup or its teardown."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from .files import ROOT

BODY = """
import asyncio, threading
import pytest

async def deep():
    await asyncio.Event().wait()

async def numbers():
    yield 1
    await deep()

async def every_number():
    async for number in numbers():
        pass

async def test_that_hangs():
    counting = asyncio.create_task(every_number(), name="counting")
    threading.Thread(target=threading.Event().wait, name="bystander", daemon=True).start()
    await asyncio.gather(counting, asyncio.sleep(0))

@pytest.fixture(scope="module")
async def never_there():
    await deep()

@pytest.fixture
async def needs_it(never_there): ...

async def test_whose_setup_hangs(needs_it): ...

@pytest.fixture
async def never_gone():
    yield
    await deep()

async def test_that_fails_and_whose_teardown_hangs(never_gone):
    assert False
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a run of tests that hang shows."""
    folder = tmp_path_factory.mktemp("hanging")
    (folder / "test_it.py").write_text(BODY)
    command = [sys.executable, "-m", "pytest", "-p", "tests._support.hang_guard", "--rootdir", str(folder)]
    options = ["-c", "/dev/null", "-p", "no:cacheprovider", "--asyncio-mode", "auto", "--timeout", "3", "-n", "3"]
    done = subprocess.run(
        [*command, *options, str(folder / "test_it.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def report(shown: str, test: str) -> str:
    """What the guard told of a test: from its heading to pytest's next one."""
    found = re.search(rf"=== \S*::{test} has taken(.*?)\n(?:-{{9}}|_{{9}}|={{9}})", shown, re.DOTALL)
    assert found, shown
    return found[1]


def test_what_a_test_waits_for_is_told_with_its_tasks(shown: str) -> None:
    told = report(shown, "test_that_hangs")
    assert told.startswith(" 2.5 s and is in its call ===")
    chain = r"every_number \(test_it.py:\d+\) > numbers \(test_it.py:\d+\) > deep \(test_it.py:\d+\) > Event.wait \("
    assert re.search(rf"^counting: {chain}", told, re.MULTILINE), told
    assert re.search(
        r"^Task-\d+: test_that_hangs \(test_it.py:\d+\) > _GatheringFuture\(counting\)$", told, re.MULTILINE
    )
    assert "--- thread MainThread\n" in told
    # Each thread with its stack, the innermost last.
    assert re.search(r"^--- thread bystander\n(  .*\n)+    waiter.acquire\(\)$", told, re.MULTILINE), told


def test_the_fixture_that_is_set_up_is_named(shown: str) -> None:
    told = report(shown, "test_whose_setup_hangs")
    assert told.startswith(" 2.5 s and is in its setup, fixture 'never_there' ==="), shown
    assert re.search(r"never_there \(test_it.py:\d+\) > deep \(test_it.py:\d+\)", told), told


def test_a_teardown_that_hangs_after_a_failure_ends_and_is_told(shown: str) -> None:
    told = report(shown, "test_that_fails_and_whose_teardown_hangs")
    assert told.startswith(" 2.5 s and is in its teardown ===")
    assert re.search(r"never_gone \(test_it.py:\d+\) > deep \(test_it.py:\d+\)", told), told
    assert "2 failed, 2 errors" in shown
