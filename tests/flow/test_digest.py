"""The digest comes by mail at its minute, what happened is in it, and it comes once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from bot.app import open_app
from bot.clock import PROCESS
from bot.config import Config
from bot.model import Outcome, Reading, Round
from bot.scheduler import clock_steps, jobs
from tests.fakes.mail import PASSWORD, SENDER, FakeRelay, free_ports
from tests.fakes.site import Site
from tests.flow.house import eventually
from tests.reasons import quote

pytestmark = pytest.mark.long

MADRID = ZoneInfo("Europe/Madrid")
EIGHT = datetime(2026, 11, 20, 8, 0, tzinfo=MADRID)
FRIDAY = datetime(2026, 11, 20, 7, 59, 58, tzinfo=MADRID)  # "mon-fri 08:00" is in two seconds


def made(folder, site, relay):
    services = {"x": "X (Twitter)", "blog": "Our blog"}
    return Config.model_validate(
        {
            "timezone": "Europe/Madrid",
            "clock": "12h",
            "database": f"sqlite:///{folder}/tocsin.db",
            "web": {"listen": f"127.0.0.1:{free_ports(1)[0]}"},
            "services": {
                key: {"name": name, "routes": {"web": {"kind": "http", "url": site.url()}}, "every": "1s"}
                for key, name in services.items()
            },
            "channels": {"email": {"server": relay.url, "password": PASSWORD, "security": "none", "from": SENDER}},
            "digests": {"comms": {"to": ["email:comms@example.org"], "when": "mon-fri 08:00", "covers": "24h"}},
        }
    )


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(jobs, "DIGESTS", timedelta(seconds=0.2))
    # Here days pass while the steady clock stands still: that is no step of the wall clock.
    monkeypatch.setattr(clock_steps, "boot_id", lambda: "")


@asynccontextmanager
async def living(config, at):
    """A house that lives from `at` on, as a process that begins then; it ends in order."""
    with process_clock(), time_machine.travel(at, tick=True):
        PROCESS.step(PROCESS.drift())
        async with AsyncExitStack() as stack:
            home, stop = await stack.enter_async_context(open_app(config)), asyncio.Event()
            yield home, stop


@contextmanager
def process_clock():
    """The process's clock reads the wall clock at a start, and only then; afterwards it is as right as it was before."""
    try:
        yield
    finally:
        PROCESS.step(PROCESS.drift())


async def until_told(home, stop, instant):
    """Live until the digest of an instant, or a later one, is told."""
    life = asyncio.create_task(home.live(stop))

    async def told():
        told = (await home.store.digests.latest()).values()
        return all(at >= instant for at in told) and told and home.clock() > instant

    try:
        await eventually(told)
        await eventually(lambda: sent(home))
    finally:
        stop.set()
        await life


async def for_a_while(home, stop, seconds=3.0):
    life = asyncio.create_task(home.live(stop))
    await asyncio.sleep(seconds)
    stop.set()
    await life


async def sent(home):
    return not sum((await home.store.deliveries.backlog()).values())


async def was_down(home, service, since, until):
    """Rounds as they would have been: bad ones from `since`, good ones from `until` on."""
    bad, good = Reading("web", Outcome.FAILED, quote("HTTP 503")), Reading("web", Outcome.OK)
    beat = timedelta(seconds=10)
    for at, reading in [(since, bad), (since + beat, bad), (until, good), (until + beat, good)]:
        await home.recorder.seen(Round(service, at, (reading,)))


async def was_watched(home, *services):
    """The day before, as its results say: a round every ten minutes was enough to know it."""
    good, step = Reading("web", Outcome.OK), timedelta(minutes=10)
    now = home.clock()
    times = [now - n * step for n in range(150, -1, -1)]
    await home.store.results.record([(service, at, good) for at in times for service in services])
    await home.store.rollups.roll(dict.fromkeys(services, 2 * step))
    for service in services:  # known to be up, though on a busy machine no round should come before the digest
        await home.recorder.seen(Round(service, now - timedelta(days=2), (good,)))


