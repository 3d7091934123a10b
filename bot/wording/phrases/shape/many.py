"""The shape of what is said of a message that tells of many incidents."""

from __future__ import annotations

from dataclasses import dataclass

Count = tuple[str, str]  # for one, for many


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    # an ended incident in one line
    was_down: str
    was_partly: str
    was_slow: str
    was_unstable: str
    was_perhaps: str

    # titles of what comes late; {what} is the one line, or how many incidents there were
    away: str
    untaken: str
    quiet: str
    incidents: Count

    # a line of one that comes late and alone
    late_away: str
    late_quiet: str

    # titles of a storm
    storm: str
    storm_partly_over: str
    storm_over: Count
    channels: str  # likewise, where nothing but our own channels is in it
    channels_partly_over: str
    channels_over: Count

    # lines
    more: Count
    all_depend: str
    most_depend: str
    all_at: str
    most_at: str
