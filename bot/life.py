"""The daemon from start to stop: signals, and a changed config taken up."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from watchfiles import awatch

from bot.app import House, house
from bot.config import Config, ConfigError, load
from bot.contracts import Unable

log = logging.getLogger(__name__)


def stop_at_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, stop, number)
    return stop


def _stop(stop: asyncio.Event, number: int) -> None:
    if not stop.is_set():
        log.info("stopping: %s", signal.Signals(number).name)
    stop.set()


async def run(path: Path, started: Callable[[House], Awaitable[None]] | None = None) -> None:
    """Run the daemon on a config file until SIGTERM or SIGINT; a changed file or SIGHUP is taken up if it is right."""
    config, stop, again = load(path), stop_at_signal(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, again.set)
    # One watch for all lives: what is saved while one gives way to the next must not be missed.
    changes = asyncio.create_task(_bell_on_change(path, again))
    former: Config | None = None
    try:
        while not stop.is_set():
            async with AsyncExitStack() as stack:
                try:
                    home = await stack.enter_async_context(house(config))
                except Unable as error:
                    if former is None:
                        raise
                    log.error("the changed config cannot be used, the old settings stay: %s", error)
                    config, former = former, None
                    continue
                if started:
                    await started(home)
                former, config = config, await _one_life(home, path, stop, again)
    finally:
        changes.cancel()
    log.info("stopped")


async def _one_life(home: House, path: Path, stop: asyncio.Event, again: asyncio.Event) -> Config:
    """One config's life. The answer is the config for the next: the file's new one, or this one."""
    closing = asyncio.Event()
    watch = asyncio.create_task(_next_config(home.config, path, again))
    ending = asyncio.create_task(stop.wait())
    living = asyncio.create_task(home.live(closing))
    try:
        await asyncio.wait([watch, ending, living], return_when=asyncio.FIRST_COMPLETED)
    finally:
        closing.set()
        for task in (watch, ending):
            task.cancel()
        await living
    return watch.result() if watch.done() and not watch.cancelled() else home.config


async def _next_config(config: Config, path: Path, again: asyncio.Event) -> Config:
    """Wait for a changed file that is right. One that is wrong is said, and the old settings stay."""
    while True:
        await again.wait()
        again.clear()
        try:
            found = load(path)
        except ConfigError as error:
            log.error("the changed config is not taken, the old settings stay:\n%s", error)
            continue
        if found != config:
            log.info("%s has changed: starting anew with it", path)
            return found


async def _bell_on_change(path: Path, bell: asyncio.Event) -> None:
    # The folder is watched, not the file: an editor's atomic save puts a new file in its place. Often it holds the
    # database too, which is written to all the time.
    try:
        async for _ in awatch(path.parent, watch_filter=lambda _, name: Path(name).name == path.name, recursive=False):
            bell.set()
    except OSError as error:  # a machine may have no watches left to give
        log.warning("changes of %s will not be noticed (%s): send SIGHUP after one", path, error)
