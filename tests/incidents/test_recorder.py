"""A round comes in; what follows from it is written in one transaction, and only what follows from it."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot import wording
from bot.incidents.recorder import Recorder, Settings
from bot.model import (
    OURSELVES,
    Ack,
    Audience,
    ChangeKind,
    Confidence,
    DeliveryAction,
    DeliveryStatus,
    Destination,
    Mute,
    Outcome,
    PlaceSettings,
    Reading,
    Round,
    Rules,
    Service,
    Style,
    Subscription,
    SubscriptionFilter,
    Topic,
    Unmute,
)
from bot.store import StoreUnavailable
from tests.judge.rounds import at, look
from tests.reasons import quote
from tests.store.made import settle, take

SLACK, OTHER, MAIL = Destination("slack", "C1"), Destination("slack", "C2"), Destination("email", "desk@example.org")
CHAT = Destination("telegram", "4242")
DESK = Audience("desk", (SLACK, MAIL))
BOSS = Audience("boss", (OTHER,), SubscriptionFilter(services=("y",)))
SERVICES = {"x": Service("x", "X (Twitter)", ("web", "app")), "y": Service("y", "Y", ("web", "app"))}
QUICK = Rules(remind_every=(timedelta(minutes=5),))


class House:
    """A record over a real store, and a clock that stands at the newest round."""

    def __init__(self, store, audiences=(DESK, BOSS)):
        self.store = store
        self.now = at(0)
        self.woken = 0
        setting = Settings(SERVICES, dict.fromkeys(SERVICES, QUICK), audiences, frozenset({"slack", "telegram"}))
        self.recorder = Recorder(store, setting, lambda: self.now, self._wake)

    def _wake(self, _kinds):
        self.woken += 1

    async def rounds(self, letters, service="x", first=0):
        """Feed rounds, as `tests.judge.rounds` writes them; return what the last one answered."""
        for number, letter in enumerate(letters, first):
            self.now = max(self.now, at(number))
            doubtful = await self.recorder.seen(replace(look(letter, number), service=service))
        return doubtful

    async def queued(self, thread="x#1"):
        """(notice, destination, act) of all that was ever queued for an incident."""
        rows = await self.store.deliveries.of_incident(thread)
        return [(row.key.partition("@")[0], str(row.destination), row.action) for row in rows]

    async def deliver(self):
        """Everything queued is claimed and sent."""
        sent = []
        for kind in ("slack", "email", "telegram"):
            while claimed := await take(self.store, kind, self.now, limit=50, lease=timedelta(minutes=1)):
                for one in claimed:
                    await settle(self.store, one, DeliveryStatus.SENT, self.now, ref=f"ref {one.key}")
                sent += claimed
        return sent


@pytest.fixture
def house(store):
    return House(store)


@contextmanager
def counting(store):
    """Transactions and bare reads alike: every time that the database is asked for something."""
    asked = []
    engines = {store.incidents._database._writer.sync_engine, store.incidents._database.reader.sync_engine}

    def note(*_):
        asked.append(1)

    for engine in engines:
        event.listen(engine, "begin", note)
    try:
        yield asked
    finally:
        for engine in engines:
            event.remove(engine, "begin", note)


def titles(deliveries):
    return {str(one.destination): one.notice.words.title for one in deliveries}


# ── one transaction ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_state_incident_timeline_and_deliveries_are_written_in_one_transaction(house, store):
    await house.rounds("B")
    with counting(store) as asked:
        assert await house.rounds("B", first=1)
    assert len(asked) == 1

    [incident] = await store.results.incidents(at(0))
    assert (incident.id, incident.since, incident.confidence) == ("x#1", at(0), Confidence.CONFIRMED)
    assert (await store.incidents.states())["x"].incident == incident
    assert [c.kind for c in await store.results.changes("x#1")] == [ChangeKind.OPENED, ChangeKind.CONFIRMED]
    assert await house.queued() == [
        ("x#1/2", str(SLACK), DeliveryAction.POST),
        ("x#1/2", str(MAIL), DeliveryAction.POST),
    ]
    assert house.woken == 1


async def test_what_cannot_be_worded_is_not_half_written(house, store, monkeypatch):
    await house.rounds("B")
    monkeypatch.setattr(house.recorder, "settings", replace(house.recorder.settings, audiences=(DESK, None)))
    with pytest.raises(AttributeError):
        await house.rounds("B", first=1)

    assert [c.kind for c in await store.results.changes("x#1")] == [ChangeKind.OPENED]
    assert await house.queued() == []
    assert (await store.incidents.states())["x"] == house.recorder.states["x"]


@pytest.fixture
def away(store, monkeypatch):
    """Nothing can be written within it."""

    async def fail(*_):
        raise StoreUnavailable("cannot use the database: it restarts")

    @contextmanager
    def away():
        with monkeypatch.context() as patch:
            patch.setattr(store.incidents._moving, "_commit", fail)
            yield

    return away


async def unwritten(house, path, first):
    """Rounds of which each says that the database is away."""
    for number, letter in enumerate(path, first):
        with pytest.raises(StoreUnavailable):
            await house.rounds(letter, first=number)


async def test_a_round_that_could_not_be_written_is_written_with_the_next_one(house, store, away):
    await house.rounds("B")
    with away():
        await unwritten(house, "B", first=1)
    await house.rounds("B", first=2)

    [incident] = await store.results.incidents(at(0))
    assert (incident.since, incident.confirmed_at) == (at(0), at(1))


async def test_an_outage_that_was_over_before_the_database_was_back_is_recorded_and_told(house, store, away):
    await house.rounds("..")
    with away():
        await unwritten(house, "BBB..", first=2)
    await house.rounds(".", first=7)

    [incident] = await store.results.incidents(at(0))
    assert (incident.id, incident.since, incident.confirmed_at, incident.until) == ("x#1", at(2), at(3), at(5))
    kinds = [change.kind for change in await store.results.changes("x#1")]
    assert kinds == [ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.RESTORED]
    assert (await store.incidents.states())["x"] == house.recorder.states["x"]
    told = [one for one in await house.deliver() if one.action is DeliveryAction.POST]
    assert [one.notice.words.title for one in told if one.destination == MAIL] == [
        "🟢 X (Twitter): down since 12:01 p.m., restored 12:02 p.m. (2 min)"
    ]


async def test_an_outage_that_was_over_before_the_database_was_back_is_recorded_though_somebody_mutes(
    house, store, away
):
    await house.rounds("..")
    with away():
        await unwritten(house, "BBB..", first=2)
    await house.recorder.order("x", Mute("Ana", at(6), at(30)))
    await house.rounds(".", first=7)

    [incident] = await store.results.incidents(at(0))
    assert (incident.since, incident.until) == (at(2), at(5))
    assert (await store.incidents.states())["x"].mute is not None


async def test_who_was_told_before_the_database_went_away_hears_only_where_the_outage_stands(house, store, away):
    await house.rounds("..PP")
    await house.deliver()
    with away():
        await unwritten(house, "BBB", first=4)
        await unwritten(house, "..", first=7)
    await house.rounds(".", first=9)

    kinds = [change.kind for change in await store.results.changes("x#1")]
    assert kinds == [ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.WORSENED, ChangeKind.RESTORED]
    told = [one for one in await house.deliver() if one.destination == SLACK]
    assert [(one.action, one.notice.kind) for one in told] == [
        (DeliveryAction.POST, ChangeKind.RESTORED),
        (DeliveryAction.EDIT, ChangeKind.RESTORED),
    ]


async def test_what_was_only_possible_trouble_and_is_over_when_the_database_is_back_is_told_to_nobody(store, away):
    nervous = replace(DESK, filter=SubscriptionFilter(confidence=Confidence.POSSIBLE))
    house = House(store, (nervous,))
    await house.rounds("..")
    with away():
        await unwritten(house, "B..", first=2)
    await house.rounds("...", first=5)

    kinds = [change.kind for change in await store.results.changes("x#1")]
    assert kinds == [ChangeKind.OPENED, ChangeKind.RETRACTED]
    assert await house.deliver() == []


async def test_a_round_counts_though_our_own_outage_could_not_be_stored_with_it(house, store, monkeypatch):
    await house.rounds("..")
    write = store.incidents.apply

    async def fail(service, *more):
        if service == OURSELVES:
            raise StoreUnavailable("cannot use the database: it restarts")
        return await write(service, *more)

    with monkeypatch.context() as patch:
        patch.setattr(store.incidents, "apply", fail)
        with pytest.raises(StoreUnavailable):
            await house.recorder.seen(replace(look("B", 2), asleep_since=at(1)))
    await house.rounds("B", first=3)

    [incident] = [one for one in await store.results.incidents(at(0)) if one.service == "x"]
    assert (incident.since, incident.confirmed_at) == (at(2), at(3))


async def test_a_write_that_was_done_although_its_answer_was_lost_is_not_done_again(house, store, away):
    await house.rounds("..")
    write = store.incidents._moving._commit

    async def unanswered(jobs):
        await write(jobs)
        raise StoreUnavailable("the connection was closed")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.incidents._moving, "_commit", unanswered)
        await unwritten(house, "B", first=2)
    with away():
        await unwritten(house, "B.", first=3)
    await house.rounds("..", first=5)

    kinds = [change.kind for change in await store.results.changes("x#1")]
    assert kinds == [ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.RESTORED]
    told = [one for one in await house.deliver() if one.action is DeliveryAction.POST]
    assert sorted(one.key for one in told) == ["x#1/3@email:desk@example.org", "x#1/3@slack:C1"]


async def test_the_page_shows_what_is_seen_while_the_database_is_away(house, away):
    await house.rounds("..")
    with away():
        await unwritten(house, "BB", first=2)
        shown = {s.id: state for s, state in house.recorder.overview_from_memory(at(0)).services}
    assert shown["x"].incident.confirmed_at == at(3)
    assert house.recorder.states["x"].incident is None


async def test_an_order_given_while_a_round_waited_counts_and_the_outage_keeps_its_start(house, store, away):
    await house.rounds("B")
    with away():
        await unwritten(house, "B", first=1)
    await house.recorder.order("x", Mute("anna", at(1), at(90)))
    await house.rounds("B", first=2)

    [incident] = await store.results.incidents(at(0))
    assert (incident.since, incident.confidence) == (at(0), Confidence.CONFIRMED)
    assert (await store.incidents.states())["x"].mute is not None


async def test_a_steady_service_asks_nothing_of_the_database(house, store):
    await house.rounds("....")
    await house.rounds("BBBBBB", "y")  # until every count has reached its cap
    with counting(store) as asked:
        await house.rounds("." * 50, first=4)
        await house.rounds("B" * 4, "y", first=6)
    assert asked == []


async def test_twenty_rounds_at_once_make_one_incident_and_each_notice_once(house, store):
    await house.rounds("..")
    await asyncio.gather(*(house.recorder.seen(look("B", number)) for number in range(2, 22)))

    assert [i.id for i in await store.results.incidents(at(0))] == ["x#1"]
    queued = await house.queued()
    assert sorted(queued) == sorted(set(queued))
    assert [kind for kind, *_ in queued].count("x#1/2") == 2
    assert house.recorder.states == await store.incidents.states()


async def test_two_daemons_on_one_database_agree_on_one_incident(store):
    one, two = House(store), House(store)
    await asyncio.gather(*(house.rounds("BBBB") for house in (one, two)))

    assert [i.id for i in await store.results.incidents(at(0))] == ["x#1"]
    assert len(await one.queued()) == 2
    await one.recorder.load()
    assert one.recorder.states == await store.incidents.states()


# ── what is believed ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_outage_begins_with_its_first_bad_round_and_ends_with_its_first_good_one(house, store):
    await house.rounds("..BBB..")
    [incident] = await store.results.incidents(at(0))
    assert (incident.since, incident.until) == (at(2), at(5))


@pytest.mark.parametrize(
    ("letters", "since"), [("..", None), ("..B", 2), ("..BBB", 2), ("..BBB.", 2), ("..BB..", None), ("..BWW", None)]
)
async def test_the_present_trouble_began_with_the_first_bad_round_of_our_own(house, letters, since):
    await house.rounds(letters)
    assert house.recorder.bad_since("x") == (None if since is None else at(since))


@pytest.mark.parametrize(("rounds", "doubtful"), [("..", False), ("..B", True), ("..BB", True), ("..BB.", True)])
async def test_a_service_in_doubt_is_asked_for_again_soon(house, rounds, doubtful):
    assert await house.rounds(rounds) is doubtful


async def test_after_its_end_a_service_is_no_longer_in_doubt(house):
    assert await house.rounds("..BB..") is False


async def test_another_record_on_the_same_store_goes_on_with_the_same_incident(house, store):
    await house.rounds("BB")
    await house.deliver()
    after = House(store)
    await after.recorder.load()
    await after.rounds("..", first=2)

    assert [c.kind for c in await store.results.changes("x#1")] == [
        ChangeKind.OPENED,
        ChangeKind.CONFIRMED,
        ChangeKind.RESTORED,
    ]
    restored = await after.deliver()
    assert titles(restored) == dict.fromkeys(
        map(str, (SLACK, MAIL)), "🟢 X (Twitter): down since noon, restored 12:01 p.m. (1 min)"
    )
    assert [i.number for i in await store.results.incidents(at(0))] == [1]


# ── blindness ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_we_could_not_see_is_told_once_and_afterwards(house, store):
    for number, letter in enumerate("..????.."):
        for service in SERVICES:
            await house.rounds(letter, service, first=number)
        if letter == "?":
            assert await store.deliveries.backlog() == {}

    assert await house.queued(f"{OURSELVES}#1") == [
        (f"{OURSELVES}#1/2", str(place), DeliveryAction.POST) for place in (SLACK, MAIL, OTHER)
    ]
    [blind] = await store.results.incidents(at(0))
    assert (blind.service, blind.since, blind.until) == (OURSELVES, at(2), at(6))


async def test_while_we_are_blind_the_overview_says_so_and_nothing_is_down(house):
    await house.rounds("..??")
    overview = await house.recorder.overview(at(0))
    assert overview.offline_since == at(2)
    assert all(state.incident is None for _, state in overview.services)

    await house.rounds("..", first=4)
    assert (await house.recorder.overview(at(0))).offline_since is None


async def test_what_all_nodes_could_not_see_is_over_when_one_sees_though_others_did_before(house, store, monkeypatch):
    await house.rounds("..??")
    monkeypatch.setattr(type(store.ownership), "others_see", property(lambda _self: True))
    await house.rounds("??..", first=4)
    [blind] = await store.results.incidents(at(0))
    assert (blind.service, blind.since, blind.until) == (OURSELVES, at(2), at(6))

    await house.rounds("??..", first=8)
    assert await store.results.incidents(at(0)) == (blind,)  # others saw all the time


# ── who hears it ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_of_a_muted_service_only_those_told_hear_how_it_ends(house):
    await house.rounds("BB")
    await house.deliver()
    await house.recorder.order("x", Mute("ana", at(2), at(10_000), "known"))
    await house.recorder.places.subscribe(Subscription(CHAT, (SubscriptionFilter(),), "telegram:4242", at(2)))
    await house.rounds("B" * 20, first=2)
    assert await house.deliver() == []
    await house.rounds("..", first=22)
    assert {str(one.destination) for one in await house.deliver()} == {str(SLACK), str(MAIL)}

    await house.rounds("BB..", first=24)
    assert await house.deliver() == []
    await house.recorder.order("x", Unmute("ana", at(28)))
    await house.rounds("BB", first=28)
    assert {str(one.destination) for one in await house.deliver()} >= {str(SLACK), str(MAIL), str(CHAT)}


async def test_a_mute_that_has_run_out_mutes_nothing(house):
    await house.recorder.order("x", Mute("ana", at(0), at(1)))
    await house.rounds("BB", first=2)
    assert len(await house.deliver()) == 2


async def test_an_order_is_carried_out_once_and_told_to_those_who_know(house, store):
    await house.rounds("BB")
    await house.deliver()
    changes = await house.recorder.order("x", Ack("ana", at(3)))
    assert [c.kind for c in changes] == [ChangeKind.ACKNOWLEDGED]
    assert await house.recorder.order("x", Ack("bob", at(4))) == ()
    with counting(store) as asked:
        assert await house.recorder.order("y", Ack("bob", at(4))) == ()
    assert asked == []
    assert {str(one.destination) for one in await house.deliver()} == {str(SLACK), str(MAIL)}


async def test_a_subscription_is_told_like_an_audience_in_its_own_words(house, store):
    wish = SubscriptionFilter(services=("x",), topics=frozenset({Topic.DOWN}))
    await house.recorder.places.set(CHAT, PlaceSettings("es", "Europe/Madrid", "24h"))
    await house.recorder.places.subscribe(Subscription(CHAT, (wish,), "telegram:4242", at(0)))
    await house.rounds("BB")
    await house.rounds("BB", "y")
    told = await house.deliver()

    assert [one.notice.words.title for one in told if one.destination == CHAT] == [
        "🔴 X (Twitter) no funciona desde las 14:00"
    ]
    after = House(store)
    await after.recorder.load()
    assert after.recorder.places.subscriptions == house.recorder.places.subscriptions
    assert await house.recorder.places.unsubscribe(CHAT)
    assert not await house.recorder.places.unsubscribe(CHAT)
    assert house.recorder.places.subscriptions == ()


async def test_a_place_that_is_in_an_audience_and_subscribed_hears_once(house):
    await house.recorder.places.subscribe(Subscription(SLACK, (SubscriptionFilter(),), "slack:U1", at(0)))
    await house.rounds("BB")
    assert [one for one, place, _ in await house.queued() if place == str(SLACK)] == ["x#1/2"]


async def test_a_place_that_moved_takes_its_subscription_with_it(house):
    await house.recorder.places.subscribe(Subscription(CHAT, (SubscriptionFilter(),), "telegram:4242", at(0)))
    new = Destination("telegram", "-1001")
    await house.recorder.moved(CHAT, new)
    assert [s.destination for s in house.recorder.places.subscriptions] == [new]


async def test_the_first_message_is_brought_up_to_date_only_where_that_can_be(house):
    await house.rounds("BB")
    await house.deliver()
    await house.rounds("..", first=2)

    assert await house.queued() == [
        ("x#1/2", str(SLACK), DeliveryAction.POST),
        ("x#1/2", str(MAIL), DeliveryAction.POST),
        ("x#1/3", str(SLACK), DeliveryAction.POST),  # the news first: an edit tells nobody
        ("x#1/3", str(SLACK), DeliveryAction.EDIT),
        ("x#1/3", str(MAIL), DeliveryAction.POST),
    ]
    edit = next(one for one in await house.deliver() if one.action is DeliveryAction.EDIT)
    assert edit.root == f"ref x#1/2@{SLACK}"
    assert edit.notice.root.title == "🟢 X (Twitter): down since noon, restored 12:01 p.m. (1 min)"


async def test_an_ending_names_what_else_is_down_of_what_the_reader_follows(store):
    only_x = Audience("x", (OTHER,), SubscriptionFilter(services=("x",)))
    house = House(store, (DESK, only_x))
    await house.rounds("BB")
    await house.rounds("BB", "y")
    await house.deliver()
    await house.rounds("..", first=2)
    text = {
        str(one.destination): one.notice.words.text
        for one in await house.deliver()
        if one.action is DeliveryAction.POST
    }

    assert text[str(SLACK)].splitlines()[1:] == ["Still down: Y since noon."]
    assert "Y" not in text[str(OTHER)]


async def test_endings_that_are_written_at_the_same_time_do_not_name_each_other_as_still_down(store):
    house = House(store, (DESK,))
    await house.rounds("BB")
    await house.rounds("BB", "y")
    await house.deliver()
    await asyncio.gather(house.rounds("..", first=2), house.rounds("..", "y", first=2))

    endings = [one.notice.words.text for one in await house.deliver() if one.action is DeliveryAction.POST]
    assert len(endings) == 4
    assert {text.splitlines()[1] for text in endings} == {"Everything else you follow is up."}


async def test_an_ending_that_could_not_be_written_is_still_down_to_others(store, monkeypatch):
    house = House(store, (DESK,))
    await house.rounds("BB")
    await house.rounds("BB", "y")
    await house.deliver()
    write = store.incidents.apply

    async def fail(*_):
        raise StoreUnavailable("cannot use the database: it restarts")

    monkeypatch.setattr(store.incidents, "apply", fail)
    with pytest.raises(StoreUnavailable):
        await house.rounds("..", first=2)
    monkeypatch.setattr(store.incidents, "apply", write)
    await house.rounds("..", "y", first=2)

    endings = [one.notice.words.text for one in await house.deliver() if one.action is DeliveryAction.POST]
    assert {text.splitlines()[1] for text in endings} == {"Still down: X (Twitter) since noon."}


async def test_what_waits_for_an_audience_that_was_renamed_is_worded_for_whoever_reads_there(store):
    house = House(store, (DESK, BOSS))
    await house.rounds("BB", "y")
    renamed = replace(house.recorder.settings, audiences=(replace(DESK, name="newsroom"), BOSS))
    house.recorder.change(renamed)

    assert list(house.recorder.others("desk", SLACK).down) == ["y"]
    assert list(house.recorder.others("boss", SLACK).down) == ["y"]
    assert list(house.recorder.others("desk", Destination("slack", "C9")).down) == []


async def test_the_languages_of_all_places_are_loaded_before_there_is_anything_to_tell(store, monkeypatch):
    prepared = []
    monkeypatch.setattr(wording, "prepare", lambda styles, _now: prepared.append({one.language for one in styles}))
    own = ((OTHER, Style("fr"), None),)
    await House(store, (Audience("desk", (SLACK, OTHER), style=Style("es"), own=own), DESK)).recorder.load()

    assert prepared == [{"en", "es", "fr"}]


async def test_a_service_taken_out_of_the_config_is_no_longer_shown(house, store):
    await house.rounds("BB", "y")
    setting = replace(house.recorder.settings, services={"x": SERVICES["x"]})
    after = Recorder(store, setting, house.recorder.clock, house.recorder.wake)
    await after.load()

    overview = await after.overview(at(0))
    assert ([s.id for s, _ in overview.services], overview.recent) == (["x"], ())


async def test_a_place_of_the_config_that_has_moved_hears_the_end_where_it_is_now(store):
    old, new = Destination("telegram", "-1"), Destination("telegram", "-1002")
    ladder = Audience("night", (old, MAIL), ladder=True)
    house = House(store, (ladder,))
    await house.rounds("BB")
    await house.recorder.moved(old, new)
    await house.deliver()
    await house.rounds("..", first=2)
    assert [str(one.destination) for one in await house.deliver() if one.action is DeliveryAction.POST] == [str(new)]
    assert house.recorder.ladders["night"].destinations == (new, MAIL)

    again = House(store, (ladder,))
    await again.recorder.load()
    assert again.recorder.readers[0].destinations == (new, MAIL)


# ── certificates ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_certificate_that_ends_soon_is_told_and_not_looked_at_more_often(house):
    until = at(40_000)  # two weeks
    worn = (
        Reading("web", Outcome.EXPIRING, quote("its certificate ends soon"), until=until),
        Reading("app", Outcome.OK),
    )
    for number in range(3):
        house.now = at(number)
        assert not await house.recorder.seen(Round("x", at(number), worn))

    await house.deliver()
    assert await house.queued() == [
        ("x#1/1", "slack:C1", DeliveryAction.POST),
        ("x#1/1", "email:desk@example.org", DeliveryAction.POST),
    ]
    stored = (await house.store.incidents.states())["x"]
    assert stored.incident.readings[0].until == until
    with counting(house.store) as asked:
        await house.recorder.seen(Round("x", at(3), worn))
    assert asked == []
    assert await house.rounds("B", first=4)
    assert await house.rounds("B", first=5)
    assert (await house.store.incidents.states())["x"].incident.since == at(4)
