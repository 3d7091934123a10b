"""When a service was seen: the time between two rounds is known if they are near enough to each other, else unknown."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.model import Round, Span, Stretch, holes

HOLD = timedelta(seconds=70)  # between two rounds of what looks every 30 s, at most: one of them may fail to come
BACK = timedelta(hours=1)
ENDED = 20  # stretches that may end before they are rolled up


def hold(every: timedelta, timeout: timedelta) -> timedelta:
    """How far apart two rounds may be for the time between them to be known: it is as the first of them saw it."""
    return 2 * every + timeout


def onward(stretch: Stretch | None, at: datetime, most: timedelta, *, saw: bool) -> Stretch | None:
    """The newest stretch after one more round. One that saw nothing ends it; one after too long a silence begins another."""
    if stretch is not None and stretch.until - BACK < at <= stretch.until:
        return stretch  # the clock was set back: of this time it is known already whether we saw
    if stretch is not None and stretch.going and timedelta() < at - stretch.until <= most:
        return Stretch(stretch.since, at, saw)
    if saw:
        return Stretch(at, at)
    return Stretch(stretch.since, stretch.until, going=False) if stretch else None


@dataclass
class Coverage:
    """The newest stretches of each service, kept while we live: what is rolled up is some minutes behind."""

    newest: dict[str, Stretch | None] = field(default_factory=dict)
    ended: dict[str, deque[Stretch]] = field(default_factory=dict)

    def note(self, seen: Round, holds: Mapping[str, timedelta], *, saw: bool) -> None:
        before = self.newest.get(seen.service)
        after = self.newest[seen.service] = onward(before, seen.at, holds.get(seen.service, HOLD), saw=saw)
        if before and after and before.since != after.since:
            self.ended.setdefault(seen.service, deque(maxlen=ENDED)).append(before)

    def unseen(
        self,
        known: Mapping[str, Sequence[Stretch]],
        services: Iterable[str],
        holds: Mapping[str, timedelta],
        period: Span,
    ) -> dict[str, tuple[Span, ...]]:
        """When in `period`, which ends now, each of these was not seen; those that always were are left out. `known`: their
        stretches as they are rolled up.
        """
        found: dict[str, tuple[Span, ...]] = {}
        for service in services:
            spans = [(one.since, one.until) for one in (*known.get(service, ()), *self.ended.get(service, ()))]
            if newest := self.newest.get(service):
                lasts = newest.going and period[1] - newest.until <= holds.get(service, HOLD)
                spans.append((newest.since, period[1] if lasts else newest.until))
            if gaps := holes(spans, period):
                found[service] = tuple(gaps)
        return found
