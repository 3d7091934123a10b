"""`python -m tests.soak BACKEND SEED LEASE WOE*TIMES... [careless]`: torment a daemon, print as JSON what came of it.

BACKEND is sqlite or postgresql, LEASE is in seconds; what the woes are is in `nemesis`, which does them in any order.
The seed chooses woes and faults, the machine the moments at which they strike. With KEEP=FOLDER the log and the deliveries stay there.
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

from bot.delivery.outbox import Outbox
from tests.soak import far
from tests.soak.databases import Database, database
from tests.soak.life import Careless, World
from tests.soak.nemesis import Nemesis
from tests.soak.processes import forked
from tests.soak.verdict import QUERY, judge


@dataclass(frozen=True)
class Soak:
    seed: int
    lease: float  # seconds
    woes: list[str]
    kind: type[Outbox] = Outbox

    def run(self, base: Database, folder: Path) -> dict[str, int]:
        log = folder / "log"
        log.write_bytes(b"")
        other_side = forked(lambda: far.serve(log, self.seed))
        try:
            world = World(base.url, log, **opened(log), lease=self.lease, kind=self.kind)
            Nemesis(world, base, random.Random(self.seed)).torment(self.woes)
            rows = base.rows(QUERY)
            (folder / "rows").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
            return judge(log, rows, world.places)
        finally:
            os.kill(other_side, signal.SIGKILL)
            os.waitpid(other_side, 0)


def opened(log: Path) -> dict[str, object]:
    """The far side's addresses, once it has them."""
    while not (text := log.read_text()).endswith("\n"):
        time.sleep(0.01)
    return json.loads(text.splitlines()[0])


def main(backend: str, seed: str, lease: str, *words: str) -> None:
    counted = [word.split("*") for word in words if word != "careless"]
    woes = [woe for woe, times in counted for _ in range(int(times))]
    kind = Careless if "careless" in words else Outbox
    with TemporaryDirectory() as folder, database(backend, Path(folder)) as base:
        kept = Path(os.environ.get("KEEP") or folder)
        found = Soak(int(seed), float(lease), woes, kind).run(base, kept)
    sys.stdout.write(json.dumps({"backend": backend, "seed": int(seed)} | found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
