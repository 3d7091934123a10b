"""Each digest once for each recipient and period: stops, sleeps, two nodes, clocks, changed configs and lists."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from bot.model import Destination, PlaceSettings, Reason, ReasonCode
from bot.notify import bounces, digest
from tests.scheduler.digest_house import DAY, HOUR, START, comms, config, queued, runs
from tests.scheduler.digest_house import House as Daemon
from tests.store.made import take

EIGHT = START + HOUR
WEEK = 7 * DAY


def whole(found):
    """The ends of the periods."""
    return [nominal for _, _, _, nominal in found]


async def begun(store, made=None, at=START):
    daemon = Daemon(store, made or comms())
    await daemon.at(at)
    return daemon


async def test_it_is_queued_at_its_minute_and_the_next_is_planned_then(store):
    daemon = await begun(store)
    assert await queued(store) == []
    await daemon.at(EIGHT)
    ((key, place, text),) = await queued(store)
    assert (key, place) == ("digest:comms:2026-11-20T08:00Z/1@email:ana@example.org", "ana@example.org")
    assert "Sent late" not in text
    assert await runs(store) == [("comms", "ana@example.org", EIGHT - DAY, EIGHT)]
    assert await runs(store, coming=True) == [("comms", "ana@example.org", EIGHT, EIGHT + 3 * DAY)]
    for _ in range(3):
        await daemon.again().at(EIGHT + HOUR)
    assert len(await queued(store)) == 1


@pytest.mark.parametrize(("away", "late"), [(timedelta(minutes=5), False), (timedelta(hours=3), True)])
async def test_one_that_was_missed_is_sent_afterwards_and_says_if_it_is_late(store, away, late):
    await begun(store)
    await (await begun(store, at=EIGHT + away)).at(EIGHT + away + HOUR)
    ((_, _, text),) = await queued(store)
    assert ("Sent late" in text) is late


async def test_days_that_were_slept_through_are_in_one_and_the_log_says_so(store, caplog):
    daemon = await begun(store, comms("08:00"))
    await daemon.at(EIGHT)
    await daemon.again().at(EIGHT + 5 * DAY + HOUR)
    assert await runs(store) == [
        ("comms", "ana@example.org", EIGHT - DAY, EIGHT),
        ("comms", "ana@example.org", EIGHT, EIGHT + 5 * DAY),
    ]
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert line == (
        "digest comms: 4 times that it was due at were missed, from 2026-11-21 08:00 UTC on; "
        "the one of 2026-11-25 08:00 UTC is about all of them"
    )


async def test_two_nodes_at_once_queue_it_once(store):
    places = [f"email:{n}@example.org" for n in range(120)]
    nodes = [await begun(store, comms(to=places)) for _ in range(2)]
    nodes[0].clock.now = nodes[1].clock.now = EIGHT
    await asyncio.gather(*(node.digests.send_due() for node in nodes))
    assert len(await queued(store)) == len(await runs(store)) == len(await runs(store, coming=True)) == 120


async def test_a_crash_between_the_queue_and_the_plan_loses_and_repeats_nothing(store, monkeypatch):
    daemon = await begun(store)

    async def broken(*_):
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("bot.store.digests.statements.queue", broken)
        with pytest.raises(Exception, match="killed"):
            await daemon.at(EIGHT)
    assert await runs(store) == []
    await daemon.again().at(EIGHT + timedelta(minutes=1))
    assert len(await queued(store)) == 1


async def test_each_recipient_has_its_own_zone_and_language(store):
    daemon = Daemon(store, comms("08:00", to=["email:a@example.org", "email:b@example.org"]))
    settings = PlaceSettings(language="es", timezone="America/New_York")
    await daemon.engine.recorder.places.set(Destination("email", "b@example.org"), settings)
    await daemon.at(START)
    await daemon.until(EIGHT + 6 * HOUR)
    (first, second) = await runs(store)
    assert (first[1], first[3]) == ("a@example.org", EIGHT)
    assert (second[1], second[3]) == ("b@example.org", datetime(2026, 11, 20, 13, tzinfo=UTC))
    (_, one), (_, two) = [(place, text) for _, place, text in await queued(store)]
    assert one.partition("\n")[0] != two.partition("\n")[0]


@pytest.mark.parametrize(
    ("before", "after", "next_one"),
    [
        ("08:00", "07:30", EIGHT + DAY - HOUR / 2),  # today's was told at 08:00
        ("08:00", "10:00", EIGHT + DAY + 2 * HOUR),  # not a second one today
        ("08:00", "0 6-20 * * *", EIGHT + HOUR),  # every hour, so it may
        ("08:00", "mon 08:00", EIGHT + 3 * DAY),
        ("mon-fri 08:00", "monthly 08:00", datetime(2026, 12, 1, 8, tzinfo=UTC)),
    ],
)
async def test_a_changed_schedule_holds_from_the_next_on_without_gap_or_repetition(store, before, after, next_one):
    daemon = await begun(store, comms(before))
    await daemon.at(EIGHT)
    await daemon.again(comms(after)).at(EIGHT + HOUR / 2)
    assert await runs(store, coming=True) == [("comms", "ana@example.org", EIGHT, next_one)]
    assert len(await queued(store)) == 1


async def test_a_schedule_that_changes_while_one_is_due_keeps_that_one(store):
    await begun(store, comms("08:00"))
    await Daemon(store, comms("07:00")).at(EIGHT + HOUR)
    assert whole(await runs(store)) == [EIGHT]


async def test_a_recipient_who_is_added_hears_from_the_next_one_on(store):
    daemon = await begun(store, comms("mon 08:00"))
    both = comms("mon 08:00", to=["email:ana@example.org", "email:bob@example.org"])
    await daemon.again(both).at(START + DAY)
    monday = EIGHT + 3 * DAY
    await daemon.again(both).at(monday)
    assert await runs(store) == [
        ("comms", "ana@example.org", monday - WEEK, monday),
        ("comms", "bob@example.org", monday - WEEK, monday),
    ]


async def test_a_recipient_who_was_removed_while_one_was_due_is_named_in_the_log(store, caplog):
    daemon = await begun(store)
    await daemon.again(comms(to=["email:bob@example.org"])).at(EIGHT + HOUR)
    assert await queued(store) == []
    assert any("is not sent: it is no longer on its list" in record.getMessage() for record in caplog.records)
    await daemon.again(config({})).at(EIGHT + 2 * HOUR)
    assert await runs(store, coming=True) == []


async def test_a_recipient_who_comes_back_gets_nothing_twice_and_no_long_past(store):
    daemon = await begun(store, comms("08:00"))
    await daemon.at(EIGHT)
    await daemon.again(config({})).at(EIGHT + timedelta(minutes=1))
    await daemon.again().at(EIGHT - timedelta(minutes=1))  # the clock goes back, too
    await daemon.at(EIGHT)
    assert len(await queued(store)) == 1
    await daemon.again(config({})).at(EIGHT + HOUR)
    back = daemon.again()
    await back.at(EIGHT + 30 * DAY + HOUR)
    await back.at(EIGHT + 31 * DAY)
    assert (await runs(store))[-1] == ("comms", "ana@example.org", EIGHT + 30 * DAY, EIGHT + 31 * DAY)


async def test_a_clock_that_was_a_year_ahead_keeps_no_digest_from_coming(store, caplog):
    daemon = await begun(store, comms("08:00"))
    await daemon.at(EIGHT)
    await daemon.at(EIGHT + 365 * DAY)
    await daemon.at(EIGHT + HOUR)
    for n in range(1, 4):
        await daemon.at(EIGHT + n * DAY)
    assert whole(await runs(store)) == [EIGHT + n * DAY for n in range(4)]
    assert any("while the clock was ahead" in record.getMessage() for record in caplog.records)


async def test_a_moved_recipient_stays_one(store):
    daemon = await begun(store, comms("08:00", to=["email:old@example.org"]))
    await daemon.at(EIGHT)
    await daemon.engine.recorder.moved(Destination("email", "old@example.org"), Destination("email", "new@example.org"))
    await daemon.at(EIGHT + DAY)
    assert [(place, nominal) for _, place, _, nominal in await runs(store)] == [
        ("new@example.org", EIGHT),
        ("new@example.org", EIGHT + DAY),
    ]


async def test_a_digest_that_cannot_be_made_keeps_no_other_back(store, monkeypatch):
    made = config({name: {"when": "08:00", "to": ["email:ana@example.org"]} for name in ("bad", "good")})
    daemon = await begun(store, made)
    real = digest.notices

    def some(order, *rest, **more):
        if order.name == "bad":
            raise ValueError("cannot be worded")
        return real(order, *rest, **more)

    monkeypatch.setattr(digest, "notices", some)
    with pytest.raises(ValueError, match="cannot be worded"):
        await daemon.at(EIGHT)
    assert [name for name, *_ in await runs(store)] == ["good"]
    monkeypatch.setattr(digest, "notices", real)
    await daemon.at(EIGHT + HOUR)
    assert sorted(name for name, *_ in await runs(store)) == ["bad", "good"]


async def test_a_reader_who_confirmed_is_planned_with_the_next_look_and_one_who_left_is_dropped(store):
    daemon = await begun(store, comms("08:00"))
    people, bob = daemon.engine.recorder.places.digests, Destination("email", "bob@example.org")
    await people.subscribe("comms", bob, "telegram:7", START)
    await daemon.at(START + timedelta(seconds=5))
    assert [place for _, place, _, _ in await runs(store, coming=True)] == ["ana@example.org", "bob@example.org"]
    await people.leave(people.find("comms", bob), START)
    await daemon.at(START + timedelta(seconds=10))
    assert [place for _, place, _, _ in await runs(store, coming=True)] == ["ana@example.org"]
    other = daemon.again()
    await other.at(START + timedelta(seconds=15))
    await people.subscribe("comms", bob, "telegram:7", START)
    await other.at(START + timedelta(minutes=2))  # another process learns of it
    assert len(await runs(store, coming=True)) == 2


async def test_an_address_that_takes_no_mail_gets_none_and_the_log_says_why(store, caplog):
    daemon = await begun(store)
    cause = Reason.of(ReasonCode.AS_SAID, text="550 5.1.1 gone")
    why = Reason.of(ReasonCode.RELAY_SAID, relay="h:25", cause=cause)
    await daemon.engine.recorder.places.digests.mark(Destination("email", "ana@example.org"), why, START)
    await daemon.at(EIGHT)
    assert await queued(store) == []
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert (
        "digest comms is not sent to email:ana@example.org: it takes no mail since 2026-11-20: h:25: 550 5.1.1" in said
    )
    assert "what was due to email:ana@example.org at 2026-11-20 08:00 UTC is not sent: it takes no mail" in said
    await daemon.engine.recorder.places.digests.retry(Destination("email", "ana@example.org"))
    await daemon.at(EIGHT + HOUR)
    assert len(await runs(store, coming=True)) == 1


@pytest.mark.parametrize(
    ("answer", "hard"),
    [
        ("550 5.1.1 No such user", True),
        ("550 No such user here", True),
        ("553 5.1.3 bad address", True),
        ("550-5.1.1 The email account that you tried to reach does not exist", True),
        ("551 user not local", True),
        ("552 5.2.2 mailbox full", False),
        ("550 5.7.1 blocked by policy", False),
        ("450 4.2.1 try later", False),
        ("timed out", False),
        ("5500 what", False),
    ],
)
def test_which_answers_mean_that_an_address_no_longer_exists(answer, hard):
    cause = Reason.of(ReasonCode.AS_SAID, text=answer)
    assert bounces.hard(Reason.of(ReasonCode.RELAY_SAID, relay="h:25", cause=cause)) is hard
    assert not bounces.hard(cause)


async def test_a_kill_among_a_thousand_leaves_the_rest_to_the_next_process(store, monkeypatch):
    daemon = await begun(store, comms(to=[f"email:{n}@example.org" for n in range(170)]))
    real, calls = daemon.store.digests.queue, []

    async def twice(*given):
        calls.append(1)
        if len(calls) > 2:
            raise OSError("killed")
        return await real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(daemon.store.digests, "queue", twice)
        with pytest.raises(OSError, match="killed"):
            await daemon.at(EIGHT)
    assert len(await runs(store)) == len(await queued(store)) == 100
    await daemon.again().at(EIGHT + timedelta(minutes=1))
    assert len(await runs(store)) == len({key for key, _, _ in await queued(store)}) == len(await queued(store)) == 170


async def test_only_mails_to_those_who_were_added_have_a_link_to_leave(store):
    made = comms("08:00", to=["email:ana@example.org"])
    made = made.model_copy(update={"web": made.web.model_copy(update={"public_url": "https://status.example.org"})})
    daemon = await begun(store, made)
    people = daemon.engine.recorder.places.digests
    for place in (Destination("email", "bob@example.org"), Destination("console", "-")):
        await people.subscribe("comms", place, "telegram:7", START)
    await daemon.at(START + timedelta(minutes=1))
    await daemon.at(EIGHT)
    rows = [await take(store, kind, EIGHT) for kind in ("email", "console")]
    links = {str(row.destination): row.notice.unsubscribe for some in rows for row in some}
    assert links.pop("email:bob@example.org").startswith("https://status.example.org/unsubscribe/")
    assert links == {"email:ana@example.org": "", "console:-": ""}
