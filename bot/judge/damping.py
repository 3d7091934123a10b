"""Damping of changes that come and go: reports by others, and trouble that was never confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from bot.judge.verdict import TROUBLE, official, spoken
from bot.model import Confidence, Health, Incident, Rules, ServiceState, Span, Verdict

FREE = 5  # changes of an incident based only on reports; each further one waits longer than the last ...
LONGEST = timedelta(minutes=30)  # ... up to this ...
LONGEST_UNSTABLE = timedelta(hours=6)  # ... or this, for an incident that has come and gone before
CALM = 500  # spans of good rounds kept of an unstable incident


def unheard(state: ServiceState, seen: Verdict) -> bool:
    """True if only reports keep the incident open, or old ones keep a new one from opening, and some sources were not
    read since the start: silence is no "all clear".
    """
    if not seen.untried or seen.health is not Health.UP:
        return False
    return not state.incident.readings if state.incident else state.echo


def flapping(seen: Verdict, ended: tuple[Span, ...], rumours: tuple[Span, ...], rules: Rules) -> tuple[Span, ...]:
    """The earlier incidents, if there are enough of them to call the new one unstable; else empty."""
    if len(ended) >= rules.flaps and (seen.confidence is Confidence.CONFIRMED or not seen.readings):
        return ended
    return rumours if len(rumours) >= rules.flaps and seen.confidence is Confidence.POSSIBLE else ()


def quiet(incident: Incident, seen: Verdict) -> Incident:
    """The incident with `quiet_since` updated, which applies to an unstable one without readings of ours."""
    if incident.unstable_since is None or incident.readings:
        return incident
    said = spoken(official(seen.reports))
    loud = said if incident.confidence > Confidence.POSSIBLE else seen.health in TROUBLE
    if loud or seen.readings:
        return replace(incident, quiet_since=None) if incident.quiet_since else incident
    unread = said is None and official(seen.reports) is not None
    return incident if incident.quiet_since or unread else replace(incident, quiet_since=seen.at)


def old_news(incident: Incident, seen: Verdict, rules: Rules) -> bool:
    """True if a report only repeats an earlier shift, too soon to be reported again."""
    shifts = seen.health in TROUBLE and seen.health != incident.health and seen.confidence == incident.confidence
    return shifts and seen.health <= incident.worst and not may_say(incident, seen.at, rules)


def may_say(incident: Incident, at: datetime, rules: Rules) -> bool:
    """True if another change based only on reports may be notified now."""
    unstable = incident.unstable_since is not None
    beyond = incident.reports_told - (0 if unstable else FREE)
    if beyond < 0:
        return True
    pause = min(rules.settle * (1 << min(beyond, 10)), LONGEST_UNSTABLE if unstable else LONGEST)
    latest: datetime = incident.reports_at or incident.since
    return at - latest >= pause


def answered(state: ServiceState, seen: Verdict) -> ServiceState:
    """The state whose unstable incident knows of the good rounds that end with this bad one: they count as good."""
    one, since = state.incident, state.streak.good_since
    if one is None or one.unstable_since is None or not (one.readings and seen.readings) or since is None:
        return state
    span = max(since, one.since), seen.streak.bad_since or seen.at
    if not state.streak.good or span[0] >= span[1]:
        return state
    return replace(state, incident=replace(one, calm=_kept((*one.calm, span))))


def _kept(calm: tuple[Span, ...]) -> tuple[Span, ...]:
    """At most CALM spans: beyond that, the shortest bad time between two of them is forgotten."""
    if len(calm) <= CALM:
        return calm
    gaps = [(after[0] - before[1], number) for number, (before, after) in enumerate(pairwise(calm))]
    _, at = min(gaps)
    return (*calm[:at], (calm[at][0], calm[at + 1][1]), *calm[at + 2 :])
