"""What is asked too fast, too late, twice, or with a button of another incident."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.chat.access import ADMINS, BURST, EACH, WAITING, Admission, Pacer, PersonLimits, Turns
from bot.contracts import Pace
from bot.delivery.rate_limit import RateLimit
from bot.model import Audience, Destination, Reply
from bot.store import open_store
from tests import sqlite
from tests.chat.dispatcher import ADMIN, Desk
from tests.incidents.test_recorder import counting
from tests.sim.inline import Disk, inline

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TELEGRAM = Pace(30, timedelta(seconds=1), timedelta(seconds=1))
DESK = Audience("desk", (Destination("slack", "C1"),))


@pytest.fixture
async def store(tmp_path):
    with inline(Disk()):
        async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as opened:
            yield opened


# ── how fast ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened(
    "B9", "10,000 commands of one person", "20 answered, one that asks to slow down; the rest costs nothing"
)
async def test_who_asks_too_fast_is_told_so_once(store, saw):
    desk = Desk(store, public=True)
    answers = [await desk.say("status") for _ in range(EACH + 1)]
    assert answers[-1][0] == "⏳ Too fast: at most 20 commands a minute."
    with counting(store) as asked:
        more = [await desk.say("status") for _ in range(10_000 - EACH - 1)]
    assert (set(map(str, more)), asked) == ({"None"}, [])
    assert await desk.say("status", "telegram:10") is not None  # others are answered
    saw("20 answers, 1 to slow down, 9,979 silent without the database")


def test_who_pauses_may_ask_again_and_is_told_again():
    people = PersonLimits()
    taken = [people.take("a", 0, admin=False) for _ in range(EACH + 2)]
    assert taken[-3:] == [Admission.FINE, Admission.SLOWLY, Admission.SILENT]
    assert people.take("a", 4, admin=False) is Admission.SILENT  # 20 a minute, not one every three seconds as well
    assert people.take("a", 60, admin=False) is Admission.FINE
    taken = [people.take("a", 60, admin=False) for _ in range(EACH)]
    assert Admission.SLOWLY in taken
    assert [people.take("b", 0, admin=True) for _ in range(ADMINS)] == [Admission.FINE] * ADMINS


def test_a_clock_of_the_loop_that_stands_still_gives_nothing_and_people_are_forgotten_in_the_end():
    limit = RateLimit(1, keys=3)
    assert [limit.take(key, 0.0, 60.0) for key in "aabcda"] == [True, False, True, True, True, True]
    assert not limit.take("a", -10.0, 50.0)


@pytest.mark.hardened(
    "B10",
    "a crowd asks as fast as Telegram lets it",
    "answers take half of the account's rate, an admin's leaves at once",
)
def test_answers_take_half_of_the_accounts_rate_and_admins_go_first(saw):
    pacer = Pacer(TELEGRAM)
    due = [pacer.reserve(f"{n}", 100.0, first=False) for n in range(1_000)]
    taken = [at for at in due if at is not None]
    assert all(sum(start <= at < start + 1 for at in taken) <= 16 for start in range(100, 121))
    assert sum(101 <= at < 111 for at in taken) == 150
    assert len(taken) < 400  # what could leave only after 20 s is not made
    assert pacer.reserve("admin", 100.0, first=True) == 100.0
    saw("15 a second; the admin's at once")


def test_one_place_gets_no_more_answers_than_half_of_what_it_takes():
    pacer = Pacer(TELEGRAM)
    due = [pacer.reserve("-1", 0.0, first=False) for _ in range(100)]
    taken = [at for at in due if at is not None]
    assert sum(at < 1 for at in taken) <= BURST + 1
    assert len(taken) <= BURST + 11
    assert pacer.reserve("", 0.0, first=False) is not None  # what takes no room there


@pytest.mark.hardened(
    "B10", "so many ask at once that a line forms", "the admin is next; who finds the line full is not answered"
)
async def test_admins_are_next_and_a_line_has_an_end():
    turns, order, go = Turns(width=1), [], asyncio.Event()

    async def ask(name, *, admin=False):
        async with turns.turn(admin=admin) as come:
            if come:
                await go.wait()
            order.append((name, come))

    tasks = [asyncio.create_task(ask(n)) for n in range(WAITING + 5)]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(ask("admin", admin=True)))
    await asyncio.sleep(0)
    tasks[3].cancel()
    assert [come for _, come in order] == [False] * 4
    go.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [name for name, come in order if come][:4] == [0, "admin", 1, 2]
    assert turns._busy == 0


async def test_a_turn_that_is_cancelled_as_it_comes_is_the_next_ones():
    turns, done = Turns(width=1), []

    async def ask(name):
        async with turns.turn(admin=False):
            done.append(name)
            await asyncio.sleep(0)

    first, second, third = (asyncio.create_task(ask(n)) for n in (1, 2, 3))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, second, third, return_exceptions=True)
    assert 3 in done
    assert turns._busy == 0


# ── how late ─────────────────────────────────────────────────────────────────────────────────────────────────────────


ORDERS = (
    "ack x",
    "mute x 1h",
    "unmute x",
    "correct x",
    "maintenance x for 1h",
    "drill",
    "allow",
    "disallow",
    "subscribe x",
    "quiet off",
)


@pytest.mark.hardened(
    "B13", "a command of 30 days ago arrives", "orders are answered, not carried out; questions are answered"
)
@pytest.mark.parametrize("ago", [timedelta(minutes=11), timedelta(hours=3), timedelta(days=30)])
@pytest.mark.parametrize("text", [*ORDERS, "report x"])
async def test_an_old_order_is_answered_and_not_carried_out(store, text, ago):
    desk = Desk(store, (DESK,), public=True)
    await desk.house.rounds("BB")
    if text == "disallow":
        await desk.say("allow", ADMIN)
    if text == "quiet off":
        await desk.say("subscribe x", ADMIN)
        await desk.say("quiet 01:00-02:00", ADMIN)
    before, entries = desk.house.recorder.states["x"], await store.audit_log.newest(9)
    answer = await desk.say(text, ADMIN, ago=ago)
    assert answer[0].startswith("⏳ Not done: you sent this ")
    assert (desk.house.recorder.states["x"], await store.audit_log.newest(9)) == (before, entries)
    assert desk.looked == []
    assert not (await desk.say(text, ADMIN, ago=timedelta(minutes=9)))[0].startswith("⏳")


@pytest.mark.hardened("B13", "it starts after a day away: 500 old commands wait", "3 answered in a place, 30 in all")
async def test_of_hundreds_of_old_commands_a_few_are_answered(store, saw):
    desk = Desk(store, public=True)
    one = [await desk.say("status", f"telegram:{n}", ago=timedelta(days=1)) for n in range(1000, 1500)]
    assert sum(answer is not None for answer in one) == 3
    places = [Destination("telegram", f"-{n}") for n in range(100)]
    many = [await desk.say("status", f"telegram:2{n}", place, ago=HOUR) for n, place in enumerate(places)]
    assert sum(answer is not None for answer in many) == 30 - 3
    assert await desk.say("status", ADMIN, ago=HOUR) is not None
    assert await desk.say("status", "telegram:1") is not None
    saw("3 of 500 in one place, 30 of 600 in all")


async def test_a_message_from_the_future_is_of_now(store):
    desk = Desk(store, (DESK,), public=True)
    await desk.house.rounds("BB")
    await desk.say("mute x 1h", ADMIN, at=desk.house.now + timedelta(days=9))
    assert desk.house.recorder.states["x"].mute.until == desk.house.now + HOUR


# ── twice ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("B13", "a platform tells of an order again after a restart", "carried out once, and said so")
@pytest.mark.parametrize("text", ["drill", "ack x", "mute x 1h", "subscribe x", "maintenance x for 1h", "allow"])
async def test_an_order_is_carried_out_once_across_a_restart(store, text):
    desk = Desk(store, (DESK,), public=True)
    await desk.house.rounds("BB")
    await desk.say(text, ADMIN, once="trigger 1")
    first = await store.audit_log.newest(9)
    assert len(first) == 1
    assert text == "allow" or await desk.say(text, ADMIN, once="trigger 1") is None  # in another envelope
    desk.restart()
    again = await desk.say(text, ADMIN, once="trigger 1")
    assert again[0] in ("↩️ This already arrived once, before a restart.", "telegram:-100777 is in already.")
    assert await store.audit_log.newest(9) == first


async def test_a_drill_that_is_told_again_after_a_restart_sends_nothing(store):
    desk = Desk(store, (DESK,), public=True)
    await desk.say("drill", ADMIN, once="u1")
    assert len(await desk.told(DESK.destinations[0])) == 1
    desk.house.now += MINUTE
    desk.restart()
    await desk.say("drill", ADMIN, once="u1")
    assert await desk.told(DESK.destinations[0]) == []


# ── buttons ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def two_outages(store):
    """One is over, x#2 is open."""
    desk = Desk(store, (DESK,), public=True)
    await desk.house.rounds("BB..BB")
    assert desk.house.recorder.states["x"].incident.id == "x#2"
    return desk