async def test_the_digest_says_what_happened_at_its_minute_and_comes_once(tmp_path):
    since = datetime(2026, 11, 19, 14, 0, 20, tzinfo=MADRID).astimezone(UTC)
    until = since + timedelta(minutes=50)
    async with Site(keep=True) as site, FakeRelay() as relay:
        config = made(tmp_path, site, relay)
        async with living(config, FRIDAY) as (home, stop):
            await was_watched(home, "x", "blog")
            await was_down(home, "x", since, until)
            await until_told(home, stop, EIGHT)
        (mail,) = relay.applied
        assert mail.place == "comms@example.org"
        assert mail.raw["Subject"] == "📰 comms, Friday, November 20: 1 outage, 50 min"
        lines = [" ".join(line.split()) for line in mail.text.partition("\n-- ")[0].split("\n") if line]
        assert lines[:9] == [
            "comms, Friday, November 20: 1 outage, 50 min",
            "From Thursday, November 19, 2026, 8:00 a.m. CET to Friday, November 20, 2026, 8:00 a.m. CET",
            "Outages",
            "Service Start End Length",
            "X (Twitter) 2:00 p.m. Thu 2:50 p.m. Thu 50 min",
            "Down. Confirmed by our checks 2:00 p.m. Thu.",
            "Uptime",
            "Service Uptime Before",
            "X (Twitter) 96.52% 100%",  # 50 of 1,440 minutes, rounded down
        ]

        # Restarted a moment before its minute, as if the clock had been set back: the same day's digest is not sent again.
        async with living(config, FRIDAY) as (home, stop):
            await for_a_while(home, stop)
        assert len(relay.applied) == 1
        assert relay.broken == []


async def test_the_digest_of_a_day_with_nothing_is_one_line(tmp_path):
    async with Site(keep=True) as site, FakeRelay() as relay:
        config = made(tmp_path, site, relay)
        async with living(config, FRIDAY - timedelta(days=1)) as (home, stop):
            await was_watched(home, "x", "blog")
            await until_told(home, stop, EIGHT - timedelta(days=1))
        (mail,) = relay.applied
        assert mail.raw["Subject"] == "📰 comms, Thursday, November 19: all quiet, all 2 services were up"
        assert "\nNo outage, and nothing was missed: all 2 services were up all the time.\n" in mail.text
        assert "\nX (Twitter)    100%    100%\nUp the whole time.\n" in mail.text


async def test_no_digest_comes_at_the_weekend(tmp_path):
    async with Site(keep=True) as site, FakeRelay() as relay:
        config = made(tmp_path, site, relay)
        async with living(config, FRIDAY + timedelta(days=1)) as (home, stop):
            await for_a_while(home, stop)
        assert relay.applied == []


@pytest.mark.hardened("T33", "the daemon is restarted over the minute of a digest", "sent late, once, and it says so")
@pytest.mark.parametrize(("away", "late"), [(timedelta(minutes=2), False), (timedelta(hours=3), True)])
async def test_a_digest_whose_minute_was_missed_is_sent_late_and_once(tmp_path, away, late, saw):
    async with Site(keep=True) as site, FakeRelay() as relay:
        config = made(tmp_path, site, relay)
        async with living(config, FRIDAY - timedelta(minutes=1)) as (home, stop):
            await for_a_while(home, stop)
        assert relay.applied == []
        for _ in range(2):
            async with living(config, EIGHT + away) as (home, stop):
                await (for_a_while(home, stop) if relay.applied else until_told(home, stop, EIGHT))
        (mail,) = relay.applied
        assert ("Sent late: this was due at 8:00 a.m." in mail.text) is late
        saw("sent once" + (", saying when it was due" if late else ""))


@pytest.mark.hardened("T33", "stopped or asleep for five days", "one digest for all of them, no gap and no overlap")
async def test_days_that_were_missed_are_told_in_one_digest(tmp_path, saw):
    async with Site(keep=True) as site, FakeRelay() as relay:
        config = made(tmp_path, site, relay)
        monday = EIGHT + timedelta(days=10)
        async with living(config, FRIDAY) as (home, stop):
            await until_told(home, stop, EIGHT)
        async with living(config, monday + timedelta(hours=1)) as (home, stop):
            await until_told(home, stop, monday)
        async with living(config, monday + timedelta(days=1, seconds=-2)) as (home, stop):
            await until_told(home, stop, monday + timedelta(days=1))
        periods = [mail.text.splitlines()[1] for mail in relay.applied]
        days = ["Thursday, November 19", "Friday, November 20", "Monday, November 30", "Tuesday, December 1"]
        for said, since, until in zip(periods, days[:-1], days[1:], strict=True):
            assert said == f"From {since}, 2026, 8:00 a.m. CET to {until}, 2026, 8:00 a.m. CET"
        saw(periods[1])
