"""Looks for whoever asks: at a service with its own checks, at an address that a stranger names only through the guard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urljoin

from bot import wording
from bot.chat.context import CheckNow
from bot.contracts import Answer, Cause, Net, Trouble
from bot.delivery.rate_limit import RateLimit
from bot.model import PlaceLook, Reason, ReasonCode, Round, Service, Style, Text
from bot.net import Guarded, Network, Prepared
from bot.watch.witness.registry import WitnessRegistry

PORTS = frozenset({80, 443, 8080, 8443})
PLAIN = frozenset({80, 8080})  # where http is spoken, if nobody says what
REDIRECTS = 5
MOVED = frozenset({301, 302, 303, 307, 308})
TIMEOUT = timedelta(seconds=10)  # for all hops together
CAP = 16 * 1024  # bytes: that it comes is all we want to see
LONGEST = 2_000  # characters of an address
SHARED = timedelta(seconds=10)  # so long an answer holds for others who ask the same
MINUTE = timedelta(minutes=1)
EACH, ALL = 6, 60  # asked for by one person, and looked at in all, within a minute
NOWHERE = frozenset({Cause.GUARDED, Cause.NO_SUCH_NAME})  # one answer for both, or names of ours could be guessed
ASTRAY = Reason.of(ReasonCode.REDIRECTS_TO_UNUSABLE_URL)

Telling = Callable[[Style], Text]
"""What a look found, worded for whoever asked."""


@dataclass
class CheckResult:
    """The newest look at one place. Who asks while it is under way waits for it."""

    until: datetime | None = None  # it holds until then
    telling: Telling = wording.see_nothing
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def over(self, now: datetime) -> bool:
        return not self.lock.locked() and (self.until is None or self.until <= now)


class OnDemandChecker:
    """`look`: one round of a service, neither judged nor kept. `sighted`: do we see anything of the world? `places`:
    the witnesses, if there are any.
    """

    def __init__(
        self,
        look: Callable[[str], Awaitable[Round | None]],
        sighted: Callable[[], Awaitable[bool]],
        net: Net,
        clock: Callable[[], datetime],
        *,
        ports: frozenset[int] = PORTS,
        timeout: timedelta = TIMEOUT,
        places: WitnessRegistry | None = None,
    ) -> None:
        self._look, self._places = look, places
        self._online = sighted
        self._net = Guarded(net)
        self._clock = clock
        self._ports = ports
        self._timeout = timeout
        self._glances: dict[str, CheckResult] = {}
        self._asks: RateLimit[str, datetime] = RateLimit(EACH)  # by who asks
        self._looks: RateLimit[str, datetime] = RateLimit(ALL)

    async def answer(self, order: CheckNow, service: Service | None, who: str, style: Style) -> Text:
        """`service`: the one that is ordered. Takes no longer than the checks' time-outs, or `timeout`."""
        now = self._clock()
        if not self._asks.take(who, now, now + MINUTE):
            return wording.too_often(EACH, style)
        telling = await (self._at_service(service, now) if service else self._at_address(order.address, now))
        return telling(style) if telling else wording.too_often(0, style)

    async def _at_service(self, service: Service, now: datetime) -> Telling | None:
        async def look() -> Telling:
            seen, others = await asyncio.gather(self._look(service.id), self._elsewhere(service.id))
            own = self._places.own(service.id) if self._places and others else None
            looks = (own, *others) if own else others
            return partial(wording.looked, seen, service, looks=looks) if seen else wording.see_nothing

        return await self._shared(f"service {service.id}", now, look)

    async def _elsewhere(self, service: str) -> Sequence[PlaceLook]:
        return await self._places.looks(service, self._timeout) if self._places else ()

    async def _at_address(self, said: str, now: datetime) -> Telling | None:
        prepared = self._fit(said if "://" in said else f"https://{said}")
        if prepared and "://" not in said and prepared.port in PLAIN:
            prepared = self._fit(f"http://{said}")
        if prepared is None:
            return wording.unfit_address
        if _alone(prepared.host):
            return wording.inner_address
        return await self._shared(str(prepared.url), now, partial(self._follow, prepared))

    async def _shared(self, place: str, now: datetime, look: Callable[[], Awaitable[Telling]]) -> Telling | None:
        """What was seen of a place a moment ago, or else is now; None when too much is looked at already."""
        for old in [key for key, one in self._glances.items() if one.over(now)]:
            del self._glances[old]
        glance = self._glances.setdefault(place, CheckResult())
        async with glance.lock:
            if glance.until is None:
                if not self._looks.take("", now, now + MINUTE):
                    return None
                glance.telling = await look()
                glance.until = self._clock() + SHARED
            return glance.telling

    def _fit(self, url: str) -> Prepared | None:
        """None for what is asked for nobody."""
        if len(url) > LONGEST or not url.isprintable() or " " in url or "\\" in url:
            return None
        try:
            prepared = Network.prepare("GET", url)
        except ValueError:
            return None
        # We asked for no header: if there is one, the address had a user.
        return prepared if prepared.port in self._ports and not prepared.headers else None

    async def _follow(self, prepared: Prepared) -> Telling:
        """The answer after all redirects, each of which must be fit for itself."""
        loop, host = asyncio.get_running_loop(), prepared.host
        began = loop.time()
        for _ in range(REDIRECTS + 1):
            left = began + self._timeout.total_seconds() - loop.time()
            seen = await self._net.fetch(prepared, timeout=timedelta(seconds=max(left, 0)), cap=CAP, fresh=True)
            if isinstance(seen, Trouble):
                return await self._failed(host, seen)
            if seen.status not in MOVED or not (location := seen.headers.get("location")):
                return _told(host, seen, timedelta(seconds=loop.time() - began), self._clock())
            if (onwards := self._fit(_joined(str(prepared.url), location))) is None:
                return partial(wording.silent, host, ASTRAY)
            if _alone(onwards.host):
                return wording.inner_address
            prepared = onwards
        return partial(wording.silent, host, Reason.of(ReasonCode.REDIRECTS_TOO_OFTEN, count=REDIRECTS))

    async def _failed(self, host: str, trouble: Trouble) -> Telling:
        if trouble.cause in NOWHERE:
            return wording.inner_address
        if trouble.cause is Cause.RESOLVER:
            return partial(wording.cannot, host, Reason.of(ReasonCode.OWN_RESOLVER_SILENT))
        if trouble.cause in {Cause.OURS, Cause.UNREADABLE}:
            return partial(wording.cannot, host, trouble.why)
        if not await self._online():
            return wording.see_nothing
        if trouble.cause is Cause.TIMEOUT:  # a hop had only what was left of the time
            late = Reason.of(ReasonCode.TIMED_OUT_AFTER, seconds=self._timeout.total_seconds())
            return partial(wording.silent, host, late)
        return partial(wording.silent, host, trouble.why)


def _told(host: str, answer: Answer, took: timedelta, at: datetime) -> Telling:
    if "cf-mitigated" in answer.headers:
        return partial(wording.asks_human, host)
    return partial(wording.answers, host, answer.status, took, at)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _alone(host: str) -> bool:
    """Is it a name of one word? The internet has none, and a resolver would look it up in our own network."""
    return "." not in host.rstrip(".") and ":" not in host
