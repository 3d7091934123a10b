"""Number of outages this year, counted as they end, so that the next notice can give its ordinal."""

from __future__ import annotations

from dataclasses import replace

from bot.model import Confidence, Health, Incident, Outages


def numbered(incident: Incident, outages: Outages) -> Incident:
    """The incident with its ordinal in the year and the previous outage, once it is a confirmed outage."""
    if (
        incident.number_this_year
        or incident.confidence is not Confidence.CONFIRMED
        or incident.health is not Health.DOWN
    ):
        return incident
    known = outages.of(incident.since.year)
    return replace(incident, number_this_year=known.count + 1, previous=known.last[-1] if known.last else None)


def ended(outages: Outages, incident: Incident) -> Outages:
    """The count after an incident; unchanged if it was no outage."""
    if not incident.number_this_year or incident.until is None:
        return outages
    known = outages.of(incident.since.year)
    return replace(known, count=known.count + 1, last=(*known.last, (incident.since, incident.until))[-2:])


def taken_back(outages: Outages, incident: Incident) -> Outages:
    """The count without the latest outage, if it is this one; an open one was not counted yet."""
    if not outages.last or outages.last[-1] != (incident.since, incident.until):
        return outages
    return replace(outages, count=outages.count - 1, last=outages.last[:-1])
