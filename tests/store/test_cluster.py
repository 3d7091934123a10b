"""Several nodes on one PostgreSQL: shares, take-over, and the fence."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest

from bot.clock import SteadyClock, wall
from bot.model import Delivery, DeliveryAction, Destination, Notice, Overview, Text, Tone
from bot.model.cluster import SHARDS, channel_role, shard_of
from bot.notify.batching import Claim
from bot.store import FencedError, NodeFacts, StoreUnavailable, open_store
from bot.store.cluster import LOOK_EVERY, LOOKS, Membership
from bot.store.engine import connect
from bot.web.metrics import Metrics, cluster_health, health, metrics
from tests.store.made import NOW, counted

SHORT = 1.0  # seconds that a lease lasts here
SLACK = channel_role("slack")


@asynccontextmanager
async def node(url, name, lasts=SHORT, *, roles=(), services=(), gone=SHORT):
    """A node that beats only when told to."""
    database = connect(url)
    member = Membership(database, NodeFacts(name), lasts=lasts, gone=gone)
    assert await member.join()
    database.guard, database.claims = member.guard, member.claims
    await member.offer(services, roles)
    try:
        yield member
    finally:
        await database.close()


async def until_gone(member):
    """Wait until the lease of a node that beats no more is over, by the database's clock."""
    await asyncio.sleep(member.lasts + 0.1)


def store_of(member):
    from bot.store.incidents import IncidentStore

    return IncidentStore(member.database)


async def rows(url, query):
    link = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await link.fetch(query)]
    finally:
        await link.close()


async def run(url, *statements):
    link = await asyncpg.connect(url)
    try:
        for statement in statements:
            await link.execute(statement)
    finally:
        await link.close()


@pytest.fixture
def url(postgres):
    with postgres.database() as found:
        yield found


async def numbers(member):
    return {share for share in member._owned if isinstance(share, int)}


async def test_three_nodes_have_a_third_each_and_one_alone_has_all(url):
    async with node(url, "a", 60) as a:
        assert await numbers(a) == set(range(SHARDS))
        async with node(url, "b", 60) as b, node(url, "c", 60) as c:
            for member in (a, b, c, a, b, c):
                await member.beat()
            counts = [len(await numbers(member)) for member in (a, b, c)]
            assert sum(counts) == SHARDS
            assert max(counts) - min(counts) <= 1
            owners = await rows(url, "SELECT owner, count(*) FROM shards GROUP BY owner")
            assert {owner.partition("/")[0] for owner, _ in owners} == {"a", "b", "c"}
            await b.leave()
            await c.leave()
        await a.beat()
        assert await numbers(a) == set(range(SHARDS))


async def test_looks_in_a_storm_copy_no_names_of_services(url):
    names = [f"s{number}" for number in range(1000)]
    async with node(url, "a", 60, services=names) as a, node(url, "b", 60, services=names) as b:
        for member in (a, b, a):
            await member.beat()
        assert a.named() == frozenset(names)
        assert a.named() is a.named()
        had = a._entry.services
        await a.offer(names[:3])
        assert a._entry.services is had
        await b.offer(["another"])
        await a.beat()
        assert a.named() == {*names, "another"}


async def test_what_a_dead_node_had_is_looked_for_until_somebody_has_it(url):
    async with node(url, "a", 60, gone=60) as a, node(url, "b") as b:
        await a.beat()
        await b.beat()
        assert a._left_over() == a.every
        await until_gone(b)  # its lease is over, but it is not gone yet: nobody takes what it had
        await a.beat()
        assert len(await numbers(a)) < SHARDS
        waits = [a._left_over() for _ in range(LOOKS + 1)]
        assert waits == [LOOK_EVERY] * LOOKS + [a.every]


async def test_what_is_free_is_not_left_to_a_node_that_has_missed_a_beat(url):
    async with node(url, "a", 60, gone=60) as a, node(url, "b", 60, gone=60) as b, node(url, "c", 60, gone=60) as c:
        for member in (a, b, c, a, b, c):
            await member.beat()
        had, a.every = await numbers(a), 0.2
        await run(url, "UPDATE nodes SET seen_at = seen_at - interval '1 hour' WHERE name = 'c'")
        await run(url, "UPDATE shards SET until = clock_timestamp() WHERE owner LIKE 'c/%'")  # c is gone ...
        await run(url, "UPDATE nodes SET seen_at = seen_at - interval '5 seconds' WHERE name = 'b'")  # ... b may be
        theirs = await numbers(b)
        await a.beat()
        assert await numbers(a) == set(range(SHARDS)) - theirs, "nobody else would take what c had"
        for member in (b, a, b):
            await member.beat()
        assert len(await numbers(b)) == SHARDS // 2, "b lives, and has its half"
        assert had < await numbers(a)


