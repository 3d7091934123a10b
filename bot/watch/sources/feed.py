"""The RSS or Atom feed of a status page, whoever makes it; and Azure's page, which says all it has to say in one.

In some feeds an entry is an incident, in others (AWS', Google's) it is one update of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from urllib.parse import urlsplit

from bot.model import Health, Word
from bot.watch.sources.dialect import Asked, Dialect, Event, clean, link
from bot.watch.sources.entries import Entry, Feed, read
from bot.watch.sources.stages import Stage, began, components, plain, stage, work
from bot.watch.sources.troubles import reported, wanted

_ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8"
FORGOTTEN = timedelta(days=14)  # open and not a word for so long: its page forgot to close it, as many do
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_AZURE = frozenset({"azure.status.microsoft", "status.azure.com"})
# What names one update, and in it what names its incident: AWS' a service and a second, Google's an incident.
_UPDATES = (
    re.compile(r"https?://status\.aws\.amazon\.com/#(.+)_\w+"),
    re.compile(r"(tag:[\w.]*google\.com,\d+:feed:\w+)\.\w+"),
)
_HOW_IT_IS = re.compile(
    r"^\W*(?:resolved|update|updated|investigating|identified|monitoring|closed)\b\W*", re.IGNORECASE
)
_GRAVE = re.compile(
    r"\b(?:major|critical|complete|full|total|widespread|global) (?:service |system )?(?:outage|disruption)\b",
    re.IGNORECASE,
)
_WELL = frozenset({"operational", "available", "under maintenance"})
_GONE = frozenset({"full outage", "major outage"})


def where(url: str, page: str) -> tuple[str, ...]:
    """As in `dialect.Dialect`: an address without a path is that of a page, and `page` where its feed is."""
    parts = urlsplit(url)
    return (url,) if parts.path.strip("/") or parts.query else (parts._replace(path=page, fragment="").geturl(),)


def where_azure(url: str) -> tuple[str, ...]:
    """As in `dialect.Dialect`. There is one such page: elsewhere only an address that ends as its own does is it."""
    parts = urlsplit(url)
    if parts.path.rstrip("/").endswith("/status/feed"):
        return (url,)
    return ("https://azure.status.microsoft/en-us/status/feed/",) if parts.hostname in _AZURE else ()


def parse(bodies: tuple[bytes, ...], asked: Asked, worst: Health = Health.DOWN) -> Word:
    """As in `dialect.Dialect`."""
    feed = read(bodies[0])
    events, planned = [], []
    for updates in _incidents(feed):
        newest, at = updates[0], updates[0].at
        said = stage(newest)
        if said is Stage.WORK:
            planned.append(work(newest, asked.now))
        elif said is Stage.OPEN and (at is None or asked.now - at <= FORGOTTEN):
            events.append(_event(updates, asked, worst))
    ahead = sorted((one for one in planned if one), key=lambda one: one.since)
    return reported((one for one in events if one), asked, feed.home, ahead)


def _incidents(feed: Feed) -> Iterator[tuple[Entry, ...]]:
    """The updates of each incident, the newest first, without those of an earlier one of the same name."""
    groups: dict[str, list[Entry]] = {}
    for entry in sorted(feed.entries, key=lambda one: one.at or _EARLIEST, reverse=True):
        groups.setdefault(_incident(entry), []).append(entry)
    for group in groups.values():
        together = [group[0]]
        for newer, older in pairwise(group):
            apart = newer.at is None or older.at is None or newer.at - older.at > FORGOTTEN
            if apart or stage(older) is not Stage.OPEN:
                break
            together.append(older)
        yield tuple(together)


def _incident(entry: Entry) -> str:
    """What names the incident. A link alone does not: in some feeds all of them lead to the same page."""
    for form in _UPDATES:
        if update := form.fullmatch(entry.key):
            return update[1]
    return f"{entry.link} {_HOW_IT_IS.sub('', plain(entry.title))}"


def _event(updates: tuple[Entry, ...], asked: Asked, worst: Health) -> Event | None:
    """None where it names other components than those that are cared for, or none of them."""
    newest, states = updates[0], components(updates[0])
    troubled = {name: state for name, state in states.items() if state not in _WELL}
    parts = tuple(troubled)
    grave = bool(_GRAVE.search(plain(newest.title)))
    if asked.components:
        parts = _named(troubled, asked) if states else _mentioned(updates, asked)
        if not parts:
            return None
        grave = grave or any(troubled.get(part) in _GONE for part in parts)
    health = min(worst, Health.DOWN if grave else Health.DEGRADED)
    since = min((at for one in updates if (at := began(one))), default=None)
    return Event(clean(newest.title), health, since, link(newest.link), parts)


def _named(troubled: dict[str, str], asked: Asked) -> tuple[str, ...]:
    cared = wanted(asked)
    return tuple(name for name in troubled if name.casefold() in cared)


def _mentioned(updates: tuple[Entry, ...], asked: Asked) -> tuple[str, ...]:
    """Of an entry without a list, what its words name: "Storage - East US" is about Storage, and about East US."""
    text = " ".join(f"{_incident(one)} {plain(one.body)}" for one in updates).casefold()
    names = (name.strip() for name in asked.components)
    return tuple(name for name in names if re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", text))


RSS = Dialect("rss", partial(where, page="/history.rss"), parse, _ACCEPT)
ATOM = Dialect("atom", partial(where, page="/history.atom"), parse, _ACCEPT)
AZURE = Dialect("azure", where_azure, partial(parse, worst=Health.DEGRADED), _ACCEPT)
