"""What several checks share: expectations on a response, and readings of a certificate about to expire, a rate limit or
a bot challenge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from bot.contracts import Answer
from bot.contracts.retry_after import retry_after
from bot.model import Outcome, Reading, Reason, ReasonCode
from bot.net import Network
from bot.offload.pool import OverranError, offload
from bot.watch.checks import body_text

SEARCHED = 1024 * 1024  # bytes of a page that are searched
READ = 256 * 1024  # bytes of a page that only has to arrive
STATUS = re.compile(r"[1-5][0-9]{2}(?:\s*-\s*[1-5][0-9]{2})?")
LONGEST = timedelta(minutes=15)  # the longest wait obeyed: an outage must not go unnoticed for longer
# These headers occur only with a challenge or a refusal:
HEADERS = {
    "cf-mitigated": "Cloudflare",
    "x-amzn-waf-action": "AWS WAF",
    "x-vercel-mitigated": "Vercel",
    "x-dd-b": "DataDome",
}
NAMES = frozenset(HEADERS)
# Signs on pages with these statuses; with others the network uses them to report that the site is down.
PAGES = (
    (frozenset({403, 429, 503}), b"_cf_chl_opt", "Cloudflare"),
    (frozenset({403, 429, 503}), b"<title>Just a moment...</title>", "Cloudflare"),
    (frozenset({403, 428, 429}), b"sec-if-cpt-container", "Akamai"),
    (frozenset({403}), b"errors.edgesuite.net", "Akamai"),
    (frozenset({403}), b"errors&#46;edgesuite&#46;net", "Akamai"),
    (frozenset({403, 429}), b"_Incapsula_Resource", "Imperva"),
    (frozenset({403, 429}), b"Incapsula incident ID", "Imperva"),
    (frozenset({401, 403, 405, 429}), b"captcha-delivery.com", "DataDome"),
    (frozenset({403, 429}), b"px-captcha", "HUMAN (PerimeterX)"),
    (frozenset({403, 429}), b"_pxAppId", "HUMAN (PerimeterX)"),
)
STATUSES = frozenset[int]().union(*(statuses for statuses, _, _ in PAGES))
LOOKED_AT = 128 * 1024  # bytes searched: such pages are small


def listed(value: object) -> object:
    """One value or a list of them, as a list."""
    if value in ([], ()):
        raise ValueError("expected at least one")
    return value if isinstance(value, list | tuple) else (value,)


def _status(value: object) -> object:
    """A status such as 401, or a range such as "200-399"."""
    text = str(value).strip()
    low, _, high = text.partition("-")
    if not STATUS.fullmatch(text) or (high and int(low) > int(high)):
        raise ValueError("expected a status such as 200, or a range such as 200-399")
    return text


def _pattern(text: str) -> str:
    body_text.compiled(text)
    return text


Phrase = Annotated[str, StringConstraints(min_length=1)]
Phrases = Annotated[tuple[Phrase, ...], BeforeValidator(listed, json_schema_input_type=Phrase | list[Phrase])]
Patterns = Annotated[
    tuple[Annotated[Phrase, AfterValidator(_pattern)], ...],
    BeforeValidator(listed, json_schema_input_type=Phrase | list[Phrase]),
]
Statuses = Annotated[
    tuple[Annotated[str, BeforeValidator(_status)], ...],
    BeforeValidator(listed, json_schema_input_type=int | str | list[int | str]),
]
Claims = Annotated[
    Any, BeforeValidator(body_text.assertions, json_schema_input_type=Phrase | list[Phrase] | dict[Phrase, Any])
]


class Expect(BaseModel):
    """All of it must hold."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    status: Statuses = ("200-399",)
    contains: Phrases = ()
    not_contains: Phrases = ()
    matches: Patterns = ()  # in RE2's syntax, which takes no excessive time on a malicious page
    json_: Annotated[Claims, Field(alias="json")] = ()
    headers: dict[str, str] = {}  # name -> text that its value must contain, ignoring case
    final_url: str | None = None  # the beginning of the address after redirects

    @field_validator("final_url")
    @classmethod
    def _can_be_reached(cls, url: str | None) -> str | None:
        return url and _whole(str(Network.prepare("GET", url).url))

    @property
    def cap(self) -> int:
        """The number of bytes of the response that are needed."""
        return SEARCHED if self._wanted else READ

    async def judge(self, answer: Answer) -> body_text.Fault:
        """Compare a response with the expectations; return the reason if it differs. Long pages are searched outside
        the loop.
        """
        if found := self.settled(answer):
            return found
        page = _page(answer)
        if answer.unread or self._wanted.at_once(len(answer.body)):
            return body_text.judged(self._wanted, page)
        try:
            return await offload(body_text.judged, self._wanted, page)
        except OverranError:
            return Outcome.INCONCLUSIVE, Reason.of(ReasonCode.PAGE_TOO_SLOW)

    def settled(self, answer: Answer) -> body_text.Fault | None:
        """As `judge`, if that needs no look at the page; else None."""
        if fault := self._without_body(answer):
            return Outcome.FAILED, fault
        return None if self._wanted else body_text.FINE

    def fault(self, answer: Answer) -> Reason | None:
        """The first difference, None if there is none; runs in the loop, whatever the length."""
        why = self._without_body(answer)
        return why if why or not self._wanted else body_text.judged(self._wanted, _page(answer))[1]

    def lists(self, status: int) -> bool:
        """Whether this very status is listed, not only a range around it."""
        return str(status) in self.status

    def _without_body(self, answer: Answer) -> Reason | None:
        for low, high in self._ranges:
            if low <= answer.status <= high:
                break
        else:
            return Reason.of(ReasonCode.HTTP_STATUS, status=answer.status)
        for name, part in self.headers.items():
            if part.casefold() not in answer.headers.get(name.lower(), "").casefold():
                return Reason.of(ReasonCode.HEADER_DIFFERS, name=name, text=part)
        if self.final_url and not _whole(answer.url).startswith(self.final_url):
            host = urlsplit(answer.url).hostname or ""
            return Reason.of(ReasonCode.OTHER_PAGE if self._at(host) else ReasonCode.OTHER_HOST, host=host)
        return None

    @cached_property
    def _wanted(self) -> body_text.Wanted:
        return body_text.Wanted(self.contains, self.not_contains, self.matches, self.json_)

    @cached_property
    def _ranges(self) -> tuple[tuple[int, int], ...]:
        pairs = (status.partition("-") for status in self.status)
        return tuple((int(low), int(high or low)) for low, _, high in pairs)

    def _at(self, host: str | None) -> bool:
        return host == urlsplit(self.final_url or "").hostname


