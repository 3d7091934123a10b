"""Links that stand beside a notice, and the addresses of our own pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlsplit

# Ends and parts of the paths of addresses that show no page for people.
MACHINE: Final = re.compile(r"\.(?:json|xml|rss|atom|rdf)$|/(?:api|feed|rss|atom)(?:/|$)", re.IGNORECASE)

MARKUP: Final = {ord(mark): f"%{ord(mark):02X}" for mark in "<>|()[]\\\"'`*~ "}


class LinkKind(StrEnum):
    """Where a link leads."""

    VENDOR = "vendor"  # the vendor's status page, or its page of the very incident
    PAGE = "page"  # our own page of the service or incident


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its label in the reader's language ("Official status page"). `url` is an http or https address."""

    kind: LinkKind
    label: str
    url: str

    @property
    def text(self) -> str:
        """The link where text is all there is."""
        return f"{self.label}: {self.url}"

    def split(self, text: str) -> tuple[str, str, str] | None:
        """The text before, in and after what names the vendor's page, which can be the link itself; None if nothing does."""
        found = re.search(re.escape(self.label), text, re.IGNORECASE) if self.kind is LinkKind.VENDOR else None
        return found and (text[: found.start()], found[0], text[found.end() :])


def service_path(service: str) -> str:
    """The path of a service's page, below the page's own address: "/service/x"."""
    return f"/service/{quote(service, safe='')}"


def incident_path(service: str, number: int) -> str:
    """Likewise of an incident: "/incident/x/17"."""
    return f"/incident/{quote(service, safe='')}/{number}"


def marked(url: str) -> str:
    """The address without the characters that could end a link in some platform's markup."""
    return url.translate(MARKUP)


def for_people(url: str) -> str:
    """The address; "" if it only serves programs, as a feed does."""
    return "" if MACHINE.search(urlsplit(url).path) else url


def bare_address(url: str) -> str:
    """The address without a query and fragment, which may hold a key."""
    return url.partition("#")[0].partition("?")[0]
