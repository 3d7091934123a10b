"""Responses that are ready to be sent: rendered once, compressed once, and kept as bytes for everybody who asks."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from time import monotonic

import brotli
from starlette.requests import Request
from starlette.responses import Response

FRESH = 1.0  # seconds for which a page is reused as it is
SHARE = 4  # a page rests so many times as long as making it took, so that readers never take all of the machine ...
REST = 3.0  # ... but no more seconds than these
MORE = 1.0  # seconds for which it is sent after that, while the next one is being made
LONGEST = 5.0  # seconds for which it is, if making the next one takes that long
MOST = 500  # pages that are kept
SMALL = 256  # bytes below which compressing gains nothing
GZIP_LEVEL, BROTLI_QUALITY = 6, 5
CODINGS = ("br", "gzip")  # the best first
PLAIN = "identity"


@dataclass(frozen=True, slots=True)
class Ready:
    """One resource in each encoding. `source`: the text as it was rendered. `heads`: status line and headers, without date
    and connection, by encoding.
    """

    source: str
    media: str
    tag: str
    bodies: Mapping[str, bytes]
    heads: Mapping[str, bytes]
    unchanged: bytes  # the head of a 304

    def response(self, request: Request) -> Response:
        """The response to one request, for an application."""
        headers = {"ETag": self.tag, "Vary": "Accept-Encoding"}
        if matches(self.tag, request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        chosen = coding(request.headers.get("accept-encoding", ""))
        chosen = chosen if chosen in self.bodies else PLAIN
        headers |= {"Content-Type": self.media} | ({} if chosen == PLAIN else {"Content-Encoding": chosen})
        return Response(self.bodies[chosen], headers=headers)

    def raw(self, accept: str, known: str) -> tuple[bytes, bytes]:
        """Head and body for these Accept-Encoding and If-None-Match headers."""
        if known and matches(self.tag, known):
            return self.unchanged, b""
        chosen = coding(accept)
        chosen = chosen if chosen in self.bodies else PLAIN
        return self.heads[chosen], self.bodies[chosen]


def prepared(text: str, media: str, headers: Mapping[str, str]) -> Ready:
    """Compress a well-formed text and make the heads of its responses. `headers`: those of every response."""
    whole = text.encode()
    # Weak, as all encodings share it.
    tag = f'W/"{hashlib.blake2b(whole, digest_size=16).hexdigest()}"'
    bodies = {PLAIN: whole}
    if len(whole) >= SMALL:
        bodies["gzip"] = gzip.compress(whole, GZIP_LEVEL, mtime=0)
        bodies["br"] = brotli.compress(whole, quality=BROTLI_QUALITY)
    common = {"ETag": tag, "Vary": "Accept-Encoding"} | dict(headers)
    heads = {}
    for name, body in bodies.items():
        own = {"Content-Type": media, "Content-Length": str(len(body))}
        heads[name] = _head("200 OK", own | ({} if name == PLAIN else {"Content-Encoding": name}) | common)
    return Ready(text, media, tag, bodies, heads, _head("304 Not Modified", common))


def _head(status: str, headers: Mapping[str, str]) -> bytes:
    lines = (f"{name.lower()}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}".encode()


def matches(tag: str, known: str) -> bool:
    """Whether the client has this version already, given its If-None-Match header (RFC 9110, 13.1.2)."""
    return known.strip() == "*" or tag.removeprefix("W/") in known


@lru_cache(maxsize=256)
def coding(accept: str) -> str:
    """The best encoding that a client takes, given its Accept-Encoding header (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, _, parameter = part.partition(";")
        weights[name.strip()] = _weight(parameter)
    rest = weights.get("*", 0.0)
    taken = {name: weights.get(name, rest) for name in CODINGS}
    best = max(CODINGS, key=lambda name: taken[name])
    return best if taken[best] > 0 else PLAIN


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


@dataclass
class _Kept:
    make: Callable[[], Awaitable[str]]
    media: str
    value: Ready | None = None
    made: float = float("-inf")
    took: float = 0.0
    making: asyncio.Task[Ready] | None = None

    def fresh(self, least: float) -> float:
        """Seconds for which it is sent as it is."""
        return max(least, min(self.took * SHARE, REST))

    def usable(self, now: float, least: float) -> Ready | None:
        """The page if it may still be sent: it may be a little old while the next one is being made."""
        longest = LONGEST if self.making else self.fresh(least) + MORE
        return self.value if now - self.made < longest else None


@dataclass
class ReadyPages:
    """Pages by path; only those used last are kept. `headers`: those of every response. Each is rendered once in `FRESH`
    seconds at most, however many people reload it.
    """

    headers: Mapping[str, str]
    fresh: float = FRESH
    steady: Callable[[], float] = monotonic
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _under_way: int = 0

    async def get(self, path: str, make: Callable[[], Awaitable[str]], media: str) -> Ready:
        """The page, made now if need be. What cannot be made is not kept; simultaneous callers share one making and its
        failure.
        """
        kept = self._kept.pop(path, None) or _Kept(make, media)
        self._kept[path] = kept
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]
        if found := self._usable(kept):
            return found
        try:
            return await asyncio.shield(self._making(kept))  # a caller that disconnects does not cancel it for others
        except BaseException:
            if self._kept.get(path) is kept:
                del self._kept[path]
            raise

    def at_hand(self, path: str) -> Ready | None:
        """The page if it can be sent at once."""
        kept = self._kept.get(path)
        return self._usable(kept) if kept else None

    def making(self) -> bool:
        """Whether a page is being made."""
        return self._under_way > 0

    def _usable(self, kept: _Kept) -> Ready | None:
        now = self.steady()
        found = kept.usable(now, self.fresh)
        if found and now - kept.made >= kept.fresh(self.fresh):
            self._making(kept)
        return found

    def _making(self, kept: _Kept) -> asyncio.Task[Ready]:
        if kept.making is None:
            kept.making = asyncio.create_task(self._made(kept))
            self._under_way += 1
            kept.making.add_done_callback(partial(self._over, kept))
        return kept.making

    async def _made(self, kept: _Kept) -> Ready:
        began = self.steady()
        text, value = await kept.make(), kept.value
        if value is None or value.source is not text:
            value = await asyncio.to_thread(prepared, text, kept.media, self.headers)
        kept.value, kept.made, kept.took = value, began, self.steady() - began
        return value

    def _over(self, kept: _Kept, task: asyncio.Task[Ready]) -> None:
        self._under_way -= 1
        kept.making = None
        if not task.cancelled():
            task.exception()  # mark it as retrieved: its waiters raise it, unless all disconnected
