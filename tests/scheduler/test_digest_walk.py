"""Random lives of a scheduler on virtual time: what each recipient gets is right, whatever happens in between."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.config import cron
from bot.model.local_time import instants
from bot.store import open_store
from tests.amount import ALL
from tests.scheduler.digest_house import DAY, HOUR, House, comms, config, queued, runs
from tests.sim.inline import Disk, inline
from tests.sqlite import ready

ZONES = ("Europe/Madrid", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe")
# Some days before each zone's clock changes of 2026, in spring and in autumn.
CHANGES = {
    "Europe/Madrid": ("2026-03-27", "2026-10-23"),
    "America/New_York": ("2026-03-06", "2026-10-30"),
    "Africa/Cairo": ("2026-04-22", "2026-10-28"),
    "Australia/Lord_Howe": ("2026-04-03", "2026-10-02"),
}
WHEN = ("00:00", "02:15", "mon-fri 08:00", "0 */6 * * *", "monthly 00:30", "0 2 * * sun")


@pytest.fixture
async def store(tmp_path):
    with inline(Disk()):
        async with open_store(ready(tmp_path / "tocsin.db")) as opened:
            yield opened


@pytest.mark.long
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("season", [0, 1])
async def test_every_time_of_the_schedule_is_told_once_and_at_its_hour_over_a_clock_change(store, zone, season):
    start = datetime.fromisoformat(CHANGES[zone][season]).replace(tzinfo=UTC)
    made = config(
        {f"d{n}": {"when": when, "to": ["email:a@example.org"], "timezone": zone} for n, when in enumerate(WHEN)}
    )
    daemon = House(store, made)
    await daemon.at(start)
    await daemon.until(start + 6 * DAY, HOUR / 2)
    told = defaultdict(list)
    for name, _, since, nominal in await runs(store):
        told[name].append((since, nominal))
    for n, when in enumerate(WHEN):
        due = list(instants(cron(when, zone), start, start + 6 * DAY))
        assert [nominal for _, nominal in told[f"d{n}"]] == due
        assert all(a[1] == b[0] for a, b in pairwise(told[f"d{n}"]))
    for nominal in (nominal for _, nominal in told["d0"]):
        assert nominal.astimezone(ZoneInfo(zone)).strftime("%H:%M") in {"00:00", "01:00"}  # Cairo skips its midnight
    assert len(told["d0"]) == 6
    assert len(await queued(store)) == sum(map(len, told.values()))


def _changed(dice, places):
    return comms(dice.choice(WHEN), places, timezone=dice.choice(ZONES))


def _with(made, places):
    said = made.digests["comms"]
    return comms(said.when, places, timezone=said.timezone)


async def _walk(store, dice, steps):
    """Live through steps, with one node or two."""
    people = [f"email:p{n}@example.org" for n in range(4)]
    on_list = {people[0], people[1]}
    made = _changed(dice, sorted(on_list))
    now = datetime(2026, dice.choice((3, 4, 9, 10)), dice.randint(1, 28), tzinfo=UTC)
    nodes = [House(store, made)]
    await nodes[0].at(now)
    highest = now
    for _ in range(steps):
        highest = max(highest, now)
        match dice.randrange(8):
            case 0 | 1 | 2:
                now += dice.choice((5, 600, 3600, 7 * 3600)) * timedelta(seconds=1)
            case 3:
                now += dice.choice((1, 2, 9)) * DAY + dice.random() * HOUR  # asleep
            case 4:
                now = max(now - dice.random() * 20 * HOUR, highest - 24 * HOUR)  # the clock is set back
            case 5 | 6:
                nodes = [nodes[0].again(), nodes[0].again()][: dice.randint(1, 2)]  # a restart, with one node or two
            case 7:
                on_list ^= {dice.choice(people)}
                made = _with(made, sorted(on_list)) if on_list and made.digests else config({})
                nodes = [node.again(made) for node in nodes]
        if on_list and (not made.digests or dice.random() < 0.1):
            made = _changed(dice, sorted(on_list))
            nodes = [node.again(made) for node in nodes]
        for node in nodes:
            node.clock.now = now
        await asyncio.gather(*(node.digests.send_due() for node in nodes))


@pytest.mark.parametrize("seed", range(60 if ALL else 12))
async def test_whatever_happens_nobody_gets_a_period_twice_and_nothing_of_a_recipient_is_lost(store, seed):
    dice = random.Random(seed)
    await _walk(store, dice, 60)
    told = defaultdict(list)
    for _, place, since, nominal in await runs(store):
        told[place].append((since, nominal))
    for place, periods in told.items():
        assert all(since < nominal for since, nominal in periods), place
        ends = [nominal for _, nominal in periods]
        assert len(ends) == len(set(ends))
        # No moment is told twice.
        assert all(before[1] <= after[0] for before, after in pairwise(periods)), place
    keys = [key for key, _, _ in await queued(store)]
    assert len(keys) == len(set(keys)) == sum(map(len, told.values()))
    coming = [place for _, place, _, _ in await runs(store, coming=True)]
    assert len(coming) == len(set(coming))


@pytest.mark.long
async def test_a_thousand_recipients_in_four_zones_over_a_week_with_two_nodes_and_a_restart(store):
    start = datetime(2026, 10, 22, 12, tzinfo=UTC)
    names = {"madrid": ZONES[0], "york": ZONES[1], "cairo": ZONES[2], "howe": ZONES[3]}
    digests = {
        name: {"when": "08:00", "timezone": zone, "to": [f"email:{n}@{name}.example.org" for n in range(250)]}
        for name, zone in names.items()
    }
    nodes = [House(store, config(digests)) for _ in range(2)]
    for day in range(15):
        for node in nodes:
            node.clock.now = start + day * DAY / 2
        await asyncio.gather(*(node.digests.send_due() for node in nodes))
        if day == 7:
            nodes = [node.again() for node in nodes]
    found = await runs(store)
    by_recipient = defaultdict(list)
    for name, place, since, nominal in found:
        by_recipient[name, place].append((since, nominal))
    assert len(by_recipient) == 1000
    for (name, _), periods in by_recipient.items():
        assert len(periods) == 7
        assert all(a[1] == b[0] for a, b in pairwise(periods))
        assert {nominal.astimezone(ZoneInfo(names[name])).hour for _, nominal in periods} == {8}
    assert len(await queued(store)) == 7000
