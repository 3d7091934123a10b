from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.model import ChangeKind, DeliveryStatus, Destination, Incident, ServiceState
from bot.store import Transition, open_store
from tests.store.made import LEASE, MAIL, NOW, SLACK, counted, delivery, further, over, settle, take


def nothing(_situation):
    return None


def refuse(_situation):
    raise LookupError("our bug")


async def seen(store, service="x"):
    """The situation that the next move would be decided upon."""
    found = []
    await store.incidents.apply(service, found.append, NOW)
    return found[0]


async def test_a_service_never_seen_has_a_fresh_state(store):
    assert await store.incidents.states() == {}
    assert (await seen(store)).state == ServiceState("x")


async def test_a_move_writes_state_incident_timeline_and_deliveries(store):
    move = await store.incidents.apply("x", further(SLACK, MAIL), NOW)

    assert await store.incidents.states() == {"x": move.state}
    assert await store.results.incidents(NOW) == (move.state.incident,)
    assert await store.results.changes("x#1") == move.changes
    assert [row.key for row in await store.deliveries.of_incident("x#1")] == [d.key for d in move.deliveries]


async def test_none_writes_nothing(store):
    assert await store.incidents.apply("x", nothing, NOW) is None
    assert await store.incidents.states() == {}


async def test_the_timeline_grows_step_by_step_and_the_incident_follows(store):
    for decide in (further(), further(), over(NOW)):
        move = await store.incidents.apply("x", decide, NOW)

    assert [change.kind for change in await store.results.changes("x#1")] == [
        ChangeKind.OPENED,
        ChangeKind.WORSENED,
        ChangeKind.RESTORED,
    ]
    assert (await store.results.incidents(NOW - LEASE)) == (move.changes[-1].incident,)


async def test_a_second_incident_may_open_only_after_the_first_has_ended(store):
    def second(situation):
        incident = Incident("x", 2, NOW, *(situation.state.incident.health, situation.state.incident.confidence))
        return replace(further()(situation), changes=(replace(further()(situation).changes[0], incident=incident),))

    await store.incidents.apply("x", further(), NOW)
    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.incidents.apply("x", second, NOW)

    await store.incidents.apply("x", over(), NOW)
    assert (await store.incidents.apply("x", further(), NOW)).state.incident.id == "x#2"


async def test_told_names_whom_the_open_incident_was_posted_to_and_nobody_else(store):
    telegram, discord = Destination("telegram", "4/5"), Destination("discord", "9")
    await store.incidents.apply("x", further(SLACK, MAIL, telegram), NOW)
    [claimed] = await take(store, "telegram", NOW, limit=1, lease=LEASE)
    await settle(store, claimed, DeliveryStatus.REFUSED, NOW)
    await store.deliveries.add(
        [delivery(1, discord, "y#1"), delivery(2, discord, "x#1", action=delivery().action.EDIT)], NOW
    )

    assert (await seen(store)).told == {SLACK, MAIL}
    await store.incidents.apply("x", over(), NOW)
    assert (await seen(store)).told == frozenset()


async def test_the_same_delivery_decided_again_is_one_delivery(store):
    def again(situation):
        return Transition(situation.state, (), (delivery(),))

    for _ in range(2):
        await store.incidents.apply("x", again, NOW)

    assert len(await store.deliveries.of_incident("x#1")) == 1


async def test_twenty_moves_at_once_on_one_service_lose_nothing(store):
    await asyncio.gather(*(store.incidents.apply("x", counted, NOW) for _ in range(20)))

    assert (await seen(store)).state.opened == 20


async def test_two_processes_moving_one_service_lose_nothing(store, database_url):
    async with open_store(database_url) as other:
        both = (store, other)
        await asyncio.gather(*(both[n % 2].incidents.apply("x", counted, NOW) for n in range(40)))

    assert (await seen(store)).state.opened == 40


