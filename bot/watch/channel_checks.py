"""The routes of a channel's own health: the provider's API, and the outcome of our own messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.contracts import Check, Net, Unclear
from bot.judge.channel_health import FailureCount, trouble
from bot.model import Outcome, Reading, Reason, ReasonCode

ROUTES = API, MESSAGES = "API", "messages"
Probe = Callable[[Net], Awaitable[Reason | Unclear | None]]
SHARE = 0.8  # of the time-out: closing a connection to a relay that fell silent takes 2 s more


def ways(
    kind: str, probe: Probe, counts: MutableMapping[str, FailureCount], clock: Callable[[], datetime]
) -> dict[str, Check]:
    """The checks of one kind of channel, by route.

    `counts`: the failure counts by kind, cleared when the API recovers.
    """

    def mended() -> None:
        counts.pop(kind, None)

    def failing() -> Reason | None:
        return trouble(counts.get(kind), clock())

    return {API: ApiCheck(probe, mended), MESSAGES: MessagesCheck(failing)}


@dataclass
class ApiCheck:
    """Good when the provider answers and accepts our account.

    `mended` is called when that becomes true again. A rate limit means neither.
    """

    probe: Probe
    mended: Callable[[], None]
    kind: str = "API"
    _bad: bool = False

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`. Never slow: only whether it takes messages counts."""
        seconds = timeout.total_seconds() * SHARE
        try:
            async with asyncio.timeout(seconds):
                why = await self.probe(net)
        except TimeoutError:
            why = Reason.of(ReasonCode.TIMED_OUT_AFTER, seconds=seconds)
        if isinstance(why, Unclear):
            return Reading(route, Outcome.INCONCLUSIVE, why.why, wait=timedelta())
        if self._bad and why is None:
            self.mended()
        self._bad = why is not None
        return _reading(route, why)


@dataclass(frozen=True)
class MessagesCheck:
    """Failed while our own messages are not taken; `trouble` gives the reason."""

    trouble: Callable[[], Reason | None]
    kind: str = "messages"

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`; sends nothing."""
        return _reading(route, self.trouble())


def _reading(route: str, why: Reason | None) -> Reading:
    return Reading(route, Outcome.OK) if why is None else Reading(route, Outcome.FAILED, why)
