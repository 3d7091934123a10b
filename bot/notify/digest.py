"""A digest: its facts, and its deliveries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot import wording
from bot.model import (
    NO_DELIVERIES,
    Confidence,
    Delivery,
    DeliveryAction,
    DeliverySummary,
    Destination,
    DigestFacts,
    DigestOrder,
    Figure,
    Incident,
    Notice,
    OutageFact,
    Overview,
    Service,
    Span,
    Style,
    Tone,
    Window,
    availability_of,
    bad_time,
    bar,
    blind_spans,
    clip,
    outages,
    outer,
)
from bot.model.local_time import zone

HOURLY = timedelta(hours=49)  # a period up to this long has bars of hours, a longer one of days
SLOTS = 100  # more would be too narrow to see: then each slot is several days
MAIL = "email"


@dataclass(frozen=True, slots=True)
class Period:
    """What a digest is about: from `since` to `until`, when it is due."""

    since: datetime
    until: datetime
    late: bool = False


@dataclass(frozen=True, slots=True)
class DigestNotices:
    """The same digest for chats and, with its document, for mail."""

    short: Notice
    full: Notice

    def at(self, place: Destination) -> Notice:
        return self.full if place.kind == MAIL else self.short


def deliveries(
    name: str,
    overview: Overview,
    period: Period,
    to: Sequence[Destination],
    style: Style,
    *,
    services: Sequence[str],
    order: DigestOrder | None = None,
    log: DeliverySummary = NO_DELIVERIES,
) -> tuple[Delivery, ...]:
    """One delivery for each recipient."""
    asked = replace(order or DigestOrder(name), services=tuple(services))
    made = notices(asked, overview, period, style, log, by_mail=any(place.kind == MAIL for place in to))
    return tuple(delivery(made, place, name) for place in to)


def notices(
    order: DigestOrder, overview: Overview, period: Period, style: Style, log: DeliverySummary, *, by_mail: bool
) -> DigestNotices:
    """The texts for all recipients of one style; `by_mail`: some read them in mails. Their keys hold the time when it
    was due, of which there is one for each digest and recipient. (With plain values alone, so that another process can
    do it.)
    """
    order, overview = replace(order, late=period.late), replace(overview, at=period.until)
    known = facts(order, overview, period.since, style, log)
    day = period.until.astimezone(ZoneInfo(style.timezone)).date()
    short = notice(known, style, f"digest:{order.name}:{day}")
    short = replace(short, key=f"digest:{order.name}:{period.until:%Y-%m-%dT%H:%MZ}/1")
    return DigestNotices(short, replace(short, document=wording.document(known, style)) if by_mail else short)


def delivery(made: DigestNotices, place: Destination, name: str) -> Delivery:
    notice = made.at(place)
    return Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, name)


def notice(known: DigestFacts, style: Style, thread: str) -> Notice:
    """The short form, which chats show."""
    order, (since, at) = known.order, known.period
    words = wording.digest(order.title or order.name, known.overview, since, style)
    if order.late:
        words = wording.sent_late(words, style, at)
    marked = wording.headings(words, style)
    return Notice(f"{thread}/1", thread, Tone.INFO, words, at=at, style=style, headings=marked)


def facts(
    order: DigestOrder, overview: Overview, since: datetime, style: Style, log: DeliverySummary = NO_DELIVERIES
) -> DigestFacts:
    """Everything the digest says. Bars have their edges at the reader's hours or midnights."""
    period = since, overview.at
    chosen = tuple(e for e in overview.services if not order.services or e[0].id in order.services)
    seen = replace(overview, services=chosen)
    names = {service.id: service for service, _ in chosen}
    edges = slots(period, style)
    happened = _happened(seen, names, period, log)
    return DigestFacts(
        order=order,
        period=period,
        overview=seen,
        count=_count(seen, names, period, happened),
        length=sum((bad_time(seen, name, period) for name in names), timedelta()),
        outages=tuple(sorted(happened, key=lambda o: (-o.length, o.incident.since, o.service.id))),
        figures=_figures(overview, chosen, period, edges),
        edges=edges,
        hourly=period[1] - period[0] <= HOURLY,
        blind=tuple(blind_spans(overview, period)),
        corrections=tuple(_corrected(seen, names, period)),
        planned=tuple(_planned(overview.windows, names, period[1])),
        deliveries=log,
    )


