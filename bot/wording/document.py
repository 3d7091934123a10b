"""The long form of a digest: sections with tables and bars, for mail; and its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from bot.model import (
    Attachment,
    Bar,
    DigestFacts,
    Document,
    Figure,
    Health,
    Incident,
    OutageFact,
    Role,
    Section,
    Service,
    Span,
    Style,
    Table,
    Window,
)
from bot.wording.digest import digest_facts
from bot.wording.evidence import lag
from bot.wording.status import troubled
from bot.wording.text import capital, channel_name, clean, foreign, listed, quoted, sentences, stop
from bot.wording.times import MINUTE, Reader, reader
from bot.wording.titles import began, name_of, only_slow, times

OUTAGES = 100  # rows of the table
BARS = 100
SPANS = 3  # named in words beside a bar
CHANNELS = 4
LITTLE = 500  # of a period: a shorter span is left out of the words beside a bar
FOLD = 73  # octets of a calendar's line, so that none is longer than 75 with the space before it
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would calculate


def document(known: DigestFacts, style: Style) -> Document:
    """All sections that have something to say."""
    to = reader(style, known.period[1])
    order = known.order
    say = to.say.report
    sections = (
        _now(known, to, quiet=digest_facts(known.overview, known.period[0], style).quiet),
        _outages(known, to),
        _uptime(known, to),
        Section(say.blind, tuple(_blind(known, to))),
        Section(say.corrections, tuple(_corrections(known, to))),
        _planned(known, to),
        Section(say.delivery, tuple(_delivery(known, to))),
    )
    period = say.period.format(since=to.stamp(known.period[0]), until=to.stamp(known.period[1]))
    return Document(
        period,
        tuple(s for s in sections if s.lines or s.table or s.bars),
        clean(order.title or order.name, 60),
        attachments(known),
    )


def _now(known: DigestFacts, to: Reader, *, quiet: bool) -> Section:
    say = to.say.report
    late = (stop(to.say.own_health.sent_late.format(at=to.point(known.period[1]))),) if known.order.late else ()
    lines = troubled(known.overview, to)
    if lines:
        return Section(say.now, (*lines, *late))
    if quiet and known.figures:
        return Section("", (stop(say.quiet.format(count=len(known.figures))), *late))
    return Section("", late)


# ── outages ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _outages(known: DigestFacts, to: Reader) -> Section:
    say, shown = to.say.report, known.outages[:OUTAGES]
    if not shown:
        return Section("")
    head = (say.service, say.start, say.end, say.length, say.details)
    rows = tuple(_row(one, to) for one in shown)
    left = known.count - len(shown)
    more = (to.say.lists.more.format(head="…", count=left),) if left > 0 else ()
    whole = stop(say.whole.format(count=known.count, length=to.duration(known.length)))
    return Section(say.outages, table=Table(head, rows), notes=(*more, whole) if known.count > 1 else ())


def _row(one: OutageFact, to: Reader) -> tuple[str, ...]:
    incident, say = one.incident, to.say.report
    end = to.clock(incident.until) if incident.until else say.goes_on
    return (
        clean(name_of(one.service), 60),
        to.clock(began(incident)),
        end,
        to.duration(one.length),
        sentences(*_details(one, to)),
    )


def _details(one: OutageFact, to: Reader) -> Iterator[str]:
    incident, say = one.incident, to.say
    yield _how_bad(incident, to)
    if incident.confirmed_at and not incident.only_worn:
        yield say.report.confirmed.format(at=to.clock(incident.confirmed_at))
    yield _official(incident, to)
    if one.told:
        yield say.report.told.format(list=_channels(one.told, to))


def _how_bad(incident: Incident, to: Reader) -> str:
    say = to.say.mail_labels
    if incident.only_worn:
        return ""
    if incident.unstable_since:
        return times(incident, to.say)
    if max(incident.worst, incident.health) is Health.DOWN:
        return say.down
    return to.say.report.slow if only_slow(incident) else to.say.report.partly_down


def _official(incident: Incident, to: Reader) -> str:
    """What the official page said, and how long after us; empty without such a page."""
    say, last = to.say.report, incident.official_last
    if incident.official_at:
        headline = foreign(last.headline, 80) if last else ""
        what = quoted(headline, to.say) if headline else say.official_reported
        return say.official_said.format(what=what, lag=lag(incident, incident.official_at, to))
    pages = [w for w in incident.reports if w.role is Role.OFFICIAL]
    return say.official_silent if pages and all(w.says is Health.UP for w in pages) else ""


def _channels(told: Mapping[str, int], to: Reader) -> str:
    ordered = sorted(told.items(), key=lambda entry: (-entry[1], entry[0]))
    named = [
        to.say.report.told_kind.format(channel=channel_name(kind, to.say), count=count)
        if count > 1
        else channel_name(kind, to.say)
        for kind, count in ordered
    ]
    return listed(named, to.say, CHANNELS)


# ── uptime ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _uptime(known: DigestFacts, to: Reader) -> Section:
    say = to.say.report
    if not known.figures:
        return Section("")
    worst = sorted(known.figures, key=lambda f: (f.seen.share is None, 1.0 if f.seen.share is None else f.seen.share))
    bars = tuple(_bar(one, known, to) for one in worst[:BARS])
    more = (to.say.lists.more.format(head="…", count=len(worst) - BARS),) if len(worst) > BARS else ()
    legend = stop(say.hours if known.hourly else say.days_of_bars)
    return Section(say.uptime, bar_head=(say.service, say.uptime, say.before), bars=bars, notes=(*more, legend))


def _bar(one: Figure, known: DigestFacts, to: Reader) -> Bar:
    def percent(share: float | None) -> str:
        return "–" if share is None else to.percent(share)

    name = clean(name_of(one.service), 60)
    alt = _alt(one, known.period, to)
    return Bar(name, one.cells, percent(one.seen.share), percent(one.before.share), capital(alt))


def _alt(one: Figure, period: Span, to: Reader) -> str:
    """What the bar shows, in words."""
    say, seen = to.say.report, one.seen
    little = max((period[1] - period[0]) / LITTLE, MINUTE)
    kinds = (
        (say.bar_down, seen.down, timedelta()),
        (say.bar_degraded, seen.degraded, timedelta()),
        (say.bar_unknown, seen.unknown, little),
        (say.bar_maintenance, seen.maintenance, little),
    )
    parts = [form.format(span=to.span(*s)) for form, spans, least in kinds for s in spans if s[1] - s[0] > least]
    if seen.first and seen.first < period[1]:
        parts.append(say.bar_before.format(at=to.clock(seen.first)))
    if seen.share is None and not parts:
        return say.no_data
    return stop(listed(parts, to.say, SPANS)) if parts else stop(say.bar_up)


# ── the rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _blind(known: DigestFacts, to: Reader) -> Iterator[str]:
    for span in known.blind:
        yield stop(to.say.digest.offline.format(span=to.span(*span), length=to.length(*span)))
    alone = [f for f in known.figures if sum((b - a for a, b in f.seen.alone), timedelta()) >= MINUTE]
    for one in alone[:SPANS]:
        spans = [to.say.report.bar_unknown.format(span=to.span(*s)) for s in one.seen.alone if s[1] - s[0] >= MINUTE]
        if spans:
            yield stop(f"{clean(name_of(one.service), 60)}: {listed(spans, to.say, SPANS)}")


def _corrections(known: DigestFacts, to: Reader) -> Iterator[str]:
    for one in known.corrections:
        span = to.span(began(one.incident), one.incident.until or known.period[1])
        yield stop(to.say.report.corrected.format(name=clean(name_of(one.service), 60), span=span))


def _planned(known: DigestFacts, to: Reader) -> Section:
    say, rows = to.say.report, []
    for window, services in known.planned[:OUTAGES]:
        names = listed([clean(name_of(s), 60) for s in services], to.say) if services else to.say.maintenance.everything
        when = to.span(window.since, window.until) if window.until else to.clock(window.since)
        rows.append((names, when, foreign(window.note)))
    if not rows:
        return Section("")
    return Section(say.planned, table=Table((say.service, say.when, say.details), tuple(rows)))


def _delivery(known: DigestFacts, to: Reader) -> Iterator[str]:
    say, log = to.say.report, known.deliveries

    def facts(entry: tuple[str, str]) -> dict[str, str]:
        name = quoted(clean(entry[0], 40), to.say) if entry[0] else say.subscribers
        return {"audience": name, "channel": channel_name(entry[1], to.say)}

    for entry, count in log.refused.items():
        yield stop(say.refused.format(count=count, **facts(entry)))
    for entry, count in log.fallbacks.items():
        yield stop(say.fallback.format(count=count, **facts(entry)))
    for entry in log.unproven:
        yield stop(say.unproven.format(**facts(entry)))
    if log.sent:
        yield stop(say.sent.format(count=log.sent))


def attachments(known: DigestFacts) -> tuple[Attachment, ...]:
    """Those that are wished for. Times are in UTC, as programs read them."""
    made = []
    day = f"{known.period[1]:%Y-%m-%d}"
    if "csv" in known.order.attach:
        made.append(Attachment(f"outages-{day}.csv", "csv", outages_csv(known)))
        made.append(Attachment(f"uptime-{day}.csv", "csv", uptime_csv(known)))
    if "ics" in known.order.attach and known.planned:
        made.append(Attachment(f"planned-{day}.ics", "calendar", calendar(known)))
    return tuple(made)


def outages_csv(known: DigestFacts) -> str:
    rows = [["incident", "service", "name", "health", "start", "end", "seconds", "confirmed", "official"]]
    for one in known.outages:
        incident = one.incident
        health = max(incident.worst, incident.health).name.lower()
        points = (began(incident), incident.until)
        rows.append(
            [
                incident.id,
                one.service.id,
                name_of(one.service),
                health,
                *map(_iso, points),
                str(round(one.length.total_seconds())),
                _iso(incident.confirmed_at),
                _iso(incident.official_at),
            ]
        )
    return _csv(rows)


def uptime_csv(known: DigestFacts) -> str:
    rows = [["service", "name", "since", "until", "uptime", "before"]]
    for one in known.figures:
        shares = ("" if share is None else f"{share:.6f}" for share in (one.seen.share, one.before.share))
        rows.append([one.service.id, name_of(one.service), *map(_iso, known.period), *shares])
    return _csv(rows)


def calendar(known: DigestFacts) -> str:
    """Planned work as iCalendar (RFC 5545)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tocsin//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    for window, services in known.planned:
        lines += _event(window, services, known.period[1])
    return "".join(f"{part}\r\n" for line in (*lines, "END:VCALENDAR") for part in _folded(line))


