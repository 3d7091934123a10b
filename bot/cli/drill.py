"""`tocsin drill`: the test notices of a drill, straight through their channels."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from bot.clock import SYSTEM
from bot.config import Config
from bot.contracts import Channel, ChannelContext
from bot.errors import fault
from bot.model import Audience, Delivery, Destination, Proof, Reason, ReasonCode, Sent
from bot.net import Network
from bot.notify.routing import drill_deliveries
from bot.store import Store, open_store
from bot.store.audit import PROVEN

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of one destination's test notice: `why` is None on success."""

    why: Reason | None
    took: timedelta


async def drill(config: Config, names: Sequence[str], tried: Callable[[int, int], None]) -> tuple[Proof, ...]:
    """Try every destination of these audiences once; channels work side by side.

    `tried` gets the number done and the total. Successes are stored, for the next drill to show.
    """
    audiences = [reader for reader in config.readers() if reader.name in names]
    rows = drill_deliveries(audiences, SYSTEM.utcnow())
    places = [row.destination for row in rows]
    done: dict[Destination, Tried] = {}
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(config.database))
        before = await store.audit.proven(places)
        net = await stack.enter_async_context(Network())
        desk, settings = ChannelContext(net, (), _forgetful, _forgetful, config.mail.look), config.opened_channels()
        kinds = {place.kind for place in places}
        channels = {kind: await stack.enter_async_context(settings[kind].open(desk)) for kind in sorted(kinds)}

        async def prove_all(kind: str) -> None:
            for row in (row for row in rows if row.destination.kind == kind):
                done[row.destination] = await _prove(channels[kind], row, store)
                tried(len(done), len(rows))

        tried(0, len(rows))
        await asyncio.gather(*map(prove_all, kinds))
    return tuple(proof for audience in audiences for proof in _proofs(audience, done, before))


async def _prove(channel: Channel, row: Delivery, store: Store) -> Tried:
    began, place = monotonic(), row.destination
    try:
        receipt = await channel.send(row)
        why = None if isinstance(receipt, Sent) else receipt.why
    except Exception as bug:  # noqa: BLE001 - the boundary of a channel: the other rungs are tried all the same
        log.error("our own error in the channel %s: %s", place.kind, fault(bug))
        why = Reason.of(ReasonCode.OWN_ERROR, provider_code=type(bug).__name__)
    tried = Tried(why, timedelta(seconds=monotonic() - began))
    if not why:
        await store.subscriptions.remember(f"{PROVEN}{place}", SYSTEM.utcnow().isoformat())
    return tried


def _proofs(
    audience: Audience, done: Mapping[Destination, Tried], before: Mapping[Destination, datetime]
) -> tuple[Proof, ...]:
    return tuple(
        Proof(
            audience.name,
            rung if audience.ladder and place in audience.destinations else None,
            place,
            done[place].why,
            done[place].took,
            before.get(place),
        )
        for rung, place in enumerate(audience.places, 1)
    )


async def _forgetful(*_: str) -> None:
    return None
