"""The engine as tests and benchmarks of single parts need it: by default it watches nothing and knows no reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.contracts import Channel
from bot.delivery.rate_limit import OpenChannel
from bot.engine import Engine
from bot.incidents.settings import Settings
from bot.store import Store

NOTHING = Settings({}, {}, (), frozenset())


def engine(
    store: Store,
    channels: Mapping[str, Channel | OpenChannel],
    clock: Callable[[], datetime],
    settings: Settings = NOTHING,
) -> Engine:
    opened = {kind: way if isinstance(way, OpenChannel) else OpenChannel(way) for kind, way in channels.items()}
    return Engine(store, settings, opened, clock)
