"""The one state machine: step(state, verdict | order, rules) -> new state and the changes of its incident."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.judge.verdict import TROUBLE, official
from bot.model import (
    OURSELVES,
    Ack,
    Change,
    Confidence,
    Health,
    Incident,
    Kind,
    Mute,
    Order,
    Rules,
    ServiceState,
    Unmute,
    Verdict,
)

NEW_EVIDENCE = frozenset({Kind.OPENED, Kind.CONFIRMED, Kind.WORSENED, Kind.EASED})


@dataclass(frozen=True, slots=True)
class Step:
    state: ServiceState
    changes: tuple[Change, ...] = ()


def step(state: ServiceState, seen: Verdict | Order, rules: Rules) -> Step:
    """One verdict or order further. The same state and input always give the same step; a repeated order is none."""
    match seen:
        case Verdict(health=Health.UNKNOWN):
            return Step(replace(state, streak=seen.streak, unseen_since=state.unseen_since or seen.at))
        case Verdict():
            state = replace(state, streak=seen.streak, unseen_since=None)
            return _open(state, state.incident, seen, rules) if state.incident else _closed(state, seen, rules)
        case Ack():
            return _acknowledge(state, seen)
        case Mute():
            return Step(replace(state, mute=seen))
        case Unmute():
            return Step(replace(state, mute=None))


# ── nothing is open ──────────────────────────────────────────────────────────────────────────────────────────────────


def _closed(state: ServiceState, seen: Verdict, rules: Rules) -> Step:
    word = official(seen.words)
    if word and word.says is Health.UP:
        state = replace(state, heard="")
    if seen.health is Health.UP:
        return Step(replace(state, up_since=state.up_since or seen.at))
    if not seen.readings and word and word.headline and word.headline == state.heard:
        # Their page still shows what an ended incident told of: without this it would open another one each round.
        return Step(state)
    ended = tuple(e for e in state.ended if seen.at - e[1] <= rules.flap_window)
    flapping = len(ended) >= rules.flaps and seen.confidence is Confidence.CONFIRMED
    incident = Incident(
        service=state.service,
        number=state.opened + 1,
        since=(seen.streak.bad_since if seen.readings else None) or seen.at,
        health=seen.health,
        confidence=seen.confidence,
    )
    if flapping:
        incident = _unstable(incident, ended)
    state = replace(state, opened=incident.number, up_since=None, ended=ended)
    return _tell(state, incident, Kind.OPENED, seen)


def _unstable(incident: Incident, ended: tuple[tuple[datetime, datetime], ...]) -> Incident:
    return replace(incident, unstable_since=ended[0][0], outages=len(ended) + 1)


# ── one is open ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _open(state: ServiceState, incident: Incident, seen: Verdict, rules: Rules) -> Step:
    if _over(incident, seen, rules):
        return _close(state, incident, seen, rules)
    if seen.health not in TROUBLE or (incident.readings and not seen.readings):
        return Step(state)  # our own checks answer again, not yet for long enough
    if seen.confidence > incident.confidence:
        if seen.confidence is Confidence.CONFIRMED and len(state.ended) >= rules.flaps:
            incident = _unstable(incident, state.ended)
        return _tell(state, incident, Kind.CONFIRMED, seen)
    if seen.confidence == incident.confidence and seen.health > incident.health:
        return _tell(state, incident, Kind.WORSENED, seen)
    if seen.confidence == incident.confidence and seen.health < incident.health:
        # A single milder round in between says nothing: half an outage would come and go with every other round.
        return _tell(state, incident, Kind.EASED, seen) if seen.streak.mild >= rules.restore_rounds else Step(state)
    word = official(seen.words)
    if word and word.says in TROUBLE and word.headline != state.heard:
        return _tell(state, incident, Kind.OFFICIAL, seen)
    if _reminder_due(incident, seen.at, rules):
        return _tell(state, replace(incident, reminded=incident.reminded + 1), Kind.REMINDED, seen)
    return Step(state)


def _over(incident: Incident, seen: Verdict, rules: Rules) -> bool:
    if seen.readings or seen.streak.good < rules.restore_rounds:
        return False
    if seen.health in TROUBLE and not incident.readings:
        return False  # it was theirs or the crowd's word alone, and it still stands
    good_since = seen.streak.good_since or seen.at
    return incident.unstable_since is None or seen.at - good_since >= rules.settle


def _close(state: ServiceState, incident: Incident, seen: Verdict, rules: Rules) -> Step:
    good_since = seen.streak.good_since or seen.at
    until = good_since if good_since > incident.since else seen.at
    unsure = incident.confidence is Confidence.POSSIBLE
    ended = state.ended if unsure else (*state.ended, (incident.since, until))[-rules.flaps :]
    told = _tell(state, replace(incident, until=until), Kind.RETRACTED if unsure else Kind.RESTORED, seen)
    return Step(replace(told.state, incident=None, up_since=until, ended=ended), told.changes)


def unwatched(state: ServiceState, at: datetime) -> Step:
    """Its service is watched no longer. The streak stays: should it come back and still be down, it is since then."""
    if state.incident is None:
        return Step(state)
    told = _change(state, replace(state.incident, until=at), Kind.UNWATCHED, at)
    return Step(replace(told.state, incident=None), told.changes)


def _reminder_due(incident: Incident, now: datetime, rules: Rules) -> bool:
    if incident.confidence is not Confidence.CONFIRMED or incident.acked_by or not rules.remind_every:
        return False
    *_, last = rules.remind_every
    beyond = incident.reminded - len(rules.remind_every) + 1
    after = last * (beyond + 1) if beyond > 0 else rules.remind_every[incident.reminded]
    return now - incident.since >= after


def watch_sight(state: ServiceState, at: datetime, *, sighted: bool) -> Step:
    """Our own blindness, as an incident of the service `OURSELVES`: told once, when it is over."""
    incident = state.incident
    if sighted == (incident is None):
        return Step(state)
    if incident is None:
        number = state.opened + 1
        incident = Incident(OURSELVES, number, at, Health.UNKNOWN, Confidence.CONFIRMED, confirmed_at=at)
        return _change(replace(state, opened=number), incident, Kind.OPENED, at)
    told = _change(state, replace(incident, until=at), Kind.RESTORED, at)
    return Step(replace(told.state, incident=None), told.changes)


# ── telling ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _tell(state: ServiceState, incident: Incident, kind: Kind, seen: Verdict) -> Step:
    """Take the round's evidence into the incident and make the change that tells of it."""
    word = official(seen.words)
    trouble = word is not None and word.says in TROUBLE
    incident = replace(incident, words=seen.words)
    if kind in NEW_EVIDENCE:
        incident = replace(
            incident,
            health=seen.health,
            confidence=seen.confidence,
            readings=seen.readings,
            worst=max(incident.worst, seen.health),
        )
        if seen.confidence is Confidence.CONFIRMED and incident.confirmed_at is None:
            incident = replace(incident, confirmed_at=seen.at)
    if trouble and incident.official_at is None:
        incident = replace(incident, official_at=seen.at)
    heard = word.headline if word is not None and trouble else state.heard
    return _change(replace(state, heard=heard), incident, kind, seen.at)


def _acknowledge(state: ServiceState, order: Ack) -> Step:
    if state.incident is None or state.incident.acked_by:
        return Step(state)
    return _change(
        state, replace(state.incident, acked_by=order.by, acked_at=order.at), Kind.ACKNOWLEDGED, order.at, order.by
    )


def _change(state: ServiceState, incident: Incident, kind: Kind, at: datetime, by: str = "") -> Step:
    incident = replace(incident, steps=incident.steps + 1)
    return Step(replace(state, incident=incident), (Change(kind, at, incident, by),))
