"""One process from start to stop: signals, and a changed config."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bot.app import App, bound, open_app
from bot.config import Config, ConfigError, load
from bot.config.apart import described, is_live, read_apart
from bot.contracts import ChannelContext, Unable
from bot.errors import fault
from bot.model import Reason, ReasonCode
from bot.net import Network
from bot.own_health import OwnHealth, Part
from bot.runtime_record import RuntimeRecord, kept
from bot.store import open_store
from bot.supervisor import quiet_loop

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY = 5.0  # seconds until a valid config that could not be opened is tried again
LOOK = 1.0  # seconds between two looks at the file
SETTLED = 0.2  # seconds that a changed file must stay unchanged, as an editor may still be writing
ENDS_WITHIN = 4.7  # seconds from the signal to the end, whatever hangs
AWHILE = (1.0, 30.0)  # seconds between attempts to open the parts: first and longest wait
REHEARSAL = 20.0  # seconds that a trial opening of a changed config may take
NOT_TAKEN = "the changed config is not taken, the old settings stay"
UNUSABLE = "the changed config cannot be used, the old settings stay"


class Stopped(Exception):
    """A stop was requested: abandon the work in progress."""


@dataclass
class Stop:
    """Set by SIGTERM and SIGINT. The process ends soon afterwards even if something hangs; a second SIGINT ends it at
    once.
    """

    event: asyncio.Event = field(default_factory=asyncio.Event)
    within: float = ENDS_WITHIN
    end: Callable[[int], Any] = os._exit
    _timer: threading.Timer | None = None

    def listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.heard, number)

    def heard(self, number: int) -> None:
        if self.event.is_set() and number == signal.SIGINT:
            log.warning("interrupted twice: ending at once")
            self.end(130)
        if self.event.is_set():
            return
        log.info("stopping: %s", signal.Signals(number).name)
        self.event.set()
        # A thread, as the loop itself may hang at the end: on a database lock, or in threads of a driver.
        self._timer = threading.Timer(self.within, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        log.warning("stopped without waiting any longer for what hangs; what is queued is told after the next start")
        self.end(0)

    def done(self) -> None:
        """Cancel the forced end, as everything has ended."""
        if self._timer:
            self._timer.cancel()


def stop_at_signal() -> asyncio.Event:
    """An event set by SIGTERM and SIGINT."""
    stop = Stop()
    stop.listen()
    return stop.event


async def _unless(stop: Stop, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`. Raise Stopped if a stop is requested first."""
    task, ending = asyncio.ensure_future(work), asyncio.create_task(stop.event.wait())
    try:
        await asyncio.wait([task, ending], return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1)
            raise Stopped
        return task.result()
    finally:
        ending.cancel()
        task.cancel()


async def read(path: Path) -> Config:
    """Read the config file in a thread. Raise ConfigError or Unable if that fails in any way."""
    try:
        return await asyncio.to_thread(load, path)
    except (ConfigError, Unable):
        raise
    except Exception as error:
        raise Unable(f"{path}: cannot be read ({fault(error)})") from error


async def run(
    path: Path, started: Callable[[App], Awaitable[None]] | None = None, process_stop: Stop | None = None
) -> None:
    """Run the daemon until SIGTERM or SIGINT. A changed file or SIGHUP applies the config if it is valid.
    `process_stop` stays armed afterwards, so that hanging driver threads cannot delay the end of the process.
    """
    stop, again = process_stop or Stop(), asyncio.Event()
    stop.listen()
    quiet_loop(asyncio.get_running_loop())
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, again.set)
    # One watch for all runs, so that a file saved during a restart is not missed.
    changes = asyncio.create_task(_bell_on_change(path, again))
    try:
        with suppress(Stopped), kept(str(path)) as record:
            config = await _unless(stop, read(path))
            await Lives(path, stop, again, record, started).run(config)
    finally:
        changes.cancel()
        if process_stop is None:
            stop.done()
    log.info("stopped")


@dataclass
class Lives:
    """Successive runs of the app: each ends with the stop, or with a changed config that can be opened."""

    path: Path
    stop: Stop
    again: asyncio.Event
    record: RuntimeRecord
    started: Callable[[App], Awaitable[None]] | None = None
    health: OwnHealth = field(default_factory=OwnHealth)
    usable: Config | None = None  # the latest config in force
    wait: float = AWHILE[0]  # seconds until the next attempt

    async def run(self, config: Config) -> None:
        while not self.stop.event.is_set():
            async with AsyncExitStack() as stack:
                try:
                    home = await _unless(self.stop, stack.enter_async_context(open_app(config, own_health=self.health)))
                except Stopped:
                    raise
                except Exception as error:
                    if self.usable is None:
                        raise
                    config = await self._in_vain(error, config, self.usable)
                    continue
                home.secret = self.record.secret
                self.record.say(config.web.address)
                if self.started:
                    await self.started(home)
                self.usable, self.wait = config, AWHILE[0]
                config = await _one_life(home, self.path, self.stop, self.again)
                self.usable = home.config  # perhaps a later one by now

    async def _in_vain(self, error: Exception, config: Config, usable: Config) -> Config:
        """The config to open after a failure: the old one, retried with back-off."""
        if config is not usable:
            self.health.report(Part.CONFIG, Reason.of(ReasonCode.SEE_LOG))
            log.error("%s: %s", UNUSABLE, _why(error))
            return usable
        log.error("the old settings cannot be used just now, tried again in %.0f s: %s", self.wait, _why(error))
        with suppress(TimeoutError):
            async with asyncio.timeout(self.wait):
                await self.stop.event.wait()
        self.wait = min(2 * self.wait, AWHILE[1])
        return usable