def _whole(url: str) -> str:
    """With a path: else "https://example.org" would also be the beginning of "https://example.org.evil.example/"."""
    return url if urlsplit(url).path else url + "/"


def _page(answer: Answer) -> body_text.Page:
    return body_text.Page(answer.body, answer.headers.get("content-type", ""), answer.cut, answer.unread)


def of_certificate(
    route: str, until: datetime | None, within: timedelta | None, took: timedelta, *, reused: bool = False
) -> Reading:
    """EXPIRING if the certificate ends within `within`, else OK. `until`: its end; None without a certificate."""
    if until is None or within is None or until - datetime.now(UTC) > within:
        return Reading(route, Outcome.OK, took=took, reused=reused)
    why = Reason.of(ReasonCode.CERTIFICATE_ENDS, day=f"{until:%Y-%m-%d}")
    return Reading(route, Outcome.EXPIRING, why, took, reused, until=until)


def is_rate_limit(answer: Answer) -> bool:
    """Whether a response is a rate limit: 429, or 403 with an exhausted allowance, as in GitHub's API. A 503 is an
    outage.
    """
    return answer.status == 429 or (answer.status == 403 and answer.headers.get("x-ratelimit-remaining") == "0")


def of_rate_limit(route: str, answer: Answer) -> Reading:
    """The reading of a rate limit; its `wait` is 0 without a usable Retry-After, and then each refusal doubles the
    last wait.
    """
    asked = retry_after(answer.headers.get("retry-after", ""))
    wait = min(asked, LONGEST) if asked else timedelta()
    why = Reason.of(ReasonCode.RATE_LIMITED, status=answer.status)
    return Reading(route, Outcome.INCONCLUSIVE, why, answer.took, answer.reused, wait=wait)


def declared_challenge(headers: Mapping[str, str]) -> str:
    """The network whose headers declare a challenge; "" if none."""
    if NAMES.isdisjoint(headers):
        return ""
    for name, who in HEADERS.items():
        if name in headers:
            return who
    return ""


def shown_challenge(answer: Answer) -> str:
    """The network whose challenge page this is; "" if it is none."""
    if answer.status not in STATUSES:
        return ""
    page = answer.body[:LOOKED_AT]
    return next((who for statuses, sign, who in PAGES if answer.status in statuses and sign in page), "")


def of_challenge(route: str, answer: Answer, who: str) -> Reading:
    why = Reason.of(ReasonCode.BOT_CHALLENGE, who=who)
    return Reading(route, Outcome.INCONCLUSIVE, why, answer.took, answer.reused)
