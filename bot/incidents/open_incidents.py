"""The confirmed open incidents of several services; and our own outages, as rounds show them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from bot import wording
from bot.judge.changes import Step, track_own_outage
from bot.model import Confidence, Outcome, Round, Service, ServiceState
from bot.notify.fanout import Followed
from bot.store.ownership import Ownership


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