async def test_whoever_decided_on_what_has_changed_meanwhile_decides_again(store, database_url):
    """The other's write comes between reading and writing; where the database lets it in, nothing of ours is written."""
    asked = []

    async with open_store(database_url) as other:
        loop = asyncio.get_running_loop()

        def slow(situation):
            asked.append(situation.state.opened)
            if len(asked) == 1:
                # A blocked loop would keep the other store from writing: it lives on this one too.
                meanwhile.append(loop.create_task(other.incidents.apply("x", counted, NOW)))
            return counted(situation)

        meanwhile = []
        await store.incidents.apply("x", counted, NOW)
        await asyncio.gather(*(store.incidents.apply("x", slow, NOW) for _ in range(5)))
        await asyncio.gather(*meanwhile)

    assert (await seen(store)).state.opened == 7


async def test_a_stale_version_is_not_written(store):
    """What a lost race looks like inside: the row has moved on, so neither state nor deliveries are written."""
    from bot.store.incidents import _write_states

    await store.incidents.apply("x", counted, NOW)
    move = Transition(ServiceState("x", opened=100))

    async def late(connection):
        return await _write_states(connection, {"x": (0, move)})

    async def in_time(connection):
        return await _write_states(connection, {"x": (1, move)})

    assert await store.incidents._database.write(late) == set()
    assert (await seen(store)).state.opened == 1
    assert await store.incidents._database.write(in_time) == {"x"}
    assert (await seen(store)).state.opened == 100


async def test_a_decision_that_raises_fails_only_its_own_caller(store):
    answers = await asyncio.gather(
        *(store.incidents.apply(f"s{n}", refuse if n == 3 else counted, NOW) for n in range(6)), return_exceptions=True
    )

    assert [type(answer) for answer in answers] == [
        Transition,
        Transition,
        Transition,
        LookupError,
        Transition,
        Transition,
    ]
    assert sorted(await store.incidents.states()) == ["s0", "s1", "s2", "s4", "s5"]


async def test_a_move_that_cannot_be_written_fails_only_its_own_caller(store):
    def naive(situation):
        return Transition(replace(situation.state, up_since=NOW.replace(tzinfo=None)))

    answers = await asyncio.gather(
        *(store.incidents.apply(f"s{n}", naive if n == 3 else counted, NOW) for n in range(6)), return_exceptions=True
    )

    assert [type(answer) for answer in answers] == [
        Transition,
        Transition,
        Transition,
        ValueError,
        Transition,
        Transition,
    ]
    assert sorted(await store.incidents.states()) == ["s0", "s1", "s2", "s4", "s5"]


async def test_a_storm_is_few_transactions(store):
    commits = 0
    write = store.incidents._database.write

    async def counting(work):
        nonlocal commits
        commits += 1
        return await write(work)

    store.incidents._database.write = counting
    await asyncio.gather(*(store.incidents.apply(f"s{n}", further(SLACK), NOW) for n in range(300)))

    assert commits <= 2
    assert await store.deliveries.backlog() == {"slack": 300}


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 13, 30])
async def test_cancelling_in_the_middle_of_a_move_leaves_the_store_usable_and_the_move_whole(store, steps):
    caller = asyncio.create_task(store.incidents.apply("x", further(SLACK), NOW))
    for _ in range(steps):
        await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)

    async with asyncio.timeout(5):
        await store.incidents.apply("y", further(SLACK), NOW)
    states = await store.incidents.states()
    rows = await store.deliveries.of_incident("x#1")
    assert states.keys() == {"x", "y"}
    assert len(rows) == states["x"].incident.steps == 1


async def test_what_is_still_being_written_is_finished_before_the_store_closes(database_url):
    async with open_store(database_url) as store:
        late = asyncio.create_task(store.incidents.apply("x", counted, NOW))
        await asyncio.sleep(0)
        late.cancel()
    await asyncio.gather(late, return_exceptions=True)

    async with open_store(database_url) as store:
        assert (await store.incidents.states())["x"].opened == 1


async def test_a_headline_that_no_database_takes_is_written_without_its_odd_parts(store):
    await store.incidents.apply(
        "x", lambda s: Transition(replace(s.state, official_headline="Outage \ud800 \0 here")), NOW
    )

    assert (await seen(store)).state.official_headline == "Outage ? \0 here"
