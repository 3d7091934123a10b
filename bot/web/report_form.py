"""The form by which people say on the page that something does not work for them. It asks no name: who is behind an address
is guessed, so little is taken from one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from fastapi import Request
from starlette.requests import ClientDisconnect

from bot import wording
from bot.model import Overview, Report, Service, Style, Text
from bot.watch.user_reports import UserReports
from bot.web.client_address import network

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BODY = 2048  # bytes: the form has two short fields
PEOPLE = 2  # behind one address, an hour, of one service: whoever invents people never makes the three of a surge alone
PATIENCE = 10.0  # seconds for all of them
EACH = 10  # reports of one address an hour
ALL = 60  # reports a minute
AGENT = 200  # characters of it that are looked at


class Taken(NamedTuple):
    at: datetime
    address: str
    who: str
    service: str


@dataclass
class ReportLimits:
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
    """Takes what the form sends. `trust`: the header in which a proxy of ours names the address it was asked from;
    `public_url`: where people find the page.
    """

    overview: Callable[[datetime], Awaitable[Overview]]
    user_reports: UserReports
    style: Style
    clock: Callable[[], datetime]
    trust: str | None = None
    public_url: str = ""
    gate: ReportLimits = field(default_factory=ReportLimits)

    async def take(self, request: Request) -> tuple[int, Text]:
        """Status and answer; the words of a refusal are the reader's, too."""
        if not self._from_here(request):
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

    def _from_here(self, request: Request) -> bool:
        """Does our own page send it? Browsers say so themselves, or on plain http where the form stands; a program says neither."""
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = request.headers.get("origin") or request.headers.get("referer")
        if not origin:
            return True
        ours = [self.public_url, f"//{request.headers.get('host', '')}"]
        if self.trust:
            ours.append(f"//{request.headers.get('x-forwarded-host', '')}")
        return (where := _place(origin)) != "" and where in map(_place, ours)

    async def _take(self, service: Service, seen: Overview, report: Report, request: Request) -> tuple[int, Text]:
        address = network(_address(request, self.trust))
        who = f"web {address} {request.headers.get('user-agent', '')[:AGENT]}"
        if not self.gate.admits(Taken(report.at, address, who, service.id)):
            return 429, wording.too_many(self.style)
        known = replace(seen, user_reports=self.user_reports.tallies(who))
        await self.user_reports.take(replace(report, who=who))
        return 200, wording.reported(service, known, self.style, works=report.works)


async def _form(request: Request) -> dict[str, str]:
    """What was filled in; nothing of what is too long, too slow, broken off or no form."""
    body = b""
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                body += part
                if len(body) > BODY:
                    return {}
        found = parse_qs(body.decode(), max_num_fields=10)
    except (TimeoutError, ClientDisconnect, ValueError):
        return {}
    return {name: values[0] for name, values in found.items()}


def _place(url: str) -> str:
    """Host and port of an address, as two of one place have it; empty for none."""
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError:
        return ""
    return f"{found.hostname or ''}{f':{port}' if port not in {None, 80, 443} else ''}"


def _address(request: Request, trust: str | None) -> str:
    """Whatever else a caller writes into the header stands before what our own proxy adds."""
    named = request.headers.getlist(trust)[-1:] if trust else []
    last = named[0].rpartition(",")[2].strip() if named else ""
    return last or (request.client.host if request.client else "")
