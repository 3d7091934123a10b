"""From a round to what is queued, and when: quiet hours, what lasts, whom it is escalated to, and what is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from bot import wording
from bot.model import (
    Ack,
    Audience,
    ChangeKind,
    Correct,
    DeliveryAction,
    Destination,
    Escalation,
    Mute,
    Quiet,
    Rules,
    Style,
    SubscriptionFilter,
    Topic,
)
from bot.notify import routing
from bot.web.status_page import as_json
from tests.incidents.test_recorder import CHAT, DESK, MAIL, OTHER, SERVICES, SLACK, House
from tests.judge.rounds import at

MADRID = Style("en", "Europe/Madrid")
SIESTA = Quiet(time(13, 30), time(16))  # in Madrid it is 2:00 p.m. when the rounds begin
ENDS = datetime(2022, 7, 14, 14, tzinfo=UTC)
BOSS = Destination("email", "boss@example.org")
TEN = timedelta(minutes=10)


def house(store, *audiences, remind_every=()):
    made = House(store, audiences)
    rules = {key: Rules(remind_every=remind_every, milestones=routing.milestones(audiences, key)) for key in SERVICES}
    made.recorder.settings = replace(made.recorder.settings, rules=rules)
    return made


def text(deliveries, act=DeliveryAction.POST):
    return {str(one.destination): one.notice.words.title for one in deliveries if one.action is act}


# ── quiet hours ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def decided(home, letters, first=0):
    """What the rounds decide upon: each delivery's end of key and when it is due."""
    move, found = home.store.incidents.apply, []

    async def noting(*arguments):
        moved = await move(*arguments)
        found.extend(moved.deliveries if moved else ())
        return moved

    home.store.incidents.apply = noting
    await home.rounds(letters, first=first)
    home.store.incidents.apply = move
    return [(one.key.partition("#")[2], one.due) for one in found]


async def test_what_falls_into_quiet_hours_waits_for_their_end_and_its_edit_too(store):
    home = house(
        store, Audience("desk", (SLACK,), SubscriptionFilter(), style=MADRID, quiet=SIESTA), Audience("mail", (MAIL,))
    )
    assert await decided(home, "BB") == [(f"1/2@{SLACK}", ENDS), (f"1/2@{MAIL}", None)]
    assert await decided(home, "..", 2) == [(f"1/3@{SLACK}", ENDS), (f"1/3@{SLACK};edit", ENDS), (f"1/3@{MAIL}", None)]


async def test_what_is_excepted_is_told_at_once_and_so_is_its_end(store):
    quiet = replace(SIESTA, but=frozenset({Topic.DOWN}))
    home = house(store, Audience("desk", (SLACK,), SubscriptionFilter(), style=MADRID, quiet=quiet))
    assert await decided(home, "BBPP") == [(f"1/2@{SLACK}", None), (f"1/3@{SLACK}", ENDS), (f"1/3@{SLACK};edit", ENDS)]
    assert {due for _, due in await decided(home, "..", 4)} == {None}


async def test_a_deferred_delivery_is_claimed_at_the_end_of_the_quiet_hours_and_not_before(store):
    home = house(store, Audience("desk", (SLACK,), SubscriptionFilter(), style=MADRID, quiet=SIESTA))
    await home.rounds("BB")
    assert await store.deliveries.next_due("slack") == ENDS
    home.now = ENDS - timedelta(seconds=1)
    assert await home.deliver() == []
    home.now = ENDS
    assert text(await home.deliver()) == {str(SLACK): "🔴 X (Twitter): down since 2:00 p.m."}


async def test_what_is_kept_back_holds_up_nothing_that_goes_through(store):
    quiet = replace(SIESTA, but=frozenset({Topic.DOWN}))
    home = house(store, Audience("desk", (SLACK,), SubscriptionFilter(), style=MADRID, quiet=quiet))
    await home.rounds("PP")
    assert await home.deliver() == []
    await home.rounds("BB", first=2)
    assert text(await home.deliver()) == {str(SLACK): "🔴 X (Twitter): down since 2:00 p.m."}
    await home.rounds("PP", first=4)
    assert await home.deliver() == []
    await home.rounds("..", first=6)
    assert text(await home.deliver()) == {
        str(SLACK): "🟢 X (Twitter): down since 2:00 p.m., restored 2:03 p.m. (3 min)"
    }
    home.now = ENDS
    assert await home.deliver() == []
    assert await store.deliveries.backlog() == {}


