"""Work is done in a process that can be killed, and whoever wanted it always hears back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import bot.offload.pool
from bot.offload import worker
from bot.offload.pool import OverranError, offload
from bot.watch.sources.dialects.base import NotShownError
from tests.offload.work import (
    collects,
    cycles,
    end,
    grow,
    large,
    mine,
    ours,
    refuse,
    secrets,
    spin,
    unicode_error,
    word,
)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    bot.offload.pool.close()
    monkeypatch.setattr(bot.offload.pool, "_pool", bot.offload.pool._Pool())
    yield
    bot.offload.pool.close()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(*pids: int, within: float = 15) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if not any(map(alive, pids)):
            return True
        time.sleep(0.02)
    return False


async def test_work_is_done_by_one_other_process_and_comes_back_as_it_is():
    pid = await offload(mine)
    assert pid not in {os.getpid(), os.getppid()}
    assert (await offload(mine), await offload(word)) == (pid, word())


@pytest.mark.parametrize(("kind", "error"), [("ours", NotShownError), ("usual", ValueError), ("deep", RecursionError)])
async def test_what_it_raises_is_raised(kind, error):
    with pytest.raises(error, match="because"):
        await offload(refuse, kind)
    with pytest.raises(ValueError, match="utf-8"):
        await offload(unicode_error)


@pytest.mark.hardened("A4", "work on hostile bytes without an end", "given up after its time; the loop never held")
async def test_what_takes_too_long_is_killed_and_the_loop_goes_on(saw):
    pid = await offload(mine)
    longest, last = 0.0, time.perf_counter()
    work = asyncio.create_task(offload(spin, seconds=0.5))
    while not work.done():
        await asyncio.sleep(0.01)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    with pytest.raises(OverranError, match=r"longer than 0\.5 s"):
        await work
    assert gone(pid)
    assert await offload(mine) != pid
    assert longest < 0.4  # it was 0.5 s and more where the loop itself was held
    saw("given up, the loop at most some milliseconds late")


@pytest.mark.parametrize("work", [end, grow, large, ours, spin])
async def test_a_worker_that_dies_or_wants_too_much_is_an_error_of_one_kind(work):
    with pytest.raises(OverranError):
        await offload(work, seconds=0.3)
    assert await offload(word) == word()


@pytest.mark.hardened("A4", "one service's page is slow again and again", "others' pages do not wait for it")
async def test_who_was_slow_lately_does_not_hold_up_the_others():
    with pytest.raises(OverranError):
        await offload(spin, seconds=0.3, key="hostile")
    pid = await offload(mine)  # the usual worker has started
    hostile = [asyncio.create_task(offload(spin, n, seconds=3.0, key="hostile")) for n in range(3)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(offload(mine, seconds=3.0, key="other"), 3) == pid
    assert not any(task.done() for task in hostile)
    for task in hostile:
        task.cancel()
    await asyncio.gather(*hostile, return_exceptions=True)


async def test_nobody_waits_without_end_for_their_turn():
    await offload(mine)
    several = [offload(spin, n, seconds=0.2) for n in range(12)]
    began = time.monotonic()
    said = await asyncio.gather(*several, return_exceptions=True)
    assert {type(one) for one in said} == {OverranError}
    assert any("others took too long" in str(one) for one in said)
    assert time.monotonic() - began < 12  # not each its own start and time


@pytest.mark.parametrize("why", ["no descriptors", "no processes", "no threads"])
async def test_where_no_worker_can_be_had_it_is_the_same_error(monkeypatch, why):
    def fail(*_args, **_more):
        raise RuntimeError("can't start new thread") if why == "no threads" else OSError(24, why)

    name = {
        "no descriptors": "socket.socketpair",
        "no processes": "subprocess.Popen",
        "no threads": "threading.Thread.start",
    }
    with monkeypatch.context() as patched:
        patched.setattr(f"bot.offload.pool.{name[why]}", fail)
        with pytest.raises(OverranError):
            await offload(mine)
    assert await offload(mine)


async def test_a_cancelled_wait_leaves_the_worker_usable():
    work = asyncio.create_task(offload(spin, seconds=0.3))
    await asyncio.sleep(0.05)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await offload(word, seconds=5) == word()


async def test_an_idle_worker_ends_and_a_closed_one_too(monkeypatch):
    monkeypatch.setattr(bot.offload.pool, "IDLE", 0.05)
    pid = await offload(mine)
    assert await asyncio.to_thread(gone, pid)
    monkeypatch.setattr(bot.offload.pool, "IDLE", 100)
    pid = await offload(mine)
    bot.offload.pool.close()
    assert gone(pid)


async def test_a_worker_that_ended_meanwhile_is_replaced_without_a_word():
    pid = await offload(mine)
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)
    assert await offload(mine) != pid


async def test_the_worker_knows_no_secrets(monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-not-for-it")
    assert await offload(secrets) == []


DAEMON = """
    import asyncio, signal, sys
    from bot.offload.pool import offload
    from tests.offload.work import mine, spin

    # Who starts the tests in the background of a shell has them ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    async def main():
        print(await offload(mine), flush=True)
        if sys.argv[1] == "busy":
            asyncio.create_task(offload(spin, seconds=1.0))
        await asyncio.sleep(0.2)
        print("ready", flush=True)
        await asyncio.sleep(60)

    {run}(main())
"""


@pytest.mark.hardened("A4", "the daemon is killed while a worker parses", "no orphan is left")
@pytest.mark.parametrize("doing", ["idle", "busy"])
@pytest.mark.parametrize("run", ["asyncio.run", "__import__('uvloop').run"])
def test_no_worker_outlives_its_daemon(doing, run):
    code = textwrap.dedent(DAEMON).format(run=run)
    with subprocess.Popen([sys.executable, "-c", code, doing], stdout=subprocess.PIPE, text=True) as daemon:
        pid = int(daemon.stdout.readline())
        assert daemon.stdout.readline() == "ready\n"
        daemon.kill()
    assert gone(pid)


def test_a_stop_from_the_terminal_is_not_the_workers_and_prints_nothing_of_it():
    code = textwrap.dedent(DAEMON).format(run="asyncio.run")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code, "busy"], start_new_session=True, **pipes) as daemon:
        pid = int(daemon.stdout.readline())
        assert daemon.stdout.readline() == "ready\n"
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
        os.killpg(daemon.pid, signal.SIGINT)
        _, said = daemon.communicate(timeout=30)
    assert gone(pid)
    assert said.count("Traceback") <= 2  # the daemon's own, which this script does not catch
    assert "offload_worker" not in said


async def test_a_large_daemon_has_a_worker_all_the_same():
    ballast = bytearray(b"x" * (worker.GROWN + (64 << 20)))  # a child begins with its parent's peak

    bot.offload.pool.close()
    assert await offload(len, b"12345") == 5
    assert ballast[-1] == ord("x")


async def test_work_is_not_slowed_by_the_cyclic_collector_and_what_it_leaves_is_freed():
    assert not await offload(collects)
    held = [await offload(cycles) for _ in range(12)]
    assert held[-1] - held[4] < 100 * 1024 * 1024