async def test_after_an_outage_of_the_database_each_node_keeps_what_it_had(url):
    async with node(url, "a") as a, node(url, "b") as b:
        await a.beat()
        await b.beat()
        had = await numbers(a)
        assert 0 < len(had) < SHARDS
        await until_gone(a)  # nobody could beat
        await a.beat()
        assert await numbers(a) == had
        await a.beat()  # ... and now b is late
        assert await numbers(a) == set(range(SHARDS))


@pytest.mark.hardened("R8", "a node is frozen beyond its lease, another takes over", "it writes nothing stale")
async def test_what_a_frozen_node_writes_after_its_lease_is_refused(url, saw):
    async with node(url, "a") as a, node(url, "b", 60) as b:
        claim = a.claim("x") if a.epoch("x") is not None else None
        while claim is None:
            await b.beat()
            await a.beat()
            claim = a.claim("x")
        await until_gone(a)
        with pytest.raises(FencedError):  # over, though nobody has taken it yet
            await store_of(a).apply("x", counted, NOW, claim)
        await b.beat()
        assert await numbers(b) == set(range(SHARDS))
        with pytest.raises(FencedError):
            await store_of(a).apply("x", counted, NOW, claim)
        assert (await store_of(b).apply("x", counted, NOW, b.claim("x"))).state.opened == 1
        assert a.fenced["write"] == 2
        await a.beat()  # it wakes up, and knows
        assert a.epoch("x") is None or a.epoch("x") != claim.epoch
        saw(f"{a.fenced['write']} writes refused, by owner, epoch and time")


async def test_after_a_freeze_the_next_whole_beat_tells_who_lives(url):
    async with node(url, "a") as a:
        steady, began = a.steady, a.steady()
        await until_gone(a)
        async with node(url, "b", 60) as b:
            assert not a.others_see
            waiting = asyncio.create_task(a.catch_up())
            await asyncio.sleep(0)
            a.steady = lambda: began  # a beat that was under way all the time
            await a.beat()
            a.steady = steady
            await asyncio.sleep(0)
            assert not waiting.done()
            await a.beat()
            await waiting
            assert (a.others_see, a.epoch("x")) == (True, None)
            assert b.epoch("x") is not None


async def test_with_the_fence_switched_off_the_same_write_goes_through(url):
    async with node(url, "a") as a:
        claim = a.claim("x")
        await until_gone(a)
        async with node(url, "b", 60) as b:
            assert b.epoch("x") is not None
            a.unfenced = True
            assert (await store_of(a).apply("x", counted, NOW, claim)).state.opened == 1


async def test_a_share_that_came_back_is_another_one(url):
    """What was seen before another node had the service is old news."""
    async with node(url, "a") as a:
        old = a.claim("x")
        await until_gone(a)
        async with node(url, "b") as b:
            assert b.epoch("x") is not None
            await b.leave()
        await a.beat()
        assert a.claim("x").epoch == old.epoch + 2
        with pytest.raises(FencedError):
            await store_of(a).apply("x", counted, NOW, old)
        await store_of(a).apply("x", counted, NOW, a.claim("x"))


async def test_in_one_transaction_only_what_is_refused_is_not_written(url):
    mine, other = "x", next(f"y{n}" for n in range(999) if shard_of(f"y{n}") != shard_of("x"))
    async with node(url, "a", 60) as a:
        store, claims = store_of(a), {name: a.claim(name) for name in (mine, other)}
        await run(url, f"UPDATE shards SET owner = 'b/1' WHERE number = {shard_of(other)}")
        both = [store.apply(name, counted, NOW, claim) for name, claim in claims.items()]
        good, refused = await asyncio.gather(*both, return_exceptions=True)
        assert good.state.opened == 1
        assert isinstance(refused, FencedError)


async def test_an_order_is_carried_out_by_any_node(url):
    async with node(url, "a", 60) as a, node(url, "b", 60) as b:
        for member in (a, b):
            await member.beat()
            await store_of(member).apply("x", counted, NOW)
        assert [row[0] for row in await rows(url, "SELECT version FROM services")] == [2]


async def test_a_running_transaction_keeps_its_share_until_it_ends(url):
    async with node(url, "a") as a:
        held, going, done = a.claim("x"), asyncio.Event(), asyncio.Event()

        async def slow(_connection, refused):
            going.set()
            await done.wait()
            return refused

        writing = asyncio.create_task(a.database.write_claimed(slow, [held]))
        await going.wait()
        await until_gone(a)
        async with node(url, "b", 60) as b:
            assert await numbers(b) == set(range(SHARDS)) - {held.share}
            done.set()
            assert await writing == frozenset()
            await b.beat()
            assert held.share in await numbers(b)


