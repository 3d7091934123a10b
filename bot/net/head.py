"""The head of an HTTP answer, read as leniently as browsers and curl do: without any I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.contracts import Cause
from bot.net.causes import TroubleError

# curl's own bounds: what is longer, it does not read either.
LONGEST_LINE = 100 * 1024
# Headers beyond are not looked at: lines of three bytes would keep us busy, and none of them is about the body.
MOST_HEADERS = 5_000
MOST_COOKIES = 50
NO_HTTP = "what it answers is no HTTP"
NOT_OURS = "it answers in a kind of HTTP that we cannot read"

# A line ends with a line feed, whatever stands before it. One that is empty, or begins with CR, ends the head.
END = re.compile(rb"\n(?:\n|\r[^\n]*\n)")
STATUS = re.compile(rb"HTTP/[0-9](?:\.([0-9]))?[ \t]+([0-9]{3})(?![0-9])", re.IGNORECASE)
LENGTH = re.compile(r"\s*\+?([0-9]+)")
LARGEST = 2**63 - 1
BLANKS = " \t"


@dataclass(slots=True)
class Head:
    """What the head says. `length` is None where the body ends otherwise; `codings` are in the order they were applied."""

    status: int
    headers: dict[str, str]
    cookies: list[str] = field(default_factory=list)
    location: str = ""
    length: int | None = None
    chunked: bool = False
    codings: tuple[str, ...] = ()
    keep: bool = False


def begins(data: bytes | bytearray) -> bool:
    """Can it become a head? Empty lines before it are passed over."""
    start = data[:64].lstrip(b"\r\n")[:5]
    return b"HTTP/".startswith(start.upper())


def read(data: bytes) -> Head:
    """Parse a whole head. Raise TroubleError where it is none."""
    data = data.lstrip(b"\r\n")
    first = STATUS.match(data)
    if not data:
        raise TroubleError(Cause.PROTOCOL, NO_HTTP)
    if first is None:
        raise TroubleError(Cause.UNREADABLE, NOT_OURS)
    if b"\0" in data:
        raise TroubleError(Cause.PROTOCOL, NO_HTTP)
    _, _, rest = data.decode("latin-1").partition("\n")
    head = Head(int(first[2]), {})
    fields = _fields(rest)
    for name, values in fields.items():
        head.headers[name] = values[0] if len(values) == 1 else ", ".join(values)
    _frame(head, fields, old=first[1] == b"0")
    if "set-cookie" in fields:
        head.cookies = fields["set-cookie"][:MOST_COOKIES]
    if "location" in fields:
        # Of several places that are not empty the last one counts, as with curl.
        head.location = next((value for value in reversed(fields["location"]) if value), "")
    return head


def _fields(text: str) -> dict[str, list[str]]:
    """Values by lower-case name. A folded line goes on with the one before it, a line without a colon means nothing."""
    fields: dict[str, list[str]] = {}
    values: list[str] = []
    lines = text.split("\n", MOST_HEADERS)
    for line in lines[:MOST_HEADERS]:
        if line[:1] in BLANKS and line and values:
            if folded := line.strip():
                values[-1] = f"{values[-1]} {folded}" if len(values[-1]) < LONGEST_LINE else values[-1]
            continue
        name, colon, value = line.partition(":")
        if colon:
            name = name.lower()
            known = fields.get(name)
            if known is None:
                fields[name] = values = [value.strip()]
            else:
                known.append(value.strip())
                values = known
    return fields


def _frame(head: Head, fields: dict[str, list[str]], *, old: bool) -> None:
    """Where does the body end, how is it packed, and may the connection be used again?"""
    lengths = fields.get("content-length", ())
    if lengths:
        found = LENGTH.match(lengths[-1])  # the last one counts, and what cannot be read means nothing
        if found is not None and len(found[1]) < 20 and int(found[1]) <= LARGEST:
            head.length = int(found[1])
    if "content-encoding" in fields:
        head.codings = _tokens(fields["content-encoding"])
    if "transfer-encoding" in fields:  # it says where the body ends, whatever its length is said to be
        transfer = _tokens(fields["transfer-encoding"])
        head.chunked, head.length = "chunked" in transfer, None
        head.codings += tuple(coding for coding in transfer if coding != "chunked")
    said = _tokens(fields["connection"]) if "connection" in fields else ()
    clear = len(lengths) + len(fields.get("transfer-encoding", ())) <= 1  # else its end may be meant otherwise
    head.keep = clear and ("keep-alive" in said if old else "close" not in said)


def _tokens(values: list[str]) -> tuple[str, ...]:
    return tuple(token for each in values for part in each[:1000].split(",") if (token := part.strip().lower()))
