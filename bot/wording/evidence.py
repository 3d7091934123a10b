"""The lines below the title: our own checks, other sources, what people report, and the reaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.model import (
    OURSELVES,
    Confidence,
    Health,
    Incident,
    Outcome,
    Reading,
    ReasonCode,
    Role,
    Service,
    SourceReport,
    Tally,
)
from bot.wording import places
from bot.wording.catalog import Catalog
from bot.wording.health import failing
from bot.wording.reasons import reason
from bot.wording.text import ITEMS, begins, clean, foreign, listed, opening, quoted, sentences, stop, unlinked
from bot.wording.times import Reader
from bot.wording.titles import TROUBLE, down, sure, worn_lines

REASONS = 4  # different reasons listed; routes with others are counted
SOURCES = 6
_OF_JOBS = frozenset(
    {
        ReasonCode.JOB_FAILED,
        ReasonCode.JOB_EXIT_CODE,
        ReasonCode.JOB_NOT_ENDED,
        ReasonCode.NO_SIGN_YET,
        ReasonCode.NO_SIGN_FOR,
    }
)
OFFICIAL = "Official status page"  # the sources' name for it; each language has its own
REPORTED = frozenset({"Downdetector"})  # count user reports, so they show trouble rather than "down"


def evidence(incident: Incident, service: Service, reader: Reader, *, often: bool = False) -> tuple[str, ...]:
    """One line for our own checks, one per official page, one for trackers and the crowd, the outage count if `often`,
    then the acknowledgement and the plan.
    """
    say = reader.say
    if service.id == OURSELVES:
        return ()
    words = incident.reports[:SOURCES]
    lines = [
        stop(say.maintenance.failed_before_end.format(at=reader.point(incident.maintenance_ended)))
        if incident.maintenance_ended
        else "",
        *(failing(incident, reader) if service.channel else (seen(incident, service, reader),)),
        *(official(w, reader) for w in words if w.role is Role.OFFICIAL and _matters(w, incident)),
        sentences(*(tracked(w, reader) for w in words if w.role is not Role.OFFICIAL)),
    ]
    if often and not service.channel:
        lines.append(lately(incident, reader))
    if incident.acked_by:
        at = reader.point(incident.acked_at or incident.since)
        lines.append(
            stop(say.evidence.acknowledged.format(by=foreign(incident.acked_by, 40) or say.changes.somebody, at=at))
        )
    return tuple(line for line in (*lines, plan_line(service, reader)) if line)


def plan_line(service: Service, to: Reader) -> str:
    """The organisation's own plan for the service; empty without one."""
    return "".join(stop(to.say.evidence.plan.format(plan=plan)) for plan in own_plans(service))


def quotes(incident: Incident, lines: Sequence[str], to: Reader) -> tuple[str, ...]:
    """Those of the lines that quote an official page."""
    words = [w for w in incident.reports if w.role is Role.OFFICIAL]
    words += [incident.official_last] if incident.official_last else []
    said = [quoted(headline, to.say) for w in words if (headline := foreign(w.headline))]
    return tuple(line for line in lines if any(headline in line for headline in said))


def own_plans(*services: Service) -> tuple[str, ...]:
    """The operators' own plans for these services, as they stand in texts."""
    return tuple(dict.fromkeys(plan for service in services if (plan := clean(service.plan, 500))))


def _matters(word: SourceReport, incident: Incident) -> bool:
    """False for the silence of an official page on a certificate that is still valid."""
    return word.says in TROUBLE or not incident.only_worn


def lately(incident: Incident, reader: Reader) -> str:
    """The outage's ordinal in the reader's year, unless it is the first, and the previous one."""
    if not down(incident) or incident.unstable_since or incident.number_this_year < 2 or incident.previous is None:
        return ""
    if {reader.year(at) for at in (incident.since, *incident.previous)} != {reader.now.year}:
        return ""  # around New Year, where the count (in UTC) and the reader's year differ
    say, (start, end) = reader.say.evidence, incident.previous
    ordinal = reader.say.ordinals.get(str(incident.number_this_year), "")
    nth = (
        say.nth_outage.format(nth=ordinal) if ordinal else say.numbered_outage.format(number=incident.number_this_year)
    )
    day = reader.day(start)
    return stop(say.last_outage.format(often=nth, day=day, length=reader.length(start, end)))


def seen(incident: Incident, service: Service, reader: Reader) -> str:
    """Result of our own checks, and how certain it is."""
    say = reader.say
    if incident.only_worn:
        return sentences(*worn_lines(incident.readings, reader))
    bad = [r for r in incident.readings if r.outcome is Outcome.FAILED]
    slow = [r for r in incident.readings if r.outcome is Outcome.SLOW]
    if not bad and not slow:
        fine = service.routes and not sure(incident) and incident.health in TROUBLE
        return stop(say.evidence.checks_fine) if fine else ""
    whole, late = ([r for r in some if not places.somewhere(r)] for some in (bad, slow))
    where = places.lines([*bad, *slow], service, say)
    parts = [*_unanswered(whole, reader), *_slow(late, reader), *where, *worn_lines(incident.readings, reader)]
    if sure(incident) and incident.confirmed_at:
        parts.append(say.evidence.confirmed.format(at=reader.point(incident.confirmed_at)))
    elif incident.confidence is Confidence.LIKELY:
        parts.append(say.evidence.not_confirmed)
    return sentences(*parts)


def unanswered(readings: Sequence[Reading], reader: Reader) -> list[str]:
    """What fails or is slow, in sentences; none if all is well."""
    bad, slow = ([r for r in readings if r.outcome is outcome] for outcome in (Outcome.FAILED, Outcome.SLOW))
    return [*_unanswered(bad, reader), *_slow(slow, reader)]


