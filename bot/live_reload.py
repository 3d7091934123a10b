"""Gives a running engine another config: prepared beside it, then in force in one step. What is equal stays as it is:
connections, schedule, state, and the round that is under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from bot import wording
from bot.config import Config
from bot.engine import Engine
from bot.incidents.settings import Settings
from bot.watch.checks import HeartbeatCheck
from bot.watch.rounds import Watched
from bot.wiring import canaries, heartbeats, node_facts, setting, watched, watched_channels


@dataclass(frozen=True)
class Prepared:
    """What the parts take of a config."""

    settings: Settings
    watched: tuple[Watched, ...]
    heartbeats: Mapping[tuple[str, str], HeartbeatCheck]
    config_hash: str


async def prepare(old: Config, new: Config, engine: Engine) -> Prepared:
    """Do all that takes time, in a thread, and what the database may refuse. May raise StoreUnavailable."""
    made = await asyncio.to_thread(_prepared, old, new, engine, engine.watched)
    settings = made.settings.found(await engine.store.subscriptions.addresses())
    await engine.store.ownership.offer(settings.watched)
    await engine.heartbeats.change(made.heartbeats)
    return replace(made, settings=settings)


def put_in_force(old: Config, new: Config, made: Prepared, engine: Engine) -> None:
    """Hand it to the parts, without a pause in which some have the old and some the new one."""
    engine.store.ownership.restate(made.config_hash, made.settings.watched)
    engine.change(made.settings, made.watched, canaries(new) if old.canaries != new.canaries else None)


def _prepared(old: Config, new: Config, engine: Engine, before: Mapping[str, Watched]) -> Prepared:
    settings = setting(new, engine.recorder.settings)
    wording.prepare({style for one in settings.audiences for style in one.styles}, engine.clock())
    services = watched(new, engine.heartbeats, settings.services)
    looked_at = chain(services, watched_channels(new, engine.outbox, engine.clock))
    return Prepared(
        settings,
        tuple(_kept(old, new, looked_at, before)),
        heartbeats(new),
        node_facts(new).config_hash,
    )


def _kept(old: Config, new: Config, rows: Iterable[Watched], before: Mapping[str, Watched]) -> Iterator[Watched]:
    """The rows, with the former one where nothing of it has changed, and the former checks where they have not."""
    for row in rows:
        key = row.service.id
        one = before.get(key)
        if one is None or new.services.get(key) is not old.services.get(key):  # of a channel, both are None
            yield row
            continue
        same = replace(row, checks=one.checks)
        yield one if same == one else same