def _event(window: Window, services: tuple[Service, ...], now: datetime) -> list[str]:
    names = ", ".join(clean(name_of(s), 60) for s in services[:5]) or "*"
    end = [f"DTEND:{_stamp(window.until)}"] if window.until else []
    note = [f"DESCRIPTION:{_escaped(clean(window.note))}"] if window.note else []
    return [
        "BEGIN:VEVENT",
        f"UID:{_escaped(clean(window.key, 100))}@tocsin",
        f"DTSTAMP:{_stamp(now)}",
        f"DTSTART:{_stamp(window.since)}",
        *end,
        f"SEQUENCE:{window.steps}",
        f"STATUS:{'CONFIRMED' if window.until else 'TENTATIVE'}",
        f"SUMMARY:{_escaped(names)}",
        *note,
        "END:VEVENT",
    ]


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([[_safe(cell) for cell in row] for row in rows])
    return out.getvalue()


def _safe(cell: str) -> str:
    """No formula for a spreadsheet, whatever a name begins with."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _iso(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else ""


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Lines of at most 75 octets, cut between characters."""
    part = b""
    first = True
    for char in line:
        more = char.encode()
        if len(part) + len(more) > FOLD:
            yield part.decode() if first else f" {part.decode()}"
            part, first = b"", False
        part += more
    yield part.decode() if first else f" {part.decode()}"
