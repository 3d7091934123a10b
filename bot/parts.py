"""What the config says, as the parts of the house take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.config import Config, canary
from bot.contracts import Check
from bot.judge.sight import hold
from bot.model import delivering
from bot.setting import Setting
from bot.tell import routing, wording
from bot.tell.outbox import Outbox
from bot.watch.rounds import Watched
from bot.watch.ways import ROUTES, ways

CHANNEL_EVERY = timedelta(seconds=60)  # between two looks at a channel's provider, at most


def setting(config: Config) -> Setting:
    """What the config says of services and readers."""
    opened, measured, readers = config.opened_channels(), config.watched_channels(), config.readers()
    rules = {
        key: replace(said.watching(config.defaults).rules(), milestones=routing.milestones(readers, key))
        for key, said in config.services.items()
    }
    chained = replace(config.defaults.rules(), chained=True)
    return Setting(
        {key: config.service(key) for key in config.services},
        rules | {delivering(kind): chained for kind in measured},
        readers,
        frozenset(kind for kind, settings in opened.items() if settings.edits),
        channels={kind: wording.channel_service(kind, ROUTES, config.language) for kind in measured},
        stand_ins={kind: settings.watch for kind, settings in opened.items() if settings.watch},
        holds=dict(_holds(config)),
        admins=config.admins_audience(),
    )


def _holds(config: Config) -> Iterator[tuple[str, timedelta]]:
    for key, said in config.services.items():
        how = said.watching(config.defaults)
        yield key, hold(how.every, how.timeout)
    for kind in config.watched_channels():
        yield delivering(kind), hold(_channel_every(config), config.defaults.timeout)


def _channel_every(config: Config) -> timedelta:
    every: timedelta = config.defaults.every
    return min(CHANNEL_EVERY, 2 * every)


def watched(config: Config) -> tuple[Watched, ...]:
    """What the rounds look at, and how often."""
    rows = []
    for key, said in config.services.items():
        how = said.watching(config.defaults)
        rows.append(
            Watched(
                config.service(key),
                dict(said.routes),
                (said.official,) if said.official else (),
                how.every,
                how.timeout,
                how.confirm_every,
                how.slow_after,
            )
        )
    return tuple(rows)


def watched_channels(config: Config, outbox: Outbox, clock: Callable[[], datetime]) -> Iterator[Watched]:
    """The ways to people, looked at as services are: their providers' word, and what became of our own messages."""
    every = _channel_every(config)
    for kind, settings in config.watched_channels().items():
        checks = ways(kind, partial(settings.probe, often=True), outbox.fortunes, clock)
        service = wording.channel_service(kind, tuple(checks), config.language)
        yield Watched(service, checks, every=every, confirm_every=config.defaults.confirm_every)


def canaries(config: Config) -> tuple[Check, ...]:
    """References that have nothing to do with each other: when they fail too, it is us who see nothing."""
    return tuple(canary(text) for text in config.canaries)
