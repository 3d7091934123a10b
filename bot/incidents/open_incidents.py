"""The confirmed open incidents of several services."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from bot import wording
from bot.model import Confidence, Service, ServiceState
from bot.notify.incident_fanout import Followed


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
