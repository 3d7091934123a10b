"""Our own outages, as rounds show them: offline, starved or asleep."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.judge.changes import Step
from bot.judge.own_outage import track_own_outage
from bot.model import Outcome, Round, ServiceState

Advance = Callable[[Callable[[ServiceState], Step]], Awaitable[object]]


def well(seen: Round) -> bool:
    """Whether a round shows no outage of our own."""
    return seen.online and not seen.starved and seen.asleep_since is None


async def track(seen: Round, own: Callable[[], ServiceState], advance: Advance) -> None:
    """Take a round into our own state, which `own` reads and `advance` changes."""
    if slept := seen.asleep_since:
        await advance(lambda state: track_own_outage(state, slept, online=False, starved=True))
    online, starved = seen.online and not seen.starved, seen.starved
    seeing = any(reading.outcome is not Outcome.INCONCLUSIVE for reading in seen.readings)
    blind = own().incident is not None
    if not online or (blind and seeing):  # errors of our own do not show that we are online
        await advance(lambda state: track_own_outage(state, seen.at, online=online, starved=starved))