@pytest.mark.hardened(
    "B13",
    "somebody presses a button under the message of an earlier outage",
    "nothing is changed, and the answer says that it is over",
)
@pytest.mark.parametrize(
    "text", ["ack x#1", "mute x#1 1h", "correct x#1", "report x#1", "report x#1 works", "ack X (Twitter)#1"]
)
async def test_a_button_is_about_its_own_incident(store, text):
    desk = await two_outages(store)
    before = desk.house.recorder.states["x"]
    answer = await desk.say(text, ADMIN, reply=Reply.ALONE)
    assert answer == ["⌛ x#1 is over: nothing changed", "For the latest, send /status x."]
    assert (desk.house.recorder.states["x"], desk.looked) == (before, [])
    assert not (await desk.say(text.replace("#1", "#2"), ADMIN))[0].startswith("⌛")


@pytest.mark.hardened(
    "B13",
    "an old button of the first edition, without a number, is pressed",
    "it orders nothing about an outage that began after its message",
)
@pytest.mark.parametrize("text", ["ack x", "mute x 1h", "correct x", "report x"])
async def test_an_old_button_without_a_number_is_known_by_the_age_of_its_message(store, text):
    desk = await two_outages(store)
    since = desk.house.recorder.states["x"].incident.since
    answer = await desk.say(text, ADMIN, under=since - timedelta(minutes=2))
    assert answer[0] == "⌛ X (Twitter): the incident in this message is over"
    assert not (await desk.say(text, ADMIN, under=since + timedelta(seconds=1)))[0].startswith("⌛")


