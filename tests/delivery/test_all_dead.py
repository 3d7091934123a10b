"""All channels dead for half an hour: each place is caught up once, whether they are back at once or one after another."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.delivery.dead import CUT, HANGS, SETTINGS, town
from tests.delivery.rungs import NOON

pytestmark = pytest.mark.long
MINUTE = 60.0
START = 1.0  # minutes since noon at which they die
# Minutes after that: one outage within, one service that fails twice, one that lasts on, one that begins near the end.
OUTAGES = {"a": [(0.6, 3)], "b": [(1.1, 2.2), (3.2, 4.4)], "c": [(2, 90)], "d": [(5, 90)]}
AT_ONCE = {kind: [(0, 6)] for kind in SETTINGS}
ONE_AFTER_ANOTHER = {"email": [(0, 6)], "telegram": [(0, 6.5)], "discord": [(0, 7)], "slack": [(0, 8)]}
TWICE = AT_ONCE | {"telegram": [(0, 2.5), (3, 6)], "discord": [(0, 6), (7.5, 8.5)]}


async def told(folder, how, dead):
    """What each place was told: minutes after their death, and the lines."""
    async with town(folder, *OUTAGES, watched=tuple(SETTINGS)) as at:
        for name, spans in OUTAGES.items():
            at.fail(name, *((MINUTE * (START + since), MINUTE * (START + until)) for since, until in spans))
        for kind, spans in dead.items():
            for since, until in spans:
                at.trouble(kind, MINUTE * (START + since), how)
                at.trouble(kind, MINUTE * (START + until), None)
        await at.live(MINUTE * (START + 9.5))
        found = defaultdict(list)
        for kind, far in at.fars.items():
            for one in far.heard:
                minute = (one.at - NOON.timestamp()) / MINUTE - START
                found[kind, one.place].append((round(minute, 2), one.lines))
    return found


def of_services(heard, since, until):
    """The messages between these minutes that tell of what readers follow: in a line each, as "A was down …"."""
    return [
        lines
        for minute, lines in heard
        if since <= minute < until and any(f"{name} " in line for name in "ABCD" for line in lines)
    ]


def miscounted(heard):
    """Messages that call our own channels services."""
    return [lines for _, lines in heard if "services" in lines[0] and all("delivery" in line for line in lines[1:])]


def returned(kind, dead):
    return max(until for _, until in dead[kind])


@pytest.mark.hardened("R17", "all channels dead for long, then back", "one catch-up a place, whatever was in doubt")
@pytest.mark.parametrize(
    ("dead", "how"),
    [(AT_ONCE, CUT), (AT_ONCE, HANGS), (ONE_AFTER_ANOTHER, CUT), (TWICE, CUT)],
    ids=["back at once", "back at once, they hung", "one after another", "some dead twice"],
)
@pytest.mark.timeout(300)
async def test_one_catch_up_a_place(tmp_path, dead, how, saw):
    found = await told(tmp_path, how, dead)
    counts = {
        f"{kind}:{place}": len(of_services(heard, returned(kind, dead), returned(kind, dead) + 1))
        for (kind, place), heard in found.items()
    }
    saw(f"{counts}")
    assert len(counts) == 6
    told_twice = {place: found[tuple(place.split(":"))] for place, number in counts.items() if number > 1}
    assert told_twice == {}
    assert not [wrong for heard in found.values() for wrong in miscounted(heard)]
