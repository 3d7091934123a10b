"""Requests, validated and encoded once for many fetches; and those that follow a redirect.

Cookies live within one fetch: those of a redirect are sent to the next hops (a part of RFC 6265), then forgotten.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import unquote_to_bytes

import httpx

from bot import __version__
from bot.contracts import Cause, Family
from bot.model import Reason, ReasonCode
from bot.net.errors import TroubleError

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
LABELS = re.compile(r"[0-9A-Za-z_-]{1,63}(?:\.[0-9A-Za-z_-]{1,63})*\.?")
BYTE_TOKEN = re.compile(TOKEN.pattern.encode())
UNSAFE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
CONTROL = re.compile(r"[\x00-\x20\x7f]")
ABSOLUTE = re.compile(r"^(https?):/+(?=[^/])", re.IGNORECASE)
LONGEST_PLACE = 32 * 1024  # bytes of a Location
FRAMING = frozenset({b"content-length", b"transfer-encoding"})  # set by us, not by the caller; and so is Connection
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})  # their empty body has a length
PUBLIC = frozenset({"accept", "accept-language", "accept-encoding", "user-agent"})  # may be sent on to another host
CONDITIONAL = frozenset({"if-none-match", "if-modified-since"})  # differ between requests
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110, 9.2.2: may be repeated
MOST_COOKIES = 50
LONGEST_COOKIE = 4096  # bytes of one cookie, as in browsers
COOKIES_IN_ALL = 8192  # bytes in one request that servers accept
FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f;]")


Headers = tuple[tuple[str, str], ...]

# `identity`: most servers then send the page uncompressed, which is cheap for both sides and directly searchable.
STANDARD = (
    (b"Accept", b"*/*"),
    (b"Accept-Encoding", b"identity"),
    (b"User-Agent", f"Tocsin/{__version__}".encode("ascii")),
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prepared:
    """A request ready to be sent. Its repr has the host only: URLs and headers contain tokens."""

    method: str
    address: str  # the URL, without user and fragment
    secure: bool
    host: str  # to be resolved, and to be named by the certificate
    port: int
    keeps: bool  # whether its connection is kept
    wire: bytes  # request line, headers and body
    headers: Headers  # the caller's
    content: bytes | None
    family: Family | None = None  # connect over this family only

    @property
    def url(self) -> httpx.URL:
        """For the rare redirect: kept, it would be half of a request's memory."""
        return httpx.URL(self.address)

    def __repr__(self) -> str:
        return f"<{self.method} {self.host}>"


def prepare(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    *,
    family: Family | None = None,
) -> Prepared:
    """Prepare a request. Raise ValueError, without the URL, if it cannot be sent."""
    asked = tuple(headers.items()) if headers else ()
    # A check sends the same request for years, and building it takes longer than the rest of a fetch. Bodies differ
    # each time.
    once = content is not None or any(name.lower() in CONDITIONAL for name, _ in asked)
    return _build(method, url, asked, content, family) if once else _remembered(method, url, asked, family)


def _build(method: str, url: str, asked: Headers, content: bytes | None, family: Family | None) -> Prepared:
    if not TOKEN.fullmatch(method):
        raise ValueError("that is no HTTP method")
    target, userinfo, host, port = _target(url)
    if userinfo and not any(name.lower() == "authorization" for name, _ in asked):
        asked = (*asked, ("Authorization", _basic(userinfo)))
    secure = target.scheme == "https"
    upgrade = next((value for name, value in asked if name.lower() == "upgrade"), "")
    keeps = (secure or method == "POST") and not upgrade
    wire = _bytes(method, target, asked, content, "Upgrade" if upgrade else "keep-alive" if keeps else "close")
    return Prepared(method, str(target), secure, host, port, keeps, wire, asked, content, family)


@lru_cache(maxsize=1024)
def _target(url: str) -> tuple[httpx.URL, bytes, str, int]:
    """The URL as it is asked, its user information, host and port."""
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("that is no valid URL") from None
    host, port = _origin(target)
    return target.copy_with(userinfo=b"", fragment=None), target.userinfo, host, port


@lru_cache(maxsize=16384)
def _remembered(method: str, url: str, asked: Headers, family: Family | None) -> Prepared:
    return _build(method, url, asked, None, family)


