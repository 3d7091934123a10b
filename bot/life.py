"""The daemon from start to stop: signals, and a changed config taken up."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from watchfiles import awatch

from bot.app import House, house
from bot.config import Config, ConfigError, load

log = logging.getLogger(__name__)


def stop_at_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def run(path: Path, started: Callable[[House], Awaitable[None]] | None = None) -> None:
    """Run the daemon on a config file until SIGTERM or SIGINT; a changed file or SIGHUP is taken up if it is right."""
    config, again = load(path), asyncio.Event()
    stop = stop_at_signal()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, again.set)
    while not stop.is_set():
        again.clear()
        config = await _one_life(config, path, stop, again, started)


async def _one_life(
    config: Config,
    path: Path,
    stop: asyncio.Event,
    again: asyncio.Event,
    started: Callable[[House], Awaitable[None]] | None,
) -> Config:
    """One config's life. The answer is the config for the next: the file's new one, or this one."""
    closing = asyncio.Event()
    async with house(config) as home:
        if started:
            await started(home)
        watch = asyncio.create_task(_next_config(config, path, again))
        ending = asyncio.create_task(stop.wait())
        living = asyncio.create_task(home.live(closing))
        try:
            await asyncio.wait([watch, ending, living], return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.set()
            await living
            for task in (watch, ending):
                task.cancel()
        return watch.result() if watch.done() and not watch.cancelled() else config


async def _next_config(config: Config, path: Path, again: asyncio.Event) -> Config:
    """Wait for a changed file that is right. One that is wrong is said, and the old settings stay."""
    changes = asyncio.create_task(_bell_on_change(path, again))
    try:
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
    finally:
        changes.cancel()


async def _bell_on_change(path: Path, bell: asyncio.Event) -> None:
    # The folder is watched, not the file: an editor's atomic save puts a new file in its place.
    async for found in awatch(path.parent, recursive=False):
        if any(Path(name).name == path.name for _, name in found):
            bell.set()
