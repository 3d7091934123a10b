"""Planned maintenance: its effect on verdicts, the notices due, and windows taken from the config and pages (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.judge.verdict import TROUBLE, official
from bot.model import OVER, MaintenanceEffect, Origin, Phase, Planned, Round, Style, Verdict, Weekly, Window, local_time

AHEAD = timedelta(days=8)  # how far ahead weekly windows are known
FULL = 10  # a page report lists no more windows than this: a missing one may only have been cut off
GONE = timedelta(minutes=5)  # a page without a window may be a stale copy for this long
LATELY = timedelta(days=2)  # after its end a window still explains lasting trouble for this long
DAY = timedelta(days=1)

NONE = MaintenanceEffect()


def bearing(windows: Iterable[Window], service: str, seen: Verdict) -> MaintenanceEffect:
    """The effect of maintenance on a verdict. `windows`: all that may apply, past ones included."""
    if seen.health not in TROUBLE:
        return NONE
    left = None
    began = seen.streak.bad_since or seen.at
    for window in windows:
        if not window.concerns(service):
            continue
        if window.covers(seen.at):
            if _excuses(window, seen, began):
                return MaintenanceEffect(suppress=True)
        elif window.end and began < window.end <= seen.at and window.since <= seen.at:
            left = max(left, window.end) if left else window.end
    return MaintenanceEffect(after=left)


def _excuses(window: Window, seen: Verdict, began: datetime) -> bool:
    """True if the window excuses trouble. One from an official page must have an end, have been announced before the
    trouble began, and be all that the page reports. Our own people's windows always do.
    """
    if window.origin is not Origin.OFFICIAL:
        return True
    word = official(seen.reports)
    admitted = word is not None and word.says in TROUBLE
    return window.until is not None and window.known_at <= began and not admitted


# ── notices due ──────────────────────────────────────────────────────────────────────────────────────────────────────


def due(window: Window, now: datetime, before: timedelta) -> Phase | None:
    """The phase to announce now; if several have passed, only the latest."""
    if window.told is None:
        return _first(window, now, before)
    if window.over_at:
        ended = Phase.ENDED if window.over_at > window.since else Phase.CANCELLED
        return None if window.told in OVER else ended
    moved = window.told_span != (window.since, window.until)
    if window.over(now):
        return None if window.told in OVER else Phase.ENDED
    if window.told in OVER and not moved:
        return None
    if window.since <= now and not window.begun:
        return Phase.BEGUN
    return Phase.MOVED if moved else None


def _first(window: Window, now: datetime, before: timedelta) -> Phase | None:
    """The first phase to announce; None if the window was over before anything was announced."""
    if window.over_at or window.over(now) or window.since - before > now:
        return None
    return Phase.BEGUN if window.since <= now else Phase.PLANNED


def told(window: Window, phase: Phase, now: datetime) -> Window:
    """The window after `phase` was announced."""
    return replace(
        window,
        told=phase,
        told_span=(window.since, window.until),
        begun=window.since <= now and phase not in OVER,
        steps=window.steps + 1,
    )


def settled(window: Window, now: datetime) -> bool:
    """True if nothing more will be announced."""
    return (window.over_at is not None or window.over(now)) and (window.told is None or window.told in OVER)


# ── windows by origin ────────────────────────────────────────────────────────────────────────────────────────────────


def occurrences(weekly: Weekly, now: datetime) -> Iterator[Window]:
    """Present and future windows of a weekly schedule, in its zone's time. In a skipped hour they start at the next
    valid time.
    """
    here = local_time.zone(Style(timezone=weekly.zone))
    day, last = (now - weekly.lasts - DAY).astimezone(here).date(), (now + AHEAD).astimezone(here).date()
    while day <= last:
        since = local_time.reached(weekly.at, day, here)
        if day.weekday() in weekly.days and since + weekly.lasts > now:
            yield in_file(weekly.services, since, since + weekly.lasts, weekly.note)
        day += DAY


def in_file(services: tuple[str, ...], since: datetime, until: datetime, note: str) -> Window:
    key = f"file:{','.join(services)}:{since.isoformat()}:{until.isoformat()}"
    return Window(key, services, since, until, Origin.FILE, since, note)


def from_file(stored: Collection[Window], wanted: Sequence[Window], now: datetime) -> Iterator[Window]:
    """The changes that make `stored` match the config: new, changed and cancelled windows. If one is missing while
    another of the same services is new, it was moved.
    """
    known = {w.key: w for w in stored if w.origin is Origin.FILE}
    names = {w.key for w in wanted}
    new = [w for w in wanted if w.key not in known and not w.over(now)]
    yield from (replace(known[w.key], note=w.note) for w in wanted if w.key in known and known[w.key].note != w.note)
    for gone in known.values():
        if gone.key in names or gone.over_at or gone.over(now):
            continue
        if to := next((w for w in new if w.services == gone.services), None):
            new.remove(to)
            yield replace(gone, key=to.key, since=to.since, until=to.until, note=to.note)
        else:
            yield replace(gone, over_at=now)
    yield from new


def from_page(stored: Iterable[Window], service: str, announced: Sequence[Planned], now: datetime) -> Iterator[Window]:
    """Likewise for windows announced by a service's page. One that is missing for long enough is over or cancelled."""
    known = {w.key: w for w in stored if w.origin is Origin.OFFICIAL and w.services == (service,)}
    shown = {name(service, one): one for one in announced}
    for key, one in shown.items():
        window = known.get(key)
        if window is None:
            if one.until is None or one.until > now:
                yield Window(key, (service,), one.since, one.until, Origin.OFFICIAL, now, one.name)
            continue
        # A window cancelled by a person here stays so.
        back = replace(window, since=one.since, until=one.until, note=one.name, gone_since=None)
        if back != window:
            yield back
    for key, window in known.items():
        if key in shown or len(shown) >= FULL or window.over_at or window.over(now):
            continue
        if window.gone_since is None:
            yield replace(window, gone_since=now)
        elif now - window.gone_since >= GONE:
            yield replace(window, over_at=window.gone_since)


