"""The shape of what is said of quiet hours, escalations and corrections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WishesPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    # of a first word about what has lasted
    unacked: str
    to_ack: str

    # of a correction
    taken_back_span: str
    taken_back_now: str
    taken_back_then: str
    reopens: str
    all_hear: str
    was_taken_back: str
    nothing_to_take_back: str

    # how a place is written to
    quiet: str
    quiet_but: str
    quiet_off: str
    caught_up: str
    no_hours: str
    hours_like: str
    language_set: str
    language_unknown: str
    zone_set: str
    zone_unknown: str
    zone_now: str
    subscribe_first: str
