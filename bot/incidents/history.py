"""Reads past incidents and outages of the services in the config, and of Tocsin itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.incidents.settings import Settings
from bot.model import OURSELVES, Incident, Outage
from bot.store import Store


@dataclass(frozen=True, slots=True)
class Past:
    """What is open or ended after some time, of one service or of all."""

    incidents: tuple[Incident, ...]  # the newest, newest first: for lists
    outages: tuple[Outage, ...]  # all, oldest first: for figures


async def past(store: Store, settings: Settings, since: datetime, service: str = "") -> Past:
    wanted = (service,) if service else tuple(settings.services)
    incidents = await store.results.incidents(since, services=(*wanted, OURSELVES))
    return Past(incidents, await store.results.outages(since, (*wanted, OURSELVES)))