async def test_what_is_kept_back_is_told_once_at_the_end_as_it_stands_then(store):
    home = house(store, Audience("desk", (SLACK,), SubscriptionFilter(), style=MADRID, quiet=SIESTA))
    await home.rounds("PPBB....")
    assert await home.deliver() == []
    home.now = ENDS
    [told] = await home.deliver()
    assert told.deferred
    assert told.notice.words.title == "🟢 X (Twitter): down since 2:00 p.m., restored 2:02 p.m. (2 min)"


async def test_what_is_read_the_next_morning_says_of_which_day_it_speaks(store):
    night = Quiet(time(13, 30), time(7))
    home = house(
        store, Audience("desk", (SLACK,), SubscriptionFilter(), style=MADRID, quiet=night), Audience("mail", (MAIL,))
    )
    await home.rounds("BB")
    home.now += timedelta(days=1)
    since = "🔴 X (Twitter): down since 2:00 p.m."
    assert text(await home.deliver()) == {str(SLACK): f"{since} Thu", str(MAIL): since.replace("2:00 p.m.", "noon")}


# ── what lasts ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_boss_is_called_after_ten_minutes_and_then_hears_of_the_end(store):
    home = house(
        store, Audience("desk", (SLACK,), SubscriptionFilter(), escalations=(Escalation(TEN, (BOSS,)),), style=MADRID)
    )
    await home.rounds("B" * 20)
    assert text(await home.deliver()) == {str(SLACK): "🔴 X (Twitter): down since 2:00 p.m."}
    await home.rounds("B", first=20)
    [called] = await home.deliver()
    assert (called.destination, called.action) == (BOSS, DeliveryAction.POST)
    assert called.notice.words.title == "🔴 X (Twitter): still down after 10 min (since 2:00 p.m.)"
    assert called.notice.words.lines[-1] == 'No one has acknowledged it yet. Looking into it? Send "ack x".'
    await home.rounds("B" * 19 + "..", first=21)
    restored = "🟢 X (Twitter): down since 2:00 p.m., restored 2:20 p.m. (20 min)"
    assert text(await home.deliver()) == {str(SLACK): restored, str(BOSS): restored}


async def test_nobody_is_called_once_somebody_looks_into_it(store):
    home = house(store, Audience("desk", (SLACK,), escalations=(Escalation(TEN, (BOSS,)),)))
    await home.rounds("B" * 5)
    await home.recorder.order("x", Ack("ana", at(5)))
    await home.rounds("B" * 30 + "..", first=5)
    assert {one.destination for one in await home.deliver()} == {SLACK}
    assert ChangeKind.LASTING in [c.kind for c in await store.results.changes("x#1")]


async def test_a_ladder_is_no_other_for_whom_it_escalates_to(store):
    ladder = Audience("desk", (SLACK, MAIL), ladder=True, escalations=(Escalation(TEN, (BOSS,)),))
    home = house(store, ladder)
    await home.rounds("B" * 22)
    sent = await home.deliver()
    assert [(one.destination, one.ladders) for one in sent] == [(SLACK, ("desk",)), (BOSS, ())]


async def test_who_wants_only_what_lasts_hears_nothing_of_what_does_not(store):
    patient = Audience("patient", (MAIL,), SubscriptionFilter(for_at_least=TEN))
    home = house(store, DESK, replace(patient, destinations=(OTHER,)))
    await home.rounds("B" * 10 + "..")
    assert {one.destination for one in await home.deliver()} == {SLACK, MAIL}

    home = house(store, patient)
    await home.recorder.load()
    await home.rounds("B" * 24, first=20)
    [first] = await home.deliver()
    assert (first.destination, first.notice.words.title) == (
        MAIL,
        "🔴 X (Twitter): still down after 10 min (since 12:10 p.m.)",
    )
    await home.rounds("..", first=44)
    assert text(await home.deliver()) == {
        str(MAIL): "🟢 X (Twitter): down since 12:10 p.m., restored 12:22 p.m. (12 min)"
    }


