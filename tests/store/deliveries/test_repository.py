from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.model import DeliveryAction, DeliveryStatus, Destination
from bot.store import open_store
from tests.reasons import english, quote
from tests.store.made import LEASE, MAIL, NOW, ROLES, SECOND, SLACK, delivery, settle, take


async def claim(store, kind="slack", now=NOW, limit=10):
    return await take(store, kind, now, limit=limit, lease=LEASE)


async def sent(store, ref=None, kind="slack", now=NOW):
    """Claim and settle all that is due of one kind."""
    claimed = await claim(store, kind, now)
    for one in claimed:
        assert await settle(store, one, DeliveryStatus.SENT, now, ref=ref)
    return claimed


async def test_what_was_added_is_claimed_whole(store):
    added = delivery()
    assert await store.deliveries.add([added], NOW) == 1

    [claimed] = await claim(store)
    assert (claimed.key, claimed.destination, claimed.action) == (added.key, SLACK, DeliveryAction.POST)
    assert (claimed.notice, claimed.audience) == (added.notice, "desk")
    assert (claimed.attempts, claimed.unsure, claimed.root) == (0, False, None)
    assert claimed.lease == 1


async def test_a_key_is_queued_once(store):
    assert await store.deliveries.add([delivery(1), delivery(2), delivery(1)], NOW) == 2
    assert await store.deliveries.add([delivery(2), delivery(3)], NOW) == 1
    assert await store.deliveries.add([], NOW) == 0
    assert await store.deliveries.backlog() == {"slack": 3}


async def test_a_lane_is_told_in_order_and_waits_for_its_head(store):
    await store.deliveries.add([delivery(1), delivery(2), delivery(1, MAIL), delivery(1, thread="y#1")], NOW)

    first = await claim(store)
    assert [one.key for one in first] == ["x#1/1@slack:C012", "y#1/1@slack:C012"]
    assert await claim(store) == ()

    await settle(store, first[0], DeliveryStatus.PENDING, NOW, due=NOW + 30 * SECOND, why=quote("429"))
    assert await claim(store) == ()
    [again] = await claim(store, now=NOW + 30 * SECOND)
    assert again.key == "x#1/1@slack:C012"
    await settle(store, again, DeliveryStatus.SENT, NOW)
    assert [one.key for one in await claim(store)] == ["x#1/2@slack:C012"]


@pytest.mark.parametrize("end", [DeliveryStatus.SENT, DeliveryStatus.REFUSED])
async def test_a_finished_head_lets_the_next_go(store, end):
    await store.deliveries.add([delivery(1), delivery(2)], NOW)
    [first] = await claim(store)
    await settle(store, first, end, NOW)

    assert [one.key for one in await claim(store)] == ["x#1/2@slack:C012"]


async def test_only_one_kind_and_no_more_than_the_limit_are_claimed(store):
    rows = [delivery(1, Destination("slack", f"C{n}")) for n in range(5)]
    await store.deliveries.add([*rows, delivery(1, MAIL)], NOW)

    assert len(await claim(store, limit=3)) == 3
    assert len(await claim(store, limit=3)) == 2
    assert [one.destination for one in await claim(store, "email")] == [MAIL]


async def test_what_follows_the_first_message_knows_its_ref_and_its_subject(store):
    await store.deliveries.add([delivery(1), delivery(2), delivery(2, action=DeliveryAction.EDIT)], NOW)
    [first] = await sent(store, ref="1503435956.000247")
    assert first.subject == "x#1 step 1"

    [second] = await sent(store, ref="another")
    [edit] = await claim(store)
    assert (second.root, second.subject) == ("1503435956.000247", "x#1 step 1")
    assert (edit.action, edit.root) == (DeliveryAction.EDIT, "1503435956.000247")


async def test_a_refused_first_message_is_nobodys_root(store):
    await store.deliveries.add([delivery(1), delivery(2)], NOW)
    [first] = await claim(store)
    await settle(store, first, DeliveryStatus.REFUSED, NOW, why=quote("channel_not_found"))

    [second] = await claim(store)
    assert (second.root, second.subject) == (None, "x#1 step 2")


