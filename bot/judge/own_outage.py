"""Our own blindness, as an incident of the service `OURSELVES`: told once, when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.judge.changes import Step, change
from bot.model import OURSELVES, ChangeKind, Confidence, Health, Incident, ServiceState, Streak

SETTLE = timedelta(seconds=15)  # that a process which got no time must see again for, before we say that it is over ...
SETTLE_AGAIN = timedelta(minutes=2)  # ... and whatever was blind lately: who goes blind by turns says so once
LATELY = timedelta(minutes=10)


def track_own_outage(state: ServiceState, at: datetime, *, online: bool, starved: bool = False) -> Step:
    """One round further: did it see anything? A repeated one changes nothing. `starved`: it did not, for want of time."""
    incident, seen_since = state.incident, state.streak.good_since
    if incident is None and state.last and state.last.until and at < state.last.until:
        return Step(state)  # that we saw nothing then has been told
    if incident is None:
        return Step(state) if online else _open(state, at, starved=starved)
    if at < incident.since:
        return Step(state)  # a round that began before we went blind says nothing of whether we see now
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
