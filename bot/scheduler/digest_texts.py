"""Words digests, in another process where that takes long: it would hold up the checks."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Final

from bot.model import DeliverySummary, DigestOrder, Overview, Style
from bot.notify import digest_words
from bot.notify.digest import DigestNotices
from bot.offload.pool import OverranError, offload

SMALL: Final = 100  # services and outages that are worded in a few milliseconds
SECONDS: Final = 30.0  # for one look


async def notices(
    order: DigestOrder,
    overview: Overview,
    period: digest_words.Period,
    style: Style,
    log: DeliverySummary,
    *,
    by_mail: bool,
) -> DigestNotices:
    """See `digest_words.notices`."""
    work, asked = partial(digest_words.notices, by_mail=by_mail), (order, overview, period, style, log)
    count = len(overview.outages if overview.outages is not None else overview.recent)
    if len(overview.services) * (1 + count) <= SMALL:
        return work(*asked)
    with suppress(OverranError):
        return await offload(work, *asked, seconds=SECONDS, key="digest")
    return await asyncio.to_thread(work, *asked)
