"""Digest of a period: the facts for a page, and the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.model import (
    Confidence,
    Health,
    Incident,
    Outage,
    Overview,
    Span,
    Style,
    Text,
    blind_spans,
    clip,
    merged,
    minus,
    outages,
    total,
)
from bot.wording.certificates import only_worn
from bot.wording.places import names_of, only_somewhere
from bot.wording.status import troubled
from bot.wording.text import clean, fit, listed, shorten, stop
from bot.wording.times import Reader, reader
from bot.wording.titles import began, name_of, only_slow, times
from bot.wording.uptime import Uptime, uptimes, worded

ROWS = 30
One = TypeVar("One", Incident, Outage)


@dataclass(frozen=True, slots=True)
class Happened:
    """One incident with times in the reader's format. `until` is empty while it lasts."""

    service: str
    name: str
    health: Health
    since: str
    until: str
    length: str
    text: str  # complete, in one line
    start: datetime
    end: datetime | None
    number: int = 0  # of the incident


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """Content of a digest, worded for one reader."""

    name: str
    title: str
    since: datetime
    until: datetime
    span: str  # the period covered
    period: str  # its length: "24 h"
    quiet: bool  # there were no incidents and no gaps in observation
    now: tuple[str, ...]  # a line for each service that is not up or unknown
    happened: tuple[Happened, ...]  # the newest ones, oldest first
    count: int  # how many there were
    blind: tuple[str, ...]  # lines about our own outages
    uptime: tuple[Uptime, ...]


def digest(name: str, overview: Overview, since: datetime, style: Style, services: Sequence[str] = ()) -> Text:
    """The digest from `since` to `overview.at`. `services`: ids; empty for all. `name`: the title that readers gave it."""
    facts = digest_facts(name, overview, since, style, services)
    if facts.quiet:
        return Text(facts.title)
    say = reader(style, overview.at).say
    lines: list[str] = []
    if facts.now:
        lines += [say.digest.now, *facts.now]
    if over := [h for h in facts.happened if h.until]:  # the others are listed under "now"
        lines += [say.digest.happened, *(stop(h.text) for h in over[:ROWS])]
        if len(over) > ROWS:
            lines.append(say.lists.more.format(head="…", count=len(over) - ROWS))
    lines += facts.blind
    lines += [say.digest.uptime.format(period=facts.period), *_uptime_lines(facts, style, overview.at)]
    return Text(facts.title, tuple(lines))


def digest_facts(
    name: str, overview: Overview, since: datetime, style: Style, services: Sequence[str] = ()
) -> DigestFacts:
    """The facts of a digest. Only confirmed, not retracted incidents are listed, and only DOWN lowers uptime."""
    to = reader(style, overview.at)
    chosen = [e for e in overview.services if not services or e[0].id in services]
    shown = replace(overview, services=tuple(chosen))
    period = (since, overview.at)
    unseen = blind_spans(overview, period)
    names = {s.id: name_of(s) for s, _ in chosen}
    happened = tuple(_happened(i, names[i.service], to, overview) for i in _incidents(shown, names, period))
    count = _count(shown, names, period)
    now = troubled(shown, to)
    figures = tuple(worded(found, period, to) for found in uptimes(overview, since, services))
    quiet = not (
        happened
        or now
        or unseen
        or overview.offline_since
        or any(f.share is None or f.whole != f.text for f in figures)
    )
    return DigestFacts(
        name=clean(name, 60),
        title=_title(name, len(chosen), count, to, period, now=bool(now), quiet=quiet),
        since=since,
        until=overview.at,
        span=to.span(since, overview.at),
        period=to.period(overview.at - since),
        quiet=quiet,
        now=now,
        happened=happened,
        count=count,
        blind=tuple(stop(to.say.digest.offline.format(span=to.span(*s), length=to.length(*s))) for s in unseen),
        uptime=figures,
    )


