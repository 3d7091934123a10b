"""RSS and Atom feeds of any status page; and Azure's page, which has everything in its feed.

In some feeds an entry is an incident, in others (AWS', Google's) one update of an incident.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from urllib.parse import urlsplit

from bot.model import Health, SourceReport
from bot.watch.sources.dialects.base import (
    FORGOTTEN,
    LONGEST_KEY,
    WRONG_ZONE,
    Asked,
    Dialect,
    Event,
    clean,
    link,
    reported,
    wanted,
)
from bot.watch.sources.dialects.dates import folded
from bot.watch.sources.dialects.feed_entries import Entry, Feed, read
from bot.watch.sources.dialects.feed_stage import (
    MOST_LINES,
    Said,
    Stage,
    ahead,
    began,
    components,
    plain,
    said,
    subject,
    work,
)
from bot.watch.sources.dialects.stage_words import GONE, Label, stage

_ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8"
_LONGEST = 100_000  # characters of an incident searched for names
_READ = 200_000  # characters of all texts, but at least `_LEAST` of each
_LEAST = 2000
_MOST = 100  # newest entries read
_LINES = 500  # at either end of all texts: the more entries, the fewer of each
_NEAR = 20  # entries: the farthest neighbour whose date is used
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_AZURE = frozenset({"azure.status.microsoft", "status.azure.com"})
# The ids of updates and, as group, of their incidents: a service and a second at AWS, an incident at Google.
_UPDATES = (
    re.compile(r"https?://status\.aws\.amazon\.com/#([^#]{1,150})_\w{1,40}"),
    re.compile(r"(tag:[\w.]{0,60}google\.com,\d{1,8}:feed:\w{1,60})\.\w{1,60}"),
)
_Updates = tuple[tuple[Entry, Said], ...]
_GRAVE = re.compile(
    r"\b(?:major|critical|complete|full|total|widespread|global) (?:service |system )?(?:outage|disruption)\b",
    re.IGNORECASE,
)


def where(url: str, page: str) -> tuple[str, ...]:
    """As in `base.Dialect`: an address without a path is a page, whose feed is at `page`."""
    parts = urlsplit(url)
    return (url,) if parts.path.strip("/") or parts.query else (parts._replace(path=page, fragment="").geturl(),)


def where_azure(url: str) -> tuple[str, ...]:
    """As in `base.Dialect`. There is one such page; other addresses must end like its own."""
    parts = urlsplit(url)
    if parts.path.rstrip("/").endswith("/status/feed"):
        return (url,)
    return ("https://azure.status.microsoft/en-us/status/feed/",) if parts.hostname in _AZURE else ()


def parse(bodies: tuple[bytes, ...], asked: Asked, worst: Health = Health.DOWN) -> SourceReport:
    """As in `base.Dialect`. Raise ValueError if everything that may be open is in unknown words, or has no date."""
    feed = read(bodies[0])
    events, planned, unclear = [], [], False
    for updates, spoken in _incidents(feed, asked):
        newest = updates[0][0]
        at = newest.at or newest.roughly
        if at is not None and asked.now - at > FORGOTTEN:
            continue
        if spoken.stage is Stage.WORK:
            planned.append(work(newest, asked.now))
        elif spoken.stage is Stage.OPEN and (at is not None or (spoken.labelled and not asked.dated)):
            events.append(_event(updates, asked, worst))
        elif spoken.stage is not Stage.OVER:
            unclear = unclear or not asked.dated
    if unclear and not any(events):
        raise ValueError("nothing says what is open")
    ahead_of_us = sorted((one for one in planned if one), key=lambda one: one.since)
    return reported((one for one in events if one), asked, feed.home, ahead_of_us)


def _incidents(feed: Feed, asked: Asked) -> Iterator[tuple[_Updates, Said]]:
    """The updates of each incident, the newest first, without those of an earlier incident of that name; and their
    stage.

    An update without a stage leaves it unchanged.
    """
    groups: dict[str, list[tuple[Entry, Said]]] = {}
    fresh = _fresh(feed, asked.now)
    lines = min(MOST_LINES, _LINES // max(1, len(fresh)))
    spoken = [(entry, ahead(entry, said(entry, lines), asked.now)) for entry in fresh]
    for entry, says in zip(*_neighbourly(feed, spoken), strict=True):
        groups.setdefault(_incident(entry), []).append((entry, says))
    for group in groups.values():
        together = [group[0]]
        for newer, older in pairwise(group):
            apart = newer[0].at is None or older[0].at is None or newer[0].at - older[0].at > FORGOTTEN
            if apart or (older[1].stage is not Stage.OPEN and not together[-1][1].news):
                break
            together.append(older)
            if older[1].stage is not Stage.OPEN:
                break
        telling = next((says for _, says in together if not says.news), together[0][1])
        yield tuple(together), telling


def _fresh(feed: Feed, now: datetime) -> list[Entry]:
    """The entries that may still count, the newest first. Long texts are cut to both ends, one of which is the newest
    update.
    """
    entries = (_without_impossible(one, now) for one in feed.entries)
    dated = ((one.at or one.roughly, one) for one in entries)
    fresh = [(at or _EARLIEST, one) for at, one in dated if at is None or now - at <= FORGOTTEN]
    newest = [one for _, one in sorted(fresh, key=lambda each: each[0], reverse=True)[:_MOST]]
    room = min(max(_READ // max(1, len(newest)), _LEAST), _READ // 6) // 2
    return [
        replace(one, body=f"{one.body[:room]}\n{one.body[-room:]}") if len(one.body) > 2 * room else one
        for one in newest
    ]


def _without_impossible(entry: Entry, now: datetime) -> Entry:
    """The entry without the date of an update that is still to come, or it would never be forgotten."""
    wrong = entry.published and entry.updated and entry.published <= now and entry.updated - now > WRONG_ZONE
    return replace(entry, updated=None) if wrong else entry


def _neighbourly(feed: Feed, spoken: list[tuple[Entry, Said]]) -> tuple[list[Entry], list[Said]]:
    """Entries with neither date nor label get the date of the older neighbour."""
    listed = [one.at or one.roughly for one in feed.entries]
    beside: dict[tuple[str, str, str], datetime] = {}
    for n, entry in enumerate(feed.entries):
        if listed[n] is None:
            above = next((at for at in listed[max(0, n - _NEAR) : n][::-1] if at), None)
            below = next((at for at in listed[n + 1 : n + 1 + _NEAR] if at), None)
            if found := [at for at in (above, below) if at]:
                beside[entry.link, entry.key, entry.title] = min(found)
    entries = [
        replace(entry, roughly=beside.get((entry.link, entry.key, entry.title)))
        if entry.at is None and entry.roughly is None and not says.labelled
        else entry
        for entry, says in spoken
    ]
    return entries, [says for _, says in spoken]


def _incident(entry: Entry) -> str:
    """The incident's id. A link alone is none: in some feeds all entries link to the same page."""
    for form in _UPDATES:
        if update := form.fullmatch(entry.key[:LONGEST_KEY]):
            return update[1]
    return f"{entry.link} {subject(entry.title)}"


