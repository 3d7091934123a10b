"""The shape of what is said of planned maintenance."""

from __future__ import annotations

from dataclasses import dataclass

Count = tuple[str, str]  # for one, for many


@dataclass(frozen=True, slots=True, kw_only=True)
class PlansPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    # whose: {name} is one service's, several listed, or one of these
    everything: str
    several: str

    # titles
    planned: str
    planned_from: str  # its end is not known
    now: str
    now_from: str
    moved: str
    moved_from: str
    goes_on: str
    cancelled: str
    cancelled_from: str
    ended: str
    ended_early: str
    ended_from: str
    overdue: str

    # lines
    services: str
    work: str
    theirs: str
    by: str
    was_until: str
    failing: Count
    still_shown: str
    left: str  # of an outage
    lasts: str  # of an outage, or of a service

    # many in one message
    notices: Count
    windows: Count

    # answers
    held_back: str
    none: str
    listed: str
    called_off: str
    nothing: str
    unclear: str
    over_already: str
    form: str
    silent: str
    silent_line: str
    was_planned_then: str
    up: Count  # how everything is, when all the rest is up
    all_planned: str
