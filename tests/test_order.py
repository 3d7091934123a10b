"""Each test process begins with its share of what takes long."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.order import LONG, ROOT, stretches


@dataclass(frozen=True)
class Item:
    nodeid: str


LONGS = [Item(f"tests/flow/test_a.py::test_{n}") for n in range(5)] + [Item("tests/sim/test_sim.py::test_b")]
SHORTS = [Item(f"tests/net/test_c.py::test_{n}") for n in range(20)]


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_each_stretch_begins_with_its_share_of_what_takes_long(processes):
    found = stretches(SHORTS + LONGS, processes)
    assert sorted(one.nodeid for one in found) == sorted(one.nodeid for one in SHORTS + LONGS)
    assert found[0] == LONGS[-1]
    left, begin = len(found), 0
    for number in range(processes):
        stretch = found[begin : begin + left // (processes - number)]
        count = sum(one in LONGS for one in stretch)
        assert set(stretch[:count]) <= set(LONGS)
        assert 6 // processes <= count <= -(-6 // processes)
        begin, left = begin + len(stretch), left - len(stretch)


def test_few_tests_are_all_there():
    assert stretches(LONGS[:2], 3) == LONGS[:2]
    assert set(stretches(LONGS, 3)) == set(LONGS)


def test_what_is_named_is_there():
    assert [start for start in LONG if not (ROOT / start).exists()] == []
