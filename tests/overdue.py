"""No test goes on for ever: what is overdue fails; where nothing helps, its process ends, and another one goes on.

pytest-timeout raises an ordinary failure once, wherever the process happens to be. In an event loop that is often a task or
a callback that nobody waits for: the loop notes the failure there and goes on. Once a test has failed it watches no more,
though that test may hang while it is taken down. So what is raised here is of the kind that a loop lets through, it is
raised again and again, and it is still held against what has failed.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
from dataclasses import dataclass

import pytest
from pytest_timeout import is_debugging

AGAIN = 5.0  # seconds until it is raised once more
TIDY = 30.0  # seconds for taking down what has failed
LAST = 60.0  # seconds after the first time until the process ends
MOST = 50  # tasks whose stacks are shown


class Overdue(KeyboardInterrupt):
    """Beside SystemExit the one kind of error that no event loop keeps to itself."""


@dataclass
class Watch:
    """Over the test that is run now. `errors`: a descriptor for what is said when the process ends."""

    errors: int
    seconds: float = 0.0  # that it may take; 0: none is run
    listening: bool = False  # whether what is raised becomes the failure of a test

    def begin(self, seconds: float) -> None:
        self.seconds = seconds
        signal.signal(signal.SIGALRM, self._late)
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
        faulthandler.dump_traceback_later(seconds + LAST, file=self.errors, exit=True)

    def end(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        self.seconds = 0.0

    def _late(self, _number: int, _frame: object) -> None:
        if self.listening and not is_debugging():
            for task in _tasks()[:MOST]:
                task.print_stack(limit=8, file=sys.stderr)
                task.add_done_callback(_noted)
                task._log_destroy_pending = False
            raise Overdue(f"it takes longer than {self.seconds:g} s")

    def phase(self):
        """Wrap a phase of a test."""
        self.listening = True
        try:
            return (yield)
        except Overdue as late:
            pytest.fail(str(late))
        finally:
            self.listening = False


def _tasks() -> list[asyncio.Task[object]]:
    try:
        return sorted(asyncio.all_tasks(), key=lambda task: task.get_name())
    except RuntimeError:  # no loop runs here
        return []


def _noted(task: asyncio.Task[object]) -> None:
    """Whichever task it is raised in keeps it too, and would complain that nobody has asked for it."""
    if not task.cancelled():
        task.exception()


class Overdues:
    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def pytest_timeout_set_timer(self, settings):
        self.watch.begin(settings.timeout)
        return True

    def pytest_timeout_cancel_timer(self):
        self.watch.end()
        return True

    @pytest.hookimpl(trylast=True)
    def pytest_exception_interact(self, node):
        """Others have just taken back all alarms."""
        if isinstance(node, pytest.Item):
            self.watch.begin(TIDY)

    def pytest_enter_pdb(self):
        self.watch.end()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self):
        try:
            return (yield)
        finally:
            self.watch.end()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self):
        return (yield from self.watch.phase())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self):
        return (yield from self.watch.phase())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self):
        return (yield from self.watch.phase())


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    errors = os.dup(sys.__stderr__.fileno())
    config.pluginmanager.register(Overdues(Watch(errors)))