async def test_hand_overs_are_counted(store):
    await store.deliveries.add([delivery()], NOW)
    for attempts in range(3):
        [one] = await claim(store)
        assert one.attempts == attempts
        assert one.unsure is False
        await settle(store, one, DeliveryStatus.PENDING, NOW, why=quote("503"))


async def test_an_expired_lease_is_claimed_again_as_unsure_and_the_first_claim_has_lost_it(store):
    await store.deliveries.add([delivery()], NOW)
    [first] = await claim(store)
    assert await claim(store, now=NOW + LEASE - SECOND) == ()

    [second] = await claim(store, now=NOW + LEASE)
    assert (second.unsure, second.attempts, second.lease) == (True, 1, 2)
    assert await settle(store, first, DeliveryStatus.REFUSED, NOW) is False
    assert await settle(store, second, DeliveryStatus.SENT, NOW) is True
    assert await settle(store, second, DeliveryStatus.SENT, NOW) is False


async def test_a_longer_lease_can_be_had(store):
    await store.deliveries.add([delivery()], NOW)
    [one] = await claim(store)
    await settle(store, one, DeliveryStatus.SENDING, NOW, due=NOW + 10 * LEASE)

    assert await claim(store, now=NOW + 2 * LEASE) == ()
    assert await settle(store, one, DeliveryStatus.SENT, NOW) is True


async def test_doubt_once_said_stays(store):
    await store.deliveries.add([delivery()], NOW)
    [one] = await claim(store)
    await settle(store, one, DeliveryStatus.PENDING, NOW, unsure=True)
    [two] = await claim(store)
    await settle(store, two, DeliveryStatus.PENDING, NOW)
    [three] = await claim(store)

    assert (one.unsure, two.unsure, three.unsure) == (False, True, True)


async def test_many_are_settled_together_each_with_its_own_answer(store):
    await store.deliveries.add([delivery(1, Destination("slack", f"C{n}")) for n in range(4)], NOW)
    a, b, c, d = await claim(store)
    await settle(store, b, DeliveryStatus.SENT, NOW)

    answers = await asyncio.gather(
        *(settle(store, one, DeliveryStatus.SENT, NOW, ref=one.destination.place) for one in (a, b, c, c))
    )
    assert answers == [True, False, True, False]
    assert await store.deliveries.counts() == {("slack", "sent"): 3, ("slack", "sending"): 1}
    assert await asyncio.gather(*(settle(store, d, DeliveryStatus.SENT, NOW) for _ in range(2))) == [True, False]


async def test_claimers_at_once_never_get_the_same_row(store, database_url):
    await store.deliveries.add([delivery(1, Destination("slack", f"C{n}")) for n in range(100)], NOW)

    keys = []

    async def claim_all(one):
        while batch := await claim(one, limit=7):
            assert len(batch) <= 7
            keys.extend(delivery.key for delivery in batch)

    async with open_store(database_url) as other:
        await asyncio.gather(*(claim_all(one) for _ in range(5) for one in (store, other)))
    assert len(keys) == len(set(keys)) == 100


async def test_next_due_is_when_a_head_may_go(store):
    assert await store.deliveries.next_due("slack") is None
    await store.deliveries.add([delivery(1), delivery(2)], NOW)
    assert await store.deliveries.next_due("slack") == NOW

    [first] = await claim(store)
    assert await store.deliveries.next_due("slack") == NOW + LEASE
    await settle(store, first, DeliveryStatus.PENDING, NOW, due=NOW + 5 * SECOND)
    assert await store.deliveries.next_due("slack") == NOW + 5 * SECOND
    assert await store.deliveries.next_due("email") is None