async def _one_life(home: App, path: Path, stop: Stop, again: asyncio.Event) -> Config:
    """Run the app with one config. Return the config of the next run: the changed one, or this one."""
    closing = asyncio.Event()
    watch = asyncio.create_task(_next_config(home, path, again))
    ending = asyncio.create_task(stop.event.wait())
    living = asyncio.create_task(home.live(closing))
    try:
        await asyncio.wait([watch, ending, living], return_when=asyncio.FIRST_COMPLETED)
    finally:
        closing.set()
        for task in (watch, ending):
            task.cancel()
        await living
    return watch.result() if watch.done() and not watch.cancelled() else home.config


async def _next_config(home: App, path: Path, again: asyncio.Event) -> Config:
    """Wait for a changed config that is valid and can be opened. Log an invalid one and keep the old settings."""
    said = ""
    while True:
        await again.wait()
        again.clear()
        try:
            found = await _changed(path, home.config)
            if found != home.config:
                if is_live(home.config, found):
                    await _take_up(path, found, home)
                else:
                    async with asyncio.timeout(REHEARSAL):
                        await rehearse(found, home)
        except ConfigError as error:
            said = _refuse(home, f"{NOT_TAKEN}:\n{error}")
        except Exception as error:  # noqa: BLE001 - whatever reading or opening raises, the running app goes on
            said = _refuse(home, f"{UNUSABLE}: {_why(error)}", said)
            asyncio.get_running_loop().call_later(RETRY, again.set)  # perhaps only the database is away
        else:
            home.own_health.clear(Part.CONFIG)
            if found != home.config:
                log.info("%s has changed: starting anew with it", path)
                return found


async def _changed(path: Path, now: Config) -> Config:
    """The config as it is in the file by now, with warnings logged."""
    try:
        found, warnings = await read_apart(path, now)
    except (ConfigError, Unable):
        raise
    except Exception as error:
        raise Unable(f"{path}: cannot be read ({fault(error)})") from error
    for line in warnings:
        log.warning("%s", line)
    return found


async def _take_up(path: Path, found: Config, home: App) -> None:
    was = described(home.config, found)
    await home.take_up(found)
    log.info("%s has changed, and is in force: %s", path, was)


def _refuse(home: App, line: str, said: str = "") -> str:
    """Log why a changed config is not in force, unless `said` already says so. Return the line."""
    home.own_health.report(Part.CONFIG, Reason.of(ReasonCode.SEE_LOG))
    if line != said:
        log.error("%s", line)
    return line


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "to open what it names takes too long"
    return str(error) if isinstance(error, Unable) else f"our own error: {fault(error)}"


async def rehearse(config: Config, home: App) -> None:
    """Try to open a changed config while the old one is running, and pass on any error."""
    now = home.config
    async with AsyncExitStack() as stack:
        if config.web.address != now.web.address:
            stack.enter_context(await bound(config))
        if config.database != now.database:
            file = config.database.startswith("sqlite:")  # on a server it would become a node, and take its share
            await stack.enter_async_context(open_store(config.database, alone=file))
        else:
            await home.store.subscriptions.remember("rehearsed", home.clock().isoformat())
        net = await stack.enter_async_context(Network())
        desk = ChannelContext(net, (), home.store.subscriptions.recall, home.store.subscriptions.remember)
        for kind, settings in config.opened_channels().items():
            if settings != now.opened_channels().get(kind):
                await stack.enter_async_context(settings.open(desk))


Signature = tuple[int, int, int, int] | None


async def _bell_on_change(path: Path, bell: asyncio.Event) -> None:
    """Set `bell` when the file at `path` is replaced or changed.

    Polled, as several changes raise no file event: a folder moved away and back, a redirected link, a machine out of
    inotify watches, a network file system.
    """
    known = await asyncio.to_thread(_signature, path)
    while True:
        await asyncio.sleep(LOOK)
        found = await asyncio.to_thread(_signature, path)
        if found == known:
            continue
        while (after := await _later(path)) != found:
            found = after
        known = found
        if known is not None:
            bell.set()
        else:
            log.warning("%s is gone: the settings stay as they are until it is back", path)


async def _later(path: Path) -> Signature:
    await asyncio.sleep(SETTLED)
    return await asyncio.to_thread(_signature, path)


def _signature(path: Path) -> Signature:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
