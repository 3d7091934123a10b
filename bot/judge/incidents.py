"""The one state machine: step(state, verdict | order, rules) -> new state and the changes of its incident."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.judge import outages
from bot.judge.verdict import TROUBLE, official
from bot.model import (
    OURSELVES,
    Ack,
    Change,
    Confidence,
    Correct,
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

CORRECTABLE = timedelta(days=7)  # for so long after its end an incident can be taken back
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
        case Correct():
            return _take_back(state, seen)


# ── nothing is open ──────────────────────────────────────────────────────────────────────────────────────────────────


def _closed(state: ServiceState, seen: Verdict, rules: Rules) -> Step:
    word = official(seen.words)
    if word and word.says is Health.UP:
        state = replace(state, heard="")
    if seen.health is Health.UP:
        return Step(replace(state, up_since=state.up_since or seen.at, excused=False))
    if _excused(state, seen):
        return Step(state)
    if not seen.readings and word and word.headline and word.headline == state.heard:
        # Their page still shows what an ended incident told of: without this it would open another one each round.
        return Step(state)
    ended = tuple(e for e in state.ended if seen.at - e[1] <= rules.flap_window)
    flapping = len(ended) >= rules.flaps and seen.confidence is Confidence.CONFIRMED
    incident = Incident(
        service=state.service,
        number=state.opened + 1,
        since=_since(state, seen),
        health=seen.health,
        confidence=seen.confidence,
        up_before=state.up_since,
    )
    if flapping:
        incident = _unstable(incident, ended)
    state = replace(state, opened=incident.number, up_since=None, ended=ended, excused=False)
    return _tell(state, incident, Kind.OPENED, seen)


def _excused(state: ServiceState, seen: Verdict) -> bool:
    """Is it what somebody has said to be no outage? What is worse, or surer, is not."""
    last = state.last
    if not state.excused or last is None:
        return False
    return seen.health <= max(last.health, last.worst) and seen.confidence <= last.confidence


def _since(state: ServiceState, seen: Verdict) -> datetime:
    """The first bad round; what was taken back before is no part of it."""
    if not seen.readings:
        return seen.at
    if state.excused and state.last and state.last.until:
        down = seen.streak.down_since if seen.health is Health.DOWN else seen.streak.bad_since
        return max(down or seen.at, state.last.until)
    return seen.streak.bad_since or seen.at


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
    if (lasted := sum(seen.at - incident.since >= age for age in rules.milestones)) > incident.lasted:
        return _tell(state, replace(incident, lasted=lasted), Kind.LASTING, seen)
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
    last = state.last if unsure else told.state.incident
    counted = outages.ended(state.outages, replace(incident, until=until))
    state = replace(told.state, incident=None, last=last, up_since=until, ended=ended, outages=counted)
    return Step(state, told.changes)


def unwatched(state: ServiceState, at: datetime) -> Step:
    """Its service is watched no longer. The streak stays: should it come back and still be down, it is since then."""
    if state.incident is None:
        return Step(state)
    over = replace(state.incident, until=at)
    told = _change(state, over, Kind.UNWATCHED, at)
    return Step(replace(told.state, incident=None, outages=outages.ended(state.outages, over)), told.changes)


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
    if sighted == (incident is None) or (incident is not None and at < incident.since):
        return Step(state)  # a round that began before we went blind says nothing of whether we see now
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
        incident = outages.numbered(incident, state.outages)
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


def correctable(state: ServiceState, at: datetime) -> Incident | None:
    """What a correction takes back: the open incident, or the one that was over last; None where there is neither."""
    last = state.last
    if state.incident or last is None or last.until is None or last.retracted:
        return state.incident
    return last if at - last.until <= CORRECTABLE else None


def _take_back(state: ServiceState, order: Correct) -> Step:
    """Nothing of it counts any more: neither as an outage, nor towards flapping, nor against "up since"."""
    incident = correctable(state, order.at)
    if incident is None:
        return Step(state)
    opened, until = incident.until is None, incident.until or max(order.at, incident.since)
    wrong = replace(incident, until=until, retracted=True)
    told = _change(state, wrong, Kind.RETRACTED, order.at, order.by, why=order.why)
    up_since = incident.up_before or incident.since if opened or state.up_since == until else state.up_since
    ended = tuple(e for e in state.ended if e != (incident.since, until))
    counted = outages.taken_back(state.outages, incident)
    last = told.state.incident
    state = replace(told.state, incident=None, last=last, up_since=up_since, ended=ended, outages=counted)
    return Step(replace(state, excused=opened or state.excused), told.changes)


def _change(state: ServiceState, incident: Incident, kind: Kind, at: datetime, by: str = "", *, why: str = "") -> Step:
    incident = replace(incident, steps=incident.steps + 1)
    return Step(replace(state, incident=incident), (Change(kind, at, incident, by, why),))
