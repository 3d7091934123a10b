"""One step of an incident: add the round's evidence and record the change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.judge import outage_count
from bot.judge.verdict import TROUBLE, official, spoken
from bot.model import Change, ChangeKind, Confidence, Health, Incident, Role, ServiceState, Verdict

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
        incident = outage_count.numbered(incident, state.outages)
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
