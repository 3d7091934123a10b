"""Detecting bot protection in front of a site: its page says something about us, not about the service."""

from __future__ import annotations

from collections.abc import Mapping

from bot.contracts import Answer
from bot.model import Outcome, Reading, Reason, ReasonCode

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


def declared(headers: Mapping[str, str]) -> str:
    """The network whose headers declare a challenge; "" if none."""
    if NAMES.isdisjoint(headers):
        return ""
    for name, who in HEADERS.items():
        if name in headers:
            return who
    return ""


def shown(answer: Answer) -> str:
    """The network whose challenge page this is; "" if it is none."""
    if answer.status not in STATUSES:
        return ""
    page = answer.body[:LOOKED_AT]
    return next((who for statuses, sign, who in PAGES if answer.status in statuses and sign in page), "")


def reading(route: str, answer: Answer, who: str) -> Reading:
    why = Reason.of(ReasonCode.BOT_CHALLENGE, who=who)
    return Reading(route, Outcome.INCONCLUSIVE, why, answer.took, answer.reused)
