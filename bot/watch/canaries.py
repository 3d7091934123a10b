"""Our own trouble, told apart from that of services; and the checks of each channel's own health."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.clock import Clock
from bot.contracts import Check, Net
from bot.errors import fault
from bot.model import Outcome, Reason, ReasonCode
from bot.own_health import OwnHealth, Part

if TYPE_CHECKING:
    from bot.store.ownership import Ownership

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime

from bot.contracts import Unclear
from bot.judge.channel_health import FailureCount, trouble
from bot.model import Reading

LEAST_LAG = 0.1  # s: a tick may be this late on any machine
SHARE_LAGGED = 0.25  # of a time-out: a check held for longer proves nothing
NO_LAG_FOR = 30.0  # s without a long hold, after which the machine is well again
ROUTES = API, MESSAGES = "API", "messages"


logger = logging.getLogger(__name__)

TIMEOUT = timedelta(seconds=5)
LOOKS = 5  # per second; with more failures than that in a storm, looks are shared ...
# ... for this many seconds: a look proves nothing about a connection that broke long after it
KEEP = 3.0
GRACE = 2.0
WHILE_BLIND = 2.0  # seconds between two looks while the node is blind


class Canaries:
    """We are online if more than half of them answer. All callers share one look at a time; without canaries we count
    as online.
    """

    def __init__(self, checks: Sequence[Check], net: Net, clock: Clock, lag: Lag | None = None) -> None:
        self._checks = tuple(checks)
        self._needed = len(checks) // 2 + 1 if checks else 0
        self._net = net
        self._clock = clock
        self._lag = lag
        self._known: tuple[float, bool] | None = None  # when the newest finished look began, and its result
        self._begun: deque[float] = deque(maxlen=LOOKS)  # when the newest looks began
        self._look: asyncio.Task[bool] | None = None

    @property
    def offline(self) -> bool:
        """Whether the latest look failed."""
        return self._known is not None and not self._known[1]

    async def online(self, since: float | None = None) -> bool:
        """Whether we are online. `since`: when the failing check began, by the steady clock; None means now.

        An answer from before that proves nothing: the connection may have broken meanwhile.
        """
        since = self._clock.steady() if since is None else since
        while self._needed:
            if self._known and (self._known[0] >= since or self._stormy(self._known[0])):
                return self._known[1]
            await asyncio.shield(self.begin())  # a cancelled caller must not take the answer from the others
        return True

    def _stormy(self, known_at: float) -> bool:
        now = self._clock.steady()
        return now - known_at < KEEP and len(self._begun) == LOOKS and now - self._begun[0] < 1.0

    def begin(self) -> asyncio.Task[bool]:
        """Start a look, unless one is running. Without canaries it finds that we are online."""
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._ask(), name="canaries")
        return self._look

    def change(self, checks: Sequence[Check]) -> None:
        """Ask these from now on."""
        self._checks, self._known = tuple(checks), None
        self._needed = len(checks) // 2 + 1 if checks else 0

    async def close(self) -> None:
        if self._look is not None:
            self._look.cancel()
            await asyncio.gather(self._look, return_exceptions=True)

    async def _ask(self) -> bool:
        began = self._clock.steady()
        self._begun.append(began)
        held = self._held()
        online = await self._majority()
        if not online and self._lag and self._lag.spoils(self._held() - held, TIMEOUT.total_seconds()):
            online = await self._majority()  # it was this process that got no time
        if online is self.offline:
            logger.log(
                logging.INFO if online else logging.WARNING,
                "canaries answer again" if online else "most canaries do not answer: our own connection is suspected",
            )
        self._known = began, online
        return online

    def _held(self) -> float:
        return self._lag.held(self._clock.steady()) if self._lag else 0.0

    async def _majority(self) -> bool:
        """Whether most answer. Ends as soon as that is decided: one hanging canary must not delay the news of an
        outage.
        """
        asked = [asyncio.create_task(self._answers(check)) for check in self._checks]
        good = bad = 0
        try:
            for answered in asyncio.as_completed(asked):
                if await answered:
                    good += 1
                else:
                    bad += 1
                if good >= self._needed or bad > len(asked) - self._needed:
                    break
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        return good >= self._needed

    async def _answers(self, check: Check) -> bool:
        try:
            async with asyncio.timeout(TIMEOUT.total_seconds() + GRACE):
                reading = await check.run("canary", self._net, TIMEOUT, fresh=True)
        except Exception as error:  # noqa: BLE001 - the boundary of a check
            logger.warning("a canary's %s check failed by our own error: %s", check.kind, fault(error))
            return False
        # A host that rate-limits us has answered.
        return reading.outcome in {Outcome.OK, Outcome.EXPIRING, Outcome.SLOW} or reading.wait is not None


async def look_while_blind(ownership: Ownership, online: Callable[[], Awaitable[bool]], stop: asyncio.Event) -> None:
    """Ask the canaries while the node is blind, until the stop."""
    while not stop.is_set():
        if ownership.blind and await online():
            ownership.see(online=True)
        await asyncio.sleep(WHILE_BLIND)


class Lag:
    """Measures how long the loop was held, from ticks due every `pace` seconds.

    All times are seconds of one steady clock.
    """

    def __init__(self, pace: float, now: float, own_health: OwnHealth | None = None) -> None:
        self._pace = pace
        self._ticked = now
        self._held = 0.0
        self._own_health = own_health or OwnHealth()
        self._spoiled_at: float | None = None

    def ticked(self, now: float) -> None:
        """Note that the loop runs now."""
        self._held = self.held(now)
        self._ticked = now
        if self._spoiled_at is not None and now - self._spoiled_at >= NO_LAG_FOR:
            self._spoiled_at = None
            self._own_health.clear(Part.MACHINE)
            logger.info("this process gets its time again")

    def restart(self, now: float) -> None:
        """Start again after the machine slept, which is no lag."""
        self._ticked = now

    def held(self, now: float) -> float:
        """Total seconds the loop was held since the start, including a hold that has just ended."""
        late = now - self._ticked - self._pace
        return self._held + (late if late >= LEAST_LAG else 0.0)

    def spoils(self, held: float, timeout: float) -> bool:
        """Whether a check with this `timeout` proves nothing, having been held for `held` seconds."""
        return held >= LEAST_LAG and held > SHARE_LAGGED * timeout

    def spoiled(self, now: float, held: float) -> None:
        """Report a check spoiled by lag; logged once."""
        if self._spoiled_at is None:
            logger.warning("this process got no time for %.1f s: what failed meanwhile is not judged", held)
        self._spoiled_at = now
        self._own_health.report(Part.MACHINE, Reason.of(ReasonCode.MACHINE_TOO_SLOW))


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