@pytest.mark.hardened("R8", "frozen in the midst of a statement, holding its share's row", "replaced all the same")
async def test_what_a_frozen_node_left_open_amid_a_statement_keeps_nobody_out(url, saw):
    async with node(url, "a") as a:
        frozen = await asyncpg.connect(url)
        await frozen.execute("BEGIN")
        await frozen.execute(f"SET LOCAL application_name = 'tocsin {a.owner}'")
        await frozen.execute(f"SELECT number FROM shards WHERE number = {shard_of('x')} FOR KEY SHARE")
        await frozen.prepare("SELECT 1")  # parsed, not executed: no time-out of the server ends that
        async with node(url, "b", 60) as b:
            await asyncio.sleep(2.1)
            for _ in range(20):
                await b.beat()
                if shard_of("x") in b._owned:
                    break
                await asyncio.sleep(0.1)
            assert (await store_of(b).apply("x", counted, NOW, b.claim("x"))).state.opened == 1
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await frozen.execute("COMMIT")
    saw("what it had begun was ended, and the other one let in")


async def test_a_blind_node_gives_its_shares_away_and_keeps_them_if_all_are_blind(url):
    async with node(url, "a", 60, roles=[SLACK]) as a, node(url, "b", 60, roles=[SLACK]) as b:
        a.see(online=False)
        await a.beat()
        await b.beat()
        assert await numbers(b) == set(range(SHARDS))
        assert b.owns(SLACK)
        assert not a.others_see or b.others_see is False
        b.see(online=False)
        await b.beat()
        await a.beat()
        assert len(await numbers(a)) + len(await numbers(b)) == SHARDS
        assert not a.others_see


async def test_a_clean_stop_hands_over_at_once(url):
    async with node(url, "a", 60) as a, node(url, "b", 60) as b:
        for member in (a, b, a, b):
            await member.beat()
        await a.leave()
        await b.beat()
        assert await numbers(b) == set(range(SHARDS))
        assert [row[0] for row in await rows(url, "SELECT name FROM nodes")] == ["b"]


async def test_a_role_goes_only_to_a_node_that_can_play_it_and_is_played_by_one(url):
    async with node(url, "a", 60, roles=["scheduler"]) as a, node(url, "b", 60, roles=[SLACK, "scheduler"]) as b:
        for member in (a, b, a, b):
            await member.beat()
        assert b.owns(SLACK)
        assert not a.owns(SLACK)
        assert a.owns("scheduler") is not b.owns("scheduler")


async def test_a_channel_is_released_only_when_nothing_is_being_sent_by_it(url):
    async with node(url, "a", 60, roles=[SLACK]) as a:
        sending = True
        a.finish_first(lambda share: share == SLACK and sending)
        a.see(online=False)
        async with node(url, "b", 60, roles=[SLACK]) as b:
            await a.beat()
            await b.beat()
            assert not a.owns(SLACK)  # begins nothing new
            assert not b.owns(SLACK)
            await a.ours(SLACK)  # what is under way may go on
            sending = False
            await a.beat()
            await b.beat()
            assert b.owns(SLACK)
            with pytest.raises(FencedError):
                await a.ours(SLACK)


async def test_before_it_is_asked_what_is_under_way_nothing_new_can_begin(url):
    async with node(url, "a", 60, roles=[SLACK]) as a:
        owned = []
        a.finish_first(lambda share: owned.append(a.owns(share)))
        a.see(online=False)
        async with node(url, "b", 60, roles=[SLACK]):
            await a.beat()
    assert owned
    assert not any(owned)


def delivery(service="x"):
    notice = Notice(f"{service}#1/1", f"{service}#1", Tone.DOWN, Text("X: down"), at=NOW)
    place = Destination("slack", "C1")
    return Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, "all")


WANTED = Claim("slack", NOW + timedelta(seconds=1), 5, NOW + timedelta(hours=1), (), False, True, False, False)


async def test_whoever_wins_a_channel_sends_what_its_last_owner_had_in_hand(url):
    from bot.delivery.claiming import Claimer
    from bot.store.deliveries.repository import Deliveries

    async with node(url, "a", roles=[SLACK]) as a:
        await Deliveries(a.database).add([delivery()], NOW)
        [taken] = await Claimer(Deliveries(a.database), None).claim(WANTED)
        await until_gone(a)
        await Deliveries(a.database).add([delivery("y")], NOW)
        with pytest.raises(FencedError):
            await Claimer(Deliveries(a.database), None).claim(WANTED)
        async with node(url, "b", 60, roles=[SLACK]) as b:
            assert b.requeued == 1
            again, _ = await Claimer(Deliveries(b.database), None).claim(WANTED)
            assert again.unsure
            assert again.lease > taken.lease
            with pytest.raises(FencedError):
                await a.ours(SLACK)


