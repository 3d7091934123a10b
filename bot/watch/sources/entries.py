"""The entries of an RSS or Atom feed as they stand in it. Formats: RSS 2.0 (rssboard.org), RSS 1.0, Atom (RFC 4287).

Names are taken without their namespaces: feeds are known to get those wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from defusedxml import ElementTree

from bot.watch.sources.dialect import instant

_FEEDS = frozenset({"rss", "RDF", "feed"})
_ENTRIES = frozenset({"item", "entry"})
_MOST = 1000  # entries; feeds have 25 or 50, and what is new stands first
_LONGEST = 100_000  # characters of an entry; here too

# Hours from UTC. Of abbreviations only those that mean one zone, as mail and North American pages use them.
_ZONES = {
    **dict.fromkeys(("Z", "UT", "UTC", "GMT", "WET"), 0),
    **dict.fromkeys(("CET", "WEST"), 1),
    **dict.fromkeys(("CEST", "EET"), 2),
    "EDT": -4,
    **dict.fromkeys(("EST", "CDT"), -5),
    **dict.fromkeys(("CST", "MDT"), -6),
    **dict.fromkeys(("MST", "PDT"), -7),
    "PST": -8,
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_YEARS = range(1990, 2200)  # of another no status page speaks, and what is far off cannot be reckoned with
_DATE = re.compile(
    r"(?:\w{3},\s*)?(\d{1,2}) (\w{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))?\s*([+-]\d{4}|[A-Z]{1,4})?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Entry:
    """`key`: its own name, a `guid` or `id`. `body`: HTML, the longest that it has."""

    title: str
    link: str = ""
    key: str = ""
    body: str = ""
    published: datetime | None = None
    updated: datetime | None = None

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
    try:
        root = ElementTree.fromstring(body.lstrip())
    except (SyntaxError, LookupError) as error:  # XML that is none; an encoding that nobody knows
        raise ValueError(f"no XML: {error}") from None
    if _name(root) not in _FEEDS:
        raise ValueError("no feed")
    channel = root if _name(root) == "feed" else next((one for one in root if _name(one) == "channel"), None)
    if channel is None:
        raise ValueError("a feed without its channel")
    found = islice((one for one in root.iter() if _name(one) in _ENTRIES), _MOST)
    return Feed(_link(channel), tuple(entry for one in found if (entry := _entry(one)).title or entry.body))


def date(text: str) -> datetime | None:
    """An instant as RSS or Atom writes it; None for anything else, and for a zone that could be several."""
    match = _DATE.fullmatch(text)
    if match is None:
        at = instant(text)
        return at if at and at.year in _YEARS else None
    day, month, year, hour, minute, second, zone = match.groups(default="")
    ahead = offset(zone)
    if month not in _MONTHS or ahead is None or int(year) not in _YEARS:
        return None
    try:
        local = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second or 0), 0, UTC
        )
        return local - ahead
    except ValueError:  # there is no such day, or hour
        return None


def offset(zone: str) -> timedelta | None:
    """How far ahead of UTC a zone is: "+0200", "PDT"."""
    if zone[:1] in {"+", "-"}:
        ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
        return ahead if zone[0] == "+" else -ahead
    return timedelta(hours=_ZONES[zone]) if zone in _ZONES else None


def near(said: Sequence[str], zone: str, when: datetime) -> datetime | None:
    """An instant without its year, ("Feb", "3", "16:10"): of the year that brings it nearest to `when`."""
    month, day, clock = said
    years = (f"{day} {month} {year} {clock:0>5} {zone}" for year in range(when.year - 1, when.year + 2))
    return min((at for year in years if (at := date(year))), key=lambda at: abs(at - when), default=None)


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _entry(element: Any) -> Entry:
    texts: dict[str, str] = {}
    for child in element:
        texts.setdefault(_name(child), _text(child))
    first = _first(texts)
    bodies = (texts.get(name, "") for name in ("encoded", "content", "description", "summary"))
    return Entry(
        first("title"),
        _link(element),
        first("guid", "id"),
        max(bodies, key=len),
        date(first("pubDate", "published", "issued", "date")),
        date(first("updated", "modified")),
    )


def _first(texts: dict[str, str]) -> Any:
    return lambda *names: next((texts[name] for name in names if texts.get(name)), "")


def _text(element: Any) -> str:
    """Of XHTML the markup too, as if it were HTML in a text."""
    text: list[str] = []
    _mark_up(element, text)
    return "".join(text)[:_LONGEST].strip()


def _mark_up(element: Any, text: list[str]) -> None:
    text.append(element.text or "")
    for child in element:
        text.append(f"<{_name(child)}>")
        _mark_up(child, text)
        text.append(f"</{_name(child)}>{child.tail or ''}")


def _link(element: Any) -> str:
    """RSS has it as text; Atom as an attribute, and its first one that leads to what people read is meant."""
    for child in element:
        if _name(child) == "link" and child.get("rel", "alternate") == "alternate":
            return (child.text or "").strip() or str(child.get("href", "")).strip()
    return ""