def of_job(reading: Reading) -> bool:
    """True for a job that calls us: it was not asked, so it does not fail to respond."""
    return reading.why is not None and reading.why.code in _OF_JOBS


def _unanswered(bad: list[Reading], reader: Reader) -> list[str]:
    say = reader.say
    reasons: dict[str, list[str]] = {}
    jobs = {unlinked(reason(reading.why, say)) for reading in bad if of_job(reading)}
    for reading in bad:
        reasons.setdefault(unlinked(reason(reading.why, say)), []).append(clean(reading.route, 40) or "?")
    parts: list[str] = []
    for why, names in list(reasons.items())[:REASONS]:
        routes = opening(names, listed(names, say, _most(names)))
        if why and (len(reasons) > 1 or why in jobs):
            parts.append(say.evidence.fails.format(routes=routes, why=why))
        else:
            parts.append(_silent(names, routes, why, say))
    rest = sum(map(len, list(reasons.values())[REASONS:]))
    return [*parts, say.evidence.more_fail.format(count=rest)] if rest else parts


def _silent(names: list[str], routes: str, why: str, say: Catalog) -> str:
    """That routes do not respond. A name that may not begin a sentence stands within it, as people wrote it."""
    whole, brief = (
        (say.evidence.no_answer, say.evidence.no_answer_brief)
        if begins(names[0])
        else (say.evidence.no_answer_of, say.evidence.no_answer_of_brief)
    )
    return (whole if why else brief).format(count=len(names), routes=routes, why=why)


def _slow(slow: list[Reading], reader: Reader) -> list[str]:
    if not slow:
        return []
    names = [clean(r.route, 40) or "?" for r in slow]
    routes, say = opening(names, listed(names, reader.say, _most(names))), reader.say.evidence
    brief, form = (say.slow_brief, say.slow) if begins(names[0]) else (say.slow_of_brief, say.slow_of)
    took = max((r.took for r in slow if r.took is not None), default=timedelta())
    if not took:
        return [brief.format(count=len(slow), routes=routes)]
    return [form.format(count=len(slow), routes=routes, seconds=reader.seconds(took))]


def _most(names: list[str]) -> int:
    """The number of names to list: the last name is never replaced by "and 1 more"."""
    return ITEMS if len(names) == ITEMS else ITEMS - 1


def official(word: SourceReport, reader: Reader) -> str:
    """The official page's report, and when it was read."""
    say = reader.say
    source = source_name(word, reader)
    if word.says is None or word.says is Health.UNKNOWN:
        return stop(_unread(word, source, reader))
    if headline := foreign(word.headline):
        text = say.evidence.says.format(source=source, headline=quoted(headline, say))
    elif word.says is Health.UP:
        text = say.evidence.reports_nothing.format(source=source)
    else:
        form = say.evidence.reports_outage if word.says is Health.DOWN else say.evidence.reports_trouble
        text = form.format(source=source)
    return stop(say.evidence.read_at.format(sentence=text, at=reader.point(word.at)) if word.at else text)


def _unread(word: SourceReport, source: str, reader: Reader) -> str:
    """That the page could not be read; from the second failure with the time of the first, as an outage may also affect
    the page.
    """
    since = word.silent_since
    if since is None or word.at is None or word.at <= since:
        return reader.say.evidence.unread.format(source=source)
    return reader.say.evidence.unread_since.format(source=source, at=reader.point(since))


def source_name(word: SourceReport, reader: Reader) -> str:
    name = foreign(word.source, 40)
    if word.role is Role.OFFICIAL and name in {"", OFFICIAL}:
        return reader.say.evidence.official_page
    return name or "?"


def lag(incident: Incident, at: datetime, reader: Reader) -> str:
    """How long before or after our first bad round the official page reported it."""
    say, apart = reader.say, at - incident.since
    if abs(apart) < timedelta(minutes=1):
        return say.resolution.with_us
    form = say.resolution.after_us if apart > timedelta() else say.resolution.before_us
    return form.format(length=reader.duration(abs(apart)))


def tracked(word: SourceReport, reader: Reader) -> str:
    """The number of reports, or else the tracker's verdict; empty if it could not be read."""
    say, source = reader.say, foreign(word.source, 40) or "?"
    if word.role is Role.CROWD:
        return people(word, say)
    if word.says is None or word.says is Health.UNKNOWN:
        return ""
    if word.reports is not None and word.usual is not None:
        return say.trackers.reports.format(
            count=reader.number(word.reports), usual=reader.number(word.usual), source=source
        )
    if word.reports is not None:
        return say.trackers.reports_brief.format(count=reader.number(word.reports), source=source)
    if headline := foreign(word.headline):
        return say.evidence.says.format(source=source, headline=headline)
    if word.says is Health.UP:
        return say.trackers.up.format(source=source)
    if source in REPORTED:
        form = say.trackers.problems if word.says is Health.DOWN else say.trackers.possible_problems
    else:
        form = say.trackers.down if word.says is Health.DOWN else say.trackers.trouble
    return form.format(source=source)


def people(said: SourceReport | Tally, say: Catalog) -> str:
    """The number of reports and the usual number, and for how many it works. Empty without reports."""
    often = say.user_reports.usually.format(count=said.usual) if said.usual else say.user_reports.usually_none
    return sentences(
        say.user_reports.reports.format(count=said.reports, usually=often) if said.reports else "",
        say.user_reports.works.format(count=said.works) if said.works else "",
    )
