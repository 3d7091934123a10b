"""What was written down of the services, and of ourselves: it was so."""

from __future__ import annotations

from collections.abc import Iterator

from bot.model import (
    OURSELVES,
    Confidence,
    Health,
    Incident,
    Outcome,
    Role,
)
from bot.notify.routing import NEWS
from tests.sim.ledger import Complaints, Ledger
from tests.sim.script import Look, Stretch
from tests.sim.world import Looked

TROUBLE = frozenset({Health.DOWN, Health.DEGRADED})
BAD = frozenset({Outcome.FAILED, Outcome.SLOW})
LONGEST_LOOK = 20.0  # seconds: a check that forgets its time-out, then canaries that hang


# ── 4: the times are true ────────────────────────────────────────────────────────────────────────────────────────────


def times_are_of_rounds(of: Ledger) -> Complaints:
    """An outage begins with the first round that was not good after a good one, and ends with the first good one."""
    for one in of.incidents:
        if one.service not in of.script.services:
            continue
        yield from _at(of, one, "began", of.seconds(one.since), bad=True)
        if one.until is not None and any(change.incident.readings for change in of.steps[one.id]):
            yield from _at(of, one, "ended", of.seconds(one.until), bad=False)


def _at(of: Ledger, one: Incident, what: str, at: float, *, bad: bool) -> Complaints:
    looks = of.looks[one.service]
    turn = next((n for n, looked in enumerate(looks) if abs(looked.began - at) < 1e-5), None)
    if turn is None:
        yield f"{one.id} {what} at {at:.1f} s, where there was no round"
        return
    here, before = looks[turn], _written(of, looks, turn)
    if _bad(here) is not bad and not (bad and _worded(here)):
        yield f"{one.id} {what} at {at:.1f} s with a round that says otherwise"
    last = next((looked for looked in reversed(before) if _judged(looked)), None)
    doubted = any(not looked.round.online for looked in before[-3:]) or _cut(looks[:turn])
    # A node that is cut off takes a good round of a good service without the database, though another has it by now.
    doubted = doubted or (last is not None and of.script.troubled.at(last.began) is not None)
    if last is not None and _bad(last) is bad and not doubted and (not bad or _bad(here)):
        yield f"{one.id} {what} at {at:.1f} s, but the round before, {last.began:.1f} s, was the same"


def _written(of: Ledger, looks: list[Looked], turn: int) -> list[Looked]:
    """The rounds before that count: what a life could not write down, it did later, unless it ended first, or another node
    had the service by then.
    """
    alone = not hasattr(of.run, "nodes")
    found, next_ = list[Looked](), looks[turn]
    for one in reversed(looks[:turn]):
        if one.became == "taken" or (alone and of.lived(one.began, next_.began)):
            found.append(one)
        if one.became == "taken":
            next_ = one
    return found[::-1]


def _bad(looked: Looked) -> bool:
    return any(reading.outcome in BAD for reading in looked.round.readings)


def _worded(looked: Looked) -> bool:
    return any(word.says in TROUBLE for word in looked.round.reports)


def _judged(looked: Looked) -> bool:
    blind = any(reading.outcome is Outcome.INCONCLUSIVE for reading in looked.round.readings)
    return looked.round.online and (_bad(looked) or not blind)


def _cut(before: list[Looked]) -> bool:
    """Was the round just before one of which nobody knows whether it was written down?"""
    return bool(before) and before[-1].became != "taken"


def outages_are_seen(of: Ledger) -> Complaints:
    """What lasts is told, and its times are those of the world, but for one beat."""
    script = of.script
    for service in script.services:
        every = script.every[service]
        for start, end in _outages(of, service):
            found = [
                (of.seconds(one.since), one)
                for one in of.incidents
                if one.service == service and of.seconds(one.since) < end and of.until(one) > start
            ]
            if not found:
                yield f"{service} was down {start:.0f}-{end:.0f} s and nobody noticed"
                continue
            since, one = found[0]
            if len(found) > 1:
                yield f"one outage of {service}, {len(found)} incidents from {since:.0f} s on"
            if not one.reports and not start - 1 <= since <= start + every + LONGEST_LOOK:
                yield f"{one.id} began at {since:.0f} s, the truth at {start:.0f} s"
            if not one.reports and not end - 1 <= of.until(one) <= end + every + LONGEST_LOOK:
                yield f"{one.id} ended at {of.until(one):.0f} s, the truth at {end:.0f} s"


def _outages(of: Ledger, service: str) -> Iterator[tuple[float, float]]:
    """Those of every route together, so long and so far from all other trouble that nothing excuses missing them."""
    script = of.script
    keys = [(service, route) for route in script.services[service]]
    for one in script.truth[keys[0]]:
        start, end = one.start, one.end
        whole = all(any(o.start == start and o.end == end for o in script.truth[key]) for key in keys)
        alone = not any(
            other.meets(start - 200, end + 200) for key in keys for other in script.truth[key] if other.start != start
        )
        usual = one.what in {Look.BAD, Look.HANGS} and end - start > script.confirm * 25 + 60
        usual = usual and not any(service in w.services and one.meets(w.start - 60, w.over + 60) for w in script.works)
        # With or without the database: what it could not take is written down when it is back.
        seen = not script.blind.meet(start - 60, end + 60) and of.watched(start - 60, end + 90)
        if whole and alone and usual and seen and not _unstable(of, service, start):
            yield start, end


def _unstable(of: Ledger, service: str, at: float) -> bool:
    return any(
        one.unstable_since for one in of.incidents if one.service == service and of.seconds(one.since) < at + 300
    )


