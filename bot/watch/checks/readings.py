"""Readings that several checks share: a certificate about to expire, a rate limit, a bot challenge.

Bot protection in front of a site says something about us, not about the site.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.contracts import Answer
from bot.contracts.retry_after import retry_after
from bot.model import Outcome, Reading, Reason, ReasonCode

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
