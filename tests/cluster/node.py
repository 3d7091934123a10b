"""`python -m tests.cluster.node CONFIG [unfenced | unguarded] [own-clock]`: a node as `tocsin run` starts it, that does not notice when
it was frozen.

So only the fence keeps it from writing what it saw before. `unguarded`: not even that, though it still heeds what it knows
of its shares. `unfenced`: it does not care whose turn it is. `own-clock`: leases by this node's clock, instead of the
database's.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot import daemon
from bot.store.cluster import Membership
from bot.watch.canaries import Lag
from bot.watch.rounds import Rounds


def main(config: str, *how: str) -> None:
    Rounds._note_sleep = lambda _self, _now: None
    Lag.spoils = lambda _self, _held, _timeout: False
    if "unfenced" in how:
        Membership.epoch = lambda _self, _service: 0
        Membership.claim = lambda _self, _service: None
        Membership.claims = lambda _self, _roles: frozenset()
        Membership.ours = _whatever
    if "unguarded" in how:
        Membership.guard = _unguarded(Membership.guard)
        Membership.ours = _whatever
    if "own-clock" in how:
        event.listen(Engine, "before_cursor_execute", _by_our_clock, retval=True)
    if "FAKETIME_TIMESTAMP_FILE" in os.environ:  # the library does not know how time.sleep sleeps
        time.sleep = lambda seconds: threading.Event().wait(seconds)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    asyncio.run(daemon.run(Path(config)))


async def _whatever(_self: Membership, _share: object) -> None:
    pass


def _unguarded(guard: Any) -> Any:
    async def asked(*of: Any, **how: Any) -> frozenset[Any]:
        await guard(*of, **how)
        return frozenset()

    return asked


def _by_our_clock(_link: object, _cursor: object, statement: str, parameters: Any, *_: object) -> tuple[str, Any]:
    return statement.replace("clock_timestamp()", f"to_timestamp({time.time()!r})"), parameters


if __name__ == "__main__":
    main(*sys.argv[1:])
