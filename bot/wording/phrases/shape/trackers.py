"""The shape of what is said of independent trackers, and of a status page that changes its mind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackersPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    # in the evidence: how many people reported it
    reports: str
    reports_bare: str  # where it is not known how many usually do

    # ... and where that is not known
    problems: str
    perhaps: str

    # its status page says that all is well, while it is not
    all_clear: str
    still_fails: str
