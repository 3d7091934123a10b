"""The operator's log: what is watched, and one line for each change of health."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot import wording
from bot.model import OURSELVES, Health, Incident, Role, Service, ServiceState, SourceReport
from bot.web.status_page import health

log = logging.getLogger("tocsin")

NAMED = 20  # services named at the start; the rest is counted
REASONS = 3
REASON = 100  # characters


def begun(version: str, services: Sequence[str], channels: Sequence[str], page: str) -> None:
    """Log the start. `page`: the page's address."""
    log.info("Tocsin %s", version)
    named = ", ".join(services[:NAMED]) + (f" and {len(services) - NAMED} more" if len(services) > NAMED else "")
    log.info("watching %s: %s", wording.counted(len(services), "service"), named)
    if channels:
        log.info("telling by %s", ", ".join(channels))
    else:
        log.warning("no channel is set: outages are shown on the page, and nobody is told")
    log.info("page: %s", page)


def changed(service: Service, before: ServiceState, after: ServiceState) -> None:
    """Log a change of health; nothing if it is unchanged."""
    line = _ourselves(before, after) if service.id == OURSELVES else _line(before, after)
    if line:
        log.info("%s: %s", wording.clean(service.id, REASON), line)


def _ourselves(before: ServiceState, after: ServiceState) -> str:
    if (before.incident is None) == (after.incident is None):
        return ""
    if after.incident:
        machine = "our machine slept, or gives us no time"
        why = machine if after.incident.unstable_since else "our own connection is suspected"
        return f"nothing can be seen since {_at(after.incident.since)}: {why}"
    return "the world can be seen again"


def _line(before: ServiceState, after: ServiceState) -> str:
    was, now = health(before), health(after)
    if was == now:
        return ""
    if after.incident:
        how = "may be down" if now == "possible" else now
        return f"{how} since {_at(after.incident.since)}{_why(after.incident)}"
    if now == "unknown":
        since = after.unseen_since
        return f"unknown since {_at(since)}: our checks cannot tell" if since else "unknown"
    return _up(before.incident, was, after.up_since)


def _up(ended: Incident | None, was: str, since: datetime | None) -> str:
    up = f"up since {_at(since)}" if since else "up"
    if ended is None:
        return up
    if was == "possible":
        return f"{up}; trouble since {_at(ended.since)} was not confirmed"
    lasted = f", after {_length(since - ended.since)}" if since and since > ended.since else ""
    return f"{up}, {was} before since {_at(ended.since)}{lasted}"


def _why(incident: Incident) -> str:
    found = dict.fromkeys(
        wording.clean(wording.english_brief(reading.why), REASON) for reading in incident.readings if reading.why
    )
    others = dict.fromkeys(filter(None, map(_who_says, incident.reports)))
    reasons = list(found or others)[:REASONS]
    return f" ({'; '.join(reasons)})" if reasons else ""


def _who_says(word: SourceReport) -> str:
    """The source of the trouble, or empty if it reports none."""
    if word.says is None or word.says <= Health.UP:
        return ""
    named = {
        Role.OFFICIAL: "its status page says so",
        Role.TRACKER: f"{wording.clean(word.source, REASON)} says so",
        Role.CROWD: "people say so",
    }
    return named[word.role]


def _at(at: datetime) -> str:
    known = at.astimezone(UTC)
    today = known.date() == datetime.now(UTC).date()
    return f"{known:%H:%M} UTC" if today else f"{known:%Y-%m-%d %H:%M} UTC"


def _length(length: timedelta) -> str:
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    if not minutes:
        return f"{seconds} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
