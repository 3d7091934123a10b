"""The entries of an RSS or Atom feed. Formats: RSS 2.0 (rssboard.org), RSS 1.0, Atom (RFC 4287).

Namespaces of names are ignored: feeds often get them wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.watch.sources.dialects import dates, feed_xml
from bot.watch.sources.dialects.feed_xml import Element


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry. `key`: its `guid` or `id`. `body`: the longest of its texts, in HTML.

    `roughly`: its last change to within a day, if its dates have no zone or hour, or from its neighbours.
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
        """When it last changed; None if unknown."""
        return max((at for at in (self.published, self.updated) if at), default=None)


@dataclass(frozen=True, slots=True)
class Feed:
    home: str
    entries: tuple[Entry, ...]


def read(body: bytes) -> Feed:
    """Parse a feed. Raise ValueError if it is none, or declares entities, which serve to make XML explode."""
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
