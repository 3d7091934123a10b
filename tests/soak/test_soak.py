"""Real processes, tormented: whatever befalls the daemon, its database and its providers, every notice arrives, in order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SEED = os.environ.get("SEED", "7")  # `make soak` takes another each time, and 60 s
SECONDS = float(os.environ.get("SOAK", "0"))  # at least; each woe is done once in any case
WOES = "kill kill freeze kill restart kill lose" if SECONDS else "kill freeze restart"
LEASE = "3"  # seconds


def soak(backend, seconds, *woes):
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", backend, str(seconds), SEED, LEASE, *woes],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds + 200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tally = json.loads(done.stdout)
    sys.stdout.write(", ".join(f"{name} {value}" for name, value in tally.items()) + "\n")
    sys.stdout.write(done.stderr)
    return tally


@pytest.mark.timeout(400)
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_nothing_is_lost_whatever_befalls(backend):
    tally = soak(backend, SECONDS, *WOES.split())

    assert all(tally[woe] for woe in ("killed", "frozen", "restarted"))
    assert (tally["lost"], tally["edits lost"], tally["unsettled"], tally["disordered"]) == (0, 0, 0, 0)
    assert tally["repeats"] <= tally["ambiguous"]
    assert tally["repeats unexcused"] == 0
    assert tally["repeats where looked up"] <= tally["looked in vain"]  # which a starved machine alone may cause
    assert (tally["stalled"], tally["fell"], tally["rivals let in"], tally["ended"]) == (0, 0, 0, 0)


@pytest.mark.timeout(400)
def test_marking_sent_before_sending_loses_notices_and_the_soak_sees_it():
    tally = soak("sqlite", 1, "kill", "careless")

    assert tally["lost"] > 0
