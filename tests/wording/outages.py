"""What the tests of words speak of: the outage of 14 July 2022, in Madrid's time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot import wording
from bot.model import (
    OURSELVES,
    Change,
    ChangeKind,
    Confidence,
    Health,
    Incident,
    Notice,
    Outcome,
    Reading,
    Reason,
    Role,
    Service,
    SourceReport,
    Style,
)
from tests.reasons import HTTP_503, quote

MADRID = ZoneInfo("Europe/Madrid")
EN = Style("en", "Europe/Madrid")
ES = Style("es", "Europe/Madrid")
X = Service("x", "X (Twitter)", ("web", "app", "TweetDeck"))
SLACK = Service("slack", "Slack")


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 14, month: int = 7, year: int = 2022) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=MADRID).astimezone(UTC)


def bad(*routes: str, why: Reason | None = HTTP_503) -> tuple[Reading, ...]:
    return tuple(Reading(route, Outcome.FAILED, why) for route in routes)


def slow(route: str, seconds: float | None = 6.2) -> Reading:
    return Reading(route, Outcome.SLOW, quote("slow"), None if seconds is None else timedelta(seconds=seconds))


def worn(route: str, until: datetime | None = None) -> Reading:
    return Reading(route, Outcome.EXPIRING, quote("its certificate ends soon"), until=until or at(9, day=20))


ALL_CLEAR = SourceReport(Role.OFFICIAL, "Official status page", Health.UP, at=at(14, 1))
INVESTIGATING = SourceReport(
    Role.OFFICIAL, "Official status page", Health.DEGRADED, "Investigating elevated errors", at=at(14, 21)
)
REPORTS = SourceReport(Role.TRACKER, "Downdetector", Health.DOWN, at=at(14, 1), reports=1243, usual=35)
UNREACHED = SourceReport(Role.TRACKER, "IsItDownRightNow", Health.DOWN, at=at(14, 1))
DOWN = Incident(
    "x",
    17,
    at(14),
    Health.DOWN,
    Confidence.CONFIRMED,
    bad("web", "app", "TweetDeck"),
    (ALL_CLEAR,),
    confirmed_at=at(14, 1),
    worst=Health.DOWN,
    steps=2,
)
TRACKED = replace(DOWN, reports=(ALL_CLEAR, REPORTS, UNREACHED))
PARTLY = replace(DOWN, health=Health.DEGRADED, worst=Health.DEGRADED, readings=bad("TweetDeck"))
SLOW = replace(PARTLY, readings=(slow("web"),))
WORN = replace(
    PARTLY,
    readings=(worn("web"), worn("app")),
    confirmed_at=at(14),
    steps=1,
)
POSSIBLE = replace(DOWN, confidence=Confidence.POSSIBLE, confirmed_at=None, steps=1)
LIKELY = replace(POSSIBLE, confidence=Confidence.LIKELY)
THEIRS = replace(
    LIKELY, health=Health.DEGRADED, worst=Health.DEGRADED, readings=(), reports=(INVESTIGATING,), since=at(14, 21)
)
UNSTABLE = replace(DOWN, unstable_since=at(14), since=at(14, 30), outages=3)
BLIND = Incident(
    OURSELVES, 1, at(14), Health.UNKNOWN, Confidence.CONFIRMED, confirmed_at=at(14), until=at(14, 4), steps=2
)


def told(  # noqa: PLR0917 - read as a sentence: kind, what, when, for whom
    kind: ChangeKind,
    incident: Incident,
    when: datetime,
    style: Style = EN,
    service: Service = X,
    others: tuple[tuple[Service, Incident], ...] = (),
    by: str = "",
    why: str = "",
) -> Notice:
    return wording.notice(Change(kind, when, incident, by, why), service, style, wording.Others(others))
