"""Signed links by which a reader confirms a digest, or stops it: opaque, checked before anything is looked up (pure)."""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

NAME = 12  # bytes of random that name a reader, or one request
UNTIL = 5  # bytes of a time in seconds
MAC = 16  # bytes
LONGEST = 100  # characters of a token
CONFIRM_FOR = timedelta(days=3)
UNSUBSCRIBE_FOR = timedelta(days=400)  # a mail is read long after it came


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
