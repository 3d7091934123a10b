"""Known maintenance windows, in memory, for every round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.judge import maintenance
from bot.model import MaintenanceEffect, Origin, Planned, Round, Verdict, Window


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
        self._near = tuple(w for w in self.by_number.values() if not w.over(now - maintenance.LATELY))

    def of(self, origin: Origin) -> list[Window]:
        return [window for window in self.by_number.values() if window.origin is origin]

    def open(self, now: datetime) -> list[Window]:
        """Windows about which something may still be announced."""
        return [window for window in self.by_number.values() if not maintenance.settled(window, now)]

    def note_announced(self, seen: Round) -> None:
        """Take the announcements from a round's latest reports. A page that could not be read changes nothing."""
        for word in seen.reports:
            if word.says is not None and (word.planned or seen.service in self.announced):
                self.announced[seen.service] = word.planned

    def shown(self, window: Window) -> bool:
        """True if the official page shows the window, as last read."""
        (service,) = window.services if window.origin is Origin.OFFICIAL else ("",)
        return any(maintenance.name(service, one) == window.key for one in self.announced.get(service, ()))

    def effect(self, seen: Verdict, service: str) -> MaintenanceEffect:
        return maintenance.bearing(self._near, service, seen) if self._near else maintenance.NONE

    def since(self, since: datetime) -> Sequence[Window]:
        """Windows not over at `since`, sorted by start."""
        return sorted((w for w in self.by_number.values() if not w.over(since)), key=lambda w: (w.since, w.number))
