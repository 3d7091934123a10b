"""What people say of a service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Report:
    """One person's word on how a service is for them."""

    service: str
    at: datetime
    who: str  # the person, as their way names them: "slack:T01/U01"; written down as a hash alone
    way: str  # the kind of channel it came by, or "web"
    what: str = ""  # in their words, cleaned and capped
    works: bool = False  # it works for them


@dataclass(frozen=True, slots=True)
class Tally:
    """What people said of a service within the last hour, each counted by their newest word."""

    reports: int = 0  # it does not work for so many
    works: int = 0  # it works for so many who said so
    usual: int = 0  # so many report at this time of a quiet week
    surge: bool = False
    mine: bool | None = None  # of who asks: does it work for them? None: they did not say
    said_enough: bool = False  # of who asks: what they say further within the hour does not count


def hour(at: datetime) -> datetime:
    """The beginning of the hour of the clock."""
    return at.replace(minute=0, second=0, microsecond=0)
