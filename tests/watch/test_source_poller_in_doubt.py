"""Trackers that are asked only while a service is not up: nobody waits for them, and at other times they say nothing."""

from __future__ import annotations

from bot.model import Health, Outcome, Role, SourceReport
from bot.watch.rounds import Rounds, Watched
from bot.watch.source_poller import EVERY, EVERY_IN_DOUBT, FIRST_WITHIN, SourcePoller
from tests.watch.clock import Hands
from tests.watch.test_source_poller import Page, pass_time
from tests.watch.world import Site, World


class Tracker:
    kind = "isitdownrightnow"

    def __init__(self, says=Health.DOWN):
        self.says, self.reads = says, 0

    async def read(self, net, now, memory):
        self.reads += 1
        return SourceReport(Role.TRACKER, "IsItDownRightNow", self.says, at=now)


def made(*, says=Health.DOWN):
    clock, page, tracker = Hands(), Page(), Tracker(says)
    return clock, page, tracker, SourcePoller({"x": (page,)}, None, clock, in_doubt={"x": (tracker,)})


async def test_while_all_is_up_it_is_not_asked_waited_for_or_complained_of(caplog):
    caplog.set_level("INFO")
    clock, page, tracker, newest = made(says=None)
    assert not newest.tried("x")
    await pass_time(newest, clock, FIRST_WITHIN)
    assert newest.tried("x")
    for _ in range(5):
        newest.doubt("x", doubtful=False)
        await pass_time(newest, clock, EVERY)
    assert (page.reads, tracker.reads, len(newest.of("x"))) == (6, 0, 1)
    newest.restart(clock.now)  # the machine slept
    await pass_time(newest, clock, EVERY)
    assert tracker.reads == 0
    assert caplog.records == []


async def test_in_doubt_it_is_asked_at_once_and_on_the_beat_of_doubt():
    clock, _, tracker, newest = made()
    await pass_time(newest, clock, 60)
    newest.doubt("x", doubtful=True)
    await pass_time(newest, clock, 1)
    assert (tracker.reads, newest.of("x")[1].says) == (1, Health.DOWN)
    await pass_time(newest, clock, 4 * EVERY_IN_DOUBT)
    assert tracker.reads == 5


async def test_when_doubt_is_over_its_word_is_absent():
    clock, _, tracker, newest = made()
    await pass_time(newest, clock, 60)
    newest.doubt("x", doubtful=True)
    await pass_time(newest, clock, 1)
    newest.doubt("x", doubtful=False)
    assert [word.role for word in newest.of("x")] == [Role.OFFICIAL]
    await pass_time(newest, clock, 2 * EVERY)
    assert tracker.reads == 1


async def test_on_demand_it_is_asked_though_all_is_up():
    clock, _, tracker, newest = made(says=Health.UP)
    await pass_time(newest, clock, 60)
    newest.again("x")
    await pass_time(newest, clock, 1)
    assert (tracker.reads, newest.of("x")[1].says) == (1, Health.UP)
    await pass_time(newest, clock, 2 * EVERY)
    assert tracker.reads == 1


async def test_a_service_with_nothing_but_such_a_tracker_has_its_first_round_at_once():
    clock, tracker = Hands(), Tracker()
    newest = SourcePoller({"x": ()}, None, clock, in_doubt={"x": (tracker,)})
    assert newest.tried("x")
    assert newest.of("x") == ()


async def test_a_round_that_fails_brings_its_word_into_the_next_one():
    site, tracker = Site(), Tracker()
    world = World({"x": site}, every=5, confirm_every=2)
    watched = [
        Watched(one.service, one.checks, (), one.every, confirm_every=one.confirm_every, in_doubt=(tracker,))
        for one in world.watched
    ]
    world.rounds = Rounds(watched, (), None, seen=world.ledger.seen, clock=world.hands)
    await world.go(12)
    assert tracker.reads == 0
    site.outcome = Outcome.FAILED
    await world.go(10)
    bad = [seen for seen in world.ledger.rounds if not seen.readings[0].ok]
    assert bad[0].reports == ()
    assert [word.says for word in bad[1].reports] == [Health.DOWN]
    assert tracker.reads == 1
    site.outcome = Outcome.OK
    await world.go(12)
    assert world.ledger.rounds[-1].reports == ()
    await world.end()