# ── planned maintenance ──────────────────────────────────────────────────────────────────────────────────────────────


def maintenance_is_quiet(of: Ledger) -> Complaints:
    """Nothing begins to be told while it is planned."""
    for work in of.script.works:
        for one in of.incidents:
            first = of.seconds(of.steps[one.id][0].at)
            if one.service in work.services and work.start + 1 <= first < work.over - 1:
                yield f"{one.id} was opened at {first:.0f} s, in maintenance until {work.over:.0f} s"


def what_outlasts_maintenance_is_told(of: Ledger) -> Complaints:
    """What began in a window and goes on after it is an incident soon after its end."""
    script = of.script
    for work in script.works:
        for service in set(work.services) & script.services.keys():
            soon = work.over + script.every[service] * (script.confirm + 1) + LONGEST_LOOK
            others = [one for one in script.works if one is not work and service in one.services]
            if any(one.start < soon and one.over > work.start for one in others):
                continue
            if _lasts(of, service, work.over - 40, soon) and not any(
                one.service == service and of.seconds(one.since) < soon and of.until(one) > work.over
                for one in of.incidents
            ):
                yield f"{service} was down from before {work.over:.0f} s until {soon:.0f} s, and nothing was said"


def _lasts(of: Ledger, service: str, start: float, end: float) -> bool:
    """Down on every route for the whole time, while we could see it."""
    routes = [of.script.truth[service, route] for route in of.script.services[service]]
    meeting = [[one for one in found if one.meets(start, end)] for found in routes]
    down = all(any(one.start <= start and end <= one.end for one in found) for found in meeting)
    down = down and all(one.what is Look.BAD for found in meeting for one in found)
    return down and not of.script.blind.meet(start - 60, end + 60) and of.steady(start - 60, end + 60)


# ── 6 and 7: our own trouble, and the crowd ──────────────────────────────────────────────────────────────────────────


def nothing_is_made_up(of: Ledger) -> Complaints:
    """Nothing is confirmed that was not so, whatever we could not see, and nothing likely but by a page's own word."""
    for one in of.incidents:
        if one.service not in of.script.services:
            continue
        since = of.seconds(one.since) - LONGEST_LOOK
        for change in of.steps[one.id]:
            at = of.seconds(change.at) + LONGEST_LOOK
            said = change.incident.confidence
            if change.kind not in NEWS or said is Confidence.POSSIBLE or of.script.bad(one.service, since, at):
                continue
            official = any(word.role is Role.OFFICIAL and word.says in TROUBLE for word in change.incident.reports)
            edge = of.script.blind.meet(since, at) and change.incident.reports
            if said is Confidence.CONFIRMED or not (official or edge):
                yield f"{change.key} says {said.name} {change.incident.health.name} of a service that was well"
                break


def blindness_is_told_once(of: Ledger) -> Complaints:
    for one in of.incidents:
        if one.service != OURSELVES:
            continue
        since, until = of.seconds(one.since), of.until(one)
        nobody_saw = of.script.blind, of.script.starved, of.world.unwatched
        if not any(
            known.meet(since - LONGEST_LOOK, until + LONGEST_LOOK) for known in nobody_saw
        ):  # by when a round began
            yield f"{one.id} says that we were blind at {since:.0f} s"
        for reader in of.readers.values():
            for place in reader.destinations[:1] if reader.ladder else reader.destinations:
                lane = of.lanes[one.id, str(place)]
                if len(lane) != 1:
                    yield f"{place} has {len(lane)} notes of {one.id}"
                elif of.heard(lane[0]) is None and not of.refused(one.id, str(place)):
                    yield f"{place} never heard of {one.id}"
    stretches = [s for s in of.script.blind if s.end - s.start > 100 and of.steady(s.start - 5, s.end + 60)]
    for stretch in stretches:
        if not any(o.service == OURSELVES and _overlaps(of, o, stretch) for o in of.incidents):
            yield f"blind {stretch.start:.0f}-{stretch.end:.0f} s, and nobody said so"


def _overlaps(of: Ledger, one: Incident, stretch: Stretch) -> bool:
    return stretch.meets(of.seconds(one.since), of.until(one))


def what_we_cannot_see_is_unknown(of: Ledger) -> Complaints:
    """In every figure: while blind nothing counts as a service's failure."""
    for service, at, reading in of.world.readings:
        stretch = of.script.blind.at(at)
        inside = stretch and stretch.start + 5 < at and at + LONGEST_LOOK < stretch.end
        if inside and reading.outcome in BAD:
            yield f"{service}/{reading.route} counts as {reading.outcome} at {at:.0f} s, when we were blind"


# ── whatever the clock does ──────────────────────────────────────────────────────────────────────────────────────────


def nothing_ends_before_it_begins(of: Ledger) -> Complaints:
    """As it is written down, whatever the clock did."""
    for one in of.incidents:
        if one.until is not None and one.until < one.since:
            yield f"{one.id} began at {one.since} and ended at {one.until}"


def lengths_are_true(of: Ledger) -> Complaints:
    """An outage of one life is as long as it was, though the clock was set meanwhile."""
    for one in of.incidents:
        if one.until is None:
            continue
        since, until = of.seconds(one.since), of.until(one)
        written = (one.until - one.since).total_seconds()
        if of.lived(since, until) and abs(written - (until - since)) > 3:
            yield f"{one.id} lasted {until - since:.0f} s, and is written down as {written:.0f} s"
