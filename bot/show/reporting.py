"""The form by which people say on the page that something does not work for them. It asks no name: who is behind an address
is guessed, so little is taken from one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import parse_qs

from fastapi import Request

from bot.model import Overview, Report, Service, Style, Words
from bot.tell import wording
from bot.watch.reports import Crowd

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BODY = 2048  # bytes: the form has two short fields
PEOPLE = 2  # behind one address, an hour, of one service: whoever invents people never makes the three of a surge alone
EACH = 10  # reports of one address an hour
ALL = 60  # reports a minute
AGENT = 200  # characters of it that are looked at


class Taken(NamedTuple):
    at: datetime
    address: str
    who: str
    service: str


@dataclass
class Gate:
    """Lets in so many. Remembers an hour, which `ALL` bounds."""

    taken: deque[Taken] = field(default_factory=deque)

    def admits(self, new: Taken) -> bool:
        while self.taken and new.at - self.taken[0].at > HOUR:
            self.taken.popleft()
        lately = sum(new.at - one.at < MINUTE for one in self.taken)
        theirs = [one for one in self.taken if one.address == new.address]
        people = {one.who for one in theirs if one.service == new.service} | {new.who}
        if lately >= ALL or len(theirs) >= EACH or len(people) > PEOPLE:
            return False
        self.taken.append(new)
        return True


@dataclass
class Reporting:
    """Takes what the form sends. `trust`: the header in which a proxy of ours names the address it was asked from."""

    overview: Callable[[datetime], Awaitable[Overview]]
    crowd: Crowd
    style: Style
    clock: Callable[[], datetime]
    trust: str | None = None
    gate: Gate = field(default_factory=Gate)

    async def take(self, request: Request) -> tuple[int, Words]:
        """Status and answer; the words of a refusal are the reader's, too."""
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return 403, wording.report_what(self.style)  # another site makes its readers send it
        form = await _form(request)
        now = self.clock()
        seen = await self.overview(now - HOUR)
        service = next((one for one, _ in seen.services if one.id == form.get("service")), None)
        if service is None or form.get("works") not in {"yes", "no"}:
            return 400, wording.report_what(self.style)
        return await self._take(
            service, seen, Report(service.id, now, "", "web", works=form["works"] == "yes"), request
        )

    async def _take(self, service: Service, seen: Overview, report: Report, request: Request) -> tuple[int, Words]:
        address = _network(_address(request, self.trust))
        who = f"web {address} {request.headers.get('user-agent', '')[:AGENT]}"
        if not self.gate.admits(Taken(report.at, address, who, service.id)):
            return 429, wording.too_many(self.style)
        known = replace(seen, crowd=self.crowd.tallies(who))
        await self.crowd.take(replace(report, who=who))
        return 200, wording.reported(service, known, self.style, works=report.works)


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY:
            return {}
    try:
        found = parse_qs(body.decode(), max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def _address(request: Request, trust: str | None) -> str:
    """Whatever else a caller writes into the header stands before what our own proxy adds."""
    named = request.headers.getlist(trust)[-1:] if trust else []
    last = named[0].rpartition(",")[2].strip() if named else ""
    return last or (request.client.host if request.client else "")


def _network(address: str) -> str:
    """Of IPv6 the part that one household has: it may take any address in it."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)
