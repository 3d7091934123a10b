"""The status page's content, as data and as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bot import wording
from bot.model import (
    OURSELVES,
    Confidence,
    Health,
    Incident,
    Outage,
    Overview,
    Places,
    Service,
    ServiceState,
    Style,
    Text,
    blind_spans,
    calm,
    incident_path,
    known_outages,
    maintenance_spans,
    merged,
    outage,
    service_path,
    unseen_spans,
)
from bot.model.cluster import ClusterView
from bot.web.rendering import well_formed_tree
from bot.wording.catalog import catalog
from bot.wording.status import headline, status_of, title_of
from bot.wording.text import bare
from bot.wording.web import zone

PERIOD = timedelta(days=7)
WIDTH = 100.0  # width of a strip, in its own units
NARROWEST = 0.8  # likewise: an outage of a minute must stay visible
BLUR = PERIOD / 500  # gaps closer than this are drawn as one, as a strip has no more resolution
LITTLE = timedelta(minutes=10)  # a later start of the watch is told
# Worst first, then all others in the order of the config.
ORDER = {
    "down": 0,
    "degraded": 1,
    "possible": 2,
    "maintenance": 3,
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a strip: start and width, out of `WIDTH`."""

    x: float
    width: float
    health: str


class Row(NamedTuple):
    health: str
    title: str
    lines: tuple[str, ...]  # only if not up
    uptime: str  # "99.87%"; the label gives the unknown part
    strip: tuple[Part, ...]
    label: str
    path: str  # of the service's page
    incident: str = ""  # path of the page of its open incident


@dataclass(frozen=True, slots=True)
class Event:
    """A past event in one sentence."""

    health: str
    text: str
    path: str = ""  # of its page; empty: it has none


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page, worded for its reader."""

    health: str
    headline: str
    facts: wording.PeriodFacts
    rows: tuple[Row, ...]
    channels: tuple[Event, ...]  # our channels: one line if all work
    past: tuple[Event, ...]  # newest first; open incidents are shown with their service
    quiet: str  # that there were no incidents; empty unless that is known
    read: str
    ours: str = ""  # that we are unhealthy ourselves
    nodes: str = ""  # which nodes are up; empty unless there are several


class Rows:
    """The rows of calm services as they were drawn last: they say the same until their day is over."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Service, ServiceState, object, wording.Uptime, Row]] = {}

    def find(self, service: Service, state: ServiceState, day: object, uptime: wording.Uptime) -> Row | None:
        """The row of the same service in the same state, on such a day."""
        known = self._kept.get(service.id)
        if known is None or known[0] is not service or known[1] is not state or known[2] != day:
            return None
        return known[4] if known[3] is uptime or known[3] == uptime else None

    def keep(self, service: Service, state: ServiceState, day: object, uptime: wording.Uptime, row: Row) -> None:
        self._kept[service.id] = service, state, day, uptime, row

    def forget(self, others: Collection[str]) -> None:
        """Forget the rows of all but these services."""
        for name in self._kept.keys() - others:
            del self._kept[name]


def page(overview: Overview, style: Style, rows: Rows | None = None) -> Page:
    """The page, with services in trouble first. `rows`: those of an earlier one."""
    facts = wording.digest_facts(overview, overview.at - PERIOD, style)
    known = replace(overview, unwell={})  # our own trouble is shown once, above all services
    to, past = wording.reader(style, overview.at), _past(facts, overview)
    return Page(
        health=overall(overview),
        headline=bare(headline(overview, to)),
        facts=facts,
        rows=tuple(sorted(_rows(known, to, facts, rows or Rows()), key=lambda row: ORDER.get(row.health, len(ORDER)))),
        channels=tuple(_channels(overview, style)),
        past=past,
        quiet="" if past else quiet(facts, overview, to),
        read=read(to),
        ours=wording.banner(overview.unwell, style, overview.at),
        nodes=wording.nodes(overview.cluster, style, overview.at),
    )


def read(to: wording.Reader) -> str:
    """When the page was made, and the zone of all its times."""
    at, where = to.say.page.as_of.format(at=to.point(to.now)), to.say.page.zone.format(zone=zone(to))
    return f"{wording.stop(at)} {wording.stop(where)}"


def quiet(facts: wording.PeriodFacts, overview: Overview, to: wording.Reader) -> str:
    """That there were no incidents, and since when that is known; empty if there is one or we see nothing."""
    opened = any(state.incident for _, state in overview.services)
    seen = [one for one in facts.uptime if one.share is not None]
    if opened or facts.happened or overview.offline_since is not None or not seen:
        return ""
    starts = [one.since for one in seen if one.since]
    if len(starts) == len(seen) and min(starts) - facts.since > LITTLE:
        return wording.stop(to.say.page.quiet_since.format(since=to.since(min(starts))[-1]))
    return wording.stop(to.say.page.quiet.format(period=facts.period))