def redirected(old: Prepared, status: int, location: str) -> Prepared:
    """The request that follows a redirect (RFC 9110, 15.4). Raise TroubleError if it must not be followed.

    `location` is raw, one character per byte. Another host gets only harmless headers and no body: they were not meant
    for it.
    """
    try:
        url = old.url.join(place(location)).copy_with(userinfo=b"")
    except (httpx.InvalidURL, ValueError):
        raise TroubleError(Cause.REDIRECTS, Reason.of(ReasonCode.REDIRECTS_TO_NO_URL)) from None
    same = _same(old.url, url)
    method, content = old.method, old.content
    if (status == 303 and method != "HEAD") or (status in {301, 302} and method == "POST"):
        method, content = "GET", None
    if content is not None and not same:
        raise TroubleError(Cause.REDIRECTS, Reason.of(ReasonCode.REDIRECTS_POST))
    kept = old.headers if same else tuple(h for h in old.headers if h[0].lower() in PUBLIC)
    try:
        return _build(method, str(url), kept, content, old.family)
    except ValueError:
        raise TroubleError(Cause.REDIRECTS, Reason.of(ReasonCode.REDIRECTS_TO_UNUSABLE_URL)) from None


def place(location: str) -> str:
    """A Location as browsers read it: as UTF-8 if valid, spaces and control characters escaped, backslashes as
    slashes.
    """
    raw = location.strip().encode("latin-1", "replace")[:LONGEST_PLACE]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)
    text = CONTROL.sub(lambda found: f"%{ord(found[0]):02X}", text)
    begin, sign, rest = text.partition("?")
    begin = ABSOLUTE.sub(r"\1://", begin.replace("\\", "/"))
    return begin + sign + rest


def with_cookies(prepared: Prepared, cookies: Cookies) -> Prepared:
    """The request with the cookies that fit it, besides its own."""
    fitting = cookies.header(prepared.url)
    if not fitting:
        return prepared
    top, _, content = prepared.wire.partition(b"\r\n\r\n")
    lines = top.split(b"\r\n")
    ours = [line for line in lines if line[:7].lower() == b"cookie:"]
    names = {pair.partition("=")[0] for pair in fitting.split("; ")}
    # Of two with the same name the newer one wins.
    kept = [pair for line in ours for pair in line[7:].decode("latin-1").split(";") if _name(pair) not in names]
    line = b"Cookie: " + "; ".join([*(pair.strip() for pair in kept), fitting]).encode("latin-1")
    lines = [each for each in lines if each not in ours]
    # `headers` remain the caller's: cookies belong to this fetch alone.
    return replace(prepared, wire=b"\r\n".join([*lines, line]) + b"\r\n\r\n" + content)


def _name(pair: str) -> str:
    return pair.partition("=")[0].strip()


def _same(old: httpx.URL, new: httpx.URL) -> bool:
    """Whether it is the same origin, or its usual upgrade from http to https."""
    upgraded = new.scheme == "https" and new.port is old.port is None
    return new.host == old.host and (upgraded or (new.scheme, new.port) == (old.scheme, old.port))


def _origin(url: httpx.URL) -> tuple[str, int]:
    if url.scheme not in {"http", "https"}:
        raise ValueError("only http:// and https:// URLs can be asked")
    host = url.raw_host.decode("ascii")
    if not (LABELS.fullmatch(host) or ":" in host) or len(host) > 253:
        raise ValueError("the URL names no valid host")
    port = (443 if url.scheme == "https" else 80) if url.port is None else url.port
    if not 0 < port < 65536:
        raise ValueError("the URL's port is not between 1 and 65535")
    return host, port


def _basic(userinfo: bytes) -> str:
    user, _, password = userinfo.partition(b":")
    return "Basic " + base64.b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password)).decode("ascii")


