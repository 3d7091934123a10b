"""Our own outages, as rounds show them: offline, starved or asleep."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.judge.changes import Step
from bot.judge.own_outage import track_own_outage
from bot.model import Outcome, Round, ServiceState
from bot.store.ownership import Ownership

Advance = Callable[[Callable[[ServiceState], Step]], Awaitable[object]]


def well(seen: Round) -> bool:
    """Whether a round shows no outage of our own."""
    return seen.online and not seen.starved and seen.asleep_since is None


async def track(seen: Round, own: Callable[[], ServiceState], advance: Advance, ownership: Ownership) -> None:
    """Take a round of a service that is ours into our own state, which `own` reads and `advance` changes.

    If another node can see, it takes over the service, and there is no outage of ours to report. A sleep is reported all
    the same: nobody took the service over, so the other nodes slept as well or started later. Any node that can see ends
    an open outage.
    """
    online, starved = seen.online and not seen.starved, seen.starved
    if not well(seen):
        await ownership.catch_up()  # the last look at the other nodes may be older than a freeze
    if slept := seen.asleep_since:
        await advance(lambda state: track_own_outage(state, slept, online=False, starved=True))
    if not online and ownership.others_see:
        return
    seeing = any(reading.outcome is not Outcome.INCONCLUSIVE for reading in seen.readings)
    blind = own().incident is not None
    if not online or (blind and seeing):  # errors of our own do not show that we are online
        await advance(lambda state: track_own_outage(state, seen.at, online=online, starved=starved))
