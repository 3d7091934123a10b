"""Reply to "status": all services, or one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import chain, islice

from bot.model import Confidence, Health, Incident, Overview, Role, Service, ServiceState, Style, Tally, Text, Window
from bot.wording.commands import unknown_service
from bot.wording.evidence import evidence, people
from bot.wording.health import banner, channels, in_language, nodes
from bot.wording.maintenance import ahead, in_maintenance, lasts
from bot.wording.replies import last_outage, muted_line
from bot.wording.text import NAME, STAND_IN, bare, fit, stop, uncut, whole_name
from bot.wording.times import Reader, reader
from bot.wording.titles import name_of, offline, standing

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


def title_of(entry: Entry, overview: Overview, to: Reader) -> str:
    """The title of `status_of`, made sooner for services without trouble, of which a page shows ever so many."""
    service, state = entry
    troubled = state.incident is not None or overview.maintenance(service.id) is not None
    if troubled or service.channel or overview.offline_since is not None:
        return status_of(entry, overview, to).title
    return _untroubled(STAND_IN, state, to).replace(STAND_IN, whole_name(service))


def _status(overview: Overview, style: Style, service: str | None, *, whole: bool) -> Text:
    to = reader(style, overview.at)
    if service is not None:
        entry = next((e for e in (*overview.services, *overview.channels) if e[0].id == service), None)
        if entry is None:
            return unknown_service(service, (), [one.name for one, _ in overview.services], style)
        return status_of(entry, overview, to) if whole else _one(*entry, overview, to)
    title = headline(overview, to)
    if not overview.services:
        return Text(title)
    rows = troubled(overview, to)
    if overview.offline_since is not None:  # the state is given as the last known one
        lines = (to.say.status.last_known, *rows) if rows else (stop(to.say.status.nothing_wrong_until_then),)
        return Text(title, lines)
    ways = (line for _, line in channels(overview, style))
    return Text(title, (*(rows or _calm(overview, to)), *ways))


def troubled(overview: Overview, to: Reader) -> tuple[str, ...]:
    """A line for each service not known to be up: the worst first, then the longest."""
    opened = sorted((e for e in overview.services if e[1].incident), key=_rank)
    unseen = [e for e in overview.services if _unknown(e[1]) and not overview.maintenance(e[0].id)]
    planned = _planned(overview)
    rows = chain(
        (standing(state, service, to) for service, state in opened),
        (_unseen(name_of(service), state.unseen_since, to) for service, state in unseen),
        (in_maintenance(window, service, to) for service, window in planned),
    )
    more = len(opened) + len(unseen) + len(planned) - ROWS
    return (*islice(rows, ROWS), *([to.say.lists.more.format(head="…", count=more)] if more > 0 else []))


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


def headline(overview: Overview, to: Reader) -> str:
    """The title of `status` for all services."""
    if not overview.services:
        return stop(to.say.status.none)
    return _title(overview, to) if overview.offline_since is None else offline(overview.offline_since, to)


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


def _untroubled(name: str, state: ServiceState, to: Reader) -> str:
    """The state of a service without an incident: up, or not seen."""
    if state.up_since is None or state.unseen_since is not None:
        return _unseen(name, state.unseen_since, to)
    return _fitted(name, to.say.titles.up, to.since(state.up_since))


def _unseen(name: str, since: datetime | None, to: Reader) -> str:
    if since is None:
        return fit(name, to.say.titles.not_checked.format(name=NAME))
    return _fitted(name, to.say.titles.unknown, to.since(since))


@lru_cache(maxsize=1024)
def _fitted(name: str, form: str, since: tuple[str, ...]) -> str:
    return fit(name, *(form.format(name=NAME, since=one) for one in since))


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
    return _untroubled(name_of(service), state, to)


def _unseen_one(service: Service, state: ServiceState, overview: Overview, since: datetime, to: Reader) -> Text:
    """While we are offline, nothing is known of the service but how it was before."""
    known = _one_title(service, state, overview, to)
    if state.unseen_since is None and state.up_since is None and state.incident is None:
        title, before = known, ""  # it has never been seen
    else:
        since = min(state.unseen_since or since, since)
        title = _unseen(name_of(service), since, to)
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
