"""Links beside a notice, the addresses of our own pages, and signed links.

By a signed link a reader confirms a digest, or stops it: it is opaque, and checked before anything else.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlsplit

# Ends and parts of the paths of addresses that show no page for people.
MACHINE: Final = re.compile(r"\.(?:json|xml|rss|atom|rdf)$|/(?:api|feed|rss|atom)(?:/|$)", re.IGNORECASE)

MARKUP: Final = {ord(mark): f"%{ord(mark):02X}" for mark in "<>|()[]\\\"'`*~ "}
NAME = 12  # bytes of random that name a reader, or one request
UNTIL = 5  # bytes of a time in seconds
MAC = 16  # bytes
LONGEST = 100  # characters of a token
CONFIRM_FOR = timedelta(days=3)
UNSUBSCRIBE_FOR = timedelta(days=400)  # a mail is read long after it came


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


class LinkPurpose(StrEnum):
    CONFIRM = "c"
    UNSUBSCRIBE = "u"


@dataclass(frozen=True, slots=True)
class SignedLink:
    """`name`: of the reader, or of the request to confirm, in hexadecimal."""

    purpose: LinkPurpose
    name: str
    until: datetime


def signed(link: SignedLink, secret: str) -> str:
    """The token of a link."""
    until = int(link.until.timestamp()).to_bytes(UNTIL, "big")
    body = link.purpose.value.encode() + bytes.fromhex(link.name) + until
    return urlsafe_b64encode(body + _mac(body, secret)).decode().rstrip("=")


def opened(token: str, secret: str, purpose: LinkPurpose, now: datetime) -> SignedLink | None:
    """The link that a token stands for; None for one that we never made, is for something else, or is too old."""
    if len(token) > LONGEST or not token.isascii():
        return None
    try:
        data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    if urlsafe_b64encode(data).decode().rstrip("=") != token:  # other spellings of the same bytes
        return None
    body, mac = data[:-MAC], data[-MAC:]
    if len(body) != 1 + NAME + UNTIL or not hmac.compare_digest(mac, _mac(body, secret)):
        return None
    until = datetime.fromtimestamp(int.from_bytes(body[1 + NAME :], "big"), UTC)
    if body[:1] != purpose.value.encode() or until <= now:
        return None
    return SignedLink(purpose, body[1 : 1 + NAME].hex(), until)


def _mac(body: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"tocsin digest link " + body, "sha256")[:MAC]