def _title(name: str, all_: int, outages: int, to: Reader, period: Span, *, now: bool, quiet: bool) -> str:
    say, length = to.say, to.period(period[1] - period[0])
    if quiet and all_:
        return say.digest.quiet.format(count=all_, period=length)
    form = say.digest.incidents if outages else say.digest.none_new if now else say.digest.none_seen
    return fit(clean(name, 60) or "?", form.format(name="\0", count=outages, period=length))


def _incidents(overview: Overview, names: dict[str, str], period: Span) -> list[Incident]:
    """Confirmed incidents of these services that overlap the period, oldest first."""
    told = [
        i
        for i in overview.recent
        if i.service in names and i.confidence is Confidence.CONFIRMED and not i.retracted
        if clip((began(i), i.until or overview.at), period) is not None
    ]
    return sorted(outer(told), key=lambda i: (began(i), i.id))


def _count(overview: Overview, names: dict[str, str], period: Span) -> int:
    """All incidents that the title counts: the outages, of which there may be more than incidents, and certificates."""
    known = {
        (o.service, o.number)
        for o in outer(outages(overview))
        if o.service in names and clip((o.unstable_since or o.since, o.until or overview.at), period) is not None
    }
    return len(known | {(i.service, i.number) for i in _incidents(overview, names, period)})


def outer(found: Iterable[One]) -> list[One]:
    """Without those that belong to an unstable one, whose text counts them."""
    all_ = list(found)
    unstable = [(i.service, i.unstable_since, i.since) for i in all_ if i.unstable_since]
    return [i for i in all_ if not any(s == i.service and a <= i.since < b for s, a, b in unstable)]


def bad_time(overview: Overview, service: str, period: Span) -> timedelta:
    """How long a service was not up in a period: no minute twice, and none in which it responded."""
    spans = (
        part
        for o in outages(overview)
        if o.service == service
        for part in minus([(o.since, o.until or overview.at)], o.calm)
    )
    return total(merged(c for span in spans if (c := clip(span, period))))


def _happened(incident: Incident, name: str, to: Reader, overview: Overview) -> Happened:
    say, start = to.say, began(incident)
    end = incident.until or to.now
    worst = max(incident.worst, incident.health)
    length = to.length(start, end)
    if incident.unstable_since:
        length = to.duration(bad_time(overview, incident.service, (start, end)))
    facts = {"name": name, "span": to.span(start, end), "length": length, "times": times(incident, say)}
    if only_worn(incident):
        form = say.certificates.happened
    elif incident.unstable_since:
        form = say.digest.unstable
    elif worst is Health.DOWN:
        form = say.digest.down
    elif only_slow(incident):
        form = say.digest.slow
    elif places := only_somewhere(incident):
        form = say.digest.partly_down_somewhere
        facts["places"] = say.titles.from_only.format(places=listed(names_of(places, say), say))
    else:
        form = say.digest.partly_down
    return Happened(
        service=incident.service,
        name=name,
        health=worst,
        since=to.clock(start),
        until=to.clock(incident.until) if incident.until else "",
        length=facts["length"],
        text=form.format(**facts),
        start=start,
        end=incident.until,
        number=incident.number,
    )


def _uptime_lines(facts: DigestFacts, style: Style, now: datetime) -> list[str]:
    """Uptime lines; services that were never down share one line, so that the others stand out."""
    to = reader(style, now)
    say = to.say
    part = [u for u in facts.uptime if u.share != 1.0 or u.whole != u.text]
    alike = {u.whole for u in facts.uptime}
    if len(alike) == 1 and "" not in alike and (len(part) > 1 or not part):
        return [stop(say.digest.uptime_all.format(percent=alike.pop()))]
    lines = [
        say.digest.uptime_row.format(name=shorten(u.name, 60), percent=u.whole)
        if u.text
        else say.digest.uptime_unknown.format(name=u.name)
        for u in part[:ROWS]
    ]
    if len(part) > ROWS:
        lines.append(say.lists.more.format(head="…", count=len(part) - ROWS))
    return (
        [*lines, say.digest.uptime_others.format(percent=to.percent(1.0))] if len(facts.uptime) > len(part) else lines
    )
