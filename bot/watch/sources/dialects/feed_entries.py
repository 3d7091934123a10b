"""The entries of an RSS or Atom feed as they stand in it. Formats: RSS 2.0 (rssboard.org), RSS 1.0, Atom (RFC 4287).

Names are taken without their namespaces: feeds are known to get those wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.watch.sources.dialects import dates, feed_xml
from bot.watch.sources.dialects.feed_xml import Element


@dataclass(frozen=True, slots=True)
class Entry:
    """`key`: its own name, a `guid` or `id`. `body`: HTML, the longest that it has. `roughly`: when it last changed, within a
    day, where its own dates name no zone or no hour; or as its neighbours do.
    """

    title: str
    link: str = ""
    key: str = ""
    body: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    categories: tuple[str, ...] = ()
    roughly: datetime | None = None

    @property
    def at(self) -> datetime | None:
        """When it last changed."""
        return max((at for at in (self.published, self.updated) if at), default=None)


@dataclass(frozen=True, slots=True)
class Feed:
    home: str
    entries: tuple[Entry, ...]


def read(body: bytes) -> Feed:
    """Raise ValueError for what is no feed, and for one with entities of its own: they are how XML is made to explode."""
    channel, found = feed_xml.read(body)
    return Feed(channel.link, tuple(entry for one in found if (entry := _entry(one)).title or entry.body))


def _entry(element: Element) -> Entry:
    texts = element.fields
    first, last = _first(texts, "pubDate", "published", "issued", "date"), _first(texts, "updated", "modified")
    bodies = (texts.get(name, "") for name in ("encoded", "content", "description", "summary"))
    published, updated = dates.date(first), dates.date(last)
    known = published or updated
    return Entry(
        _first(texts, "title"),
        element.link,
        _first(texts, "guid", "id"),
        max(bodies, key=len),
        published,
        updated,
        tuple(element.categories),
        None if known else dates.about(last) or dates.about(first),
    )


def _first(texts: dict[str, str], *names: str) -> str:
    return next((texts[name] for name in names if texts.get(name)), "")
