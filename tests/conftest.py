"""What many tests share."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import settings

import bot.store.engine
from bot.store import open_store
from tests import sqlite, statements
from tests.postgres import postgres_server
from tests.sim.inline import Disk, inline

gc.disable()  # until all is collected: what is built till then stays

pytest_plugins = ["tests.hardening", "tests.order", "tests.overdue"]

# Each commit is synced, which a disk takes its time for. What is written here dies with the tests: memory will do.
MEMORY = Path("/dev/shm")  # only where it is large enough
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 << 30:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

# jsonschema builds a grammar for internationalised addresses when it is imported, which takes seconds; none is checked.
sys.modules.setdefault("rfc3987_syntax", None)

bot.store.engine.create_async_engine = statements.shared(bot.store.engine.create_async_engine)

# Properties say what is right; how long an example takes says only how busy the machine is.
settings.register_profile("usual", deadline=None)
settings.register_profile("many", deadline=None, max_examples=400)
settings.load_profile(os.environ.get("EXAMPLES", "usual"))


@pytest.fixture(scope="session")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request, tmp_path):
    """A database of each kind, without rows."""
    if request.param == "sqlite":
        yield sqlite.ready(tmp_path / "tocsin.db")
    else:
        with request.getfixturevalue("postgres").database() as url:
            yield url


@pytest.fixture
async def store(database_url, request):
    """Only where the store is what is tested, SQLite is met through its driver's threads: each step waits for one."""
    threads = request.path.is_relative_to(Path(__file__).parent / "store") or not database_url.startswith("sqlite")
    with nullcontext() if threads else inline(Disk()):
        async with open_store(database_url) as opened:
            yield opened


@pytest.fixture(params=["sqlite", "postgres"])
def bare_url(request, tmp_path):
    """A database of each kind, without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'tocsin.db'}"
    else:
        with request.getfixturevalue("postgres").database("template1") as url:
            yield url


def pytest_collection_finish():
    """What all tests are made of stays: the collector need not walk through it again and again."""
    gc.freeze()
    gc.enable()