# ── what is taken back ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_outage_that_was_none_is_taken_back_in_its_thread_to_all_who_were_told(store):
    home = house(store, DESK)
    await home.rounds("BB")
    await home.deliver()
    [change] = await home.recorder.order("x", Correct("Ana", at(4), "wrong host"))
    sent = await home.deliver()

    assert change.kind is ChangeKind.RETRACTED
    assert text(sent) == dict.fromkeys(map(str, (SLACK, MAIL)), "⚪ Correction: X (Twitter) was not down.")
    [edit] = [one for one in sent if one.action is DeliveryAction.EDIT]
    assert edit.root == f"ref x#1/2@{SLACK}"
    assert edit.notice.root.lines == (
        "Our notice of trouble at noon was wrong.",
        "Corrected by Ana.",
        "Wrong host.",
    )


async def test_what_was_over_already_is_taken_back_where_it_stands_and_leaves_no_figure(store):
    home = house(store, Audience("desk", (SLACK,)))
    await home.rounds("..BBBB......")
    await home.deliver()
    home.now = at(120)
    [change] = await home.recorder.order("x", Correct("Ana", at(120)))
    assert await home.recorder.order("x", Correct("Ben", at(121))) == ()
    sent = await home.deliver()

    assert (change.incident.since, change.incident.until) == (at(2), at(6))
    assert text(sent) == {str(SLACK): "⚪ Correction: X (Twitter) was not down."}
    assert [one.root for one in sent if one.action is DeliveryAction.EDIT] == [f"ref x#1/2@{SLACK}"]
    assert sent[0].notice.words.lines[0] == "Our notices of trouble 12:01–12:03 p.m. were wrong."

    [incident] = await store.results.incidents(at(0))
    assert (incident.retracted, incident.until) == (True, at(6))
    overview = await home.recorder.overview(at(0))
    assert wording.status(overview, Style(), "x").text == "🟢 X (Twitter): up since noon"
    facts = wording.digest_facts(overview, at(0), Style(), ("x",))
    assert (facts.happened, facts.uptime[0].share) == ((), 1.0)
    assert as_json(overview)["incidents"] == []


async def test_what_opens_next_is_told_as_new_to_those_who_heard_of_the_one_before(store):
    home = house(store, Audience("desk", (SLACK,)))
    await home.rounds("BB..")
    await home.deliver()
    await home.rounds("BB", first=4)
    [opened] = await home.deliver()
    assert (opened.notice.thread, opened.action, opened.root) == ("x#2", DeliveryAction.POST, None)


async def test_a_correction_is_told_of_a_muted_service_and_to_nobody_who_was_not_told(store):
    home = house(store, Audience("desk", (SLACK,)), Audience("y", (OTHER,), SubscriptionFilter(services=("y",))))
    await home.rounds("BB")
    await home.deliver()
    await home.recorder.order("x", Mute("ana", at(2), at(10_000)))
    await home.recorder.order("x", Correct("Ana", at(3)))
    assert {one.destination for one in await home.deliver()} == {SLACK}


async def test_after_a_restart_the_one_that_was_over_last_can_still_be_taken_back(store):
    home = house(store, Audience("desk", (SLACK,)))
    await home.rounds("BB..")
    await home.deliver()
    after = house(store, Audience("desk", (SLACK,)))
    await after.recorder.load()
    after.now = at(9)
    assert [c.kind for c in await after.recorder.order("x", Correct("Ana", at(9)))] == [ChangeKind.RETRACTED]
    assert text(await after.deliver()) == {str(SLACK): "⚪ Correction: X (Twitter) was not down."}


# ── mutes and reminders ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_outage_that_was_muted_from_the_start_is_not_told_nor_its_end(store):
    home = house(store, Audience("desk", (SLACK,), escalations=(Escalation(TEN, (BOSS,)),)))
    await home.recorder.order("x", Mute("ana", at(0), at(10_000)))
    await home.rounds("B" * 30 + "..")
    assert await home.queued() == []


@pytest.mark.parametrize("acked", [None, 70])
async def test_reminders_come_ever_more_rarely_until_somebody_looks_into_it(store, acked):
    home = house(store, Audience("desk", (CHAT,)), remind_every=(timedelta(minutes=30), timedelta(hours=2)))
    minutes = []
    await home.rounds("BB")
    for minute in range(1, 400):
        before = home.woken
        await home.rounds("B", first=2 * minute)
        if minute == acked:
            await home.recorder.order("x", Ack("ana", home.now))
        if home.woken > before:
            sent = await home.deliver()
            minutes += [
                minute for one in sent if one.notice.kind is ChangeKind.REMINDED and one.action is DeliveryAction.POST
            ]
    assert minutes == ([30] if acked else [30, 120, 240, 360])
