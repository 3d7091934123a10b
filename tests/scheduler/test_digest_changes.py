"""A thousand recipients in four zones over the changes of their clocks, on each database, with two nodes and a restart in
the middle of the queueing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.scheduler.digest_house import DAY, House, config, queued, runs

# The days before a change of the clocks: each zone's own, forward and back; Cairo skips and repeats its midnight.
ZONES = {
    "Europe/Madrid": ("2026-03-28", "2026-10-24"),
    "America/New_York": ("2026-03-07", "2026-10-31"),
    "Africa/Cairo": ("2026-04-23", "2026-10-29"),
    "Australia/Lord_Howe": ("2026-04-04", "2026-10-03"),
}
READERS = 1000


@pytest.mark.long
@pytest.mark.parametrize("season", [0, 1])
async def test_each_gets_each_once_at_its_hour_though_clocks_change(store, season):
    """The digest comes at 00:00, the hour that is skipped or repeated in Cairo."""
    each = READERS // len(ZONES)
    digests = {
        f"d{n}": {"when": "00:00", "timezone": zone, "to": [f"email:{k}@d{n}.example.org" for k in range(each)]}
        for n, zone in enumerate(ZONES)
    }
    by_date = sorted(enumerate(ZONES.items()), key=lambda entry: entry[1][1][season])  # no clock goes back by weeks
    for n, (zone, days) in by_date:
        own = config({f"d{n}": digests[f"d{n}"]})
        start = datetime.fromisoformat(days[season]).replace(hour=12, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        nodes = [House(store, own) for _ in range(2)]
        for node in nodes:
            await node.at(start)
        await _cut(nodes[0], start + DAY)  # killed among its recipients
        nodes[0] = nodes[0].again()
        for step in range(1, 4):
            for node in nodes:
                node.clock.now = start + step * DAY
            await asyncio.gather(*(node.digests.send_due() for node in nodes))
    told = defaultdict(list)
    for name, place, since, nominal in await runs(store):
        told[name, place].append((since, nominal))
    assert len(told) == READERS
    for (name, _), periods in told.items():
        zone = ZoneInfo(digests[name]["timezone"])
        assert len(periods) == 3
        assert all(before[1] == after[0] for before, after in pairwise(periods))
        hours = [nominal.astimezone(zone).strftime("%H:%M") for _, nominal in periods]
        assert set(hours) <= {"00:00", "01:00"}
        assert hours.count("01:00") <= (name == "d2" and season == 0)  # Cairo's midnight that there is not
        assert {nominal - since for since, nominal in periods} <= {
            DAY + timedelta(minutes=m) for m in (-60, -30, 0, 30, 60)
        }
    keys = [key for key, _, _ in await queued(store)]
    assert len(keys) == len(set(keys)) == 3 * READERS


async def _cut(node, at):
    """Let a node queue a part of what is due, and end."""
    real, calls = node.store.digests.queue, []

    async def queue(*given):
        calls.append(given)
        if len(calls) > 2:
            raise OSError("killed")
        return await real(*given)

    node.store.digests.queue = queue
    try:
        with pytest.raises(OSError, match="killed"):
            await node.at(at)
    finally:
        del node.store.digests.queue
