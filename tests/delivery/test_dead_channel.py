"""Slack is dead for ten minutes, in every way: who reads it on a ladder has each notice on Telegram in its time, its own
readers are told once when it is back, and nobody is told anything twice.
"""

from __future__ import annotations

import pytest

from tests.delivery.dead import (
    BROKEN,
    HANGS,
    LIMITED,
    LIMITED_BARE,
    LIMITED_BOTH,
    REFUSED,
    TIMEOUT,
    UNHEARD,
    WRITES,
    Trouble,
    ran,
    town,
)
from tests.flow.dead_judged import judged

pytestmark = pytest.mark.long
DIES, LASTS, QUARTER = 600, 600, 150  # seconds since noon
BACK = DIES + LASTS
SERVICES = ("earlier", "inside", "longer", "flapping")
ALONE = {
    "refuses": REFUSED,
    "hangs": HANGS,
    "hangs and writes": WRITES,
    "answers 500": BROKEN,
    "asks to wait": LIMITED,
    "asks to wait for no time": LIMITED_BARE,
}


def outages(at):
    at.fail("earlier", (DIES - 120, DIES + 200))
    at.fail("inside", (DIES + 100, DIES + 300))
    at.fail("longer", (DIES + 10, BACK + 200))  # the first that Slack is told of, and it still holds afterwards
    at.fail("flapping", *((DIES + n * 130 + 20, DIES + n * 130 + 80) for n in range(4)))


async def live(folder, *phases, known=70):
    """Each phase its name, when it begins and what it is; after how many seconds it is known."""
    async with town(folder, *SERVICES) as at:
        outages(at)
        for _, since, trouble in phases:
            at.trouble("slack", since, trouble)
        at.trouble("slack", BACK, None)
        await at.live(BACK + 600)  # what flaps has settled by then
        return judged(ran(at, [(name, since) for name, since, _ in phases], BACK, known))


@pytest.mark.parametrize(
    ("hanging", "limited"),
    [(HANGS, LIMITED_BOTH), (WRITES, LIMITED_BARE)],
    ids=["writes nothing, with a wait", "writes, without"],
)
async def test_ten_minutes_of_all(tmp_path, hanging, limited):
    fours = (("refused", REFUSED), ("hanging", hanging), ("500", BROKEN), ("429", limited))
    report = await live(tmp_path, *((name, DIES + n * QUARTER, trouble) for n, (name, trouble) in enumerate(fours)))
    assert not report.problems, "\n".join(report.problems)


@pytest.mark.parametrize("alone", ALONE)
async def test_ten_minutes_of_one(tmp_path, alone):
    known = 150 if "wait" in alone else 70  # its API only asks to wait: our own messages have to tell
    report = await live(tmp_path, (alone, DIES, ALONE[alone]), known=known)
    assert not report.problems, "\n".join(report.problems)


@pytest.mark.hardened(
    "R16", "a first rung hangs that was never seen dead, several notices at once", "second rung: 60 s + 2 s"
)
async def test_a_first_rung_that_hangs_while_its_api_is_well(tmp_path, saw):
    async with town(tmp_path, "a", "b", "c") as at:
        at.trouble("slack", 0, Trouble(lambda: UNHEARD, TIMEOUT, probe=None))
        for number, service in enumerate(at.services):
            at.fail(service, (5 + number, 900))
        await at.live(240)
        asked = "SELECT kind, thread, min(queued_at) / 1e6, min(settled_at) / 1e6 FROM deliveries WHERE audience = 'desk' GROUP BY 1, 2"
        rows = {(kind, thread): times for kind, thread, *times in at.look.execute(asked)}
    took = [rows["telegram", thread][1] - queued for (kind, thread), (queued, _) in rows.items() if kind == "slack"]
    saw(f"{min(took):.2f} to {max(took):.2f} s")
    assert len(took) >= 3
    assert max(took) <= 62
