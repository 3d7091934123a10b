"""`python -m tests.cluster.node CONFIG [unfenced]`: a node as `tocsin run` starts it, that does not notice when it was frozen.

So only the fence keeps it from writing what it saw before. `unfenced`: not even that.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from bot import daemon
from bot.store.cluster import Membership
from bot.watch.lag import Lag
from bot.watch.rounds import Rounds


def main(config: str, *how: str) -> None:
    Rounds._note_sleep = lambda _self, _now: None
    Lag.spoils = lambda _self, _held, _timeout: False
    if "unfenced" in how:
        Membership.epoch = lambda _self, _service: 0
        Membership.claim = lambda _self, _service: None
        Membership.ours = _whatever
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    asyncio.run(daemon.run(Path(config)))


async def _whatever(_self: Membership, _share: object) -> None:
    pass


if __name__ == "__main__":
    main(*sys.argv[1:])
