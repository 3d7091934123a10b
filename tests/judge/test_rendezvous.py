"""Shares of the nodes: even, stable, and nothing moves without need."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.judge.rendezvous import able, seeing, wanted
from bot.model.cluster import SHARDS, Node, shard_of

ALL = range(SHARDS)
NAMES = st.lists(st.text("abcdefgh-", min_size=1, max_size=6), min_size=1, max_size=7, unique=True)


def settled(names):
    return wanted(ALL, {}, names)


@settings(max_examples=25)
@given(NAMES)
def test_every_shard_has_one_owner_and_all_have_as_many(names):
    counted = Counter(settled(names).values())

    assert sum(counted.values()) == SHARDS
    assert set(counted) == set(names)
    assert max(counted.values()) - min(counted.values()) <= 1


@settings(max_examples=25)
@given(NAMES, st.text("xyz", min_size=1, max_size=4))
def test_a_node_that_comes_moves_its_fair_share_only_and_all_to_itself(names, new):
    before = settled(names)
    after = wanted(ALL, before, [*names, new])
    moved = [shard for shard in ALL if before[shard] != after[shard]]

    assert len(moved) <= -(-SHARDS // (len(names) + 1))
    assert {after[shard] for shard in moved} == {new}


@settings(max_examples=25)
@given(NAMES.filter(lambda names: len(names) > 1), st.data())
def test_a_node_that_goes_moves_what_it_had_only(names, data):
    before = settled(names)
    gone = data.draw(st.sampled_from(names))
    after = wanted(ALL, before, [name for name in names if name != gone])

    assert {shard for shard in ALL if before[shard] != after[shard]} == {s for s in ALL if before[s] == gone}


@settings(max_examples=25)
@given(NAMES, st.randoms())
def test_all_nodes_come_to_the_same_answer_and_are_content_with_it(names, chance):
    mixed = chance.sample(names, len(names))

    assert settled(mixed) == settled(names)
    assert wanted(ALL, settled(names), mixed) == settled(names)


def test_services_spread_evenly_over_the_shards_and_stay_where_they_are():
    owners = settled(["a", "b", "c"])
    counted = Counter(owners[shard_of(f"service-{n}")] for n in range(30_000))

    assert all(9_000 <= n <= 11_000 for n in counted.values())
    assert [shard_of(name) for name in ("x", "slack", "cloudflare")] == [131, 26, 128]


def test_a_blind_node_gets_nothing_unless_all_are_blind():
    nodes = [Node("a", "a/1", blind=True), Node("b", "b/1"), Node("c", "c/1", age=7.0)]

    assert [node.name for node in seeing(nodes, 6.0)] == ["b"]
    assert [node.name for node in seeing(nodes[:1], 6.0)] == ["a"]


def test_while_configs_differ_a_shard_goes_to_a_node_that_names_its_services():
    old, new = Node("a", "a/1", services=frozenset({"x"})), Node("b", "b/1", services=frozenset({"x", "y"}))
    only = able(ALL, [old, new])

    assert only == {shard_of("y"): {"b"}}
    found = wanted(ALL, dict.fromkeys(ALL, "a"), ["a", "b"], only)
    assert found[shard_of("y")] == "b"
    assert wanted(ALL, found, ["a", "b"], only) == found
    assert able(ALL, [new, new]) == {}


def test_a_role_that_no_node_can_play_is_left_out():
    assert wanted(["r"], {}, ["a"], {"r": set()}) == {}
    assert wanted(["r", "s"], {}, ["a"], {"r": {"a"}, "s": {"b"}}) == {"r": "a"}
