"""Where no process can be had that reads pages, operators hear of it; and no more once there is one again."""

from __future__ import annotations

import errno
import os
import subprocess
import time

import pytest

import bot.offload.pool
from bot.own_alerts.worker_health import AGAIN, WHY, WorkerHealth
from bot.own_health import OwnHealth, Part
from tests.reasons import english


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    bot.offload.pool.close()
    monkeypatch.setattr(bot.offload.pool, "_pool", bot.offload.pool._Pool())
    yield
    bot.offload.pool.close()


def refused(error):
    def fail(*_args, **_how):
        raise error

    return fail


def dying(*_args, **how):
    """A process that ends before it says anything."""
    return _popen(["/bin/false"], **{name: value for name, value in how.items() if name != "args"})


_popen = subprocess.Popen


@pytest.mark.hardened(
    "A4", "no process that reads pages can be started", "own health says so, and is cleared by itself"
)
@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (("subprocess.Popen", refused(OSError(errno.EAGAIN, "Resource temporarily unavailable"))), "temporarily"),
        (("subprocess.Popen", refused(OSError(errno.EMFILE, "Too many open files"))), "Too many open files"),
        (("subprocess.Popen", refused(MemoryError("no room"))), "no room"),
        (("subprocess.Popen", dying), "ends before it begins"),
        (("socket.socketpair", refused(OSError(errno.EMFILE, "Too many open files"))), "Too many open files"),
        (("threading.Thread.start", refused(RuntimeError("can't start new thread"))), "no thread"),
    ],
)
async def test_it_is_told_while_there_is_none_and_not_after(monkeypatch, saw, caplog, broken, why):
    where, what = broken
    health, now = OwnHealth(), [0.0]
    workers = WorkerHealth(health, lambda: now[0])
    await workers.look()
    assert health.well
    with monkeypatch.context() as patched:
        patched.setattr(f"bot.offload.pool.{where}", what)
        with pytest.raises(bot.offload.pool.OverranError):
            await bot.offload.pool.offload(len, b"abc")
        for _ in range(3):
            await workers.look()
            now[0] += AGAIN
        saw(english(health.troubles[0].why))
        assert [(one.part, one.why) for one in health.troubles] == [(Part.MACHINE, WHY)]
        assert why in bot.offload.pool.missing()
        assert len(caplog.messages) == 1
        assert why in caplog.text
    await workers.look()  # nobody has work, so it is tried
    assert health.well
    assert await bot.offload.pool.offload(len, b"abc") == 3


@pytest.mark.parametrize(("work", "arg"), [(time.sleep, 60), (os._exit, 3)])
async def test_work_that_ends_its_worker_is_no_want_of_workers(work, arg):
    with pytest.raises(bot.offload.pool.OverranError):
        await bot.offload.pool.offload(work, arg, seconds=0.3)
    assert bot.offload.pool.missing() == ""


async def test_too_much_waiting_is_no_want_of_workers(monkeypatch):
    monkeypatch.setattr(bot.offload.pool, "MOST_WAITING", 0)
    with pytest.raises(bot.offload.pool.OverranError):
        await bot.offload.pool.offload(len, b"")
    assert bot.offload.pool.missing() == ""