async def test_a_number_that_nobody_knows_is_no_service(store):
    desk = await two_outages(store)
    assert (await desk.say("ack x#99999999999999999999", ADMIN))[0].startswith("⌛")
    assert (await desk.say("ack y#1", ADMIN))[0].startswith("⌛")
    assert "no service" in (await desk.say("ack x#", ADMIN))[0]
    assert "no service" in (await desk.say("ack x#²", ADMIN))[0]


# ── one person's words ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened(
    "A1", "one stranger toggles report x, report x works", "two words count in an hour; no look for the others"
)
@pytest.mark.parametrize("pause", [timedelta(0), timedelta(seconds=10), timedelta(minutes=2)])
async def test_who_changes_their_mind_makes_no_further_look(store, pause, saw):
    desk = Desk(store, public=True)
    answers = []
    for n in range(22):
        desk.house.now += pause
        answers.append(await desk.say("report x" + " works" * (n % 2)))
        desk.desk._people = PersonLimits()  # not their pace is tried here
    assert desk.looked == ["x", "x"]
    assert desk.crowd.tallies("telegram:9")["x"].mine is True
    assert answers[0][0].startswith("✅ Thanks, noted")
    assert answers[2] == ["You've already told us twice this hour, so this one doesn't count."]
    desk.house.now += HOUR
    await desk.say("report x")
    assert len(desk.looked) == 3
    saw("22 words, 2 looks")


@pytest.mark.hardened("A1", "the words of one person are told again after a restart", "still two count in an hour")
async def test_a_restart_gives_no_more_words(store):
    desk = Desk(store, public=True)
    for n in range(20):
        if n % 4 == 0:
            desk.crowd = type(desk.crowd)(store, lambda: desk.house.now, desk.looked.append)
            await desk.crowd.load()
            desk.restart()
        desk.house.now += timedelta(seconds=1)
        await desk.say("report x" + " works" * (n % 2))
    assert len(desk.looked) <= 2 + 4  # one word an hour is all that the table of words has


@pytest.mark.hardened(
    "B15", "one person reports as each of their channels", "channels and groups are no persons, and are not counted"
)
async def test_a_channel_is_no_person(store):
    desk = Desk(store, public=True)
    for n in range(5):
        answer = await desk.say("report x", f"telegram:-100{n}", person=False)
        assert answer == ["Only people count, once each: please report it from your own account."]
    assert (desk.looked, desk.crowd.tallies()) == ([], {})
