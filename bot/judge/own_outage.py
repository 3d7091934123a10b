"""Outages of Tocsin itself, as incidents of the service `OURSELVES`, reported once, when they are over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.judge.changes import Step, change
from bot.model import OURSELVES, ChangeKind, Confidence, Health, Incident, ServiceState, Streak

SETTLE = timedelta(seconds=15)  # good time that a starved process needs before its outage is over ...
SETTLE_AGAIN = timedelta(minutes=2)  # ... and that any recent repeat needs: intermittent outages are reported once
LATELY = timedelta(minutes=10)


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