def _channels(overview: Overview, style: Style) -> Iterator[Event]:
    say = catalog(style.language).channel_health
    for state, line in wording.channels(overview, style):
        yield Event(state, wording.stop(say.page_all_work if state == "up" else bare(line)))


def _past(facts: wording.PeriodFacts, overview: Overview) -> tuple[Event, ...]:
    over = [(h.start, event(h)) for h in facts.happened if h.end]
    spans = blind_spans(overview, (facts.since, facts.until))
    ongoing = overview.offline_since is not None  # the banner says so
    unseen = [
        (start, Event("unknown", line))
        for (start, end), line in zip(spans, facts.blind, strict=True)
        if not (ongoing and end == facts.until)
    ]
    return tuple(event for _, event in sorted([*over, *unseen], key=lambda row: row[0], reverse=True))


def event(one: wording.Happened) -> Event:
    return Event(one.health.name.lower(), wording.stop(one.text), incident_path(one.service, one.number).lstrip("/"))


def _rows(overview: Overview, to: wording.Reader, facts: wording.PeriodFacts, rows: Rows) -> Iterator[Row]:
    uptime = {u.service: u for u in facts.uptime}
    blind = bool(facts.blind) or bool(overview.recent_of(OURSELVES))
    day = to.now.date(), to.say.language, facts.period
    for service, state in overview.services:
        found = uptime[service.id]
        steady = not blind and calm(service, state, overview) and not overview.user_reports.get(service.id)
        row = rows.find(service, state, day, found) if steady else None
        if row is None:
            row = _row((service, state), overview, to, found, label(service, found, facts.period, to))
            if steady:
                rows.keep(service, state, day, found, row)
        yield row
    rows.forget(uptime.keys())


def _row(
    entry: tuple[Service, ServiceState], overview: Overview, to: wording.Reader, found: wording.Uptime, said: str
) -> Row:
    service, state = entry
    now = shown(service, state, overview)
    told = now in ORDER or state.incident is not None
    words = status_of(entry, overview, to) if told else Text(title_of(entry, overview, to))
    return Row(
        health=now,
        title=bare(words.title),
        lines=_lines(words.lines, overview),
        uptime=found.brief,
        strip=tuple(strip(service, state, overview)),
        label=said,
        path=service_path(service.id).lstrip("/"),
        incident=opened(state),
    )


def _lines(lines: tuple[str, ...], overview: Overview) -> tuple[str, ...]:
    """While we are offline, the banner says so: the line that says it again is left out."""
    return lines[1:] if overview.offline_since is not None else lines


def label(service: Service, uptime: wording.Uptime, period: str, to: wording.Reader) -> str:
    """What the strip shows, for those who cannot see it."""
    name = to.say.page.strip.format(name=wording.clean(service.name, 100), period=period)
    return f"{name}: {uptime.whole}" if uptime.whole else name


def opened(state: ServiceState) -> str:
    """The path of the page of the open incident; empty if there is none."""
    one = state.incident
    return incident_path(one.service, one.number).lstrip("/") if one else ""


def strip(service: Service, state: ServiceState, overview: Overview) -> Iterator[Part]:
    """Periods that were not up or not observed."""
    ours = _of_ours(overview)
    if not ours and calm(service, state, overview):
        return
    start = overview.at - PERIOD
    for since, until in maintenance_spans((start, overview.at), overview.windows_of(service.id), service.id):
        yield _part(since - start, until - since, "maintenance")
    unseen = unseen_spans(service, state, overview, (start, overview.at))
    if overview.offline_since is not None:
        unseen.append((max(overview.offline_since, start), overview.at))
    for since, until in merged((since, until + BLUR) for since, until in unseen):
        # Time before the first check is no gap.
        yield _part(since - start, until - BLUR - since, "before" if since == start else "unknown")
    for one in (*known_outages(service, state, overview), *ours):
        own = (state.answering_since or overview.offline_since) if one.service == service.id else None
        now = own or overview.at
        since, until = max(one.since, start), one.until or now
        if until > start:
            yield _part(since - start, until - since, one.health.name.lower())


def _of_ours(overview: Overview) -> list[Outage]:
    """The times in which we saw nothing ourselves."""
    recent = overview.recent_of(OURSELVES) if overview.outages is None else ()
    return [*overview.outages_of(OURSELVES), *filter(None, map(outage, recent))]


