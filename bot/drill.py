"""Prove an audience's ways: one marked test notice to each destination, straight through its channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from time import monotonic

from bot.app import now
from bot.config import Config
from bot.contracts import Desk
from bot.model import Act, Delivery, Destination, Sent
from bot.net import Network
from bot.tell import wording


async def drill(config: Config, audience: str) -> AsyncIterator[tuple[Destination, str, timedelta]]:
    """Each destination, what went wrong ("" when it has the notice), and how long that took."""
    reader = next(a for a in config.readers() if a.name == audience)
    notice = wording.test_notice(audience, reader.wish.style, now())
    kinds = {d.kind for d in reader.places}
    async with AsyncExitStack() as stack:
        net = await stack.enter_async_context(Network())
        desk = Desk(net, (), _forgetful, _forgetful)
        settings = config.opened_channels()
        channels = {kind: await stack.enter_async_context(settings[kind].open(desk)) for kind in kinds}
        for destination in reader.places:
            began = monotonic()
            delivery = Delivery(f"{notice.key}@{destination}", destination, Act.POST, notice, audience)
            receipt = await channels[destination.kind].send(delivery)
            why = "" if isinstance(receipt, Sent) else receipt.why
            yield destination, why, timedelta(seconds=monotonic() - began)


async def _forgetful(*_: str) -> None:
    return None
