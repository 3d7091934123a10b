"""The reading of a route by the votes of several places: our own and those of the witnesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.model import Outcome, Places, Reading

FRESH = 2.0  # intervals for which a reading votes
LEAST = 2  # places that must agree where several vote: one alone never speaks for the others

# How bad each outcome is. None: it says nothing about the service, so the place does not vote.
SEVERITY: dict[Outcome, int | None] = {
    Outcome.OK: 0,
    Outcome.EXPIRING: 1,
    Outcome.SLOW: 2,
    Outcome.FAILED: 3,
    Outcome.INCONCLUSIVE: None,
}
BAD = frozenset({Outcome.SLOW, Outcome.FAILED})


@dataclass(frozen=True, slots=True)
class Vote:
    """A place's latest reading of a route, and when its check began, in seconds of a steady clock.

    `place`: its name as people read it; empty: our own, which has none. `reading` is None for a place that was asked to
    look again and has not answered yet: it counts among the places, but for neither side.
    """

    place: str
    reading: Reading | None
    at: float = 0.0


def fresh(vote: Vote, now: float, every: float, since: float | None = None) -> bool:
    """True if the reading votes: it is no older than two intervals and, in doubt, not from before `since`."""
    return now - vote.at <= FRESH * every and (since is None or vote.at >= since)


def needed(places: int, quorum: int | None) -> int:
    """How many of the places must be bad for the route to be bad. `quorum` None: a majority."""
    return max(min(LEAST, places), min(quorum or places // 2 + 1, places))


def combined(own: Reading, others: Sequence[Vote], quorum: int | None = None, place: str = "") -> Reading:
    """The reading of a route: our own and those of other places together. `place`: the name of ours.

    Without a vote from elsewhere it is our own. Where too few places are bad, it is the worst of them, with `places`
    that say so.
    """
    others = [vote for vote in others if vote.reading is None or SEVERITY[vote.reading.outcome] is not None]
    if not others:
        return own
    judging = SEVERITY[own.outcome] is not None
    votes = [Vote(place, own), *others] if judging else others
    ranked = sorted((vote for vote in votes if vote.reading), key=_severity, reverse=True)
    if not ranked:
        return own
    enough = needed(len(votes), quorum)
    agreed = _outcome(ranked[enough - 1]) if enough <= len(ranked) else Outcome.OK
    worst = _outcome(ranked[0])
    outcome = worst if worst in BAD else agreed
    chosen = _chosen(outcome, votes)
    if outcome not in BAD:
        return chosen
    bad = tuple(vote.place for vote in votes if vote.reading and vote.reading.outcome is outcome)
    fine = tuple(vote.place for vote in votes if vote.reading and vote.reading.outcome not in BAD)
    return replace(chosen, places=Places(bad, fine, len(votes), some=outcome is not agreed))


def in_doubt(own: Reading, others: Sequence[Vote]) -> bool:
    """True if some place sees trouble: all places are then asked anew, so that no vote is from before it began."""
    return own.outcome in BAD or any(vote.reading and vote.reading.outcome in BAD for vote in others)


def _chosen(outcome: Outcome, votes: Sequence[Vote]) -> Reading:
    """The first reading with the outcome, which is ours if we see it too; else, as when some have not answered, any."""
    readings = [vote.reading for vote in votes if vote.reading]
    return next((reading for reading in readings if reading.outcome is outcome), readings[0])


def _outcome(vote: Vote) -> Outcome:
    return vote.reading.outcome if vote.reading else Outcome.INCONCLUSIVE


def _severity(vote: Vote) -> int:
    return SEVERITY[_outcome(vote)] or 0
