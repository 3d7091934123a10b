"""`python -m tests.soak BACKEND SECONDS SEED LEASE WOE... [careless]`: torment a daemon and print, as one line of JSON, what
came of it.

BACKEND is sqlite or postgresql, LEASE is in seconds, and the woes are done in any order, again and again; see `nemesis`.
The seed chooses woes and faults, the machine the moments at which they strike. With KEEP=FILE the log is kept there.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.tell.outbox import Outbox
from tests.cut.life import Careless, forked
from tests.soak import far
from tests.soak.databases import Database, database
from tests.soak.life import World
from tests.soak.nemesis import Nemesis
from tests.soak.verdict import QUERY, judge


@dataclass(frozen=True)
class Soak:
    seconds: float
    seed: int
    lease: float  # seconds
    woes: list[str]
    kind: type[Outbox] = Outbox

    def run(self, base: Database, log: Path) -> dict[str, int]:
        log.write_bytes(b"")
        other_side = forked(lambda: far.serve(log, self.seed))
        try:
            world = World(base.url, log, **opened(log), lease=self.lease, kind=self.kind)
            Nemesis(world, base, random.Random(self.seed)).torment(self.seconds, self.woes)
            return judge(log, base.rows(QUERY), world.places)
        finally:
            os.kill(other_side, signal.SIGKILL)
            os.waitpid(other_side, 0)


def opened(log: Path) -> dict[str, object]:
    """The far side's addresses, once it has them."""
    while not (text := log.read_text()).endswith("\n"):
        time.sleep(0.01)
    return json.loads(text.splitlines()[0])


def main(backend: str, seconds: str, seed: str, lease: str, *words: str) -> None:
    woes = [word for word in words if word != "careless"]
    kind = Careless if "careless" in words else Outbox
    with TemporaryDirectory() as folder, database(backend, Path(folder)) as base:
        log = Path(os.environ.get("KEEP") or f"{folder}/log")
        found = Soak(float(seconds), int(seed), float(lease), woes, kind).run(base, log)
    sys.stdout.write(json.dumps({"backend": backend, "seed": int(seed)} | found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