def _event(updates: _Updates, asked: Asked, worst: Health) -> Event | None:
    """The event; None if it concerns none of the wanted components."""
    newest = updates[0][0]
    states = components(newest)
    troubled = {name: state for name, state in states.items() if stage(state) not in {Label.OVER, Label.WORK}}
    parts = tuple(troubled)
    grave = bool(_GRAVE.search(plain(newest.title)))
    if asked.components:
        parts = _named(troubled, asked) if states else _mentioned(updates, asked)
        if not parts:
            return None
        grave = grave or any(folded(troubled.get(part, "")) in GONE for part in parts)
    health = min(worst, Health.DOWN if grave else Health.DEGRADED)
    since = min((at for one, says in updates if (at := began(one, says.dates))), default=None)
    return Event(clean(newest.title), health, since, link(newest.link), parts)


def _named(troubled: dict[str, str], asked: Asked) -> tuple[str, ...]:
    cared = wanted(asked)
    return tuple(name for name in troubled if name.casefold() in cared)


def _mentioned(updates: _Updates, asked: Asked) -> tuple[str, ...]:
    """The components mentioned in an entry without a list: "Storage - East US" concerns Storage and East US."""
    text = " ".join(f"{_incident(one)} {plain(one.body)}" for one, _ in updates)[:_LONGEST].casefold()
    names = (name.strip() for name in asked.components)
    return tuple(name for name in names if re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", text))


RSS = Dialect("rss", partial(where, page="/history.rss"), parse, _ACCEPT)
ATOM = Dialect("atom", partial(where, page="/history.atom"), parse, _ACCEPT)
AZURE = Dialect("azure", where_azure, partial(parse, worst=Health.DEGRADED), _ACCEPT)
