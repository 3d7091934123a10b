"""Two or three real nodes through seeded faults, on virtual time: `make test` runs 2 seeds, `make check` those too that
once found something, `make sim` hundreds.
"""

from __future__ import annotations

import os
import sys

import pytest

from tests.sim.cluster import runs
from tests.sim.cluster_bugs import BUGS
from tests.sim.promises import broken
from tests.sim.test_sim import complaints

FIRST, LAST = map(int, os.environ.get("CLUSTER_SEEDS", "1-2").split("-"))
# All nodes see again at once; a node that could not write remembers what another has overtaken; one that was frozen
# thinks that nobody else lives; who should take over what is free has missed a beat too (twice); a relay refuses our account
# while it is down and much waits; the next rung belongs to a node that nobody notifies.
FOUND: tuple[int, ...] = (8, 27, 42, 102, 535, 136, 373)
CHUNK = 3
ENOUGH = 40  # seeds in which a bug must show
RARE = {"writes_what_is_stale": 19, "forgets_what_was_in_hand": 2}  # where to look first for bugs that few seeds show


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(FIRST, LAST + 1, CHUNK))
def test_every_promise_is_kept_by_several_nodes(first):
    with runs() as run:
        seeds = range(first, min(first + CHUNK, LAST + 1))
        found = {seed: said for seed in seeds if (said := complaints(run, seed))}

    told = [
        f"seed {seed} (its story: python -m tests.sim {seed} nodes): {'; '.join(said)}" for seed, said in found.items()
    ]
    assert not told, "\n".join(told)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", FOUND)
def test_what_a_seed_has_found_stays_mended(seed):
    with runs() as run:
        assert complaints(run, seed) == []


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_bug_of_several_nodes_is_caught(bug, monkeypatch):
    bug(monkeypatch)
    first = RARE.get(bug.__name__, 1)
    with runs() as run:
        caught = next((seed for seed in (*range(first, ENOUGH + 1), *range(1, first)) if broken(run(seed))), None)

    assert caught is not None
    sys.stdout.write(f"seed {caught}\n")
