"""Which digest comes next to each recipient, after whatever clocks, configs and lists have done (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from bot.model import Destination, DigestRun, Style
from bot.model.local_time import Trigger, following, instants, previous, times_a_day

LONGEST = timedelta(days=400)  # that a digest looks back
ROUNDED = timedelta(hours=2)  # clock changes make a day or a week up to this much shorter or longer

Key = tuple[str, Destination]


@dataclass(frozen=True)
class Recipient:
    """A recipient of a digest. `covers`: the least that it looks back, if somebody said so."""

    style: Style
    schedule: str
    trigger: Trigger
    covers: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`add` in the place of `drop`. `unwanted` are among those: their recipients are none any more."""

    add: tuple[DigestRun, ...]
    drop: tuple[DigestRun, ...]
    unwanted: tuple[DigestRun, ...]


def plan(
    wanted: Mapping[Key, Recipient], coming: Sequence[DigestRun], told: Mapping[Key, datetime], now: datetime
) -> Plan:
    """What has to change in what is planned. `told`: up to when each recipient has been told."""
    planned, nexts = {run.key: run for run in coming}, _Nexts(now)
    unwanted = tuple(run for run in coming if run.key not in wanted)
    add, drop = [], list(unwanted)
    for key, recipient in wanted.items():
        old, last = planned.get(key), told.get(key)
        if old is not None and _stands(old, recipient, last, nexts):
            continue
        if old is not None:
            drop.append(old)
        add.append(_planned(key, recipient, old, last, nexts))
    return Plan(tuple(add), tuple(drop), unwanted)


def _stands(old: DigestRun, recipient: Recipient, last: datetime | None, nexts: _Nexts) -> bool:
    """True if a planned digest is the right one. One that is due is sent, also if the schedule is another one now."""
    if last is not None and old.nominal <= last:
        return False
    if old.nominal <= nexts.now:
        return True
    # One further away than the next was planned while the clock was ahead, or is another day's on purpose.
    return old.schedule == recipient.schedule and old.nominal <= nexts.after(recipient, last, once=True)


def _planned(key: Key, recipient: Recipient, old: DigestRun | None, last: datetime | None, nexts: _Nexts) -> DigestRun:
    nominal = nexts.after(recipient, last, once=True)
    since = old.since if old is not None else None
    if since is None or since >= nominal:
        since = previous(recipient.trigger, nominal)
        if recipient.covers is not None:
            since = nominal - recipient.covers
        elif last is not None and last < nominal:
            since = max(since, last)
    return DigestRun(*key, nominal, since, recipient.schedule)


@dataclass
class _Nexts:
    """The next instants, computed once for all recipients of one schedule."""

    now: datetime

    def __post_init__(self) -> None:
        self._known: dict[tuple[str, datetime, datetime | None], datetime] = {}

    def after(self, recipient: Recipient, last: datetime | None, *, once: bool) -> datetime:
        """The next instant from now on after the last one that was told; with `once`, on another day if the schedule has
        one a day.
        """
        since = self.now if last is None else max(self.now, last)
        key = recipient.schedule, since, last if once else None
        if key not in self._known:
            self._known[key] = _next(recipient.trigger, since, last if once else None)
        return self._known[key]


def _next(trigger: Trigger, after: datetime, told: datetime | None) -> datetime:
    found = following(trigger, after)
    if told is not None and times_a_day(trigger) == 1 and _day(found, trigger) == _day(told, trigger):
        found = following(trigger, found)
    return found


def _day(at: datetime, trigger: Trigger) -> object:
    return at.astimezone(trigger.timezone).date()


@dataclass(frozen=True, slots=True)
class Due:
    """A digest that is due to several recipients, worded once. `missed`: earlier times that it was due at, too."""

    digest: str
    style: Style
    nominal: datetime
    since: datetime
    missed: tuple[datetime, ...]
    then: datetime  # when the next one is due
    schedule: str
    runs: tuple[DigestRun, ...]


def due(runs: Sequence[DigestRun], wanted: Mapping[Key, Recipient], now: datetime) -> Iterator[Due]:
    """What is due, by recipients who get the same text."""

    def alike(run: DigestRun) -> tuple[str, str, Style, datetime, datetime]:
        recipient = wanted[run.key]
        return run.digest, recipient.schedule, recipient.style, run.nominal, run.since

    ours = sorted((run for run in runs if run.key in wanted and run.nominal <= now), key=lambda run: str(alike(run)))
    for (name, schedule, style, first, since), group in groupby(ours, alike):
        some = tuple(group)
        recipient = wanted[some[0].key]
        times = (first, *instants(recipient.trigger, max(first, now - LONGEST), now))
        nominal = times[-1]
        begin = begins(nominal, since, recipient.covers)
        yield Due(name, style, nominal, begin, times[:-1], following(recipient.trigger, now), schedule, some)


def begins(nominal: datetime, until: datetime, covers: timedelta | None) -> datetime:
    """Start of a digest's period: the end of the previous one, so that nothing is repeated or left out, unless it is to
    look further back.
    """
    until = max(until, nominal - LONGEST)
    return nominal - covers if covers and covers - (nominal - until) > ROUNDED else until


def spelled(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")
