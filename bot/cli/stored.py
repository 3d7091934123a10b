"""What the database says, read beside the daemon or without one; opens no channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.chat import loading
from bot.clock import SYSTEM
from bot.config import Config
from bot.incidents.recorder import Recorder
from bot.model import Overview, Trail
from bot.store import Store
from bot.watch.user_reports import UserReports
from bot.wiring import setting


async def trail(config: Config, store: Store, asked: str) -> Trail | None:
    """The delivery log of an incident ("x#17"), or of a service's latest one."""
    record = Recorder(store, setting(config), SYSTEM.utcnow)
    await record.load()
    return await loading.trail(record, asked)


async def glance(config: Config, store: Store) -> tuple[Overview, datetime | None]:
    """The present state, and when a daemon last reported that it is alive."""
    record = Recorder(store, setting(config), SYSTEM.utcnow)
    await record.load()
    crowd = UserReports(store, SYSTEM.utcnow, bad_since=record.bad_since)
    await crowd.load()
    overview = replace(await record.overview(SYSTEM.utcnow() - timedelta(days=7)), user_reports=crowd.tallies())
    return overview, await store.results.last_alive()