def _part(begin: timedelta, length: timedelta, health: str) -> Part:
    width = max(length / PERIOD * WIDTH, NARROWEST)
    return Part(round(min(begin / PERIOD * WIDTH, WIDTH - width), 2), round(width, 2), health)


def _known(incident: Incident) -> bool:
    return incident.confidence is Confidence.CONFIRMED and not incident.retracted


def health(state: ServiceState) -> str:
    """Health as a word: "possible" if not confirmed, "unknown" if not checked yet; "degraded" for an unstable service
    that responds.
    """
    incident = state.incident
    if incident is not None and incident.confidence is Confidence.CONFIRMED:
        return (Health.DEGRADED if state.answering_since else incident.health).name.lower()
    if incident is not None:
        return "possible"
    return "unknown" if state.up_since is None or state.unseen_since is not None else "up"


def shown(service: Service, state: ServiceState, overview: Overview) -> str:
    """Likewise, but "maintenance" for a service in maintenance without an incident, and "unknown" while we are offline."""
    if overview.offline_since is not None:
        return "unknown"
    planned = state.incident is None and overview.maintenance(service.id)
    return "maintenance" if planned else health(state)


def overall(overview: Overview) -> str:
    """The worst of all; "maintenance" if all services are under maintenance."""
    if overview.offline_since is not None:
        return "unknown"
    worst = ("down", "degraded", "possible", "unknown")
    states = {shown(service, state, overview) for service, state in overview.services}
    return "maintenance" if states == {"maintenance"} else next((word for word in worst if word in states), "up")


def as_json(overview: Overview) -> dict[str, Any]:
    """Data for programs: stable names, times in ISO 8601, UTC."""
    uptime = wording.uptimes(overview, overview.at - PERIOD)
    listed = {
        "at": iso(overview.at),
        "status": overall(overview),
        "blind_since": iso(overview.offline_since),
        "own_trouble": [{"part": part, "since": iso(since)} for part, since in overview.unwell.items()],
        "services": [_service(*e, overview, u) for e, u in zip(overview.services, uptime, strict=True)],
        "channels": [_channel(service, state, overview) for service, state in overview.channels],
        "incidents": [_incident(i) for i in overview.recent if _known(i)],
    }
    return {key: well_formed_tree(part) for key, part in listed.items()}


def for_operators(overview: Overview, own: Sequence[Mapping[str, str]], cluster: ClusterView) -> dict[str, Any]:
    """`as_json`, with what `own` says is wrong with Tocsin itself, and the nodes of a cluster."""
    troubles = {"own_trouble": list(own)} if own else {}
    return as_json(overview) | troubles | ({"nodes": list(map(asdict, cluster.nodes))} if cluster.nodes else {})


def _channel(service: Service, state: ServiceState, overview: Overview) -> dict[str, Any]:
    since = overview.down.get(service.channel)
    status = "down" if since else "unknown" if overview.offline_since else health(state)
    return {"channel": service.channel, "status": status, "down_since": iso(since)}


def _service(service: Service, state: ServiceState, overview: Overview, uptime: wording.Uptime) -> dict[str, Any]:
    incident, planned = state.incident, overview.maintenance(service.id)
    return {
        "id": service.id,
        "name": service.name,
        "status": shown(service, state, overview),
        "up_since": iso(state.up_since),
        "answering_since": iso(state.answering_since),
        "maintenance_until": iso(planned.until) if planned else None,
        "incident": _incident(incident) if incident else None,
        "uptime": {
            "days": PERIOD.days,
            "share": uptime.share,
            "unknown_seconds": round(uptime.unknown.total_seconds()),
            "seen_since": iso(uptime.since),
        },
    }


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "service": incident.service,
        "health": Health(max(incident.worst, incident.health)).name.lower(),
        "confidence": incident.confidence.name.lower(),
        "since": iso(incident.since),
        "confirmed_at": iso(incident.confirmed_at),
        "until": iso(incident.until),
        "acknowledged_by": incident.acked_by or None,
        "routes": [
            {"route": r.route, "why": wording.english_brief(r.why)} | (_places(r.places) if r.places else {})
            for r in incident.readings
        ],
    }


def _places(places: Places) -> dict[str, Any]:
    """Where a route is bad, and where it is fine; only where there are witnesses. Our own place may have no name."""
    bad, fine = ([name or "here" for name in names] for names in (places.bad, places.fine))
    return {"bad_from": bad, "fine_from": fine, "places": places.total}


def iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
