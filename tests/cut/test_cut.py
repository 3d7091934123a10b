"""Kill it anywhere, start it again: every notice is delivered, in order, and told twice only after an ambiguous send."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CUTS = int(os.environ.get("CUTS", "40"))  # `make soak` makes it 200


def cut(database_url, folder, cuts, *variant):
    done = subprocess.run(
        [sys.executable, "-m", "tests.cut.life", database_url, str(folder / "log"), str(cuts), "7", *variant],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(200)
async def test_nothing_is_lost_however_often_it_is_killed(database_url, tmp_path):
    tally = cut(database_url, tmp_path, CUTS)
    sys.stdout.write(f"{tally}\n")

    assert tally["ended"] == 0
    assert tally["cuts"] >= CUTS
    assert tally["lost"] == 0
    assert tally["disordered"] == 0
    assert tally["repeats"] <= tally["excused"]


@pytest.mark.timeout(200)
async def test_marking_sent_before_sending_loses_notices_and_this_test_sees_it(tmp_path):
    tally = cut(f"sqlite:///{tmp_path}/careless.db", tmp_path, 40, "careless")

    assert tally["lost"] > 0
