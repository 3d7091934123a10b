"""What is overdue ends, wherever it hangs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.overdue import Overdue, Watch

ROOT = Path(__file__).parents[1]


@contextmanager
def watched(seconds):
    """A watch of its own, instead of the one over this test."""
    watch = Watch(2)
    watch.listening = True
    watch.begin(seconds)
    try:
        yield
    finally:
        watch.end()


def test_a_task_that_nobody_waits_for_does_not_keep_it_to_itself(capsys):
    async def busy():
        while True:
            await asyncio.sleep(0)

    async def hangs():
        spinning = asyncio.create_task(busy(), name="spinning")
        await asyncio.Event().wait()
        await spinning

    with watched(0.05), pytest.raises(Overdue, match=r"longer than 0\.05 s"):
        asyncio.run(hangs())
    assert "spinning" in capsys.readouterr().err


def test_a_lock_that_nobody_opens_is_given_up():
    closed = threading.Lock()
    with watched(0.05), closed, pytest.raises(Overdue):
        closed.acquire()


SWALLOWS = """
import time
import tests.overdue
tests.overdue.AGAIN = tests.overdue.LAST = 0.1
watch = tests.overdue.Watch(2, listening=True)
watch.begin(0.1)
while True:
    try:
        time.sleep(0.01)
    except BaseException:
        pass
"""


def test_a_process_that_swallows_everything_is_ended_with_its_stack():
    command = [sys.executable, "-c", SWALLOWS]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "Timeout (0:00:00" in ended.stderr
    assert 'File "<string>"' in ended.stderr