def slots(period: Span, style: Style) -> tuple[datetime, ...]:
    """Edges of the slots of a bar: the ends of the period, and the reader's whole hours or midnights between."""
    here, (since, until) = zone(style), period
    if until - since <= HOURLY:
        first = since.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        inner = [first + timedelta(hours=n) for n in range(int(HOURLY / timedelta(hours=1)) + 1)]
    else:
        days = (until - since).days + 2
        step = -(-days // SLOTS)
        day = since.astimezone(here).date()
        midnights = (datetime.combine(day + timedelta(days=n), time(), here) for n in range(1, days + 1, step))
        inner = [midnight.astimezone(since.tzinfo) for midnight in midnights]
    return (since, *(edge for edge in inner if since < edge < until), until)


def _figures(
    overview: Overview, chosen: Iterable[tuple[Service, object]], period: Span, edges: Sequence[datetime]
) -> tuple[Figure, ...]:
    earlier = period[0] - (period[1] - period[0]), period[0]
    blind, blind_before = blind_spans(overview, period), blind_spans(overview, earlier)
    known = dict(overview.services)
    found = []
    for service, _ in chosen:
        now = availability_of(service, known[service], overview, period, blind)
        before = availability_of(service, known[service], overview, earlier, blind_before)
        found.append(Figure(service, now, before, bar(now, edges)))
    return tuple(found)


def _happened(overview: Overview, names: dict[str, Service], period: Span, log: DeliverySummary) -> list[OutageFact]:
    """Confirmed, not retracted incidents that overlap the period."""
    told = outer(
        i
        for i in overview.recent
        if i.service in names and i.confidence is Confidence.CONFIRMED and not i.retracted and _in(i, overview, period)
    )
    return [_fact(i, names[i.service], overview, log) for i in told]


def _fact(incident: Incident, service: Service, overview: Overview, log: DeliverySummary) -> OutageFact:
    span = incident.unstable_since or incident.since, incident.until or overview.at
    length = bad_time(overview, incident.service, span) if incident.unstable_since else span[1] - span[0]
    return OutageFact(service, incident, length, log.told.get(incident.id, {}))


def _in(incident: Incident, overview: Overview, period: Span) -> bool:
    start = incident.unstable_since or incident.since
    return clip((start, incident.until or overview.at), period) is not None


def _count(overview: Overview, names: dict[str, Service], period: Span, happened: Sequence[OutageFact]) -> int:
    known = {
        (o.service, o.number)
        for o in outer(outages(overview))
        if o.service in names and clip((o.unstable_since or o.since, o.until or overview.at), period) is not None
    }
    return len(known | {(h.incident.service, h.incident.number) for h in happened})


def _corrected(overview: Overview, names: dict[str, Service], period: Span) -> Iterable[OutageFact]:
    for incident in overview.recent:
        told = incident.service in names and incident.confidence is Confidence.CONFIRMED
        if told and incident.retracted and _in(incident, overview, period):
            yield _fact(incident, names[incident.service], overview, NO_DELIVERIES)


def _planned(
    windows: Iterable[Window], names: dict[str, Service], now: datetime
) -> Iterable[tuple[Window, tuple[Service, ...]]]:
    for window in sorted(windows, key=lambda w: w.since):
        services = tuple(service for key, service in names.items() if window.concerns(key))
        if services and window.over_at is None and (window.until is None or window.until > now):
            yield window, services if window.services else ()
