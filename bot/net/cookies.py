"""Cookies within one fetch: those of a redirect are sent to the next hops (a part of RFC 6265), then forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

import httpx

MOST = 50
LONGEST = 4096  # bytes of one cookie, as in browsers
IN_ALL = 8192  # bytes in one request that servers accept
FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f;]")


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
            read = _read(line, url) if len(line) <= LONGEST else None
            if read is None:
                continue
            cookie, over = read
            key = (cookie.domain, cookie.path, cookie.name)
            if over:
                self._kept.pop(key, None)
            elif key in self._kept or len(self._kept) < MOST:
                self._kept[key] = cookie

    def header(self, url: httpx.URL) -> str:
        """The value of the Cookie header for a request; "" if no cookie fits."""
        fitting = [cookie for cookie in self._kept.values() if _fits(cookie, url)]
        fitting.sort(key=lambda cookie: -len(cookie.path))
        text, left = [], IN_ALL
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
