"""Coverage: the time between two rounds is known if they are close enough to each other, else unknown."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.model import Round, Span, Stretch, holes

HOLD = timedelta(seconds=70)  # default limit between rounds of a service checked every 30 s: one of them may be missed
BACK = timedelta(hours=1)
NONE = timedelta()
ENDED = 20  # closed stretches kept until they are rolled up


def hold(every: timedelta, timeout: timedelta) -> timedelta:
    """The longest gap between two rounds across which the first one's result still counts."""
    return 2 * every + timeout


def onward(stretch: Stretch | None, at: datetime, most: timedelta, *, saw: bool) -> Stretch | None:
    """The latest stretch after one more round. An inconclusive round closes it; a round after too long a gap opens
    another.
    """
    if stretch is not None and stretch.until - BACK < at <= stretch.until:
        return stretch  # the clock was set back: this time has been accounted for
    if stretch is not None and stretch.going and NONE < at - stretch.until <= most:
        return Stretch(stretch.since, at, saw)
    if saw:
        return Stretch(at, at)
    return Stretch(stretch.since, stretch.until, going=False) if stretch else None


@dataclass(slots=True)
class Latest:
    """The latest stretch of a service, which grows in place with each of its rounds."""

    since: datetime
    until: datetime
    going: bool = True

    def stretch(self) -> Stretch:
        return Stretch(self.since, self.until, self.going)


@dataclass
class Coverage:
    """The latest stretches of each service since the start of the process, as the roll-up lags by some minutes."""

    newest: dict[str, Latest] = field(default_factory=dict)
    ended: dict[str, deque[Stretch]] = field(default_factory=dict)

    def note(self, seen: Round, holds: Mapping[str, timedelta], *, saw: bool) -> None:
        service, at = seen.service, seen.at
        newest, most = self.newest.get(service), holds.get(service, HOLD)
        if newest is not None and newest.going and NONE < at - newest.until <= most:  # nearly always, as in `onward`
            newest.until, newest.going = at, saw
            return
        before = newest.stretch() if newest else None
        after = onward(before, at, most, saw=saw)
        if before and after and before.since != after.since:
            self.ended.setdefault(service, deque(maxlen=ENDED)).append(before)
        if after:
            self.newest[service] = Latest(after.since, after.until, after.going)

    def unseen(
        self,
        known: Mapping[str, Sequence[Stretch]],
        services: Iterable[str],
        holds: Mapping[str, timedelta],
        period: Span,
        elsewhere: Container[str] = (),
    ) -> dict[str, tuple[Span, ...]]:
        """The periods within `period`, which ends now, in which each service was not observed; fully observed services
        are left out. `known`: rolled-up stretches. `elsewhere`: services that another node observes now; it tells the
        roll-up.
        """
        found: dict[str, tuple[Span, ...]] = {}
        for service in services:
            spans = [(one.since, one.until) for one in (*known.get(service, ()), *self.ended.get(service, ()))]
            if service in elsewhere:
                last = max(known.get(service, ()), key=lambda one: one.until, default=None)
                if last and last.going:
                    spans.append((last.since, period[1]))
            elif newest := self.newest.get(service):
                lasts = newest.going and period[1] - newest.until <= holds.get(service, HOLD)
                spans.append((newest.since, period[1] if lasts else newest.until))
            if gaps := holes(spans, period):
                found[service] = tuple(gaps)
        return found
