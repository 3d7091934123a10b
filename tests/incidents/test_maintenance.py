"""Maintenance from its announcement to its end: told once to whom it concerns, on a real store, over restarts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from bot.incidents.maintenance import announce, call_off, keep
from bot.incidents.recorder import Recorder, Settings
from bot.judge.maintenance import in_file
from bot.model import (
    Audience,
    DeliveryAction,
    DeliveryStatus,
    Destination,
    Health,
    Mute,
    Origin,
    Outcome,
    Phase,
    Planned,
    Quiet,
    Reading,
    Role,
    Round,
    Rules,
    Service,
    SourceReport,
    Style,
    SubscriptionFilter,
    Topic,
    Window,
)
from tests.store.made import settle, take

START = datetime(2026, 12, 1, 21, tzinfo=UTC)  # 10 p.m. in Madrid
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SLACK, MAIL, CHAT = Destination("slack", "C1"), Destination("email", "a@example.org"), Destination("telegram", "7")
STYLE = Style("en", "Europe/Madrid")
DESK = Audience("desk", (SLACK, MAIL), SubscriptionFilter(), style=STYLE)
SERVICES = {"mail": Service("mail", "Our mail", ("smtp",)), "shop": Service("shop", "The shop", ("web",))}
TONIGHT = in_file(("mail",), START, START + 1.5 * HOUR, "Moving the mail server")


class House:
    def __init__(self, store, audiences=(DESK,), windows=(TONIGHT,), **more):
        self.store, self.now = store, START - 2 * HOUR
        self.settings = Settings(
            SERVICES,
            dict.fromkeys(SERVICES, Rules()),
            audiences,
            frozenset({"slack", "telegram"}),
            windows=windows,
            **more,
        )
        self.recorder = None

    async def start(self):
        self.recorder = Recorder(self.store, self.settings, lambda: self.now)
        await self.recorder.load()
        await keep(self.recorder)
        return self

    async def at(self, *hours):
        for hour in hours:
            self.now = START + hour * HOUR
            await keep(self.recorder)

    async def rounds(self, service, *outcomes, words=()):
        for outcome in outcomes:
            route = SERVICES[service].routes[0]
            await self.recorder.seen(Round(service, self.now, (Reading(route, outcome, "timed out"),), words))
            self.now += 10 * timedelta(seconds=1)

    async def read(self, *planned, says=Health.UP):
        """What the status page of mail announces is read."""
        page = SourceReport(Role.OFFICIAL, "page", says, at=self.now, planned=planned)
        await self.rounds("mail", Outcome.OK, words=(page,))
        await keep(self.recorder)

    async def sent(self):
        """What goes out now: destination, act and title."""
        rows = []
        for kind in ("slack", "email", "telegram"):
            while claimed := await take(self.store, kind, self.now, limit=50, lease=timedelta(minutes=1)):
                for one in claimed:
                    await settle(self.store, one, DeliveryStatus.SENT, self.now, ref=f"ref {one.key}")
                rows += [(str(one.destination), one.action, one.notice.words.title) for one in claimed]
        return rows

    async def titles(self, place=MAIL):
        return [title for where, act, title in await self.sent() if where == str(place) and act is DeliveryAction.POST]


BAD, GOOD = Outcome.FAILED, Outcome.OK


async def test_it_is_told_before_when_it_begins_and_when_it_is_over_in_one_thread(store):
    house = await House(store).start()
    assert await house.sent() == [
        (str(place), DeliveryAction.POST, "🛠 Our mail: maintenance 10:00–11:30 p.m.") for place in (SLACK, MAIL)
    ]
    await house.at(0)
    begun = "🛠 Our mail: under maintenance until 11:30 p.m."
    assert await house.sent() == [
        (str(SLACK), DeliveryAction.POST, begun),
        (str(SLACK), DeliveryAction.EDIT, begun),
        (str(MAIL), DeliveryAction.POST, begun),
    ]
    await house.at(1, 1.5, 2, 3)
    assert await house.titles() == ["🛠 Our mail: maintenance finished (10:00–11:30 p.m.)"]
    rows = await store.deliveries.of_incident("mail#m1")
    assert {row.kind for row in rows} == {Phase.PLANNED, Phase.BEGUN, Phase.ENDED}


async def test_a_restart_at_any_moment_tells_nothing_twice_and_forgets_nothing(store):
    house, titles = House(store), []
    for hour in (-30, -2, -1, 0, 0.5, 1.4, 1.5, 3):
        house.now = START + hour * HOUR
        await house.start()
        await house.start()
        titles += await house.titles()
    assert titles == [
        "🛠 Our mail: maintenance 10:00–11:30 p.m.",
        "🛠 Our mail: under maintenance until 11:30 p.m.",
        "🛠 Our mail: maintenance finished (10:00–11:30 p.m.)",
    ]


async def test_no_outage_inside_and_the_truth_on_leaving(store):
    house = await House(store).start()
    await house.at(0)
    await house.sent()
    house.now = START + 10 * MINUTE
    await house.rounds("mail", BAD, BAD, BAD)
    assert await house.sent() == []
    assert await store.results.incidents(START) == ()

    await house.at(1.5)
    assert await house.titles() == ["🛠 Our mail: maintenance was due to end by 11:30 p.m."]
    await house.rounds("mail", BAD, BAD)
    await house.start()
    claimed = await take(store, "email", house.now, limit=5, lease=MINUTE)
    [outage] = [one.notice.words for one in claimed]
    assert outage.title == "🔴 Our mail: down since 10:10 p.m."
    assert "It was already failing before maintenance ended at 11:30 p.m." in outage.lines


async def test_the_first_round_after_a_start_knows_of_maintenance_under_way(store):
    house = House(store)
    house.now = START + MINUTE
    house.recorder = Recorder(store, house.settings, lambda: house.now)
    await house.recorder.load()
    await house.rounds("mail", BAD, BAD)
    assert await store.results.incidents(START) == ()


async def test_who_does_not_hear_of_maintenance_or_of_the_service_is_not_told(store):
    deaf = Audience("deaf", (SLACK,), SubscriptionFilter(topics=frozenset(Topic) - {Topic.MAINTENANCE}))
    others = Audience("others", (MAIL,), SubscriptionFilter(services=("shop",)))
    house = await House(store, (deaf, others)).start()
    await house.at(0, 2)
    assert await house.sent() == []


async def test_one_notice_names_all_that_the_reader_follows(store):
    both = in_file(("mail", "shop"), START, START + HOUR, "")
    one = Audience("one", (CHAT,), SubscriptionFilter(services=("shop",)), style=STYLE)
    await (house := House(store, (DESK, one), (both,))).start()
    told = {where: title for where, _, title in await house.sent()}
    assert told[str(MAIL)] == "🛠 Our mail and The shop: maintenance 10:00–11:00 p.m."
    assert told[str(CHAT)] == "🛠 The shop: maintenance 10:00–11:00 p.m."


async def test_a_ladder_hears_on_its_first_rung_and_those_who_were_told_hear_the_end(store):
    ladder = replace(DESK, ladder=True)
    house = await House(store, (ladder,)).start()
    assert [where for where, *_ in await house.sent()] == [str(SLACK)]
    await house.at(0, 1.5)
    assert {where for where, *_ in await house.sent()} == {str(SLACK)}


async def test_quiet_hours_put_it_off_and_tell_how_it_ended_in_one_message(store):
    asleep = Audience("asleep", (MAIL,), SubscriptionFilter(), style=STYLE, quiet=Quiet(time(19), time(7)))
    house = await House(store, (asleep,)).start()
    await house.at(0, 1.5)
    assert await house.sent() == []
    await house.at(9.1)
    assert await house.titles() == ["🛠 Our mail: maintenance finished (10:00–11:30 p.m. Tue)"]


async def test_a_muted_service_is_silent_of_what_is_new(store):
    house = House(store)
    house.recorder = Recorder(store, house.settings, lambda: house.now)
    await house.recorder.load()
    await house.recorder.order("mail", Mute("Ana", house.now, START + 5 * HOUR))
    await keep(house.recorder)
    assert await house.sent() == []


async def test_a_changed_file_is_told_as_moved_and_an_entry_taken_out_as_called_off(store):
    house = await House(store).start()
    await house.sent()
    later = in_file(("mail",), START + HOUR, START + 2 * HOUR, "")
    house.settings = replace(house.settings, windows=(later,))
    await house.start()
    assert await house.titles() == ["🛠 Our mail: maintenance moved to 11:00 p.m. Tue – midnight Wed"]
    house.settings = replace(house.settings, windows=())
    await house.start()
    [title] = await house.titles()
    assert title.endswith("is canceled")


# ── from a chat ──────────────────────────────────────────────────────────────────────────────────────────────────────


def said(house, hours=1, key="said:1"):
    return Window(key, ("mail",), house.now, house.now + hours * HOUR, Origin.SAID, house.now, "disks", "Ana")


async def test_what_is_said_in_a_chat_begins_at_once_and_the_same_order_again_changes_nothing(store):
    house = await House(store, windows=()).start()
    window = said(house)
    await announce(house.recorder, window)
    await announce(house.recorder, window)
    assert await house.titles() == ["🛠 Our mail: under maintenance until 9:00 p.m."]
    house.now += 20 * MINUTE
    await call_off(house.recorder, 1)
    await call_off(house.recorder, 1)
    assert await house.titles() == ["🛠 Our mail: maintenance ended early, at 8:20 p.m."]
    await house.rounds("mail", BAD, BAD)
    assert await house.titles() == ["🔴 Our mail: down since 8:20 p.m."]


async def test_one_of_the_file_that_is_called_off_in_a_chat_stays_so(store):
    house = await House(store).start()
    await house.sent()
    await call_off(house.recorder, 1)
    await house.start()
    await house.at(0, 1)
    assert await house.titles() == ["🛠 Our mail: maintenance 10:00–11:30 p.m. is canceled"]
    await house.rounds("mail", BAD, BAD)
    assert len(await house.titles()) == 1


# ── from a status page ───────────────────────────────────────────────────────────────────────────────────────────────

UPGRADE = Planned("Upgrade", START, START + HOUR, key="abc")


async def test_what_a_page_announces_is_told_and_excuses_as_announced(store):
    house = await House(store, windows=()).start()
    await house.read(UPGRADE)
    assert await house.titles() == ["🛠 Our mail: maintenance 10:00–11:00 p.m."]
    await house.start()
    await house.at(0)
    await house.read(UPGRADE)
    assert await house.titles() == ["🛠 Our mail: under maintenance until 11:00 p.m."]
    await house.rounds("mail", BAD, BAD)
    assert await house.sent() == []
    await house.read(replace(UPGRADE, until=START + 2 * HOUR))
    assert await house.titles() == ["🛠 Our mail: maintenance now lasts until midnight Wed"]
    await house.at(2)
    await house.read(replace(UPGRADE, until=START + 2 * HOUR))
    [over] = await house.titles()
    assert "was due to end" in over


async def test_what_the_page_takes_back_is_called_off_once_that_is_sure(store):
    house = await House(store, windows=()).start()
    await house.read(UPGRADE)
    await house.sent()
    await house.read()
    assert await house.sent() == []
    house.now += 6 * MINUTE
    await house.read()
    assert await house.titles() == ["🛠 Our mail: maintenance 10:00–11:00 p.m. is canceled"]


async def test_a_page_that_cannot_be_read_takes_nothing_back(store):
    house = await House(store, windows=()).start()
    await house.read(UPGRADE)
    await house.sent()
    for _ in range(3):
        house.now += 6 * MINUTE
        await house.read(says=None)
    assert await house.sent() == []


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_overview_has_what_is_under_way_and_no_channel_is_in_maintenance(store):
    everything = in_file((), START, START + HOUR, "")
    house = await House(store, windows=(everything,)).start()
    await house.at(0.5)
    overview = await house.recorder.overview(START - HOUR)
    assert overview.maintenance("shop").number == 1
    assert not (await house.recorder.overview(START - HOUR)).channels


async def test_many_windows_at_once_are_one_message(store):
    windows = tuple(
        Window(f"said:{n}", ("mail",), START + n * MINUTE, START + HOUR, Origin.SAID, START, "") for n in range(5)
    )
    house = await House(store, windows=()).start()
    for window in windows:
        await announce(house.recorder, window)
    house.now += 30 * timedelta(seconds=1)
    titles = await house.titles()
    assert titles == ["5 together"]
