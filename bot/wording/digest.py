"""Digest of a period: the facts for a page, and the text; and the reply to "history"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from babel.dates import format_date

from bot.model import (
    Confidence,
    Health,
    Incident,
    Outage,
    Overview,
    Service,
    Span,
    Style,
    Text,
    bad_time,
    blind_spans,
    clip,
    outages,
    outer,
)
from bot.wording.places import names_of, only_somewhere
from bot.wording.status import troubled
from bot.wording.text import NAME, clean, fit, listed, sentences, shorten, stop
from bot.wording.times import MINUTE, Reader, plain, reader
from bot.wording.titles import began, name_of, only_slow, times
from bot.wording.uptime import LITTLE, Uptime, uptimes, worded

ROWS = 30
OUTAGES = 10  # listed in chats
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(hours=49)  # a period up to this long is about the day on which it ends
ONE_DAY = timedelta(days=1)


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
    number: int  # of the incident
    lasted: timedelta  # how long it was not up


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """What happened in a period, worded for one reader: for pages, `history` and digests."""

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
    """The short form of the digest from `since` to `overview.at`. `services`: ids; empty for all. `name`: the title that
    readers know.
    """
    facts = digest_facts(overview, since, style, services)
    shown = replace(overview, services=tuple(e for e in overview.services if not services or e[0].id in services))
    title = subject(name, shown, since, style, quiet=facts.quiet)
    if facts.quiet:
        return Text(title)
    say = reader(style, overview.at).say
    lines: list[str] = []
    if facts.now:
        lines += [say.digest.now, *facts.now]
    # The longest first; the others are listed under "now".
    if over := sorted((h for h in facts.happened if h.end), key=lambda h: -h.lasted):
        lines += [say.digest.happened, *(stop(h.text) for h in over[:OUTAGES])]
        if (ended := facts.count - sum(h.end is None for h in facts.happened)) > len(over[:OUTAGES]):
            lines.append(say.lists.more.format(head="…", count=ended - len(over[:OUTAGES])))
    lines += facts.blind
    lines += [say.digest.uptime.format(period=facts.period), *_uptime_lines(facts, style, overview.at)]
    return Text(title, tuple(lines))


def headings(words: Text, style: Style) -> tuple[str, ...]:
    """Those lines of a digest which are headings."""
    say = reader(style, EPOCH).say.digest
    uptime = say.uptime.partition("{")[0]
    return tuple(
        line
        for line in words.lines
        if line in {say.now, say.happened} or (line.startswith(uptime) and line.endswith(":"))
    )


def digest_facts(overview: Overview, since: datetime, style: Style, services: Sequence[str] = ()) -> PeriodFacts:
    """What happened in a period. Only confirmed, not retracted incidents are listed, and only DOWN lowers uptime."""
    to = reader(style, overview.at)
    chosen = [e for e in overview.services if not services or e[0].id in services]
    shown = replace(overview, services=tuple(chosen))
    period = (since, overview.at)
    unseen = blind_spans(overview, period)
    names = {s.id: name_of(s) for s, _ in chosen}
    happened = tuple(_happened(i, names[i.service], to, overview) for i in _incidents(shown, names, period))
    count = _count(shown, names, period)
    now = troubled(shown, to)
    figures = tuple(worded(found, period, to) for found in uptimes(overview, since, services, to.percent(1.0)))
    quiet = not (
        happened
        or now
        or unseen
        or overview.offline_since
        or any(f.share is None or f.whole != f.text for f in figures)
    )
    return PeriodFacts(
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


def _happened(incident: Incident, name: str, to: Reader, overview: Overview) -> Happened:
    say, start = to.say, began(incident)
    end = incident.until or to.now
    worst = max(incident.worst, incident.health)
    lasted, length = end - start, to.length(start, end)
    if incident.unstable_since:
        lasted = bad_time(overview, incident.service, (start, end))
        length = to.duration(lasted)
    facts = {"name": name, "span": to.span(start, end), "length": length, "times": times(incident, say)}
    if incident.only_worn:
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
        lasted=lasted,
        number=incident.number,
    )


def _uptime_lines(facts: PeriodFacts, style: Style, now: datetime) -> list[str]:
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


def subject(name: str, overview: Overview, since: datetime, style: Style, *, quiet: bool) -> str:
    """`overview`: of the services that the digest is about. `quiet`: nothing happened, and we saw all of it."""
    to, period = reader(style, overview.at), (since, overview.at)
    say, forms = to.say.report, list[str]()
    for news in _news(overview, period, to, quiet=quiet):
        forms += [say.subject.format(name=NAME, day=day, news=news) for day in days(period, to)]
    forms.append(say.subject_brief.format(name=NAME, news=news))
    return fit(clean(name, 60) or "?", *forms)


def days(period: Span, to: Reader) -> tuple[str, ...]:
    """The day or days that a period is about, and a shorter form: one that ends at midnight does not reach into that
    day.
    """
    say = to.say.report
    start = period[0].astimezone(to.zone)
    if period[1] - period[0] <= DAY:
        last = period[1].astimezone(to.zone)
        return tuple(plain(format_date(last, pattern, locale=to.locale)) for pattern in (say.day, say.day_short))
    end = max(period[0], period[1] - timedelta(seconds=1)).astimezone(to.zone)
    first, last_day = (plain(format_date(at, say.day_short, locale=to.locale)) for at in (start, end))
    return (first if first == last_day else say.days.format(since=first, until=last_day),)


def _news(overview: Overview, period: Span, to: Reader, *, quiet: bool) -> Iterator[str]:
    """What happened, in words that become fewer."""
    say, count = to.say.report, len(overview.services)
    if quiet and count:
        yield say.news_quiet.format(count=count)
        return
    names = {service.id: clean(name_of(service), 40) for service, _ in overview.services}
    found = [o for o in outer(outages(overview)) if o.service in names and _overlaps(o, overview, period)]
    now = _now(overview, to)
    if not found:
        yield now or say.news_none
        return
    form = say.news_outages if all(o.health is Health.DOWN for o in found) else say.news_incidents
    length = sum((bad_time(overview, key, period) for key in names), timedelta())
    whole = form.format(count=len(found), length=to.duration(length))
    (most, times), *_ = Counter(o.service for o in found).most_common(1)
    often = say.news_often.format(count=times, name=shorten(names[most], 30)) if times > 1 else ""
    for parts in ([now, whole, often], [now, whole], [whole]):
        joined, *rest = [part for part in parts if part]
        for part in rest:
            joined = say.news_joined.format(first=joined, second=part)
        yield joined


def _now(overview: Overview, to: Reader) -> str:
    """What is not up at the end of the period."""
    bad = [(service, state.incident) for service, state in overview.services if not state.answering_since]
    sure = [(service, one) for service, one in bad if one and one.confidence is Confidence.CONFIRMED]
    if len(sure) == 1 and sure[0][1].health is Health.DOWN:
        return to.say.report.news_down.format(name=shorten(clean(name_of(sure[0][0]), 40), 30))
    return to.say.report.news_trouble.format(count=len(sure)) if sure else ""


def _overlaps(one: Outage, overview: Overview, period: Span) -> bool:
    return clip((one.unstable_since or one.since, one.until or overview.at), period) is not None


def history(overview: Overview, period: timedelta, style: Style, service: Service | None = None) -> Text:
    """Of one service or all: present incidents first, then past ones, newest first."""
    to = reader(style, overview.at)
    facts = digest_facts(overview, overview.at - period, style, (service.id,) if service else ())
    say, count, name = to.say.history, facts.count, name_of(service) if service else ""
    covered = _covered(facts, to)
    figures = (*facts.blind, *(_figures(overview, facts, to) if service else ()))
    if not count:
        form = say.none_of if service else say.none
        return Text(fit(name, form.format(name=NAME, period=covered)), (*facts.now, *figures))
    title = (say.incidents_of if service else say.incidents).format(count=count, name=NAME, period=covered)
    over = [h for h in reversed(facts.happened) if h.end]  # open ones come first, with their present state
    lines = [*facts.now, *(stop(h.text) for h in over[:ROWS])]
    ended = count - sum(h.end is None for h in facts.happened)
    if ended > len(over[:ROWS]):
        lines.append(to.say.lists.more.format(head="…", count=ended - len(over[:ROWS])))
    if ended > 1:
        lines.append(_lengths(overview, facts, to))
    return Text(fit(name, title), (*lines, *figures))


def _covered(facts: PeriodFacts, to: Reader) -> str:
    """The time that is really spoken of: from the first observation on, if that was within the period."""
    firsts = [figure.since or facts.since for figure in facts.uptime if figure.share is not None]
    since = min([*firsts, *(one.start for one in facts.happened)], default=facts.since)
    length = facts.until - max(since, facts.since)
    if length >= facts.until - facts.since - max((facts.until - facts.since) / LITTLE, MINUTE):
        return facts.period
    return to.period(length // ONE_DAY * ONE_DAY if length > 2 * ONE_DAY else length)


def _lengths(overview: Overview, facts: PeriodFacts, to: Reader) -> str:
    """How long it was in all, without any minute twice, and the longest."""
    period = facts.since, facts.until
    services = [u.service for u in facts.uptime]
    whole = sum((bad_time(overview, name, period) for name in services), timedelta())
    lengths = [h.end - h.start for h in facts.happened if h.end]
    lengths += [o.until - o.since for o in outages(overview) if o.until and o.service in services]
    return stop(to.say.history.total.format(length=to.duration(whole), longest=to.duration(max(lengths))))


def _figures(overview: Overview, facts: PeriodFacts, to: Reader) -> tuple[str, ...]:
    """Uptime and average response time."""
    say, lines = to.say.history, list[str]()
    for figure in facts.uptime:
        took = overview.answering.get(figure.service)
        up = say.up.format(percent=figure.whole) if figure.whole else ""
        lines.append(sentences(up, say.average_answer.format(seconds=to.brief(took)) if took else ""))
    return tuple(line for line in lines if line)
