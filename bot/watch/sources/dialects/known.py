"""All dialects."""

from __future__ import annotations

from bot.watch.sources.dialects import (
    aws,
    betterstack,
    cachet,
    feed,
    googlecloud,
    incidentio,
    instatus,
    slack,
    statusio,
    statuspage,
    statuspal,
    uptimekuma,
)
from bot.watch.sources.dialects.base import Dialect

# In the order that `auto` tries: the most common first, formats that others imitate last.
DIALECTS: tuple[Dialect, ...] = (
    statuspage.WHOLE,
    *incidentio.DIALECTS,
    slack.DIALECT,
    aws.DIALECT,
    googlecloud.DIALECT,
    feed.AZURE,
    *instatus.DIALECTS,
    betterstack.DIALECT,
    statusio.DIALECT,
    statuspal.DIALECT,
    uptimekuma.DIALECT,
    *cachet.DIALECTS,
    feed.ATOM,
    feed.RSS,
    statuspage.DIALECT,
)
