"""One step of an incident: add the round's evidence, record the change, and count the outages of the year."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.judge.verdict import TROUBLE, official, spoken
from bot.model import Change, ChangeKind, Confidence, Health, Incident, Outages, Role, ServiceState, Verdict

SHIFTS = frozenset({ChangeKind.WORSENED, ChangeKind.EASED})
NEW_EVIDENCE = frozenset({ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.WORSENED, ChangeKind.EASED})


@dataclass(frozen=True, slots=True)
class Step:
    state: ServiceState
    changes: tuple[Change, ...] = ()


def tell(state: ServiceState, incident: Incident, kind: ChangeKind, seen: Verdict) -> Step:
    """Add the round's evidence to the incident and make the change that reports it."""
    said = spoken(official(seen.reports))
    incident = heard(replace(incident, reports=seen.reports), seen)
    if kind is ChangeKind.OFFICIAL or (kind in SHIFTS and not seen.readings):
        incident = replace(incident, reports_told=incident.reports_told + 1, reports_at=seen.at)
    if kind in NEW_EVIDENCE:
        if kind is not ChangeKind.OPENED and seen.readings and not incident.readings:
            # So far there were only reports: an outage that we see ourselves begins when we first saw it.
            incident = replace(incident, since=began(state, seen), milestones_passed=0)
        incident = replace(
            incident,
            health=seen.health,
            confidence=seen.confidence,
            readings=seen.readings,
            worst=max(incident.worst, seen.health),
        )
        if seen.confidence is Confidence.CONFIRMED and incident.confirmed_at is None:
            incident = replace(incident, confirmed_at=seen.at)
        incident = numbered(incident, state.outages)
    if said and incident.official_at is None:
        incident = replace(incident, official_at=seen.at)
    return change(
        replace(state, official_headline=state.official_headline if said is None else said), incident, kind, seen.at
    )


def heard(incident: Incident, seen: Verdict) -> Incident:
    """The incident with the official page's last report of trouble, which outlives the page's all-clear."""
    words = [one for one in seen.reports if one.role is Role.OFFICIAL and one.says in TROUBLE]
    newest = max(words, key=lambda one: one.says or Health.UP, default=None)
    last = incident.official_last
    if newest is None or (last and (last.headline, last.link) == (newest.headline, newest.link)):
        return incident
    return replace(incident, official_last=replace(newest, planned=()))


def began(state: ServiceState, seen: Verdict) -> datetime:
    """The first bad round. Rounds before a retraction are not part of it."""
    if not seen.readings:
        return seen.at
    if state.excused and state.last and state.last.until:
        down = seen.streak.down_since if seen.health is Health.DOWN else seen.streak.bad_since
        return max(down or seen.at, state.last.until)
    return seen.streak.bad_since or seen.at


def change(
    state: ServiceState, incident: Incident, kind: ChangeKind, at: datetime, by: str = "", *, why: str = ""
) -> Step:
    incident = replace(incident, steps=incident.steps + 1)
    return Step(replace(state, incident=incident), (Change(kind, at, incident, by, why),))


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
