"""The jobs that call us: known again after a restart, and never blamed for what we did not hear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.model import HeartbeatEvent
from bot.store import StoreUnavailable, open_store
from bot.watch.checks import HeartbeatCheck
from bot.watch.heartbeats import HeartbeatRegistry
from tests import sqlite
from tests.reasons import english

NOON = datetime(2022, 7, 14, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DAILY = HeartbeatCheck(every="24h", grace="1h")
OWN = HeartbeatCheck(every="24h", grace="1h", token="a-token-of-the-file")
JOB = ("backup", "job")


class Life:
    """Boards one after the other on one database, on a clock that a test turns."""

    def __init__(self, store):
        self.store, self.now, self.blind = store, NOON, None

    async def begin(self, check=DAILY, **more):
        checks = {} if check is None else {JOB: check}
        self.board = HeartbeatRegistry(checks | more, self.store, lambda: self.now, lambda: self.blind)
        await self.board.load()

    async def call(self, call=HeartbeatEvent.DONE, code=None):
        changed = self.board.heard(JOB, call, code)
        await self.board.write()
        return changed

    async def die(self, asleep):
        await self.store.results.alive(self.now)
        self.now += asleep

    def trouble(self, later=timedelta()):
        self.now += later
        return english(self.board.trouble(JOB))

    async def token(self):
        [job] = await self.store.heartbeats.all()
        return job.token


@pytest.fixture
async def life(tmp_path):
    async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as store:
        yield Life(store)


async def test_a_job_never_heard_of_has_its_time_from_when_it_was_first_in_the_config(life):
    await life.begin()
    await life.die(HOUR / 100)
    await life.begin()
    assert life.trouble(24 * HOUR) == ""
    assert life.trouble(HOUR) == "no sign yet"
    assert await life.call() is True
    assert life.trouble() == ""


async def test_a_token_is_made_once_and_kept(life):
    await life.begin()
    token = await life.token()
    assert len(token) >= 20
    await life.begin()
    assert (life.board.whose(token), await life.token()) == (JOB, token)
    await life.begin(check=None)
    assert life.board.whose(token) is None
    await life.begin()
    assert life.board.whose(token) == JOB


async def test_a_token_of_the_file_is_the_only_one_and_is_not_written_down(life):
    await life.begin(OWN)
    assert await life.token() == ""
    assert life.board.whose("a-token-of-the-file") == JOB
    for other in ("", "a-token-of-the-fil", "a-token-of-the-file2", "ñ", "\ud83d"):
        assert life.board.whose(other) is None
    assert "a-token" not in repr(OWN)


async def test_a_short_restart_changes_nothing_and_a_failure_is_remembered(life):
    await life.begin()
    await life.call()
    await life.die(30 * timedelta(seconds=1))
    await life.begin()
    assert life.trouble(25 * HOUR) == "no sign for 25 h"
    await life.call(HeartbeatEvent.FAILED, 3)
    await life.die(30 * HOUR)
    await life.begin()
    assert life.trouble() == "failed (exit code 3)"


async def test_after_a_long_sleep_of_ours_it_has_all_its_time_again(life):
    await life.begin()
    await life.call()
    await life.die(48 * HOUR)
    await life.begin()
    assert life.trouble() == ""
    await life.die(timedelta(seconds=5))
    await life.begin()  # and a reload soon after does not take that back
    assert life.trouble(24 * HOUR) == ""
    assert life.trouble(HOUR + MINUTE) == "no sign for 25 h"


async def test_one_that_was_silent_before_we_slept_is_not_well_for_it(life):
    await life.begin()
    await life.call()
    assert life.trouble(26 * HOUR) == "no sign for 26 h"
    await life.die(48 * HOUR)
    await life.begin()
    assert life.trouble() != ""


async def test_while_we_see_nothing_its_calls_may_not_come(life):
    await life.begin()
    await life.call()
    life.blind = life.now + 20 * HOUR
    assert life.trouble(30 * HOUR) == ""
    life.blind = None
    assert life.trouble(25 * HOUR) == ""
    assert life.trouble(MINUTE) == "no sign for 25 h"


async def test_a_new_rhythm_or_a_return_to_the_config_is_waited_for_anew(life):
    await life.begin()
    await life.call(HeartbeatEvent.FAILED)
    life.now += 5 * HOUR
    await life.begin(HeartbeatCheck(every="1h", grace="1m"))
    assert life.trouble() == ""
    await life.begin(check=None)
    life.now += 500 * HOUR
    await life.begin(HeartbeatCheck(every="1h", grace="1m"))
    assert life.trouble(HOUR + MINUTE) == ""
    assert life.trouble(MINUTE) == "no sign yet"


async def test_what_could_not_be_written_is_written_the_next_time(life, monkeypatch):
    await life.begin()
    really = life.store.heartbeats.keep

    async def away(_):
        raise StoreUnavailable("gone")

    monkeypatch.setattr(life.store.heartbeats, "keep", away)
    with pytest.raises(StoreUnavailable):
        await life.call()
    monkeypatch.setattr(life.store.heartbeats, "keep", really)
    await life.board.write()
    [job] = await life.store.heartbeats.all()
    assert job.done_at == NOON


async def test_other_jobs_are_heard_from_now_on_and_the_known_ones_keep_what_they_said(life):
    await life.begin()
    await life.call(HeartbeatEvent.FAILED)
    token, other = await life.token(), ("mail", "job")
    await life.board.change({JOB: DAILY, other: OWN})
    assert life.board.whose(token) == JOB
    assert life.board.whose("a-token-of-the-file") == other
    assert life.trouble()
    assert life.board.trouble(other) is None
    await life.board.change({other: OWN})
    assert life.board.whose(token) is None


async def test_what_is_heard_while_jobs_change_counts(life, monkeypatch):
    await life.begin()
    really = life.store.heartbeats.all

    async def slowly():
        found = await really()
        life.board.heard(JOB, HeartbeatEvent.FAILED)
        return found

    monkeypatch.setattr(life.store.heartbeats, "all", slowly)
    await life.board.change({JOB: DAILY})
    assert life.trouble()
    await life.board.write()
    monkeypatch.undo()
    await life.begin()
    assert life.trouble()


async def test_a_change_that_the_database_refuses_changes_nothing(life, monkeypatch):
    await life.begin()

    async def away():
        raise StoreUnavailable("away")

    monkeypatch.setattr(life.store.heartbeats, "all", away)
    with pytest.raises(StoreUnavailable):
        await life.board.change({})
    monkeypatch.undo()
    assert life.board.whose(await life.token()) == JOB