async def test_an_older_backup_that_is_put_back_under_us_is_ours_again(url):
    async with node(url, "a", 60) as a:
        old = a.claim("x")
        await run(url, "DELETE FROM nodes", "UPDATE shards SET owner = 'a/former', epoch = 0, until = 'epoch'")
        with pytest.raises(FencedError):
            await store_of(a).apply("x", counted, NOW, old)
        await a.beat()
        await store_of(a).apply("x", counted, NOW, a.claim("x"))


async def test_two_daemons_cannot_have_one_name_and_without_a_name_each_gets_its_own(url, monkeypatch):
    monkeypatch.setattr("bot.store.cluster.BEAT_EVERY", 0.2)
    monkeypatch.setattr("bot.store.registration.host", lambda: "host")
    async with open_store(url, alone=True, node=NodeFacts("madrid")):
        with pytest.raises(StoreUnavailable, match="another Tocsin with the node name madrid is running"):
            async with open_store(url, alone=True, node=NodeFacts("madrid")):
                pass
        async with open_store(url, alone=True) as second, open_store(url, alone=True) as third:
            assert {second.ownership.view().ours, third.ownership.view().ours} == {"host", "host-2"}


async def test_a_daemon_of_an_older_version_is_not_joined(url):
    async with node(url, "a", 60):
        pass
    held = json.dumps({"owner": "old", "until": 99999999999.0})
    await run(
        url, f"INSERT INTO key_value VALUES ('daemon', '{held}') ON CONFLICT (name) DO UPDATE SET value = '{held}'"
    )
    with pytest.raises(StoreUnavailable, match="an older version is running on it"):
        async with open_store(url, alone=True):
            pass


@pytest.mark.hardened("R8", "PostgreSQL restarts under a node", "it keeps its shares")
async def test_sessions_that_are_killed_cost_no_share(postgres, url, saw):
    async with open_store(url, alone=True, node=NodeFacts("a")) as store:
        epoch = store.ownership.epoch("x")
        postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'tocsin%'")
        await store.ownership.beat()
        assert store.ownership.epoch("x") == epoch
        await store.incidents.apply("x", counted, NOW, store.ownership.claim("x"))
    saw("the same epoch")


async def test_the_view_says_who_has_how_much(url):
    async with node(url, "a", 60, roles=[SLACK]) as a, node(url, "b", 60) as b:
        for member in (a, b, a):
            await member.beat()
        seen = {one.name: one for one in a.view().nodes}
        assert {name: one.alive for name, one in seen.items()} == {"a": True, "b": True}
        assert seen["a"].shards + seen["b"].shards + a.view().free == SHARDS
        assert seen["a"].roles == (SLACK,)
        async with open_store(url) as looker:  # who is no node sees the same
            assert {one.name: one.shards for one in (await looker.nodes()).nodes} == {
                name: one.shards for name, one in seen.items()
            }
        await b.leave()


async def test_all_nodes_go_by_the_clock_of_the_database(url):
    wrong = SteadyClock(wall=lambda: wall() + timedelta(hours=1))
    async with node(url, "a", 60) as a:
        wrong.follow(a.wall)
        await a.beat()
        assert abs(wrong.drift()) < timedelta(seconds=2)
        assert abs(wrong.utcnow() - wall()) < timedelta(seconds=2)
        wrong.follow(None)
        assert wrong.utcnow() - wall() > timedelta(minutes=59)


async def test_health_and_metrics_tell_of_all_nodes(url):
    async with node(url, "a", 60, roles=[SLACK]) as a, node(url, "b", 60) as b:
        for member in (a, b, a):
            await member.beat()
        vitals = Metrics(NOW, NOW, NOW, {}, {}, {}, cluster=a.view())
        assert health(vitals)["node"] == "a"
        told = cluster_health(vitals)
        assert [(one["name"], one["alive"], one["same_config"]) for one in told["nodes"]] == [
            ("a", True, True),
            ("b", True, True),
        ]
        assert told["well"] is not bool(told["free"])
        page = metrics(vitals, Overview(NOW, ())).decode()
        assert 'tocsin_node_up{node="b"} 1.0' in page
        assert "tocsin_fenced_total 0.0" in page


def test_without_a_cluster_health_and_metrics_are_as_before():
    vitals = Metrics(NOW, NOW, NOW, {}, {}, {})
    assert "node" not in health(vitals)
    assert "tocsin_node" not in metrics(vitals, Overview(NOW, ())).decode()


async def test_the_next_beat_comes_when_anothers_lease_ends(url):
    """Else what a dead node had would wait for up to a whole beat more."""
    async with node(url, "a", 60) as a, node(url, "b", 3) as b:
        for member in (a, b, a):
            await member.beat()
        a.every = 60
        assert await numbers(b)
        assert a._next_end() < 3.1
        await b.leave()
        await a.beat()
        assert a._next_end() > 59