def name(service: str, one: Planned) -> str:
    return f"page:{service}:{one.key or f'{one.name}:{one.since.isoformat()}'}"


@dataclass
class MaintenanceCalendar:
    by_number: dict[int, Window] = field(default_factory=dict)
    # By service: the latest announcements of its page.
    announced: dict[str, tuple[Planned, ...]] = field(default_factory=dict)
    _near: tuple[Window, ...] = ()

    def load(self, stored: Iterable[Window], unwritten: Iterable[Window]) -> None:
        """Replace all windows. `unwritten`: windows from the config, which hold from the first round, before they are
        stored.
        """
        self.by_number = {window.number: window for window in stored}
        known = {window.key for window in self.by_number.values()}
        self._near = (*self.by_number.values(), *(w for w in unwritten if w.key not in known))

    def put(self, window: Window, now: datetime) -> None:
        self.by_number[window.number] = window
        self._near = tuple(w for w in self.by_number.values() if not w.over(now - LATELY))

    def of(self, origin: Origin) -> list[Window]:
        return [window for window in self.by_number.values() if window.origin is origin]

    def open(self, now: datetime) -> list[Window]:
        """Windows about which something may still be announced."""
        return [window for window in self.by_number.values() if not settled(window, now)]

    def note_announced(self, seen: Round) -> None:
        """Take the announcements from a round's latest reports. A page that could not be read changes nothing."""
        for word in seen.reports:
            if word.says is not None and (word.planned or seen.service in self.announced):
                self.announced[seen.service] = word.planned

    def shown(self, window: Window) -> bool:
        """True if the official page shows the window, as last read."""
        (service,) = window.services if window.origin is Origin.OFFICIAL else ("",)
        return any(name(service, one) == window.key for one in self.announced.get(service, ()))

    def effect(self, seen: Verdict, service: str) -> MaintenanceEffect:
        return bearing(self._near, service, seen) if self._near else NONE

    def since(self, since: datetime) -> Sequence[Window]:
        """Windows not over at `since`, sorted by start."""
        return sorted((w for w in self.by_number.values() if not w.over(since)), key=lambda w: (w.since, w.number))
