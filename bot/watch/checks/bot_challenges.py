"""Who stands before a site and would not let us see it: that tells of us, not of what people see."""

from __future__ import annotations

from collections.abc import Mapping

from bot.contracts import Answer
from bot.model import Outcome, Reading

# In the headers of nothing but a challenge or a refusal:
# https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/
# https://docs.aws.amazon.com/waf/latest/developerguide/waf-captcha-and-challenge-actions.html (with 202 and 405)
# https://vercel.com/docs/headers/response-headers
# https://docs.datadome.co/reference/validate-request
HEADERS = {
    "cf-mitigated": "Cloudflare",
    "x-amzn-waf-action": "AWS WAF",
    "x-vercel-mitigated": "Vercel",
    "x-dd-b": "DataDome",
}
# On a page with one of these statuses; with others the same sign stands on the network's word that the site is down.
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
LOOKED_AT = 128 * 1024  # bytes: such pages are small


def declared(headers: Mapping[str, str]) -> str:
    """Who says so in the headers; empty where nobody does."""
    for name, who in HEADERS.items():
        if name in headers:
            return who
    return ""


def shown(answer: Answer) -> str:
    """Whose page it is, of an answer that is not as expected; empty where it is nobody's."""
    if answer.status not in STATUSES:
        return ""
    page = answer.body[:LOOKED_AT]
    return next((who for statuses, sign, who in PAGES if answer.status in statuses and sign in page), "")


def reading(route: str, answer: Answer, who: str) -> Reading:
    why = f"{who} asks whether we are human: what people see is not known"
    return Reading(route, Outcome.INCONCLUSIVE, why, answer.took, answer.reused)