async def test_who_got_what_can_be_asked(store):
    await store.deliveries.add([delivery(1), delivery(1, MAIL)], NOW)
    await sent(store, now=NOW + SECOND)
    [mail] = await claim(store, "email")
    await settle(store, mail, DeliveryStatus.REFUSED, NOW + SECOND, why=quote("550 no such user \0\ud800"))

    slack, refused = await store.deliveries.of_incident("x#1")
    assert (slack.destination, slack.status, slack.attempts) == (SLACK, DeliveryStatus.SENT, 1)
    assert (slack.queued_at, slack.sent_at) == (NOW, NOW + SECOND)
    assert (refused.status, refused.sent_at, english(refused.why)) == (
        DeliveryStatus.REFUSED,
        None,
        "550 no such user ?",
    )
    assert await store.deliveries.backlog() == {}
    assert await store.deliveries.counts() == {("slack", "sent"): 1, ("email", "refused"): 1}


async def test_what_a_dead_predecessor_was_sending_is_released_once_to_who_is_alone(database_url):
    async with open_store(database_url) as store:
        await store.deliveries.add([delivery(1), delivery(2)], NOW)
        [cut_off] = await claim(store)

    async with open_store(database_url, alone=True) as store:
        await store.ownership.offer(roles=ROLES)
        assert store.ownership.requeued == 1
        assert await settle(store, cut_off, DeliveryStatus.SENT, NOW) is False
        [again] = await claim(store)
        assert (again.key, again.unsure, again.attempts) == (cut_off.key, True, 1)
        await settle(store, again, DeliveryStatus.SENT, NOW)
    async with open_store(database_url, alone=True) as store:
        await store.ownership.offer(roles=ROLES)
        assert store.ownership.requeued == 0


async def test_a_naive_time_is_refused(store):
    with pytest.raises(ValueError, match="without a zone"):
        await store.deliveries.add([delivery()], NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="without a zone"):
        await claim(store, now=NOW.replace(tzinfo=None))

    assert await store.deliveries.add([delivery()], NOW) == 1


async def test_claiming_looks_at_unfinished_rows_only(store):
    """The plans: neither database may walk through what is finished. 100,000 rows are a busy quarter."""
    await store.deliveries.add([delivery(n, thread=f"x#{n}") for n in range(400)], NOW)
    while await sent(store, now=NOW):
        pass
    await store.deliveries.add([delivery(1, thread="y#1")], NOW)

    plan = await explained(store)
    assert "unfinished_" in plan or "Index Cond: (settled_at IS NULL)" in plan
    assert "Seq Scan" not in plan
    assert "SCAN" not in plan


async def explained(store):
    from sqlalchemy import text

    from bot.store.deliveries.claim import HEAD
    from bot.store.schema import deliveries

    chosen = deliveries.select().where(deliveries.c.kind == "slack", deliveries.c.due <= NOW, HEAD).limit(10)

    async def work(connection):
        dialect = connection.dialect
        if dialect.name == "postgresql":
            await connection.execute(text("ANALYZE deliveries"))
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        query = str(chosen.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        how = "EXPLAIN QUERY PLAN " if dialect.name == "sqlite" else "EXPLAIN "
        return "\n".join(str(row) for row in await connection.execute(text(how + query)))

    return await store.deliveries._database.write(work)


async def test_a_lease_is_as_long_as_was_asked_for(store):
    await store.deliveries.add([delivery()], NOW)
    await take(store, "slack", NOW, limit=1, lease=timedelta(microseconds=1))

    assert await store.deliveries.next_due("slack") == NOW + timedelta(microseconds=1)


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 13, 30])
async def test_cancelling_a_writer_leaves_the_store_usable_and_the_write_whole(store, steps):
    caller = asyncio.create_task(store.deliveries.add([delivery(1), delivery(1, MAIL)], NOW))
    for _ in range(steps):
        await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)

    async with asyncio.timeout(5):
        await store.deliveries.add([delivery(1, thread="y#1")], NOW)
        await store.deliveries._database.finish()
    assert len(await store.deliveries.of_incident("x#1")) == 2
