from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.judge.uptime import HOLD
from bot.model import Outcome, Reading, Stretch
from bot.store import StoreUnavailable, open_store, rollups
from bot.store.schema import five_minutes, hours, results, series, stretches
from tests.reasons import quote
from tests.store.made import NOW, SECOND

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GOOD = Reading("web", Outcome.OK, None, 200 * timedelta(milliseconds=1))
BAD = Reading("web", Outcome.FAILED, quote("HTTP 503"), 300 * timedelta(milliseconds=1))
BLIND = Reading("web", Outcome.INCONCLUSIVE, quote("our own error"))


def rounds(letters, since=NOW, service="x", every=30 * SECOND):
    readings = {".": GOOD, "B": BAD, "?": BLIND}
    return [(service, since + n * every, readings[letter]) for n, letter in enumerate(letters) if letter != " "]


async def roll(store, **how):
    steps = 1
    while await store.rollups.roll({}, **how):
        steps += 1
    return steps


async def known(store, service="x", since=NOW - HOUR, table=hours):
    """Seconds up, slow and down, and the answers."""
    found = await store.rollups.figures(service, since, table=table)
    return *((length / SECOND) for length in (found.up, found.slow, found.down)), found.answers


async def counts(store):
    async def work(connection):
        tables = (results, five_minutes, hours, stretches, series)
        return [await connection.scalar(select(func.count()).select_from(table)) for table in tables]

    return await store.rollups._database.read(work)


async def test_what_is_rolled_up_counts_once_however_often_that_is_done(store):
    await store.results.record(rounds("...BB.") + rounds("......", service="y"))
    await roll(store)
    await roll(store)

    for table in (hours, five_minutes):
        assert await known(store, table=table) == (90, 0, 60, 4)
        assert await known(store, "y", table=table) == (150, 0, 0, 6)
    assert (await store.rollups.stretches(NOW))["x"] == [Stretch(NOW, NOW + 150 * SECOND)]
    figures = await store.rollups.figures("x", NOW)
    assert (figures.average, figures.slowest) == (0.2 * SECOND, 0.2 * SECOND)


async def test_it_goes_on_where_it_ended_in_small_steps_and_after_a_restart(database_url):
    letters = "..BB..?..B..   ......"
    async with open_store(database_url) as store:
        await store.results.record(rounds(letters[:9]))
        assert await roll(store, most=3) > 2
    async with open_store(database_url) as store:
        await store.results.record(rounds(letters[9:], NOW + 9 * 30 * SECOND) + rounds(letters, service="once"))
        await roll(store, most=4)
        assert await known(store) == await known(store, "once")
        found = await store.rollups.stretches(NOW)
        assert found["x"] == found["once"]
        assert [stretch.going for stretch in found["x"]] == [False, True, True]


async def test_a_step_ends_at_so_many_rows_to_be_written_however_many_results_go_into_them(store, monkeypatch):
    monkeypatch.setattr(rollups, "READ", 4)
    monkeypatch.setattr(rollups, "BUCKETS", 6)
    await store.results.record([row for n in range(3) for row in rounds("....", service=f"s{n}", every=SECOND)])
    assert await roll(store) == 1
    await store.results.record([row for n in range(40) for row in rounds("..", service=f"t{n}", every=SECOND)])
    assert await roll(store) >= 5
    assert [await known(store, name) for name in ("s0", "t0", "t39")] == [(3, 0, 0, 4), (1, 0, 0, 2), (1, 0, 0, 2)]


async def test_a_roll_up_that_breaks_off_is_done_again_as_a_whole(store, monkeypatch):
    await store.results.record(rounds("..BB.."))
    whole = rollups._in_parts
    done = []

    async def torn(connection, statement, rows):
        await whole(connection, statement, rows)
        done.append(statement)
        if len(done) == 2:
            raise StoreUnavailable("the database is away")

    monkeypatch.setattr(rollups, "_in_parts", torn)
    with pytest.raises(StoreUnavailable):
        await roll(store)
    assert (await counts(store))[1:4] == [0, 0, 0]
    await roll(store)
    assert await known(store) == (90, 0, 60, 4)


async def test_two_that_roll_up_at_once_count_once(database_url):
    async with open_store(database_url) as one, open_store(database_url) as other:
        await one.results.record(rounds("..BB.."))
        await asyncio.gather(one.rollups.roll({}), other.rollups.roll({}))
        await one.results.record(rounds(".B.", NOW + 180 * SECOND))
        await other.rollups.roll({})
        await roll(one)
        await roll(other)
        assert await known(one) == (150, 0, 90, 6)


async def test_after_we_did_not_run_the_time_between_is_unknown(store):
    late = NOW + 2 * HOUR
    await store.results.record(rounds("...") + rounds("...", late))
    await roll(store)

    assert (await known(store))[:3] == (120, 0, 0)
    assert (await store.rollups.stretches(NOW))["x"] == [
        Stretch(NOW, NOW + 60 * SECOND),
        Stretch(late, late + 60 * SECOND),
    ]
    assert await store.rollups.stretches(NOW + HOUR) == {"x": [Stretch(late, late + 60 * SECOND)]}


async def test_how_far_apart_rounds_may_be_is_each_services_own(store):
    await store.results.record(rounds("..", every=2 * HOLD) + rounds("..", service="slow", every=2 * HOLD))
    await store.rollups.roll({"slow": 3 * HOLD})

    assert (await known(store))[0] == 0
    assert (await known(store, "slow"))[0] == 2 * HOLD / SECOND


async def test_a_flush_that_failed_leaves_no_number_that_is_not_stored(store):
    with pytest.raises(ValueError, match="without a zone"):
        await store.results.record([("x", NOW.replace(tzinfo=None), GOOD)])
    await store.results.record(rounds(".."))
    assert len(await store.results.results("x", NOW)) == 2


async def test_roll_ups_are_forgotten_in_their_time_and_a_route_after_all_of_its_own(store):
    await store.results.record(rounds("..........."))
    await store.results.record(rounds("...........", NOW + 800 * DAY, "y"))
    await roll(store)
    await store.results.prune(NOW + 47 * HOUR)
    assert await counts(store) == [22, 4, 2, 2, 2]
    await store.results.prune(NOW + 49 * HOUR)
    assert await counts(store) == [11, 4, 2, 2, 2]
    await store.results.prune(NOW + 15 * DAY)
    assert await counts(store) == [11, 2, 2, 2, 2]
    await store.results.prune(NOW + 731 * DAY)
    assert await counts(store) == [11, 2, 2, 2, 2]
    await store.results.prune(NOW + 733 * DAY)
    assert await counts(store) == [11, 2, 1, 1, 1]
    await store.results.record(rounds(".", NOW + 733 * DAY))
    assert len(await store.results.results("x", NOW)) == 1


async def test_what_comes_after_all_results_were_forgotten_is_rolled_up_too(store):
    await store.results.record(rounds("....."))
    await roll(store)
    await store.results.prune(NOW + 3 * DAY)
    assert (await counts(store))[0] == 0
    await store.results.record(rounds("..", NOW + 3 * DAY))
    await roll(store)
    assert await known(store, since=NOW + 2 * DAY) == (30, 0, 0, 2)


async def test_nothing_is_forgotten_that_is_not_rolled_up(store):
    await store.results.record(rounds("...BB."))
    await store.results.prune(NOW + 15 * DAY)
    assert (await counts(store))[0] == 6
    await roll(store)
    await store.results.prune(NOW + 15 * DAY)
    assert (await counts(store))[0] == 0
    assert await known(store) == (90, 0, 60, 4)