def _bytes(method: str, url: httpx.URL, asked: Headers, content: bytes | None, connection: str) -> bytes:
    """The request as it is sent. Made by hand: a client's objects for it take as long as sending it."""
    try:
        fields = [(name.encode("ascii"), value.encode("ascii")) for name, value in asked]
    except UnicodeError:
        raise ValueError("a header has letters that HTTP does not know") from None
    given = {name.lower() for name, _ in fields}
    lines = [method.encode("ascii") + b" " + url.raw_path + b" HTTP/1.1"]
    if b"host" not in given:
        lines.append(b"Host: " + url.netloc)
    if content == b"" and method in WITH_BODY and not given & FRAMING:
        lines.append(b"Content-Length: 0")
    lines += [name + b": " + value for name, value in STANDARD if name.lower() not in given]
    for name, value in fields:
        if UNSAFE.search(value) or not BYTE_TOKEN.fullmatch(name):
            raise ValueError("a header has characters that HTTP forbids")
        if name.lower() not in FRAMING | {b"connection"} or (name.lower() == b"content-length" and content is not None):
            lines.append(name + b": " + value)
    if content and b"content-length" not in given:
        lines.append(b"Content-Length: %d" % len(content))
    lines.append(b"Connection: " + connection.encode("ascii"))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (content or b"")


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie. `domain` has no leading dot; `alone`: for that host only."""

    name: str
    value: str
    domain: str
    alone: bool
    path: str
    secure: bool


class Cookies:
    """The cookie jar of one fetch."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], Cookie] = {}

    def take(self, url: httpx.URL, lines: Iterable[str]) -> None:
        """Take the cookies set by `url`, from its Set-Cookie lines. Forbidden and malformed ones are skipped."""
        for line in lines:
            read = _read(line, url) if len(line) <= LONGEST_COOKIE else None
            if read is None:
                continue
            cookie, over = read
            key = (cookie.domain, cookie.path, cookie.name)
            if over:
                self._kept.pop(key, None)
            elif key in self._kept or len(self._kept) < MOST_COOKIES:
                self._kept[key] = cookie

    def header(self, url: httpx.URL) -> str:
        """The value of the Cookie header for a request; "" if no cookie fits."""
        fitting = [cookie for cookie in self._kept.values() if _fits(cookie, url)]
        fitting.sort(key=lambda cookie: -len(cookie.path))
        text, left = [], COOKIES_IN_ALL
        for cookie in fitting:
            pair = f"{cookie.name}={cookie.value}" if cookie.name else cookie.value
            left -= len(pair) + 2
            if left < 0:
                break
            text.append(pair)
        return "; ".join(text)


def _read(line: str, url: httpx.URL) -> tuple[Cookie, bool] | None:
    """The cookie, and whether it has expired, as for deletion; None if it is invalid."""
    pair, *rest = line.split(";")
    name, equals, value = pair.partition("=")
    name, value = (name.strip(), value.strip()) if equals else ("", name.strip())
    if not (name or value) or FORBIDDEN.search(name + value):
        return None
    said: dict[str, str] = {}
    for each in rest:
        key, _, told = each.partition("=")
        said[key.strip().lower()] = told.strip()
    host, domain = _host(url), said.get("domain", "").lower().strip(".")
    if domain and not _within(host, domain):
        return None
    if "secure" in said and url.scheme != "https":
        return None
    path = said.get("path", "")
    if not path.startswith("/"):
        path = url.path.rpartition("/")[0] or "/"
    alone = not domain or _numeric(host)
    return Cookie(name, value, domain or host, alone, path, "secure" in said), _over(said)


def _over(said: dict[str, str]) -> bool:
    age = said.get("max-age", "")
    if age.lstrip("-").isdigit() and age.isascii():
        return age.startswith("-") or not age.strip("0")
    try:
        return parsedate_to_datetime(said["expires"].replace("-", " ")) <= datetime.now(UTC)
    except (KeyError, ValueError, TypeError, OverflowError, IndexError):
        return False


def _within(host: str, domain: str) -> bool:
    """Whether `host` may set a cookie for `domain`; never for a top-level domain."""
    return host == domain or (host.endswith("." + domain) and "." in domain and not _numeric(host))


def _fits(cookie: Cookie, url: httpx.URL) -> bool:
    host, path = _host(url), url.path or "/"
    if not (host == cookie.domain or (not cookie.alone and host.endswith("." + cookie.domain))):
        return False
    if cookie.secure and url.scheme != "https":
        return False
    return path.startswith(cookie.path) and (
        cookie.path.endswith("/") or path[len(cookie.path) : len(cookie.path) + 1] in {"", "/"}
    )


def _host(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii").rstrip(".").lower()


def _numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
