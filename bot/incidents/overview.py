"""What overviews, endings and digests name: the confirmed open incidents, what is past, how it was told, and our own
outages as rounds show them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import wording
from bot.incidents.settings import Settings
from bot.judge.changes import Step, track_own_outage
from bot.model import (
    OURSELVES,
    Audience,
    Confidence,
    DeliverySummary,
    Incident,
    Outage,
    Outcome,
    Overview,
    Round,
    Service,
    ServiceState,
    Span,
)
from bot.notify.fanout import Followed
from bot.store import Store
from bot.store.ownership import Ownership

PROVEN_FOR = timedelta(days=30)  # a place that got nothing for longer may not work any more


class OpenIncidents:
    """The confirmed open incidents among the services that readers follow, found once for all simultaneous endings. What
    ends leaves them, so that thousands of endings one after the other find them ready too.
    """

    def __init__(self) -> None:
        self._known: dict[Followed, wording.Others] = {}
        self._ending: set[str] = set()  # services whose end is being written

    def among(
        self, services: Collection[Service], state: Callable[[str], ServiceState], followed: Followed
    ) -> wording.Others:
        """Those among the services that a reader follows. `state` reads one's state."""
        if followed not in self._known:
            theirs = [service for service in services if any(one.follows(service.id) for one in followed)]
            self._known[followed] = others = confirmed(theirs, state)
            for name in self._ending:
                others.drop(name)
        return self._known[followed]

    @contextmanager
    def ending(self, service: str) -> Iterator[None]:
        """While the end of a service's incident is written: what ends at the same time must not list it any more."""
        self._ending.add(service)
        for others in self._known.values():
            others.drop(service)
        try:
            yield
        except BaseException:
            self.forget()  # it goes on
            raise
        finally:
            self._ending.discard(service)

    def note(self, states: Mapping[str, ServiceState]) -> None:
        """Note new states."""
        for name, state in states.items() if self._known else ():
            if state.incident is not None:
                self.forget()
                return
            for others in self._known.values():
                others.drop(name)

    def forget(self) -> None:
        self._known.clear()


def confirmed(services: Sequence[Service], state: Callable[[str], ServiceState]) -> wording.Others:
    """Confirmed open incidents among the services, whose states `state` reads."""
    found = [(service, state(service.id).incident) for service in services]
    return wording.Others(
        ((service, one) for service, one in found if one is not None and one.confidence is Confidence.CONFIRMED),
        len(services),
    )


Advance = Callable[[Callable[[ServiceState], Step]], Awaitable[object]]


def sees_well(seen: Round) -> bool:
    """Whether a round shows no outage of our own."""
    return seen.online and not seen.starved and seen.asleep_since is None


async def track_own_outages(
    seen: Round, own: Callable[[], ServiceState], advance: Advance, ownership: Ownership
) -> None:
    """Take a round of a service that is ours into our own state, which `own` reads and `advance` changes.

    If another node can see, it takes over the service, and there is no outage of ours to report. A sleep is reported all
    the same: nobody took the service over, so the other nodes slept as well or started later. Any node that can see ends
    an open outage.
    """
    online, starved = seen.online and not seen.starved, seen.starved
    if not sees_well(seen):
        await ownership.catch_up()  # the last look at the other nodes may be older than a freeze
    if slept := seen.asleep_since:
        await advance(lambda state: track_own_outage(state, slept, online=False, starved=True))
    if not online and ownership.others_see:
        return
    seeing = any(reading.outcome is not Outcome.INCONCLUSIVE for reading in seen.readings)
    blind = own().incident is not None
    if not online or (blind and seeing):  # errors of our own do not show that we are online
        await advance(lambda state: track_own_outage(state, seen.at, online=online, starved=starved))


@dataclass(frozen=True, slots=True)
class Past:
    """What is open or ended after some time, of one service or of all."""

    incidents: tuple[Incident, ...]  # the newest, newest first: for lists
    outages: tuple[Outage, ...]  # all, oldest first: for figures


async def past(store: Store, settings: Settings, since: datetime, service: str = "") -> Past:
    wanted = (service,) if service else tuple(settings.services)
    incidents = await store.results.incidents(since, services=(*wanted, OURSELVES))
    return Past(incidents, await store.results.outages(since, (*wanted, OURSELVES)))


async def deliveries(store: Store, audiences: Iterable[Audience], overview: Overview, period: Span) -> DeliverySummary:
    """How notices of the incidents in the overview, and all messages of a digest's period, were delivered; and which
    rungs of ladders nobody has proven to work.
    """
    ladders = [audience for audience in audiences if audience.ladder]
    later = {(a.name, place.kind, place.place): place for a in ladders for place in a.destinations[1:]}
    since, until = period
    threads = [i.id for i in overview.recent if (i.until or until) > since and i.since < until]
    found = await store.digest_log.summary(threads, since, until, later)
    places = {place for audience in ladders for place in audience.destinations}
    proven = await store.audit.proven(places) if places else {}
    fresh = {place for place, at in proven.items() if at > until - PROVEN_FOR}
    unproven = Counter((a.name, place.kind) for a in ladders for place in a.destinations if place not in fresh)
    return replace(found, unproven=dict(unproven))
