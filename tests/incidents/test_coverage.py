"""When a service was seen, across roll-ups and restarts: what every figure rests on."""

from __future__ import annotations

from datetime import timedelta

from bot import wording
from bot.judge.uptime import HOLD
from bot.model import Style
from tests.incidents.test_recorder import House
from tests.judge.rounds import at, look

EN = Style("en", "UTC")
DAY, HALF = timedelta(days=1), timedelta(seconds=30)


async def lived(house, letters, first=0):
    """Rounds as they are judged, and as their results are kept."""
    await house.rounds(letters, first=first)
    rows = [(("x", at(n), r)) for n, letter in enumerate(letters, first) for r in look(letter, n).readings]
    await house.store.results.record(rows)


async def unseen(house):
    return (await house.recorder.overview(at(0) - DAY)).unseen["x"]


async def test_before_the_first_round_nothing_is_known_and_after_it_all(store):
    house = House(store)
    await lived(house, "....")
    assert await unseen(house) == ((at(0) - DAY, at(0)),)
    assert (await house.recorder.overview(at(1))).unseen == {"y": ((at(1), at(3)),)}


async def test_what_the_next_life_has_not_rolled_up_yet_is_unknown_until_it_is(store):
    await lived(House(store), "....")
    after = House(store)
    await after.recorder.load()
    await lived(after, "...", first=100)
    assert await unseen(after) == ((at(0) - DAY, at(100)),)
    await store.rollups.roll({})
    assert await unseen(after) == ((at(0) - DAY, at(0)), (at(3), at(100)))


async def test_time_in_which_nothing_ran_is_up_in_no_figure(store):
    house = House(store)
    await lived(house, "..BB......")
    await store.rollups.roll({})
    house = House(store)
    await house.recorder.load()
    await lived(house, "....", first=1000)
    seen = await house.recorder.overview(at(0))

    [figure, _] = wording.uptimes(seen, at(0))
    assert figure.share == 1 - 2 / 12  # 12 times half a minute were seen, two of them down
    assert figure.unknown == 991 * HALF
    told = wording.history(seen, at(1003) - at(0), EN, seen.services[0][0]).lines
    assert told[-2:] == ("Our own connection was down 12:04–8:20 p.m. (8 h 16 min).", "Up 83.33%.")


async def test_when_the_rounds_stop_coming_the_time_since_is_unknown(store):
    house = House(store)
    await lived(house, "....")
    house.now = at(3) + HOLD
    assert len(await unseen(house)) == 1
    house.now += timedelta(seconds=1)
    assert (await unseen(house))[1] == (at(3), house.now)


async def test_an_upgraded_or_blind_house_claims_nothing(store):
    house = House(store)
    await lived(house, "..!!..")
    assert await unseen(house) == ((at(0) - DAY, at(0)), (at(2), at(4)))
    await store.rollups.roll({})
    assert await unseen(house) == ((at(0) - DAY, at(0)), (at(2), at(4)))
