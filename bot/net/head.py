"""Parsing the head of an HTTP response, as leniently as browsers and curl. No I/O.

It also names the delivery network that answered for a service: if that fails, many services fail at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.contracts import Cause
from bot.model import Reason, ReasonCode
from bot.net.errors import TroubleError

# curl's own limit
LONGEST_LINE = 100 * 1024
# Further headers are ignored: three-byte lines could keep us busy, and none concerns the body.
MOST_HEADERS = 5_000
MOST_COOKIES = 50
NO_HTTP = Reason.of(ReasonCode.NOT_HTTP)
NOT_OURS = Reason.of(ReasonCode.HTTP_UNREADABLE)

# A line ends with a line feed, whatever comes before it. One that is empty or begins with CR ends the head.
END = re.compile(rb"\n(?:\n|\r[^\n]*\n)")
STATUS = re.compile(rb"HTTP/[0-9](?:\.([0-9]))?[ \t]+([0-9]{3})(?![0-9])", re.IGNORECASE)
LENGTH = re.compile(r"\s*\+?([0-9]+)")
LARGEST = 2**63 - 1
BLANKS = (" ", "\t")
# (header in lower case; part of its value; network)
SIGNS = (
    ("server", "cloudflare", "Cloudflare"),
    ("server", "akamai", "Akamai"),
    ("server", "netlify", "Netlify"),
    ("server", "vercel", "Vercel"),
    ("server", "awselb", "AWS"),
    ("via", "cloudfront", "Amazon CloudFront"),
    ("via", "google", "Google Cloud"),
    ("x-served-by", "cache-", "Fastly"),
    ("x-azure-ref", "", "Azure Front Door"),
)


@dataclass(slots=True)
class Head:
    """A parsed head. `length` is None if the body ends otherwise; `codings` are in the order of their application."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    location: str
    length: int | None
    chunked: bool
    codings: tuple[str, ...]
    keep: bool


def begins(data: bytes | bytearray) -> bool:
    """Whether data may be the beginning of a head. Empty lines before it are skipped."""
    start = data[:64].lstrip(b"\r\n")[:5]
    return b"HTTP/".startswith(start.upper())


def read(data: bytes) -> Head:
    """Parse a whole head. Raise TroubleError if it is none."""
    data = data.lstrip(b"\r\n")
    first = STATUS.match(data)
    if not data:
        raise TroubleError(Cause.PROTOCOL, NO_HTTP)
    if first is None:
        raise TroubleError(Cause.UNREADABLE, NOT_OURS)
    if b"\0" in data and _is_in_a_header(data, data.index(b"\0")):
        # curl stops at a line beginning with NUL and accepts the head; browsers do not.
        unsure = b"\n\0" in data
        raise TroubleError(*((Cause.UNREADABLE, NOT_OURS) if unsure else (Cause.PROTOCOL, NO_HTTP)))
    headers, several = _fields(data.decode("latin-1"))
    length = _length(headers, several)
    codings = _tokens(headers, several, "content-encoding") if "content-encoding" in headers else ()
    chunked = False
    if "transfer-encoding" in headers:  # determines the body's end, whatever its length
        transfer = _tokens(headers, several, "transfer-encoding")
        chunked, length = "chunked" in transfer, None
        codings += tuple(coding for coding in transfer if coding != "chunked")
    cookies = [headers["set-cookie"]] if "set-cookie" in headers else []
    location = headers.get("location", "")
    keep = _keeps(headers, several, old=first[1] == b"0")
    if several:
        cookies = several.get("set-cookie") or cookies
        # Of several non-empty locations the last counts, as in curl.
        location = next((value for value in reversed(several.get("location", (location,))) if value), "")
        for name, values in several.items():
            headers[name] = ", ".join(values)
    return Head(int(first[2]), headers, cookies[:MOST_COOKIES], location, length, chunked, codings, keep)


def _is_in_a_header(data: bytes, at: int) -> bool:
    """Whether position `at` is not in the last line, which begins with CR and is otherwise ignored."""
    last = data.rfind(b"\n", 0, len(data) - 1) + 1
    return at < last or data[last : last + 1] != b"\r"


def _fields(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The first value by lower-case name, and all values of repeated headers.

    A folded line continues the one before it, a line without a colon is ignored.
    """
    lines = text.split("\n", MOST_HEADERS + 1)[1 : MOST_HEADERS + 1]
    if "\n " in text or "\n\t" in text:
        lines = _unfolded(lines)
    fields: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            continue
        name = name.lower()
        if name not in fields:
            fields[name] = value.strip()
        elif name in several:
            several[name].append(value.strip())
        else:
            several[name] = [fields[name], value.strip()]
    return fields, several


def _unfolded(lines: list[str]) -> list[str]:
    """Join folded fields into one line each, at the end, as joining one by one takes quadratic time."""
    made: list[list[str]] = []
    for line in lines:
        if made and line.startswith(BLANKS):
            made[-1].append(line.strip())
        elif ":" in line:
            made.append([line.rstrip()])
    return [" ".join(part for part in parts if part) for parts in made]


def _length(headers: dict[str, str], several: dict[str, list[str]]) -> int | None:
    """The content length: the last value counts; None if it is unreadable."""
    said = several["content-length"][-1] if "content-length" in several else headers.get("content-length", "")
    if not said.isdecimal():
        found = LENGTH.match(said)
        said = found[1] if found is not None else ""
    return length if said and len(said) < 20 and (length := int(said)) <= LARGEST else None


def _keeps(headers: dict[str, str], several: dict[str, list[str]], *, old: bool) -> bool:
    """Whether the connection may be reused."""
    if "content-length" in several or "transfer-encoding" in several:
        return False  # the far side may see its end elsewhere
    if "transfer-encoding" in headers and "content-length" in headers:
        return False
    said = _tokens(headers, several, "connection")
    return "keep-alive" in said if old else "close" not in said


def _tokens(headers: dict[str, str], several: dict[str, list[str]], name: str) -> tuple[str, ...]:
    """The tokens of a list header, in lower case."""
    if name not in headers:
        return ()
    values = several[name] if name in several else [headers[name]]
    if len(values) == 1 and "," not in values[0]:
        return (values[0][:1000].lower(),) if values[0] else ()
    return tuple(token for each in values for part in each[:1000].split(",") if (token := part.strip().lower()))


def network(headers: Mapping[str, str]) -> str:
    """The network named by the headers of a response; "" if none."""
    return next((n for header, sign, n in SIGNS if header in headers and sign in headers[header].casefold()), "")
