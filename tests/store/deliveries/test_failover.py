"""The next rung gets it once, whoever sees to it; what an ending overtakes is told in one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from bot.model import Audience, ChangeKind, Delivery, DeliveryAction, DeliveryStatus, Destination
from bot.store import open_store
from bot.store.deliveries.failover import LATE, NEXT, Handed
from bot.store.deliveries.repository import Adopted
from bot.store.schema import deliveries as table
from bot.store.schema import services
from tests.reasons import english, quote
from tests.store.made import LEASE, MAIL, NOW, ROLES, SECOND, SLACK, delivery, further, settle, take

TELEGRAM = Destination("telegram", "-100")
DESK = {"desk": Audience("desk", (SLACK, TELEGRAM, MAIL), ladder=True)}
MINUTE = 60 * SECOND


def rung(step=1, to=SLACK, thread="x#1", within=MINUTE, ends=None):
    made = delivery(step, to, thread)
    return replace(made, notice=replace(made.notice, kind=ends), ladders=("desk",), within=within)


def next_one(untaken):
    """The next rung that is not known yet, as a test needs it."""
    place = next((d for d in DESK["desk"].destinations if d not in untaken.rungs), None)
    notice = untaken.notice
    return [
        Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, "desk", ladders=("desk",), within=MINUTE)
    ] * bool(place)


async def fail_over(store, now, choose=lambda _: ()):
    """As `Failover` does: what changed meanwhile is decided again."""
    handed = []
    while untaken := await store.deliveries.untaken(now, DESK):
        chosen = [Handed(one, tuple(choose(one))) for one in untaken]
        handed += await store.deliveries.fail_over(chosen, DESK, now)
    return handed


async def hand_on(store, now):
    return [str(row.destination) for one in await fail_over(store, now, next_one) for row in one.onto]


async def claim(store, kind="slack", now=NOW):
    return await take(store, kind, now, limit=10, lease=LEASE)


async def statuses(store, thread="x#1"):
    return [str(row.status) for row in await store.deliveries.of_incident(thread)]


# ── deadlines ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_only_what_is_on_a_ladder_has_a_deadline(store):
    await store.deliveries.add([delivery(1)], NOW)
    assert await store.deliveries.next_deadline() is None
    await store.deliveries.add([rung(2), rung(3, within=SECOND)], NOW)
    assert await store.deliveries.next_deadline() == NOW + SECOND


@pytest.mark.parametrize(
    ("status", "deadline"),
    [
        (DeliveryStatus.SENT, None),
        (DeliveryStatus.PENDING, NOW + MINUTE),
        (DeliveryStatus.REFUSED, NOW + 5 * SECOND),  # at once
        (DeliveryStatus.SUPERSEDED, None),
    ],
)
async def test_a_receipt_says_what_becomes_of_the_deadline(store, status, deadline):
    await store.deliveries.add([rung(), delivery(1, MAIL)], NOW)
    for kind in ("slack", "email"):
        [one] = await claim(store, kind)
        await settle(store, one, status, NOW + 5 * SECOND)
    assert await store.deliveries.next_deadline() == deadline


# ── handing on ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_is_overdue_goes_from_rung_to_rung_and_each_once(store):
    await store.deliveries.add([rung()], NOW)
    assert await hand_on(store, NOW + 59 * SECOND) == []
    assert await hand_on(store, NOW + MINUTE) == ["telegram:-100"]
    assert await hand_on(store, NOW + MINUTE) == []
    assert await hand_on(store, NOW + 2 * MINUTE) == [str(MAIL)]
    assert await hand_on(store, NOW + 3 * MINUTE) == []
    assert await store.deliveries.next_deadline() is None
    assert await store.deliveries.backlog() == {"slack": 1, "telegram": 1, "email": 1}  # all are still tried


async def test_two_that_see_to_it_at_once_hand_on_once(store, database_url):
    rows = [rung(1, thread=f"{name}#1") for name in "xyz"]
    await store.deliveries.add(rows, NOW)
    async with open_store(database_url) as other:
        found = await asyncio.gather(*(hand_on(one, NOW + MINUTE) for one in (store, other) * 4))
    assert sorted(map(len, found))[-2:] in ([0, 3], [1, 2])
    assert sum(map(len, found)) == 3
    assert (await store.deliveries.backlog())["telegram"] == 3


async def test_the_deadline_outlives_the_process(database_url):
    async with open_store(database_url, alone=True) as store:
        await store.ownership.offer(roles=ROLES)
        await store.deliveries.add([rung()], NOW)
        await claim(store)
    async with open_store(database_url, alone=True) as store:
        await store.ownership.offer(roles=ROLES)
        assert await hand_on(store, NOW + MINUTE) == ["telegram:-100"]
    async with open_store(database_url, alone=True) as store:
        await store.ownership.offer(roles=ROLES)
        assert await hand_on(store, NOW + MINUTE) == []


async def test_what_is_known_of_an_untaken_one(store):
    await store.deliveries.add([rung(1, thread="y#1")], NOW - MINUTE)  # its place has been silent since then
    await store.deliveries.add([rung(1), rung(1, TELEGRAM)], NOW)
    [told] = await claim(store, "telegram")
    await settle(store, told, DeliveryStatus.SENT, NOW)

    found = [one.untaken for one in await fail_over(store, NOW + MINUTE)]
    assert [one.delivery.notice.key for one in found] == ["y#1/1", "x#1/1"]
    assert (found[1].since, found[1].refused, found[1].doubtful) == (NOW - MINUTE, None, False)
    assert {place: (r.sent, r.running) for place, r in found[1].rungs.items()} == {
        SLACK: (False, True),
        TELEGRAM: (True, False),
    }


async def test_a_refusal_is_known_by_its_words_and_what_hangs_is_in_doubt(store):
    await store.deliveries.add([rung(1), rung(1, TELEGRAM)], NOW)
    [refused], [_hangs] = await claim(store), await claim(store, "telegram")
    await settle(store, refused, DeliveryStatus.REFUSED, NOW, why=quote("is_archived"))

    found = [one.untaken for one in await fail_over(store, NOW + MINUTE)]
    assert [(str(one.delivery.destination), english(one.refused), one.doubtful) for one in found] == [
        ("slack:C012", "is_archived", False),
        ("telegram:-100", "", True),
    ]


async def test_an_ending_that_waits_behind_is_handed_on_in_its_stead(store):
    await store.deliveries.add([rung(1)], NOW)
    await store.deliveries.add([rung(2, ends=ChangeKind.RESTORED)], NOW + 20 * SECOND)
    [one] = await fail_over(store, NOW + MINUTE, next_one)
    assert [row.key for row in one.onto] == ["x#1/2@telegram:-100"]
    assert await store.deliveries.next_deadline() == NOW + 2 * MINUTE  # Telegram's; Slack's are all seen to


async def test_of_what_a_removed_channel_leaves_the_ending_alone_is_handed_on(store):
    await store.deliveries.add([rung(1)], NOW)
    await store.deliveries.add([rung(2, ends=ChangeKind.RESTORED)], NOW + 20 * SECOND)
    gone = [(one, Adopted(("desk",), one.deadline, one.due, quote("gone"))) for one in await store.deliveries.waiting()]
    assert await store.deliveries.readdress(gone, NOW + 30 * SECOND) == (0, 2)
    [one] = await fail_over(store, NOW + 30 * SECOND, next_one)
    assert [row.key for row in one.onto] == ["x#1/2@telegram:-100"]
    assert await statuses(store) == ["refused", "refused", "pending"]


async def test_whoever_was_deciding_meanwhile_has_to_decide_again(store):
    await store.incidents.apply("x", further(), NOW)
    await store.deliveries.add([rung()], NOW)

    async def version(connection):
        return await connection.scalar(select(services.c.version))

    before = await store.deliveries._database.read(version)
    await hand_on(store, NOW + MINUTE)
    assert await store.deliveries._database.read(version) == before + 1


@pytest.mark.parametrize("change", ["sent", "newer news", "another rung"])
async def test_what_is_no_longer_as_it_was_read_is_decided_again(store, change):
    await store.deliveries.add([rung()], NOW)
    [was] = await store.deliveries.untaken(NOW + MINUTE, DESK)
    if change == "sent":
        [one] = await claim(store)
        await settle(store, one, DeliveryStatus.SENT, NOW)
    elif change == "newer news":
        await store.deliveries.add([rung(2, ends=ChangeKind.RESTORED)], NOW)
    else:
        await store.deliveries.add([rung(1, TELEGRAM)], NOW)
    assert await store.deliveries.fail_over([Handed(was, tuple(next_one(was)))], DESK, NOW + MINUTE) == ()
    assert "email" not in await store.deliveries.backlog()
    assert ("telegram" in await store.deliveries.backlog()) is (change == "another rung")


async def test_what_was_refused_counts_as_told_until_the_next_rung_has_it(store):
    async def situation():
        seen = []
        await store.incidents.apply("x", seen.append, NOW)
        return seen[0]

    await store.incidents.apply("x", further(), NOW)
    await store.deliveries.add([rung()], NOW)
    [one] = await claim(store)
    await settle(store, one, DeliveryStatus.REFUSED, NOW)
    assert (await situation()).told == {SLACK}
    await hand_on(store, NOW)
    assert (await situation()).told == {TELEGRAM}
    assert (await situation()).heard == frozenset()
    [two] = await claim(store, "telegram")
    await settle(store, two, DeliveryStatus.PENDING, NOW, unsure=True)
    assert (await situation()).heard == {TELEGRAM}


async def test_looking_for_deadlines_does_not_walk_through_what_is_finished(store):
    await store.deliveries.add([rung(n, thread=f"x#{n}") for n in range(400)], NOW)
    while rows := await take(store, "slack", NOW, limit=500, lease=LEASE):
        for one in rows:
            await settle(store, one, DeliveryStatus.SENT, NOW)

    async def work(connection):
        dialect = connection.dialect
        if dialect.name == "postgresql":
            await connection.execute(text("ANALYZE deliveries"))
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        how = "EXPLAIN QUERY PLAN " if dialect.name == "sqlite" else "EXPLAIN "
        plans = []
        for query in (NEXT, LATE.params(now=NOW)):
            words = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
            plans.append("\n".join(str(row) for row in await connection.execute(text(how + words))))
        return plans

    for plan in await store.deliveries._database.write(work):
        assert "running_deadlines" in plan
        assert "Seq Scan" not in plan


# ── merging ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def tried(store, *, unsure=False):
    """The head is handed over once, in vain."""
    [head] = await claim(store)
    await settle(store, head, DeliveryStatus.PENDING, NOW, due=NOW + SECOND, unsure=unsure)
    return head


def ending(kind=ChangeKind.RESTORED, step=3):
    made = delivery(step)
    return replace(made, notice=replace(made.notice, kind=kind))


async def test_a_place_that_did_not_take_the_beginning_gets_the_ending_alone(store):
    await store.deliveries.add([delivery(1), delivery(2), delivery(2, action=DeliveryAction.EDIT)], NOW)
    await tried(store)
    await store.deliveries.add([ending(), delivery(3, action=DeliveryAction.EDIT)], NOW)

    [one] = await claim(store, now=NOW + SECOND)
    assert (one.key, one.late, one.root, one.attempts, one.lease) == ("x#1/3@slack:C012", True, None, 0, 1)
    assert await statuses(store) == ["superseded", "superseded", "superseded", "sending", "superseded"]
    await settle(store, one, DeliveryStatus.PENDING, NOW, due=NOW + 2 * SECOND)
    [again] = await claim(store, now=NOW + 2 * SECOND)
    assert (again.key, again.late, again.attempts) == (one.key, True, 1)
    assert await settle(store, again, DeliveryStatus.SENT, NOW)
    assert await store.deliveries.backlog() == {}


async def test_where_it_was_begun_the_ending_stays_an_answer_and_its_edit_is_made(store):
    await store.deliveries.add([delivery(1)], NOW)
    [first] = await claim(store)
    await settle(store, first, DeliveryStatus.SENT, NOW, ref="r1")
    await store.deliveries.add([delivery(2), delivery(2, action=DeliveryAction.EDIT)], NOW)
    await tried(store)
    await store.deliveries.add([ending(), delivery(3, action=DeliveryAction.EDIT)], NOW)

    [one] = await claim(store, now=NOW + SECOND)
    assert (one.key, one.late, one.root) == ("x#1/3@slack:C012", False, "r1")
    assert await statuses(store) == ["sent", "superseded", "superseded", "sending", "pending"]


async def test_what_was_never_tried_is_told_in_order(store):
    await store.deliveries.add([delivery(1), ending()], NOW)
    [one] = await claim(store)
    assert (one.key, one.late) == ("x#1/1@slack:C012", False)


@pytest.mark.parametrize("unsure", [True, False])
async def test_a_retraction_of_what_cannot_have_arrived_is_not_told(store, unsure):
    await store.deliveries.add([delivery(1)], NOW)
    await tried(store, unsure=unsure)
    await store.deliveries.add([ending(ChangeKind.RETRACTED), delivery(3, action=DeliveryAction.EDIT)], NOW)

    assert [one.key for one in await claim(store, now=NOW + SECOND)] == ["x#1/3@slack:C012"] * unsure
    assert (await statuses(store)).count("superseded") == (2 if unsure else 3)


async def test_one_place_is_merged_and_another_one_is_not(store):
    other = Destination("slack", "C2")
    await store.deliveries.add([delivery(1), delivery(1, other)], NOW)
    for head in await claim(store):
        await settle(store, head, DeliveryStatus.PENDING, NOW, due=NOW + SECOND)
    await store.deliveries.add([ending()], NOW)
    assert {one.key for one in await claim(store, now=NOW + SECOND)} == {"x#1/3@slack:C012", "x#1/1@slack:C2"}


async def test_the_ending_has_the_time_of_what_it_stands_for(store):
    await store.deliveries.add([rung(1)], NOW)
    await tried(store)
    await store.deliveries.add([rung(2, ends=ChangeKind.RESTORED)], NOW + 20 * SECOND)
    [one] = await claim(store, now=NOW + 20 * SECOND)
    assert one.notice.key == "x#1/2"
    assert await store.deliveries.next_deadline() == NOW + MINUTE


async def test_what_arrives_after_its_time_is_late(store):
    await store.deliveries.add([rung(1)], NOW)
    assert not (await tried(store)).late
    await hand_on(store, NOW + MINUTE)
    [slack], [telegram] = await claim(store, now=NOW + MINUTE), await claim(store, "telegram", NOW + MINUTE)
    assert (slack.late, telegram.late, telegram.ladders) == (True, False, ("desk",))


# ── an older database ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_database_of_the_first_schema_keeps_what_it_has_to_tell(tmp_path):
    from alembic import command
    from alembic.config import Config

    from bot.store.engine import connect
    from bot.store.migrations import MIGRATIONS

    url = f"sqlite:///{tmp_path}/old.db"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    database = connect(url)
    old = dict.fromkeys(("ends", "ladders", "deadline"))

    def first(connection):
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    async def work(connection):
        await connection.run_sync(first)
        columns = [c for c in table.c if c.name not in old and c.name != "id"]
        row = {
            "key": "x#1/1@slack:C012", "kind": "slack", "place": "C012", "thread": "x#1", "act": "post",
            "audience": "desk", "title": "t", "notice": delivery().notice, "status": "pending", "due": NOW, "lease": 0,
            "attempts": 0, "unsure": False, "why": None, "queued_at": NOW,
        }  # fmt: skip
        await connection.execute(table.insert().values({c: row[c.name] for c in columns if c.name in row}))

    await database.write(work)
    await database.close()
    async with open_store(url) as store:
        [one] = await claim(store)
        assert (one.key, one.ladders, one.late, one.notice) == ("x#1/1@slack:C012", (), False, delivery().notice)
