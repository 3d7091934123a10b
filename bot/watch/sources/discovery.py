"""How a status page may be read: the ways of a kind, or of all kinds where the page is to show what it speaks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin, urlsplit

from bot.watch.sources.dialects.base import LONGEST_LINK, Dialect, link

AUTO = "auto"
HEAD = 256 * 1024  # bytes of a page's HTML that are looked at
MOST_FEEDS = 3
_LINKS = 500  # so many are looked at

# Where pages of one vendor live: these hosts, and all below them. A kind that is not known is passed over.
HOSTS = {
    "statuspage.io": "statuspage",
    "instatus.com": "instatus",
    "betteruptime.com": "betterstack",
    "betterstack.com": "betterstack",
}
# How an address ends that is not the page's, but that of what it says to machines, or that lies as a vendor's pages do.
FORMS = (
    (re.compile(r"/proxy/[^/]+/?$|/api/v1/summary/?$"), "incidentio"),
    (re.compile(r"\.(?:rss|xml)$|/(?:rss|feed)/?$"), "rss"),
    (re.compile(r"\.(?:atom|xml)$|/(?:atom|feed)/?$"), "atom"),
    (re.compile(r"/status/[^/]+/?$"), "uptimekuma"),
)

_LINK = re.compile(r"<link\b([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""(?<![a-z])([a-z]{1,20})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A dialect, and the address that it is to make its own of."""

    dialect: Dialect
    url: str
    guarded: bool = False  # the page named that address, not the config

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.dialect.where(self.url)


def ways(kind: str, url: str, dialects: Iterable[Dialect]) -> tuple[Candidate, ...]:
    """In the order in which they are tried: for AUTO what the address speaks for first."""
    if kind != AUTO:
        return tuple(Candidate(one, url) for one in dialects if one.kind == kind)
    likely = set(_likely(url))
    found = [Candidate(one, url) for one in dialects]
    return tuple(_unlike(sorted(found, key=lambda way: not (way.dialect.kind in likely or _elsewhere(way)))))


def feeds(body: bytes, page: str) -> tuple[str, ...]:
    """The addresses of the feeds that a page's HTML names."""
    found: list[str] = []
    for tag in islice(_LINK.finditer(body[:HEAD].decode("utf-8", "replace")), _LINKS):
        said = {name.lower(): html.unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(tag[1])}
        if "alternate" in said.get("rel", "").lower().split() and _is_feed(said.get("type", "")):
            url = _joined(page, said.get("href", ""))
            found += [url] if url and url not in found else []
        if len(found) == MOST_FEEDS:
            break
    return tuple(found)


def reads_feeds(dialect: Dialect) -> bool:
    return "xml" in dialect.accept


def _likely(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    yield from (kind for name, kind in HOSTS.items() if host == name or host.endswith(f".{name}"))
    yield from (kind for form, kind in FORMS if form.search(parts.path))


def _elsewhere(way: Candidate) -> bool:
    """A dialect asks another host only where it knows the page for its vendor's."""
    return any(urlsplit(one).netloc != urlsplit(way.url).netloc for one in way.addresses)


def _unlike(found: Iterable[Candidate]) -> Iterator[Candidate]:
    """Each that would ask the same and understand it alike once, and none that would ask nothing."""
    seen = set()
    for way in found:
        mark = (way.addresses, way.dialect.parse)
        if way.addresses and mark not in seen:
            seen.add(mark)
            yield way


def _is_feed(type_: str) -> bool:
    return type_.partition(";")[0].strip().lower() in {"application/rss+xml", "application/atom+xml"}


def _joined(page: str, href: str) -> str:
    try:
        return link(urljoin(page, href.strip())) if 0 < len(href.strip()) <= LONGEST_LINK else ""
    except ValueError:
        return ""
