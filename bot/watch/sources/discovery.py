"""How a status page may be read: the dialects of one kind, or of all kinds, to find the right one."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin, urlsplit

from bot.watch.sources.dialects.base import LONGEST_LINK, Dialect, link

AUTO = "auto"
HEAD = 256 * 1024  # bytes searched of a page's HTML
MOST_FEEDS = 3
_LINKS = 500  # links looked at

# Hosts of one vendor's pages, with all subdomains. Kinds that are not known are skipped.
HOSTS = {
    "statuspage.io": "statuspage",
    "instatus.com": "instatus",
    "betteruptime.com": "betterstack",
    "betterstack.com": "betterstack",
}
# Ends of addresses that are machine-readable, or typical of a vendor's pages.
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
    """A dialect and the address it starts from."""

    dialect: Dialect
    url: str
    guarded: bool = False  # the page named the address, not the config

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.dialect.where(self.url)


def ways(kind: str, url: str, dialects: Iterable[Dialect]) -> tuple[Candidate, ...]:
    """The candidates in the order to try; for AUTO those that the address suggests come first."""
    if kind != AUTO:
        return tuple(Candidate(one, url) for one in dialects if one.kind == kind)
    likely = set(_likely(url))
    found = [Candidate(one, url) for one in dialects]
    return tuple(_unlike(sorted(found, key=lambda way: not (way.dialect.kind in likely or _elsewhere(way)))))


def feeds(body: bytes, page: str) -> tuple[str, ...]:
    """The addresses of the feeds linked in a page's HTML."""
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
    """Whether it fetches from another host, which a dialect does only for its vendor's pages."""
    return any(urlsplit(one).netloc != urlsplit(way.url).netloc for one in way.addresses)


def _unlike(found: Iterable[Candidate]) -> Iterator[Candidate]:
    """Drop candidates without addresses, and those with the same addresses and parser as an earlier one."""
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
