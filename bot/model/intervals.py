"""Arithmetic of time spans: clip, merge, subtract, intersect."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

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
