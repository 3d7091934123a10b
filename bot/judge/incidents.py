"""The state machine of incidents: step(state, verdict | order, rules) -> new state and changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.judge import changes, damping
from bot.judge.changes import Step, began, change, heard, tell
from bot.judge.verdict import TROUBLE, official, rumoured, spoken
from bot.model import (
    Ack,
    ChangeKind,
    Confidence,
    Correct,
    Health,
    Incident,
    MaintenanceEffect,
    Mute,
    Order,
    Outcome,
    Round,
    Rules,
    ServiceState,
    Unmute,
    Verdict,
)

DAY = timedelta(days=1)
CORRECTABLE = timedelta(days=7)  # an incident can be retracted for this long after its end
FORGOTTEN = timedelta(minutes=1)  # after so long without a conclusive round, bad ones before it confirm nothing
UNPLANNED = MaintenanceEffect()


def step(state: ServiceState, seen: Verdict | Order, rules: Rules, plan: MaintenanceEffect = UNPLANNED) -> Step:
    """Apply one verdict or order. Deterministic; a repeated order changes nothing."""
    done = _step(state, seen, rules, plan)
    mute = done.state.mute
    over = state.incident is not None and done.state.incident is None
    if mute is None or not (over and mute.until_restored):
        return done
    return replace(done, state=replace(done.state, mute=replace(mute, until=seen.at, until_restored=False)))


def _step(state: ServiceState, seen: Verdict | Order, rules: Rules, plan: MaintenanceEffect) -> Step:
    match seen:
        case Verdict(health=Health.UNKNOWN):
            since = state.unseen_since or seen.at
            state = replace(state, streak=seen.streak, unseen_since=since)
            return Step(_held(state) if seen.at - since >= FORGOTTEN and not _sure(state) else state)
        case Verdict():
            state = replace(damping.answered(state, seen), streak=seen.streak, unseen_since=None)
            if damping.unheard(state, seen):
                return Step(state)
            if plan.suppress and seen.health in TROUBLE and not _sure(state):
                return Step(_held(state))
            return (
                _open(state, state.incident, seen, rules, plan) if state.incident else _closed(state, seen, rules, plan)
            )
        case Ack():
            return _acknowledge(state, seen)
        case Mute():
            return Step(replace(state, mute=seen))
        case Unmute():
            return Step(replace(state, mute=None))
        case Correct():
            return _take_back(state, seen)


def _sure(state: ServiceState) -> bool:
    return state.incident is not None and state.incident.confidence is Confidence.CONFIRMED


def _held(state: ServiceState) -> ServiceState:
    """Bad rounds in planned maintenance, or before a long time of which we know nothing, confirm nothing. Their start is
    kept, for trouble that lasts.
    """
    return replace(state, streak=replace(state.streak, bad=0, down=0, total=0))


# ── no open incident ─────────────────────────────────────────────────────────────────────────────────────────────────


def _closed(state: ServiceState, seen: Verdict, rules: Rules, plan: MaintenanceEffect) -> Step:
    said, rumour = spoken(official(seen.reports)), rumoured(seen.reports)
    state = replace(state, official_headline="" if said == "" else state.official_headline, echo=state.echo and rumour)
    if seen.health is Health.UP:
        excused = state.excused and bool(seen.expiring) and state.last is not None and state.last.only_worn
        up = replace(state, up_since=state.up_since or seen.at, excused=excused)
        return Step(up) if excused or not seen.expiring else _warn(up, seen)
    if _excused(state, seen):
        return Step(state)
    if not seen.readings and (said == state.official_headline if said else state.echo):
        # Sources lag behind a recovery: a page shows an incident for a while, a tracker counts the last hour.
        return Step(state)
    ended = tuple(e for e in state.ended if seen.at - e[1] <= rules.flap_window)
    rumours = tuple(e for e in state.unconfirmed if seen.at - e[1] <= rules.flap_window)
    incident = Incident(
        service=state.service,
        number=state.opened + 1,
        since=began(state, seen),
        health=seen.health,
        confidence=seen.confidence,
        up_before=state.up_since,
        maintenance_ended=plan.after,
    )
    if before := damping.flapping(seen, ended, rumours, rules):
        incident = _unstable(incident, before)
    state = replace(state, opened=incident.number, up_since=None, ended=ended, unconfirmed=rumours, excused=False)
    return tell(state, incident, ChangeKind.OPENED, seen)


def _excused(state: ServiceState, seen: Verdict) -> bool:
    """True if this is no worse and no surer than the incident a person has retracted."""
    last = state.last
    if not state.excused or last is None:
        return False
    return seen.health <= max(last.health, last.worst) and seen.confidence <= last.confidence


def _unstable(incident: Incident, ended: tuple[tuple[datetime, datetime], ...]) -> Incident:
    return replace(incident, unstable_since=ended[0][0], outages=len(ended) + 1)


# ── open incident ────────────────────────────────────────────────────────────────────────────────────────────────────


def _open(state: ServiceState, incident: Incident, seen: Verdict, rules: Rules, plan: MaintenanceEffect) -> Step:
    if incident.only_worn:
        return _warned(state, incident, seen, rules)
    if _over(incident, seen, rules):
        return _close(state, incident, seen, rules)
    if (newer := heard(damping.quiet(incident, seen), seen)) is not incident:
        incident = newer
        state = replace(state, incident=newer)
    if seen.health not in TROUBLE or (incident.readings and not seen.readings):
        return Step(state)  # our own checks are good again, but not for long enough
    if seen.confidence > incident.confidence:
        if seen.confidence is Confidence.CONFIRMED:
            # Unconfirmed incidents that came and went were no outages.
            incident = replace(incident, unstable_since=None, outages=1)
            incident = _unstable(incident, state.ended) if len(state.ended) >= rules.flaps else incident
        return tell(
            state,
            replace(incident, maintenance_ended=incident.maintenance_ended or plan.after),
            ChangeKind.CONFIRMED,
            seen,
        )
    if not incident.readings and not seen.readings and damping.old_news(incident, seen, rules):
        return Step(state)
    if seen.confidence == incident.confidence and seen.health > incident.health:
        return tell(state, incident, ChangeKind.WORSENED, seen)
    if seen.confidence == incident.confidence and seen.health < incident.health:
        # A single milder round means nothing: otherwise a partial outage would ease and worsen with every other round.
        return (
            tell(state, incident, ChangeKind.EASED, seen)
            if seen.streak.partial >= rules.restore_rounds
            else Step(state)
        )
    return _goes_on(state, incident, seen, rules)


def _goes_on(state: ServiceState, incident: Incident, seen: Verdict, rules: Rules) -> Step:
    """The change of an incident whose health and confidence are unchanged, if any is due."""
    if spoken(official(seen.reports)) not in {None, state.official_headline} and damping.may_say(
        incident, seen.at, rules
    ):
        return tell(state, incident, ChangeKind.OFFICIAL, seen)
    if (lasted := sum(seen.at - incident.since >= age for age in rules.milestones)) > incident.milestones_passed:
        return tell(state, replace(incident, milestones_passed=lasted), ChangeKind.LASTING, seen)
    if (due := _reminders_due(incident, seen.at, rules)) > incident.reminded:
        # Reminders missed while we were away become one with the present state.
        return tell(state, replace(incident, reminded=due), ChangeKind.REMINDED, seen)
    return Step(state)


def _over(incident: Incident, seen: Verdict, rules: Rules) -> bool:
    if seen.readings or seen.streak.good < rules.restore_rounds:
        return False
    theirs = incident.confidence > Confidence.POSSIBLE  # known from reports alone: more than a rumour
    if not incident.readings and (spoken(official(seen.reports)) if theirs else seen.health in TROUBLE):
        return False  # known from reports alone, and they still stand
    good_since = incident.quiet_since or seen.at if not incident.readings else seen.streak.good_since or seen.at
    return incident.unstable_since is None or seen.at - good_since >= rules.settle


def _close(state: ServiceState, incident: Incident, seen: Verdict, rules: Rules) -> Step:
    good_since = seen.streak.good_since or seen.at
    until = good_since if good_since > incident.since else incident.quiet_since or seen.at
    unsure = incident.confidence is Confidence.POSSIBLE
    ended = state.ended if unsure else (*state.ended, (incident.since, until))[-rules.flaps :]
    rumours = (*state.unconfirmed, (incident.since, until))[-rules.flaps :] if unsure else state.unconfirmed
    told = tell(state, replace(incident, until=until), ChangeKind.RETRACTED if unsure else ChangeKind.RESTORED, seen)
    last = state.last if unsure else told.state.incident
    echo = rumoured(seen.reports) and (not unsure or rumoured(incident.reports))
    counted = changes.ended(state.outages, replace(incident, until=until))
    state = replace(told.state, incident=None, last=last, up_since=until, ended=ended, unconfirmed=rumours)
    return Step(replace(state, echo=echo, outages=counted), told.changes)


def bad_since(state: ServiceState) -> datetime | None:
    """The first failed round of the present trouble; None while our own checks see none."""
    incident = state.incident
    if incident is not None and incident.readings and not incident.only_worn:
        return incident.since
    return state.streak.bad_since


def unwatched(state: ServiceState, at: datetime) -> Step:
    """Close the incident of a service that is no longer watched. The streak stays: if the service returns and is still
    down, its outage keeps its start.
    """
    if state.incident is None:
        return Step(state)
    over = replace(state.incident, until=at)
    told = change(state, over, ChangeKind.UNWATCHED, at)
    return Step(replace(told.state, incident=None, outages=changes.ended(state.outages, over)), told.changes)


def _reminders_due(incident: Incident, now: datetime, rules: Rules) -> int:
    """The number of reminders due by now."""
    if incident.confidence is not Confidence.CONFIRMED or incident.acked_by or not rules.remind_every:
        return 0
    age = now - incident.since
    if incident.only_worn:
        return age // DAY
    *_, last = rules.remind_every
    first = sum(age >= after for after in rules.remind_every)
    beyond = age // last - 1 if first == len(rules.remind_every) and last else 0
    return first + max(beyond, 0)


# ── expiring certificates ────────────────────────────────────────────────────────────────────────────────────────────


def _warn(state: ServiceState, seen: Verdict) -> Step:
    since, number = seen.streak.expiring_since or seen.at, state.opened + 1
    worn = Incident(state.service, number, since, Health.DEGRADED, Confidence.CONFIRMED, up_before=state.up_since)
    state = replace(state, opened=number, up_since=None)
    return tell(state, worn, ChangeKind.OPENED, replace(seen, health=Health.DEGRADED, readings=seen.expiring))


def _warned(state: ServiceState, incident: Incident, seen: Verdict, rules: Rules) -> Step:
    """Continue a certificate warning. An outage meanwhile gets its own start: its first bad round."""
    if seen.readings and seen.confidence is Confidence.CONFIRMED:
        ended = tuple(e for e in state.ended if seen.at - e[1] <= rules.flap_window)
        number, steps, before = incident.number, incident.steps, incident.up_before
        since = seen.streak.bad_since or seen.at
        outage = Incident(state.service, number, since, seen.health, seen.confidence, up_before=before, steps=steps)
        outage = _unstable(outage, ended) if len(ended) >= rules.flaps else outage
        return tell(replace(state, ended=ended), outage, ChangeKind.CONFIRMED, seen)
    if seen.readings or seen.streak.expiring:
        return _goes_on(state, incident, seen, rules)
    told = tell(state, replace(incident, until=seen.at), ChangeKind.RESTORED, seen)
    return Step(
        replace(told.state, incident=None, last=told.state.incident, up_since=incident.up_before or seen.at),
        told.changes,
    )


# ── orders ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _acknowledge(state: ServiceState, order: Ack) -> Step:
    if state.incident is None or state.incident.acked_by:
        return Step(state)
    return change(
        state,
        replace(state.incident, acked_by=order.by, acked_at=order.at),
        ChangeKind.ACKNOWLEDGED,
        order.at,
        order.by,
    )


def correctable(state: ServiceState, at: datetime) -> Incident | None:
    """The incident that a correction retracts: the open one, or the latest closed one; None if there is neither."""
    last = state.last
    if state.incident or last is None or last.until is None or last.retracted:
        return state.incident
    return last if at - last.until <= CORRECTABLE else None


def _take_back(state: ServiceState, order: Correct) -> Step:
    """Retract an incident, so that it counts neither as an outage, nor towards flapping, nor against "up since"."""
    incident = correctable(state, order.at)
    if incident is None:
        return Step(state)
    opened, until = incident.until is None, incident.until or max(order.at, incident.since)
    wrong = replace(incident, until=until, retracted=True)
    told = change(state, wrong, ChangeKind.RETRACTED, order.at, order.by, why=order.why)
    up_since = incident.up_before or incident.since if opened or state.up_since == until else state.up_since
    ended = tuple(e for e in state.ended if e != (incident.since, until))
    counted = changes.taken_back(state.outages, incident)
    last = told.state.incident
    state = replace(told.state, incident=None, last=last, up_since=up_since, ended=ended, outages=counted)
    return Step(replace(state, excused=opened or state.excused), told.changes)


def steady(state: ServiceState, seen: Round, rules: Rules) -> bool:
    """True if the service was steadily up and all is good again, so that `step` returns the same state.

    False says nothing: the step decides.
    """
    return _is_steady(state, rules) and _is_good(seen)


def _is_steady(state: ServiceState, rules: Rules) -> bool:
    streak = state.streak
    return (
        streak.good == streak.partial == rules.restore_rounds
        and state.up_since is not None
        and streak.good_since is not None
        and state.incident is None
        and state.unseen_since is None
        and not (streak.bad or streak.total or streak.down or streak.expiring)
        and streak.bad_since is streak.down_since is streak.expiring_since is None
        and not (state.excused or state.echo or state.official_headline)
    )


def _is_good(seen: Round) -> bool:
    if not (seen.online and seen.readings) or seen.asleep_since is not None:
        return False
    for reading in seen.readings:
        if reading.outcome is not Outcome.OK or reading.places is not None:
            return False
    return not (seen.reports and any(report.says in TROUBLE for report in seen.reports))
