"""Outage reports by people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Report:
    """One person's report on how a service works for them."""

    service: str
    at: datetime
    who: str  # id of the person: "slack:T01/U01"; stored only as a hash
    way: str  # kind of channel it came through, or "web"
    what: str = ""  # their text, cleaned and capped
    works: bool = False  # True: it works for them


@dataclass(frozen=True, slots=True)
class Tally:
    """Reports on a service within the last hour; only each person's latest counts."""

    reports: int = 0  # people for whom it does not work
    works: int = 0  # people who said that it works
    usual: int = 0  # usual reports at this time of a quiet week
    surge: bool = False
    mine: bool | None = None  # the asking person's report: True if it works for them; None without a report
    said_enough: bool = False  # the asking person has used up this hour's reports: further ones do not count


def hour(at: datetime) -> datetime:
    """Start of the clock hour."""
    return at.replace(minute=0, second=0, microsecond=0)
