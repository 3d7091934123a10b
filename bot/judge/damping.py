"""Keeps what comes and goes from being told each time: other people's words, and trouble that was never sure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.judge.verdict import TROUBLE, official, spoken
from bot.model import Confidence, Health, Incident, Rules, ServiceState, Span, Verdict

FREE = 5  # changes of an incident that tell only what others say of it; each one more waits longer than the last ...
LONGEST = timedelta(minutes=30)  # ... and no longer than this ...
LONGEST_UNSTABLE = timedelta(hours=6)  # ... or this, where it has come and gone before


def unheard(state: ServiceState, seen: Verdict) -> bool:
    """Do only words keep it open, or closed, of which some were not read since the start? Silence is no "all clear"."""
    if not seen.untried or seen.health is not Health.UP:
        return False
    return not state.incident.readings if state.incident else state.echo


def flapping(seen: Verdict, ended: tuple[Span, ...], rumours: tuple[Span, ...], rules: Rules) -> tuple[Span, ...]:
    """What came and went before, where it did so often enough for what opens now to be called unstable."""
    if len(ended) >= rules.flaps and (seen.confidence is Confidence.CONFIRMED or not seen.readings):
        return ended
    return rumours if len(rumours) >= rules.flaps and seen.confidence is Confidence.POSSIBLE else ()


def quiet(incident: Incident, seen: Verdict) -> Incident:
    """The same with since when nobody speaks of it, where that is asked: of an unstable one without readings of ours."""
    if incident.unstable_since is None or incident.readings:
        return incident
    said = spoken(official(seen.reports))
    loud = said if incident.confidence > Confidence.POSSIBLE else seen.health in TROUBLE
    if loud or seen.readings:
        return replace(incident, quiet_since=None) if incident.quiet_since else incident
    unread = said is None and official(seen.reports) is not None
    return incident if incident.quiet_since or unread else replace(incident, quiet_since=seen.at)


def old_news(incident: Incident, seen: Verdict, rules: Rules) -> bool:
    """Is a word that makes it worse or better no more than what was said of it before, too soon to say again?"""
    shifts = seen.health in TROUBLE and seen.health != incident.health and seen.confidence == incident.confidence
    return shifts and seen.health <= incident.worst and not may_say(incident, seen.at, rules)


def may_say(incident: Incident, at: datetime, rules: Rules) -> bool:
    """May one more change be told that is only what others say?"""
    unstable = incident.unstable_since is not None
    beyond = incident.reports_told - (0 if unstable else FREE)
    if beyond < 0:
        return True
    pause = min(rules.settle * (1 << min(beyond, 10)), LONGEST_UNSTABLE if unstable else LONGEST)
    latest: datetime = incident.reports_at or incident.since
    return at - latest >= pause
