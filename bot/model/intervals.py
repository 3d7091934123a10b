"""Time spans and their arithmetic; durations and times of day as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta

CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
LENGTH = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+(?:\.[0-9]+)?)s)?")
LONGEST = 40  # characters: longer text is rejected unread
MOST = timedelta(days=3660)  # the most that clocks, calendars and databases handle without trouble

Span = tuple[datetime, datetime]


def clip(span: Span, period: Span) -> Span | None:
    """The part of `span` within `period`, or None."""
    start, end = max(span[0], period[0]), min(span[1], period[1])
    return (start, end) if start < end else None


def merged(spans: Iterable[Span]) -> list[Span]:
    """The union of the spans, in order and without overlap, so that overlapping incidents are counted once."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def minus(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    left = list(spans)
    for hole in holes:
        left = [
            part
            for start, end in left
            for part in ((start, min(end, hole[0])), (max(start, hole[1]), end))
            if part[0] < part[1]
        ]
    return left


def holes(spans: Iterable[Span], period: Span) -> list[Span]:
    """The parts of `period` that no span covers."""
    return minus([period], merged(spans))


def shared(several: Iterable[Iterable[Span]]) -> list[Span]:
    """The intersection of several sets of spans, each in order and without overlap."""
    common: list[Span] | None = None
    for spans in several:
        if common is None:
            common = list(spans)
        else:
            cut = [(max(a[0], b[0]), min(a[1], b[1])) for a in common for b in spans] if common else []
            common = [span for span in cut if span[0] < span[1]]
        if not common:
            break
    return common or []


def total(spans: Iterable[Span]) -> timedelta:
    return sum((end - start for start, end in spans), timedelta())


def length(text: str) -> timedelta:
    """Parse "30s", "1h30m" or "14d". Raise ValueError with a message for the user otherwise."""
    match = LENGTH.fullmatch(text.replace(" ", "")) if text and len(text) <= LONGEST else None
    if match is None or not any(match.groups()):
        raise ValueError('is no length of time; expected one such as "30s", "10m", "1h30m" or "14d"')
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    try:
        found = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        found = timedelta.max
    if found > MOST:
        raise ValueError(f"is too long a time; expected at most {spelled(MOST)}")
    return found


def spelled(span: timedelta) -> str:
    """The inverse of `length`: "1h30m", "0.1s"."""
    minutes, seconds = divmod(span.total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (round(seconds, 3), "s"))
    return "".join(f"{count:g}{unit}" for count, unit in parts if count) or "0s"


def clock(text: str) -> time:
    """Parse "22:00" or "7:30". Raise ValueError with a message for the user otherwise."""
    match = CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError('is no time of day; expected one such as "22:00"')
    return time(int(match[1]), int(match[2]))
