"""One step of an incident: add the round's evidence, record the change, count the outages of the year.

Outages of Tocsin itself are incidents of the service `OURSELVES`, reported once, when they are over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.judge.verdict import TROUBLE, official, spoken
from bot.model import (
    OURSELVES,
    Change,
    ChangeKind,
    Confidence,
    Health,
    Incident,
    Outages,
    Role,
    ServiceState,
    Streak,
    Verdict,
)

SHIFTS = frozenset({ChangeKind.WORSENED, ChangeKind.EASED})
NEW_EVIDENCE = frozenset({ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.WORSENED, ChangeKind.EASED})
SETTLE = timedelta(seconds=15)  # good time that a starved process needs before its outage is over ...
SETTLE_AGAIN = timedelta(minutes=2)  # ... and that any recent repeat needs: intermittent outages are reported once
LATELY = timedelta(minutes=10)


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


def track_own_outage(state: ServiceState, at: datetime, *, online: bool, starved: bool = False) -> Step:
    """Apply one round. A repeated one changes nothing. `starved`: the process got no CPU time."""
    incident, seen_since = state.incident, state.streak.good_since
    if incident is None and state.last and state.last.until and at < state.last.until:
        return Step(state)  # that outage has been reported
    if incident is None:
        return Step(state) if online else _open(state, at, starved=starved)
    if at <= incident.since:
        return Step(state)  # a round that began before the outage, or with it, does not show that it is over
    if not online:
        return Step(replace(state, streak=Streak()) if seen_since and at >= seen_since else state)
    seen_since = seen_since or at
    if at - seen_since < _settle(state, incident):
        return Step(replace(state, streak=Streak(good_since=seen_since)))
    told = change(state, replace(incident, until=seen_since), ChangeKind.RESTORED, at)
    return Step(replace(told.state, incident=None, last=told.state.incident, streak=Streak()), told.changes)


def _settle(state: ServiceState, incident: Incident) -> timedelta:
    last = state.last.until if state.last else None
    if last is not None and incident.since - last < LATELY:
        return SETTLE_AGAIN
    return SETTLE if incident.unstable_since else timedelta()


def _open(state: ServiceState, at: datetime, *, starved: bool) -> Step:
    number = state.opened + 1
    incident = Incident(OURSELVES, number, at, Health.UNKNOWN, Confidence.CONFIRMED, confirmed_at=at)
    incident = replace(incident, unstable_since=at if starved else None)
    return change(replace(state, opened=number, streak=Streak()), incident, ChangeKind.OPENED, at)
