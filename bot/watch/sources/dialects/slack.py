"""Slack's own status page. Format: https://docs.slack.dev/reference/slack-status-api (version 2.0.0, "current")."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from bot.model import Health, Planned, SourceReport
from bot.watch.sources.dialects.base import (
    EVENTS,
    TOUCHED,
    Asked,
    Dialect,
    Event,
    Wire,
    clean,
    concerning,
    key,
    link,
    loads,
    reported,
    several,
    texts,
    wanted,
)
from bot.watch.sources.dialects.dates import instant
from bot.watch.sources.dialects.stage_words import Label, stage

_HOSTS = frozenset({"slack-status.com", "status.slack.com"})
_CURRENT = "/api/v2.0.0/current"
_STATES = frozenset({"ok", "active"})
_WHOLE = frozenset({"messaging", "connectivity"})  # without these two nobody can write to anybody
_OPEN = "active"


class _Incident(Wire):
    id: Any = None  # a number; a string in the documentation
    title: str
    type: str
    status: str = _OPEN
    date_created: Any = None
    url: Any = None
    services: Annotated[list[str], texts(TOUCHED)] = []

    def event(self, cared: frozenset[str]) -> Event:
        """The event. Slack has two severities: an "outage" is one of the named services, not of all of Slack."""
        whole = bool(cared) or not self.services or any(name.strip().casefold() in _WHOLE for name in self.services)
        health = Health.DOWN if self.type == "outage" and whole else Health.DEGRADED
        return Event(self.title, health, instant(self.date_created), link(self.url), tuple(self.services))

    def planned(self) -> Planned | None:
        begins = instant(self.date_created)
        return Planned(clean(self.title), begins, None, link(self.url), key(self.id)) if begins else None


class _Current(Wire):
    status: str
    active_incidents: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []


def where(url: str) -> tuple[str, ...]:
    """As in `base.Dialect`. There is one such page; other addresses must end like its own."""
    parts = urlsplit(url)
    if parts.path.endswith(_CURRENT):
        return (url,)
    return (f"https://slack-status.com{_CURRENT}",) if parts.hostname in _HOSTS else ()


def parse(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`. A notice is about something else, such as a phone's new system: no trouble of Slack's."""
    current = _Current.model_validate(loads(bodies[0]))
    if current.status not in _STATES or (current.status == _OPEN and not current.active_incidents):
        raise ValueError("a vocabulary we do not know")
    cared, under_way = wanted(asked), [one for one in current.active_incidents if stage(one.status) is Label.OPEN]
    events = (one.event(cared) for one in under_way if one.type not in {"notice", "maintenance"})
    planned = (one.planned() for one in under_way if one.type == "maintenance")
    return reported(
        (one for event in events if (one := concerning(event, cared))), asked, planned=(one for one in planned if one)
    )


DIALECT = Dialect("slack", where, parse)
