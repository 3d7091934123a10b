"""Reply to "status": all services, or one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.model import Confidence, Health, Incident, Overview, Role, Service, ServiceState, Style, Tally, Text, Window
from bot.wording.commands import unknown_service
from bot.wording.evidence import evidence
from bot.wording.health import banner, channels, in_language, nodes
from bot.wording.maintenance import ahead, in_maintenance, lasts
from bot.wording.replies import last_outage, muted_line
from bot.wording.text import NAME, bare, fit, stop, uncut
from bot.wording.times import Reader, reader
from bot.wording.titles import name_of, offline, standing
from bot.wording.trackers import people

ROWS = 20

Entry = tuple[Service, ServiceState]


def status(overview: Overview, style: Style, service: str | None = None, *, whole: bool = False) -> Text:
    """The state of `service` (an id), or of all: what is down, and since when; if all are up, the latest outage and the
    longest uptime. `whole`: its name is never cut, as there is room.
    """
    words = _status(overview, style, service, whole=whole)
    ours = banner(overview.unwell, style, overview.at)
    shared = nodes(overview.cluster, style, overview.at) if service is None else ""
    return replace(words, lines=(*words.lines, *filter(None, (ours, shared))))


def status_of(entry: Entry, overview: Overview, to: Reader) -> Text:
    """The state of one service, with its whole name."""
    service, state = entry
    return uncut(lambda named: _one(named, state, overview, to), service)


def _status(overview: Overview, style: Style, service: str | None, *, whole: bool) -> Text:
    to = reader(style, overview.at)
    if service is not None:
        entry = next((e for e in (*overview.services, *overview.channels) if e[0].id == service), None)
        if entry is None:
            return unknown_service(service, (), [one.name for one, _ in overview.services], style)
        return status_of(entry, overview, to) if whole else _one(*entry, overview, to)
    if not overview.services:
        return Text(stop(to.say.status.none))
    if overview.offline_since is not None:
        return _blind(overview, overview.offline_since, to)
    rows = troubled(overview, to)
    ways = (line for _, line in channels(overview, style))
    return Text(_title(overview, to), (*(rows or _calm(overview, to)), *ways))


def troubled(overview: Overview, to: Reader) -> tuple[str, ...]:
    """A line for each service not known to be up: the worst first, then the longest."""
    opened = sorted((e for e in overview.services if e[1].incident), key=_rank)
    rows = [standing(state, service, to) for service, state in opened]
    rows += [_unseen(*e, to) for e in overview.services if _unknown(e[1]) and not overview.maintenance(e[0].id)]
    rows += [in_maintenance(w, s, to) for s, w in _planned(overview)]
    if len(rows) <= ROWS:
        return tuple(rows)
    return (*rows[:ROWS], to.say.lists.more.format(head="…", count=len(rows) - ROWS))


def _planned(overview: Overview) -> list[tuple[Service, Window]]:
    """Services in maintenance without an incident."""
    if not overview.windows:
        return []
    calm = (service for service, state in overview.services if state.incident is None)
    return [(service, window) for service in calm if (window := overview.maintenance(service.id))]


def _rank(entry: Entry) -> tuple[int, int, datetime, str]:
    service, state = entry
    incident = state.incident
    if incident is None:
        raise ValueError(f"{service.id} has no open incident to be ranked by")
    health = Health.DEGRADED if state.answering_since else incident.health
    return -incident.confidence, -health, incident.since, service.id


def _title(overview: Overview, to: Reader) -> str:
    say, count = to.say, len(overview.services)
    opened = [s for _, s in overview.services if s.incident]
    sure = [s for s in opened if s.incident and s.incident.confidence is Confidence.CONFIRMED]
    down = [s for s in sure if s.incident and s.incident.health is Health.DOWN and not s.answering_since]
    planned = {service.id for service, _ in _planned(overview)}
    unknown = [s for service, s in overview.services if _unknown(s) and service.id not in planned]
    if down and len(sure) > len(down):
        return say.status.down_and_trouble.format(count=len(down), all=count, more=len(sure) - len(down))
    if down:
        return say.status.down.format(count=len(down), all=count)
    if sure:
        return say.status.trouble.format(count=len(sure), all=count)
    if opened:
        return say.status.perhaps.format(count=len(opened), all=count)
    if unknown:
        return say.status.unknown.format(count=len(unknown), all=count)
    if planned:
        if len(planned) == count:
            return say.maintenance.all_in_maintenance
        return say.maintenance.others_up.format(count=count - len(planned), all=count, planned=len(planned))
    return say.status.up.format(count=count)


def _unknown(state: ServiceState) -> bool:
    return state.incident is None and (state.unseen_since is not None or state.up_since is None)


def _unseen(service: Service, state: ServiceState, to: Reader) -> str:
    if state.unseen_since is None:
        return fit(name_of(service), to.say.titles.not_checked.format(name=NAME))
    forms = [to.say.titles.unknown.format(name=NAME, since=s) for s in to.since(state.unseen_since)]
    return fit(name_of(service), *forms)


def _calm(overview: Overview, to: Reader) -> tuple[str, ...]:
    """The latest outage, and the service that has been up longest."""
    names = {s.id: name_of(s) for s, _ in overview.services}
    last = next((i for i in overview.recent if i.service in names and outage(i)), None)
    lines = [last_outage(last, names[last.service], to)] if last else []
    up = [(s.up_since, name_of(v)) for v, s in overview.services if s.up_since]
    if len(up) > 1:
        since, name = min(up)
        lines.append(stop(to.say.status.longest_without_trouble.format(name=name, since=to.point(since))))
    return tuple(lines)


def outage(incident: Incident) -> bool:
    """True if confirmed, over, and not retracted."""
    return incident.confidence is Confidence.CONFIRMED and incident.until is not None and not incident.retracted


def _blind(overview: Overview, since: datetime, to: Reader) -> Text:
    """While we are offline, the state is given as the last known one."""
    rows = troubled(overview, to)
    lines = (to.say.status.last_known, *rows) if rows else (stop(to.say.status.nothing_wrong_until_then),)
    return Text(offline(since, to), lines)


def _without_crowd(incident: Incident) -> Incident:
    """The incident without its crowd reports, which the present ones replace."""
    return replace(incident, reports=tuple(word for word in incident.reports if word.role is not Role.CROWD))


def _one(service: Service, state: ServiceState, overview: Overview, to: Reader) -> Text:
    service = in_language(service, to.say.language)
    if overview.offline_since is not None:
        return _unseen_one(service, state, overview, overview.offline_since, to)
    # While it responds, what failed before is no evidence of how it is now.
    failing = state.incident and not state.answering_since
    lines = evidence(_without_crowd(state.incident), service, to) if state.incident and failing else ()
    if state.incident and (planned := overview.maintenance(service.id)):
        lines = (*lines, lasts(planned, to))
    return Text(_one_title(service, state, overview, to), (*lines, *_further(service, state, overview, to)))


def _one_title(service: Service, state: ServiceState, overview: Overview, to: Reader) -> str:
    if state.incident:
        return standing(state, service, to)
    if planned := overview.maintenance(service.id):
        return in_maintenance(planned, service, to)
    if state.up_since is None or state.unseen_since is not None:
        return _unseen(service, state, to)
    return fit(name_of(service), *(to.say.titles.up.format(name=NAME, since=s) for s in to.since(state.up_since)))


def _unseen_one(service: Service, state: ServiceState, overview: Overview, since: datetime, to: Reader) -> Text:
    """While we are offline, nothing is known of the service but how it was before."""
    known = _one_title(service, state, overview, to)
    if state.unseen_since is None and state.up_since is None and state.incident is None:
        title, before = known, ""  # it has never been seen
    else:
        since = min(state.unseen_since or since, since)
        title = _unseen(service, replace(state, unseen_since=since), to)
        before = f"{to.say.status.last_known} {bare(known)}" if state.incident else ""
    lines = (offline(overview.offline_since or since, to), before)
    return Text(title, (*(stop(line) for line in lines if line), *_further(service, state, overview, to)))


def _further(service: Service, state: ServiceState, overview: Overview, to: Reader) -> tuple[str, ...]:
    """Maintenance to come, what people say, the latest outage, and a mute."""
    coming = next(
        (w for w in overview.windows_of(service.id) if not w.over(overview.at) and w.since > overview.at),
        None,
    )
    last = next(filter(outage, overview.recent_of(service.id)), None)
    lines = (
        ahead(coming, (service,), to) if coming and not coming.over_at else "",
        people(overview.user_reports.get(service.id, Tally()), to.say),
        last_outage(last, "", to),
        muted_line(state.mute, to),
    )
    return tuple(line for line in lines if line)
