"""What was queued goes out: waits are honoured, lanes keep their order, and nobody delays anybody else."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from inspect import isawaitable

import pytest

from bot.delivery import in_flight
from bot.delivery import outbox as module
from bot.delivery.claiming import Claimer
from bot.delivery.outbox import TRIAL, UNDER_WAY, Outbox
from bot.delivery.rate_limit import WIDTH, OpenChannel
from bot.delivery.retry import DEAD_WAIT, FIRST_WAIT, LONGEST_WAIT, backoff, settle
from bot.model import (
    ChangeKind,
    Delivery,
    DeliveryAction,
    DeliveryStatus,
    Destination,
    Later,
    RefusalScope,
    Refused,
    Sent,
    Unsure,
)
from bot.model.cluster import channel_role
from bot.notify.batching import Claim
from bot.notify.storms import EDIT_GAP, NEXT_GAP
from bot.store import StoreUnavailable
from tests.engine import engine
from tests.reasons import english, quote
from tests.sim.script import SETTINGS
from tests.store.made import NOW, SECOND, delivery

MINUTE = timedelta(minutes=1)

C1, C2, C3, C4 = (Destination("slack", f"C{number}") for number in (1, 2, 3, 4))
MAIL = Destination("email", "desk@example.org")
HANG = "hang"
GRACE = module.GRACE


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """What never answers is not waited for at the end."""
    monkeypatch.setattr(module, "GRACE", 0.01)


class FakeChannel:
    """Answers as scripted for a place, then `Sent`; an exception is raised, HANG never answers. Remembers what it heard."""

    def __init__(self):
        self.script = defaultdict(deque)
        self.heard: list[Delivery] = []

    async def send(self, one):
        self.heard.append(one)
        turn = self.script[one.destination].popleft() if self.script[one.destination] else Sent(f"ref of {one.key}")
        if turn is HANG:
            await asyncio.Event().wait()
        if isinstance(turn, Exception):
            raise turn
        return turn

    async def listen(self, answer):
        pass

    @property
    def keys(self):
        return [one.key for one in self.heard]


class Post:
    """An outbox at work over a real store, its channels and the time of day."""

    def __init__(self, store):
        self.store = store
        self.now = NOW
        self.slack, self.email = FakeChannel(), FakeChannel()
        self.stop = asyncio.Event()
        self.outbox = engine(store, {"slack": self.slack, "email": self.email}, lambda: self.now).outbox

    async def queue(self, *rows):
        await self.store.deliveries.add(rows, self.now)
        self.outbox.wake()

    async def later(self, wait):
        self.now += wait
        self.outbox.wake()

    async def progress(self, thread="x#1"):
        return {(str(row.destination), row.key): row for row in await self.store.deliveries.of_incident(thread)}

    async def until(self, look):
        """Look until it is true: a row of the database tells nobody that it has changed."""
        async with asyncio.timeout(10):
            while True:
                found = look()
                if await found if isawaitable(found) else found:
                    return
                await asyncio.sleep(0.002)

    async def heard(self, channel, number):
        await self.until(lambda: len(channel.heard) >= number)

    async def idle(self):
        """Nobody is sending: all is sent, refused, or waits."""

        async def still():
            rows = [row for thread in ("x#1", "y#1", "z#1") for row in (await self.progress(thread)).values()]
            return rows and all(row.status is not DeliveryStatus.SENDING for row in rows) and not await self._due()

        await self.until(still)

    async def _due(self):
        dues = [await self.store.deliveries.next_due(kind) for kind in ("slack", "email")]
        return any(due is not None and due <= self.now for due in dues)


@asynccontextmanager
async def post(store):
    made = Post(store)
    running = asyncio.create_task(made.outbox.run(made.stop))
    await asyncio.sleep(0)
    try:
        yield made
    finally:
        made.stop.set()
        await running


# ── what becomes of a receipt ────────────────────────────────────────────────────────────────────────────────────────


def test_waits_double_from_two_seconds_to_five_minutes_spread_by_a_tenth():
    for attempts in range(20):
        plain = min(timedelta(seconds=2) * 2**attempts, LONGEST_WAIT)
        waits = {backoff(replace(delivery(to=place), attempts=attempts)) for place in (C1, C2, C3)}
        assert all(plain * 0.9 <= wait <= plain * 1.1 for wait in waits)
        assert len(waits) == 3  # a storm's retries do not come all at once
    assert backoff(delivery()) == backoff(delivery())


@pytest.mark.hardened("R19", "a lease shorter than a channel's time-outs", "longer, for each kind and any time-out")
@pytest.mark.parametrize("timeout", [30, 120, 600])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_lease_outlasts_every_channels_own_time_out(settings, timeout, saw):
    said = settings.model_construct(timeout=timeout)
    way = OpenChannel.of(FakeChannel(), said)
    lease = Outbox(None, {"it": way}, lambda: NOW, None, None).lease("it")
    saw(f"time-out {timeout} s, lease {lease.total_seconds():g} s")
    assert lease >= way.longest + timedelta(seconds=15) >= timedelta(seconds=timeout + 30)


@pytest.mark.hardened(
    "R19", "a lease shorter than a channel's time-outs", "what is claimed is held for longer than those"
)
async def test_what_is_claimed_is_held_for_longer_than_any_hand_over_may_take(store):
    async with post(store) as at:
        at.slack.script[C1].append(HANG)
        await at.queue(delivery(to=C1))
        await at.heard(at.slack, 1)
        (row,) = (await at.progress()).values()
        assert row.due >= NOW + at.outbox.channels["slack"].longest + timedelta(seconds=15)


async def test_a_hand_over_that_outstays_the_longest_is_cut_off_and_unsure(store):
    async with post(store) as at:
        at.outbox.channels["slack"] = replace(at.outbox.channels["slack"], longest=timedelta(seconds=0.05))
        at.slack.script[C1].append(HANG)
        await at.queue(delivery(to=C1))

        async def unsure():
            (row,) = (await at.progress()).values()
            return row.unsure

        await at.until(unsure)


@pytest.mark.hardened("R2", "a provider asks to wait a week", "asked again after 15 minutes")
@pytest.mark.parametrize("wait", [timedelta(days=7), timedelta.max, timedelta(minutes=15)])
async def test_no_provider_makes_us_wait_for_ever(store, wait, saw):
    async with post(store) as at:
        at.slack.script[C1].append(Later(quote("429"), wait))
        await at.queue(delivery(to=C1))
        await at.heard(at.slack, 1)
        await at.later(timedelta(minutes=15, seconds=1))
        await at.heard(at.slack, 2)
        saw("handed over again after 15 min")


@pytest.mark.hardened("R1", "a provider's wait lies before now, or beyond the calendar", "bounded, nothing raised")
@pytest.mark.parametrize("whole", [True, False])
async def test_a_wait_of_nonsense_harms_nobody(store, whole):
    async with post(store) as at:
        for wait in (timedelta(days=-1), timedelta.max, timedelta.min):
            at.slack.script[C1].append(Later(quote("429"), wait, whole=whole))
        await at.queue(delivery(to=C1))
        for number in range(1, 5):
            await at.heard(at.slack, number)
            await at.later(timedelta(minutes=16))

        async def sent():
            return [row.status for row in (await at.progress()).values()] == ["sent"]

        await at.until(sent)


@pytest.mark.parametrize(
    ("receipt", "status", "due", "unsure"),
    [
        (Sent("17.4"), DeliveryStatus.SENT, None, False),
        (Later(quote("429"), 7 * SECOND), DeliveryStatus.PENDING, NOW + 7 * SECOND, False),
        (Refused(quote("gone")), DeliveryStatus.REFUSED, NOW, False),
        (Refused(quote("moved"), RefusalScope.DESTINATION, C2), DeliveryStatus.PENDING, NOW, False),
    ],
)
def test_a_receipt_says_what_becomes_of_a_delivery(receipt, status, due, unsure):
    done = settle(receipt, delivery(), NOW)
    assert (done.status, done.due, done.unsure) == (status, due, unsure)


@pytest.mark.parametrize("longest", [DEAD_WAIT, FIRST_WAIT])
def test_how_long_is_waited_at_most_may_be_less_but_not_than_what_the_provider_asks(longest):
    tried = replace(delivery(), attempts=12)
    assert settle(Unsure(quote("cut")), tried, NOW, longest=longest).due == NOW + longest
    assert settle(Later(quote("refused")), tried, NOW, longest=longest).due == NOW + longest
    assert settle(Later(quote("429"), MINUTE), tried, NOW, longest=longest).due == NOW + MINUTE
    assert (
        settle(Unsure(quote("cut")), replace(tried, unsure=True), NOW, finds=False, longest=longest).due > NOW + MINUTE
    )


def test_what_is_not_there_is_unsure_no_more_and_due_at_once():
    done = settle(Later(quote("it did not arrive"), absent=True), replace(delivery(), unsure=True), NOW)
    assert (done.status, done.due, done.unsure, done.absent) == (DeliveryStatus.PENDING, NOW, False, True)


def test_a_wait_of_no_time_is_no_wish_and_once_unsure_stays_unsure():
    assert settle(Later(quote("429"), timedelta()), delivery(), NOW).due > NOW + SECOND
    assert settle(Unsure(quote("cut")), delivery(), NOW).unsure
    assert settle(Later(quote("429")), replace(delivery(), unsure=True), NOW).unsure


# ── over the store ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_is_queued_is_sent_once_and_its_ref_reaches_the_next_of_its_lane(store):
    async with post(store) as at:
        await at.queue(delivery(1, C1), delivery(2, C1), delivery(1, MAIL))
        await at.heard(at.slack, 2)
        await at.idle()

    first, second = at.slack.heard
    assert (first.root, second.root, second.subject) == (None, f"ref of {first.key}", "x#1 step 1")
    assert len(at.email.heard) == 1
    assert {row.status for row in (await at.progress()).values()} == {DeliveryStatus.SENT}
    assert at.outbox.counts == {("slack", "sent"): 2, ("email", "sent"): 1}


async def test_a_provider_that_asks_to_wait_is_not_asked_before(store):
    async with post(store) as at:
        at.slack.script[C1].append(Later(quote("429"), 30 * SECOND))
        await at.queue(delivery(1, C1), delivery(2, C1))
        await at.heard(at.slack, 1)
        await at.idle()
        await at.later(29 * SECOND)
        await at.queue(delivery(1, C2))  # somebody else's message shows that the outbox has looked again
        await at.heard(at.slack, 2)
        assert at.slack.keys == ["x#1/1@slack:C1", "x#1/1@slack:C2"]

        await at.later(SECOND)
        await at.heard(at.slack, 4)

    assert at.slack.keys[2:] == ["x#1/1@slack:C1", "x#1/2@slack:C1"]
    assert not any(one.unsure for one in at.slack.heard)


async def test_an_unsure_hand_over_is_repeated_and_says_that_it_is_one(store):
    async with post(store) as at:
        at.slack.script[C1] += [Unsure(quote("no answer")), Later(quote("429"), 5 * SECOND)]
        await at.queue(delivery(1, C1))
        await at.heard(at.slack, 1)
        await at.idle()
        await at.later(3 * SECOND)
        await at.heard(at.slack, 2)
        await at.idle()
        await at.later(5 * SECOND)
        await at.heard(at.slack, 3)

    assert [one.unsure for one in at.slack.heard] == [False, True, True]
    assert [one.attempts for one in at.slack.heard] == [0, 1, 2]


async def test_a_refusal_is_final_and_the_lane_goes_on(store, caplog):
    async with post(store) as at:
        at.slack.script[C1].append(Refused(quote("msg_too_long")))
        await at.queue(delivery(1, C1), delivery(2, C1))
        await at.heard(at.slack, 2)
        await at.idle()
        await at.later(LONGEST_WAIT)

    statuses = [row.status for row in (await at.progress()).values()]
    assert statuses == [DeliveryStatus.REFUSED, DeliveryStatus.SENT]
    assert at.slack.keys == ["x#1/1@slack:C1", "x#1/2@slack:C1"]
    assert "slack:C1 refused x#1/1: msg_too_long" in caplog.text


async def test_a_place_that_moved_is_written_to_where_it_is_now(store):
    async with post(store) as at:
        at.slack.script[C1].append(Refused(quote("moved"), RefusalScope.DESTINATION, moved=C3))
        await at.queue(delivery(1, C1), delivery(2, C1))
        await at.heard(at.slack, 3)
        await at.idle()

    assert [(one.notice.key, one.destination) for one in at.slack.heard] == [
        ("x#1/1", C1),
        ("x#1/1", C3),
        ("x#1/2", C3),
    ]


async def test_an_edit_waits_for_the_message_that_it_rewrites(store):
    async with post(store) as at:
        at.slack.script[C1].append(Later(quote("429"), 10 * SECOND))
        await at.queue(delivery(1, C1), delivery(2, C1), delivery(2, C1, action=DeliveryAction.EDIT))
        await at.heard(at.slack, 1)
        await at.idle()
        await at.later(10 * SECOND)
        await at.heard(at.slack, 4)

    assert [one.action for one in at.slack.heard] == [
        DeliveryAction.POST,
        DeliveryAction.POST,
        DeliveryAction.POST,
        DeliveryAction.EDIT,
    ]
    assert at.slack.heard[3].root == "ref of x#1/1@slack:C1"


# ── nobody delays anybody else ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_lane_that_hangs_holds_up_no_other_lane_and_no_other_channel(store):
    async with post(store) as at:
        at.slack.script[C1].append(HANG)
        await at.queue(delivery(1, C1), delivery(2, C1), delivery(1, C2), delivery(1, MAIL))
        await at.heard(at.slack, 2)
        await at.heard(at.email, 1)
        await at.queue(delivery(2, C2), delivery(1, C1, thread="y#1"))
        await at.heard(at.slack, 4)

        assert "x#1/2@slack:C1" not in at.slack.keys  # its lane alone waits
        assert sorted(at.slack.keys[2:]) == ["x#1/2@slack:C2", "y#1/1@slack:C1"]


async def test_a_channel_that_hangs_whole_holds_up_no_other_and_asks_the_store_no_more(store, monkeypatch):
    async with post(store) as at:
        rows = [delivery(1, Destination("slack", f"H{number}")) for number in range(WIDTH + 5)]
        for row in rows:
            at.slack.script[row.destination].append(HANG)
        await at.queue(*rows)
        await at.heard(at.slack, WIDTH)
        asked = []
        monkeypatch.setattr(at.outbox, "deliveries", Counting(store.deliveries, asked))
        await at.queue(delivery(1, MAIL))
        await at.heard(at.email, 1)
        await asyncio.sleep(0.1)

        assert len(at.slack.heard) == WIDTH
        assert asked.count("slack") <= 2  # what is due cannot be claimed: asking for it again and again would be idle


class Counting:
    """Passes everything on, and counts what is asked of the store by kind of channel."""

    def __init__(self, real, asked):
        self._real, self._asked = real, asked

    def __getattr__(self, name):
        return getattr(self._real, name)

    async def heads(self, wanted, since):
        self._asked.append(wanted.kind)
        return await self._real.heads(wanted, since)

    async def next_due(self, kind, busy):
        self._asked.append(kind)
        return await self._real.next_due(kind, busy)


@pytest.mark.parametrize("edits", [True, False])
async def test_in_a_storm_a_place_rests_between_its_messages_and_nobody_asks_for_it_meanwhile(
    store, monkeypatch, edits
):
    async def all_told():
        return not await store.deliveries.backlog()

    async with post(store) as at:
        at.outbox.channels = {"slack": OpenChannel(at.slack, edits=edits), "email": OpenChannel(at.email)}
        await at.queue(*map(outage, "abcd"))
        await at.heard(at.slack, 1)
        await at.until(all_told)
        asked = []
        monkeypatch.setattr(at.outbox, "deliveries", Counting(store.deliveries, asked))
        for number, name in enumerate("efghijkl"):
            await store.deliveries.add([outage(name)], at.now)
            at.outbox.wake({C1, MAIL})
            await at.until(lambda number=number: asked.count("email") > 2 * number)
        assert asked.count("slack") <= 3  # once more after the first message; not for each that came

        await at.later(EDIT_GAP if edits else NEXT_GAP)
        await at.heard(at.slack, 2)
        await at.until(all_told)
    first, second = at.slack.heard
    assert second.action is (DeliveryAction.EDIT if edits else DeliveryAction.POST)
    assert (len(first.notice.words.lines), len(second.notice.words.lines)) == (4, 12 if edits else 8)


def outage(name):
    made = delivery(1, C1, thread=f"{name}#1")
    return replace(made, notice=replace(made.notice, kind=ChangeKind.OPENED, line=f"🔴 {name} is down", since=NOW))


async def test_a_limit_of_the_whole_account_holds_only_its_own_channel(store):
    async with post(store) as at:
        at.slack.script[C1].append(Later(quote("429"), 30 * SECOND, whole=True))
        await at.queue(delivery(1, C1))
        await at.heard(at.slack, 1)
        await at.idle()
        await at.queue(delivery(1, C2), delivery(1, MAIL))
        await at.heard(at.email, 1)
        await at.later(29 * SECOND)
        await at.queue(delivery(2, MAIL))
        await at.heard(at.email, 2)
        assert at.slack.keys == ["x#1/1@slack:C1"]

        await at.later(SECOND)
        await at.heard(at.slack, 3)
    assert sorted(at.slack.keys[1:]) == ["x#1/1@slack:C1", "x#1/1@slack:C2"]


async def test_a_limit_of_one_place_holds_only_that_place(store):
    async with post(store) as at:
        at.slack.script[C1].append(Later(quote("429"), 30 * SECOND))
        await at.queue(delivery(1, C1))
        await at.heard(at.slack, 1)
        await at.idle()
        await at.queue(delivery(1, C2))
        await at.heard(at.slack, 2)
    assert at.slack.keys[1] == "x#1/1@slack:C2"


# ── trouble of our own ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_bug_in_a_channel_is_unsure_and_told_without_what_it_may_quote(store, caplog):
    secret = Destination("slack", "https://hooks.example/T0K3N")
    async with post(store) as at:
        at.slack.script[secret].append(ValueError("no route to https://hooks.example/T0K3N"))
        await at.queue(delivery(1, secret), delivery(1, C2))
        await at.heard(at.slack, 2)
        await at.idle()
        await at.later(3 * SECOND)
        await at.heard(at.slack, 3)
        await at.idle()

    assert [one.unsure for one in at.slack.heard if one.destination == secret] == [False, True]
    assert "x#1/1: our own error in the channel: ValueError at test_outbox.py" in caplog.text
    assert "T0K3N" not in caplog.text
    assert [english(row.why) for row in (await at.progress()).values()] == ["", ""]


async def test_the_first_failure_is_a_warning_and_the_fortieth_is_not(store, caplog):
    caplog.set_level(logging.INFO)
    async with post(store) as at:
        at.slack.script[C1] += [Later(quote("503"), SECOND)] * 3
        await at.queue(delivery(1, C1))
        for number in range(1, 5):
            await at.heard(at.slack, number)
            await at.idle()
            await at.later(SECOND)

    said = [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "bot.delivery.in_flight"]
    assert said == [("WARNING", "slack:C1 has not heard of x#1/1 yet: 503"), ("INFO", "told slack:C1 of x#1/1")]


class Away:
    """A store whose database goes away for as many calls of each kind as are said."""

    def __init__(self, real, **times):
        self._real, self._times = real, times

    def __getattr__(self, name):
        async def call(*arguments, **more):
            if self._times.get(name, 0) > 0:
                self._times[name] -= 1
                raise StoreUnavailable("cannot use the database: it restarts")
            return await getattr(self._real, name)(*arguments, **more)

        return call


async def test_a_database_that_goes_away_for_a_while_loses_nothing_and_repeats_nothing(store, monkeypatch, caplog):
    monkeypatch.setattr(module, "AGAIN", 0.01)
    monkeypatch.setattr(in_flight, "AGAIN", 0.01)
    monkeypatch.setattr(module, "REST", 0.01)
    made = Post(store)
    made.outbox.deliveries = made.outbox._in_flight.deliveries = Away(store.deliveries, claim=3, next_due=2, settle=3)
    await made.queue(delivery(1, C1), delivery(2, C1))
    running = asyncio.create_task(made.outbox.run(made.stop))
    await made.heard(made.slack, 2)
    await made.idle()
    made.stop.set()
    await running

    assert made.slack.keys == ["x#1/1@slack:C1", "x#1/2@slack:C1"]
    assert {row.status for row in (await made.progress()).values()} == {DeliveryStatus.SENT}
    assert "cannot note what became of x#1/1: cannot use the database: it restarts" in caplog.text


class Held:
    """A store whose answers to claims are on their way until `go`."""

    def __init__(self, real):
        self._real, self.claimed, self.go = real, asyncio.Event(), asyncio.Event()

    def __getattr__(self, name):
        return getattr(self._real, name)

    async def claim(self, *arguments):
        found = await self._real.claim(*arguments)
        self.claimed.set()
        await self.go.wait()
        return found


async def test_a_channel_is_busy_from_the_claim_until_the_receipt_is_settled(store):
    made = Post(store)
    made.outbox.deliveries = held = Held(store.deliveries)
    slack, email = map(channel_role, ("slack", "email"))
    running = asyncio.create_task(made.outbox.run(made.stop))
    await made.queue(delivery(1, C1))
    await held.claimed.wait()
    assert made.outbox.busy(slack)
    held.go.set()
    await made.heard(made.slack, 1)
    await made.idle()
    await made.until(lambda: not made.outbox.busy(slack))
    made.stop.set()
    await running
    assert not made.outbox.busy(email)


# ── stopping ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Slow(FakeChannel):
    """Takes as long as the test likes."""

    def __init__(self):
        super().__init__()
        self.go = asyncio.Event()

    async def send(self, one):
        receipt = await super().send(one)
        await self.go.wait()
        return receipt


async def test_a_stop_sees_through_what_is_being_sent_and_begins_nothing_new(store, monkeypatch):
    monkeypatch.setattr(module, "GRACE", GRACE)
    made = Post(store)
    made.outbox.channels = {"slack": OpenChannel(slow := Slow())}
    running = asyncio.create_task(made.outbox.run(made.stop))
    await made.queue(delivery(1, C1), delivery(2, C1))
    await made.heard(slow, 1)
    made.stop.set()
    await asyncio.sleep(0.01)
    assert not running.done()
    slow.go.set()
    await running

    assert slow.keys == ["x#1/1@slack:C1"]
    assert [row.status for row in (await made.progress()).values()] == [DeliveryStatus.SENT, DeliveryStatus.PENDING]


async def test_what_a_stop_cuts_off_is_settled_as_unsure_and_repeated_by_the_next_run(store):
    async with post(store) as at:
        at.slack.script[C1].append(HANG)
        await at.queue(delivery(1, C1))
        await at.heard(at.slack, 1)

    [row] = (await at.progress()).values()
    assert (row.status, english(row.why)) == (DeliveryStatus.PENDING, "stopped while sending")

    async with post(store) as again:
        await again.later(3 * SECOND)
        await again.heard(again.slack, 1)
    assert again.slack.heard[0].unsure


async def test_an_outbox_that_is_cut_off_whole_leaves_nobody_sending(store):
    made = Post(store)
    made.slack.script[C1].append(HANG)
    running = asyncio.create_task(made.outbox.run(made.stop))
    await made.queue(delivery(1, C1))
    await made.heard(made.slack, 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    [row] = (await made.progress()).values()
    assert (row.status, english(row.why)) == (DeliveryStatus.PENDING, "stopped while sending")


def test_only_channels_that_have_something_to_send_are_woken():
    outbox = Outbox(None, {}, lambda: NOW, None, None)
    outbox._wakers = {"slack": asyncio.Event(), "email": asyncio.Event()}
    outbox.wake({"email", "gone"})
    assert [kind for kind, bell in outbox._wakers.items() if bell.is_set()] == ["email"]
    outbox.wake()
    assert all(bell.is_set() for bell in outbox._wakers.values())


# ── what it says of the channel ──────────────────────────────────────────────────────────────────────────────────────


def test_an_account_that_is_not_accepted_costs_no_notice():
    done = settle(Refused(quote("revoked"), RefusalScope.ACCOUNT), delivery(), NOW)
    assert (done.status, done.due, english(done.why), done.hurry) == (
        DeliveryStatus.PENDING,
        NOW + LONGEST_WAIT,
        "revoked",
        True,
    )


async def test_for_a_moment_after_notices_were_queued_or_claimed_others_make_way(store):
    async with post(store) as office:
        office.slack.script[C1].append(HANG)
        assert not office.outbox.notices_under_way()
        await office.queue(delivery(1, C1))
        await office.heard(office.slack, 1)
        assert office.outbox.notices_under_way()
        office.now += UNDER_WAY
        assert not office.outbox.notices_under_way()  # though it hangs


async def test_a_channel_that_sends_each_notice_by_itself_claims_in_one_transaction(store):
    asked = []

    async def heads(*_):
        asked.append("read")
        return [], {}

    wanted = Claim("webhook", NOW, 10, NOW + MINUTE, gathers=False)
    places = [Destination("webhook", f"http://hook/{number}") for number in range(3)]
    await store.deliveries.add([delivery(1, place) for place in places], NOW)
    claimer = Claimer(store.deliveries, lambda many: many)
    store.deliveries.heads = heads
    assert [one.destination for one in await claimer.claim(wanted)] == places
    assert await claimer.claim(wanted) == ()  # under a lease by now
    assert asked == []
    again = replace(wanted, now=NOW + 2 * MINUTE, until=NOW + 3 * MINUTE)
    assert await claimer.claim(again) == ()
    assert asked == ["read"]  # what was tried before may be out of date: that is decided on by all that waits


async def test_how_hand_overs_fare_is_known_by_channel(store):
    async with post(store) as office:
        office.slack.script[C1].extend([Later(quote("cannot be reached")), Unsure(quote("no answer"))])
        await office.queue(delivery(1, C1), delivery(1, MAIL))
        await office.heard(office.slack, 1)
        await office.idle()
        await office.later(LONGEST_WAIT)
        await office.heard(office.slack, 2)
        await office.idle()
        bad = office.outbox.failures["slack"]
        assert (bad.failures, bad.since, bad.at, english(bad.why)) == (2, NOW, NOW + LONGEST_WAIT, "no answer")
        assert office.outbox.failures["email"].failures == 0

        await office.later(LONGEST_WAIT)
        await office.heard(office.slack, 3)
        await office.idle()
        assert office.outbox.failures["slack"].failures == 0


@pytest.mark.hardened(
    "B9", "a place refuses one message, for a reason that nobody has described", "the admins hear of it"
)
async def test_a_place_that_takes_nothing_and_one_that_took_not_this_message_are_told_of_at_each_refusal(store):
    told = []

    async def refused(lost, why, scope):
        told.append((lost.destination, why, scope))
        raise StoreUnavailable("cannot use the database: it restarts")  # holds nothing up

    async with post(store) as office:
        office.outbox.record.refused = refused
        office.slack.script[C1].append(Refused(quote("not_in_channel"), RefusalScope.DESTINATION))
        office.slack.script[C2].append(Refused(quote("too long"), RefusalScope.MESSAGE))
        office.slack.script[C3].append(Refused(quote("moved"), RefusalScope.DESTINATION, moved=C4))
        await office.queue(*(delivery(1, place) for place in (C1, C2, C3)))
        await office.heard(office.slack, 4)
        await office.idle()
        assert {(place, english(why), scope) for place, why, scope in told} == {
            (C1, "not_in_channel", RefusalScope.DESTINATION),
            (C2, "too long", RefusalScope.MESSAGE),
        }
        assert [row.status for row in (await office.progress()).values()].count(DeliveryStatus.REFUSED) == 2


# ── a channel that is known to be dead ───────────────────────────────────────────────────────────────────────────────


async def test_while_it_is_dead_one_hand_over_at_a_time_though_it_hangs(store):
    async with post(store) as at:
        at.outbox.record.down = lambda: {"slack": NOW}
        for place in (C1, C2, C3):
            at.slack.script[place].append(HANG)
        await at.queue(delivery(1, C1), delivery(1, C2), delivery(1, C3), delivery(1, MAIL))
        await at.heard(at.slack, 1)
        await at.heard(at.email, 1)
        await at.later(7 * SECOND)
        await at.queue(delivery(2, MAIL))  # shows that the outbox has looked again
        await at.heard(at.email, 2)
        assert len(at.slack.heard) == 1


async def test_while_it_refuses_our_account_it_is_tried_every_few_seconds_however_much_waits(store):
    async with post(store) as at:
        at.outbox.record.down = lambda: {"slack": NOW}
        for place in (C1, C2, C3):
            at.slack.script[place] += [Refused(quote("not ours"), RefusalScope.ACCOUNT)] * 9
        await at.queue(delivery(1, C1), delivery(1, C2), delivery(1, C3))
        for tries in (1, 2, 3):
            await at.heard(at.slack, tries)
            await at.queue(delivery(tries, MAIL))  # shows that the outbox has looked again
            await at.heard(at.email, tries)
            assert len(at.slack.heard) == tries
            await at.later(TRIAL)


async def test_what_was_under_way_when_it_came_back_is_tried_soon_however_often_it_failed(store):
    back = asyncio.Event()

    async def answer(one):
        at.slack.heard.append(one)
        if len(at.slack.heard) == 9:
            await back.wait()
        return Unsure(quote("no answer")) if len(at.slack.heard) < 10 else Sent("ref")

    async with post(store) as at:
        at.slack.send = answer
        at.outbox.record.down = lambda: {} if back.is_set() else {"slack": NOW}
        await at.queue(delivery(1, C1))
        for number in range(1, 9):
            await at.heard(at.slack, number)
            await at.idle()
            await at.later(DEAD_WAIT)
        await at.heard(at.slack, 9)
        back.set()
        await at.idle()
        await at.later(FIRST_WAIT)
        await at.heard(at.slack, 10)
