"""The status pages of Google Cloud and Google Workspace, which have the same format.

Format: https://status.cloud.google.com/incidents.schema.json: all incidents of about a year; open ones have no `end`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urljoin, urlsplit

from bot.model import Health, SourceReport
from bot.watch.sources.dialects.base import (
    EVENTS,
    LONGEST_LINK,
    LONGEST_TEXT,
    TOUCHED,
    Asked,
    Dialect,
    Event,
    Wire,
    concerning,
    link,
    loads,
    reported,
    several,
    understood,
    wanted,
)
from bot.watch.sources.dialects.dates import instant

_CAP = 8 * 1024 * 1024  # bytes: a year of incidents with all their updates
_INCIDENTS = "incidents.json"
_PAGES = {"status.cloud.google.com": "", "www.google.com/appsstatus": "/appsstatus/dashboard"}
_MANY = "Multiple Products"  # instead of a name, if several are affected
_HEADING = re.compile(r"^(?:summary|title|description)\s*(?::|$)", re.IGNORECASE)


class _Product(Wire):
    title: str


class _Incident(Wire):
    external_desc: str
    begin: Any = None
    created: Any = None
    uri: Any = None
    service_name: str = ""
    affected_products: Annotated[list[_Product], several(lambda: _Product, TOUCHED)] = []

    def event(self, page: str) -> Event:
        """Never `DOWN`: Google also calls it an outage if some customers of one product are affected."""
        named = tuple(one.title for one in self.affected_products)
        own = (self.service_name,) if self.service_name not in {"", _MANY} else ()
        since = instant(self.begin) or instant(self.created)
        return Event(_headline(self.external_desc), Health.DEGRADED, since, self._link(page), named or own)

    def _link(self, page: str) -> str:
        try:
            return (
                link(urljoin(page, self.uri)) if isinstance(self.uri, str) and 0 < len(self.uri) <= LONGEST_LINK else ""
            )
        except ValueError:
            return ""


def where(url: str) -> tuple[str, ...]:
    """As in `base.Dialect`. There are few such pages; other addresses must end like theirs."""
    parts = urlsplit(url)
    if parts.path.endswith(f"/{_INCIDENTS}"):
        return (url,)
    folder = next((folder for page, folder in _PAGES.items() if f"{parts.hostname}{parts.path}".startswith(page)), None)
    return () if folder is None else (f"https://{parts.hostname}{folder}/{_INCIDENTS}",)


def parse(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`."""
    found = loads(bodies[0])
    if not isinstance(found, list):
        raise ValueError("no list of incidents")  # noqa: TRY004 - invalid input is a ValueError
    going_on = [one for one in found if not (isinstance(one, dict) and one.get("end"))]  # the others are not parsed
    page = urljoin((*where(asked.url), asked.url)[0], ".")
    events = (one.event(page) for one in understood(going_on, _Incident, EVENTS))
    cared = wanted(asked)
    return reported((one for event in events if (one := concerning(event, cared))), asked)


def _headline(text: str) -> str:
    """The first line with content; some begin with a heading, "**Summary:**"."""
    for line in text[:LONGEST_TEXT].splitlines():
        if says := _HEADING.sub("", line.replace("*", "").strip("# "), count=1).strip():
            return says
    return ""


DIALECT = Dialect("googlecloud", where, parse, cap=_CAP)
