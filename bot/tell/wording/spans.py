"""Stretches of time: cut to a period, joined, taken from one another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.model import Window

Span = tuple[datetime, datetime]


def planned(period: Span, windows: Iterable[Window], service: str) -> list[Span]:
    """When a service was in maintenance: that counts neither as up nor as down."""
    spans = ((w.since, w.end) for w in windows if w.end and w.concerns(service))
    return merged(c for span in spans if (c := clip(span, period)))


def clip(span: Span, period: Span) -> Span | None:
    """What of it lies within the period; None for nothing."""
    start, end = max(span[0], period[0]), min(span[1], period[1])
    return (start, end) if start < end else None


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order and without overlap: what two incidents cover is counted once."""
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


def total(spans: Iterable[Span]) -> timedelta:
    return sum((end - start for start, end in spans), timedelta())
