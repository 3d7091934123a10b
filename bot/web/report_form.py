"""The status page's form for user reports. Reporters are anonymous and told apart only by address and browser, so each
address is limited.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.delivery.rate_limit import RateLimit
from bot.model import Overview, Report, Service, Style, Tally, Text
from bot.watch.user_reports import PEOPLE, UserReports
from bot.web.connections import BodyFault, caller_network, read_body
from bot.web.rendering import ErrorPages, Form, draw, path_of, root_of, wanted
from bot.wording.catalog import catalog
from bot.wording.web import choose, form_reply, too_many

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BODY = 2048  # bytes: the form has two short fields
EACH = 10  # reports per address and hour
ALL = 60  # reports per minute
AGENT = 200  # characters used of the header
PRIVATE = {"Cache-Control": "no-store"}  # the reply is for one person


@dataclass(frozen=True, slots=True)
class Taking:
    """What became of a form: `SEE_OTHER` if its report was taken."""

    status: HTTPStatus
    service: Service | None = None
    again: bool = False  # the person had said so before


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

    async def take(self, request: Request) -> Taking:
        """Take the form's report."""
        if not self._from_here(request):
            return Taking(HTTPStatus.FORBIDDEN)  # another site makes its visitors send it
        form = await _form(request)
        if form is None:
            return Taking(HTTPStatus.REQUEST_TIMEOUT)
        now = self.clock()
        service = next(
            (one for one, _ in (await self.overview(now - HOUR)).services if one.id == form.get("service")), None
        )
        if service is None or form.get("works") not in {"yes", "no"}:
            return Taking(HTTPStatus.BAD_REQUEST, service)
        return await self._take(service, Report(service.id, now, "", "web", works=form["works"] == "yes"), request)

    async def reply(self, key: str, request: Request, *, again: bool) -> tuple[Text, bool] | None:
        """The reply to whoever has reported on this service within the hour, and whether it works for them; None for
        everybody else. `again`: they had said so before.
        """
        seen = await self.overview(self.clock() - HOUR)
        service = next((one for one, _ in seen.services if one.id == key), None)
        if service is None:
            return None
        who = self._who(request)[1]
        tallies = self.user_reports.tallies(who)
        if tallies.get(key, Tally()).mine is None:
            await self.user_reports.look()
            tallies = self.user_reports.tallies(who)
        known, mine = replace(seen, user_reports=tallies), tallies.get(key, Tally()).mine
        if mine is None:
            return None
        return form_reply(service, known, self.style, again=again), mine

    async def services(self) -> list[Service]:
        """The services that the form lists."""
        return [service for service, _ in (await self.overview(self.clock() - HOUR)).services]

    def _who(self, request: Request) -> tuple[str, str]:
        """The caller's address, and the person that it is with this browser."""
        address = caller_network(_address(request, self.trust))
        return address, f"web {address} {request.headers.get('user-agent', '')[:AGENT]}"

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

    async def _take(self, service: Service, report: Report, request: Request) -> Taking:
        address, who = self._who(request)
        if not self.gate.admits(Taken(report.at, address, who, service.id)):
            return Taking(HTTPStatus.TOO_MANY_REQUESTS, service)
        before = self.user_reports.tallies(who).get(service.id, Tally())
        if not await self.user_reports.take(replace(report, who=who), address):
            return Taking(HTTPStatus.TOO_MANY_REQUESTS, service)
        return Taking(HTTPStatus.SEE_OTHER, service, again=before.mine is report.works)


@dataclass(frozen=True, slots=True)
class ReportPages:
    """The form's pages. A report taken leads to its reply by another request, so that a reload sends nothing again."""

    reporting: Reporting
    errors: ErrorPages

    async def take(self, request: Request) -> Response:
        taken = await self.reporting.take(request)
        root = root_of(path_of(request))
        if taken.status == HTTPStatus.SEE_OTHER and taken.service:
            query = {"service": taken.service.id} | ({"again": "1"} if taken.again else {})
            return Response(status_code=taken.status, headers={"Location": f"{root}report?{urlencode(query)}"})
        said = self._refusal(taken)
        if taken.status != HTTPStatus.BAD_REQUEST or wanted(request.headers.get("accept", "")) is not Form.PAGE:
            return self.errors.answer(request, taken.status, said)
        return await self._page(root, said or choose(self.reporting.style), taken.status, taken.service)

    async def show(self, request: Request) -> Response:
        """The reply to a report taken within the last hour, or else the form."""
        key, again = request.query_params.get("service", ""), request.query_params.get("again") == "1"
        root, found = root_of(path_of(request)), await self.reporting.reply(key, request, again=again)
        if found is None:
            services = await self.reporting.services()
            return await self._page(
                root,
                Text(catalog(self.reporting.style.language).user_reports.question),
                HTTPStatus.OK,
                next((one for one in services if one.id == key), None),
            )
        said, works = found
        drawn = self._drawn(root, said=said, reply=True, ending=not works, chosen=key, form=[])
        return HTMLResponse(drawn, headers=PRIVATE)

    def _refusal(self, taken: Taking) -> Text | None:
        """What to say instead of what the status says of itself; None for that."""
        if taken.status == HTTPStatus.TOO_MANY_REQUESTS:
            return too_many(self.reporting.style)
        return choose(self.reporting.style) if taken.status == HTTPStatus.BAD_REQUEST else None

    async def _page(self, root: str, said: Text, status: int, chosen: Service | None) -> Response:
        services = await self.reporting.services()
        key = chosen.id if chosen else ""
        drawn = self._drawn(root, said=said, reply=False, ending=False, chosen=key, form=services)
        return HTMLResponse(drawn, status, headers=PRIVATE)

    def _drawn(self, root: str, **facts: Any) -> str:
        return draw("reported.html", title=self.errors.title, style=self.errors.style, root=root, **facts)


async def _form(request: Request) -> dict[str, str] | None:
    """The form's fields; empty if it is too long, interrupted or invalid, None if it is too slow."""
    body = await read_body(request, BODY)
    if body is BodyFault.TOO_SLOW:
        return None
    try:
        found = {} if isinstance(body, BodyFault) else parse_qs(body.decode(), max_num_fields=10)
    except ValueError:
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
