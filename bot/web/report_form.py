"""The status page's form for user reports. Reporters are anonymous and told apart only by address and browser, so each
address is limited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from fastapi import Request
from starlette.requests import ClientDisconnect

from bot import wording
from bot.delivery.rate_limit import RateLimit
from bot.model import Overview, Report, Service, Style, Text
from bot.watch.user_reports import UserReports
from bot.web.client_address import network

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BODY = 2048  # bytes: the form has two short fields
PEOPLE = 2  # people per address, hour and service: invented people alone never reach the three of a surge
PATIENCE = 10.0  # seconds for the whole body
EACH = 10  # reports per address and hour
ALL = 60  # reports per minute
AGENT = 200  # characters used of the header


class Taken(NamedTuple):
    at: datetime
    address: str
    who: str
    service: str


@dataclass
class ReportLimits:
    """Rate limits of user reports, and of how many people one address has."""

    of_address: RateLimit[str, datetime] = field(default_factory=lambda: RateLimit(EACH))
    of_all: RateLimit[str, datetime] = field(default_factory=lambda: RateLimit(ALL))
    people: RateLimit[tuple[str, str, str], datetime] = field(default_factory=lambda: RateLimit(1))

    def admits(self, new: Taken) -> bool:
        who = (new.address, new.service, new.who)
        people = {key for key in self.people.full(new.at) if key[:2] == who[:2]} | {who}
        if len(people) > PEOPLE or not self.of_all.left("", new.at):
            return False
        if not self.of_address.take(new.address, new.at, new.at + HOUR):
            return False
        self.of_all.count("", new.at, new.at + MINUTE)
        self.people.count(who, new.at, new.at + HOUR)
        return True


@dataclass
class Reporting:
    """Handles the form. `trust`: the header in which our own proxy gives the client's address; `public_url`: address of
    the page.
    """

    overview: Callable[[datetime], Awaitable[Overview]]
    user_reports: UserReports
    style: Style
    clock: Callable[[], datetime]
    trust: str | None = None
    public_url: str = ""
    gate: ReportLimits = field(default_factory=ReportLimits)

    async def take(self, request: Request) -> tuple[int, Text]:
        """Status and reply. Refusals are in the reader's language, too."""
        if not self._from_here(request):
            return 403, wording.which_service(self.style)  # another site makes its visitors send it
        form = await _form(request)
        now = self.clock()
        seen = await self.overview(now - HOUR)
        service = next((one for one, _ in seen.services if one.id == form.get("service")), None)
        if service is None or form.get("works") not in {"yes", "no"}:
            return 400, wording.which_service(self.style)
        return await self._take(
            service, seen, Report(service.id, now, "", "web", works=form["works"] == "yes"), request
        )

    def _from_here(self, request: Request) -> bool:
        """True if the form comes from our own page, as browsers show by Sec-Fetch-Site or, on plain HTTP, Origin or
        Referer; also for programs, which send none of them.
        """
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
    """The form's fields; empty if it is too long, too slow, interrupted or invalid."""
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
    """Host and port of a URL, without default ports; empty if invalid."""
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError:
        return ""
    return f"{found.hostname or ''}{f':{port}' if port not in {None, 80, 443} else ''}"


def _address(request: Request, trust: str | None) -> str:
    """The client's address. Our own proxy adds it last, so entries that a caller forged come before it."""
    named = request.headers.getlist(trust)[-1:] if trust else []
    last = named[0].rpartition(",")[2].strip() if named else ""
    return last or (request.client.host if request.client else "")
