"""An incident as its page tells it: how it stands, its facts, and its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.model import ENDINGS, Change, ChangeKind, Incident, Service, Style, Text
from bot.wording.evidence import lag
from bot.wording.incident import notice
from bot.wording.text import foreign, uncut
from bot.wording.times import Reader, reader
from bot.wording.titles import began, sure

# Repeat what is known, each for some readers only.
REPEATED = frozenset({ChangeKind.REMINDED, ChangeKind.LASTING})


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """One step: its time in the reader's format, and its text as people were told."""

    at: datetime
    clock: str
    text: Text


def stands(change: Change, service: Service, style: Style, now: datetime) -> Text:
    """The incident as it stands after its latest change."""
    return uncut(lambda named: _whole(change, named, style, now), service)


def _whole(change: Change, service: Service, style: Style, now: datetime) -> Text:
    told = notice(change, service, style, read_at=now)
    return told.root or told.words


def timeline(changes: Sequence[Change], service: Service, style: Style, now: datetime) -> tuple[TimelineStep, ...]:
    """The steps, the newest first. Others' incidents are no part of them."""
    to = reader(style, now)
    return tuple(
        TimelineStep(change.at, to.clock(_when(change)), _text(change, service, style, now))
        for change in reversed(changes)
        if change.kind not in REPEATED
    )


def _when(change: Change) -> datetime:
    """When it was told, or, of an ending, when it ended."""
    return change.incident.until or change.at if change.kind is ChangeKind.RESTORED else change.at


def _text(change: Change, service: Service, style: Style, now: datetime) -> Text:
    if change.kind in ENDINGS:
        return stands(change, service, style, now)
    return uncut(lambda named: notice(change, named, style, read_at=now).words, service)


def facts(incident: Incident, style: Style, now: datetime) -> tuple[tuple[str, str], ...]:
    """Labels and values: when it began, was confirmed, reported officially, acknowledged and over, and its length."""
    to, say = reader(style, now), reader(style, now).say
    start, end = began(incident), incident.until
    rows = [
        (say.page.began, to.clock(start)),
        (say.page.confirmed, to.clock(incident.confirmed_at) if sure(incident) and incident.confirmed_at else ""),
        (say.page.official, _official(incident, to)),
        (say.page.acknowledged, _acknowledged(incident, to)),
        (say.page.over, to.clock(end) if end else ""),
        (say.page.length, to.length(start, end or now)),
    ]
    return tuple((label, value) for label, value in rows if value)


def _official(incident: Incident, to: Reader) -> str:
    if incident.official_at is None:
        return ""
    return f"{to.clock(incident.official_at)} ({lag(incident, incident.official_at, to)})"


def _acknowledged(incident: Incident, to: Reader) -> str:
    if not incident.acked_by:
        return ""
    by = foreign(incident.acked_by, 40) or to.say.changes.somebody
    return f"{by} ({to.clock(incident.acked_at or incident.since)})"
