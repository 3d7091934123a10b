"""The shape of what is said of the past: how often, how long, how much of the time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    # how much of the time; {percent} is how much of it a service was not down
    of_seen: str
    since: str
    since_of_seen: str
    up: str
    average: str

    # how often lately, in the notice of an outage; the second of a year is the first that has a word
    ordinals: tuple[str, ...]
    nth: str
    numbered: str  # beyond the ordinals
    last: str  # {day} is a date, a weekday or, of today, a time
    day_near: str  # date patterns of CLDR
    day_far: str
