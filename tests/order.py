"""In which order several processes share the tests: what takes long comes first, so that none is left alone with it at the end.

pytest-xdist gives each process an equal stretch of the tests, and who has finished takes over what another one has not
begun. So each stretch begins with its share of those that take long.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The longest first.
LONG = (
    "tests/sim/",
    "tests/soak/",
    "tests/channels/test_matrix.py",
    "tests/channels/test_email_axe.py",
    "tests/web/test_axe.py",
    "tests/web/test_browser.py",
    "tests/cluster/",
    "tests/delivery/test_all_dead.py",
    "tests/delivery/test_dead_channel.py",
    "tests/flow/",
    "tests/cli/",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes > 1:
        items[:] = stretches(items, processes)


def stretches(items, processes):
    """All of `items`, in one stretch for each of the processes after the other."""
    long = sorted((one for one in items if _rank(one.nodeid) < len(LONG)), key=lambda one: _rank(one.nodeid))
    short = [one for one in items if _rank(one.nodeid) == len(LONG)]
    found, left = [], len(items)
    for number in range(processes):
        mine = long[number::processes]
        length = left // (processes - number)
        rest = max(length - len(mine), 0)
        found += mine + short[:rest]
        short, left = short[rest:], left - length
    return found + short


def _rank(name):
    return next((rank for rank, start in enumerate(LONG) if name.startswith(start)), len(LONG))
