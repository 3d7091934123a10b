"""Planned maintenance: notices, replies, and lines within other messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.model import Notice, Origin, Phase, Service, Style, Text, Tone, Window
from bot.wording.commands import for_example
from bot.wording.links import of_maintenance
from bot.wording.text import NAME, capital, clean, fit, foreign, listed, shorten, stop
from bot.wording.times import Reader, reader
from bot.wording.titles import name_of

WIDE = 40  # characters of names in a title; longer lists are counted instead
ROWS = 20
HOW = (
    "maintenance mail for 1h",
    "maintenance mail 22:00 23:30 new disks",
    "maintenance mail tomorrow 22:00 for 90m",
    "maintenance cancel mail",
)


@dataclass(frozen=True, slots=True)
class MaintenanceEnd:
    """The state of services at the planned end."""

    failing: Collection[str] = ()  # ids of services that still fail
    shown: bool = False  # the official page still shows the maintenance


IN_ORDER = MaintenanceEnd()


def maintenance(
    window: Window,
    phase: Phase,
    services: Sequence[Service],
    style: Style,
    now: datetime,
    *,
    leaving: MaintenanceEnd = IN_ORDER,
    read_at: datetime | None = None,
    site: str = "",
) -> Notice:
    """The notice of a window's new phase. `window`: its state after the notice. `services`: those of the window that
    this reader follows; empty: all. `read_at`: when it is read, if not at once. `site`: the public address of our pages.
    """
    to = reader(style, read_at or now)
    title = _title(window, phase, _whose(services, to), to, leaving)
    lines = (*_lines(window, phase, services, to, leaving),)
    words = Text(title, lines)
    return Notice(
        key=f"{window.id}/{window.steps}",
        thread=window.id,
        tone=Tone.INFO,
        words=words,
        root=None if window.steps <= 1 else words,
        # Readers who know of the maintenance need no alert when it begins as announced.
        fresh=phase is not Phase.BEGUN or window.steps <= 1,
        at=window.end if phase is Phase.ENDED else now,
        since=window.since,
        kind=phase,
        style=style,
        line=title,
        links=of_maintenance(window, services, site, to.say),
    )


def _whose(services: Sequence[Service], to: Reader) -> str:
    names = [clean(name_of(s), 60) for s in services]
    if not names:
        return to.say.maintenance.everything
    text = listed(names, to.say)
    return text if len(names) == 1 or len(text) <= WIDE else to.say.maintenance.several.format(count=len(names))


def _title(window: Window, phase: Phase, name: str, to: Reader, leaving: MaintenanceEnd) -> str:
    forms = _forms(window, phase, to, leaving)
    return fit(name, *(form.format(name=NAME, **_facts(window, to)) for form in forms))


def _facts(window: Window, to: Reader) -> dict[str, str]:
    end = window.until if window.over_at and window.over_at <= window.since else window.end
    return {
        "since": to.point(window.since),
        "until": to.point(end) if end else "",
        "span": to.span(window.since, end) if end and end > window.since else to.clock(window.since),
    }


def _forms(window: Window, phase: Phase, to: Reader, leaving: MaintenanceEnd) -> tuple[str, ...]:
    say = to.say.maintenance
    match phase:
        case Phase.PLANNED:
            return (say.planned if window.until else say.planned_from,)
        case Phase.BEGUN:
            return (say.begun if window.until else say.begun_from,)
        case Phase.MOVED if window.begun and window.until:
            return (say.extended,)
        case Phase.MOVED:
            return (say.moved if window.until else say.moved_from,)
        case Phase.CANCELLED:
            return (say.cancelled if window.until else say.cancelled_from,)
        case Phase.ENDED:
            if not window.until:
                return (say.ended_from,)
            if window.over_at and window.over_at < window.until:
                return (say.ended_early,)
            return (say.overdue,) if leaving.failing or leaving.shown else (say.ended, say.ended_from)


def _lines(
    window: Window, phase: Phase, services: Sequence[Service], to: Reader, leaving: MaintenanceEnd
) -> tuple[str, ...]:
    say = to.say.maintenance
    lines = []
    if len(services) > 1:
        lines.append(say.services.format(names=listed([clean(name_of(s), 60) for s in services], to.say, ROWS)))
    if phase is Phase.ENDED and window.over_at and window.until and window.over_at < window.until:
        lines.append(say.was_planned_until.format(until=to.point(window.until)))
    failing = [clean(name_of(s), 60) for s in services if s.id in leaving.failing]
    if phase is Phase.ENDED and failing:
        lines.append(say.still_failing.format(count=len(failing), names=listed(failing, to.say)))
    if phase is Phase.ENDED and leaving.shown:
        lines.append(say.still_shown)
    if phase in {Phase.PLANNED, Phase.BEGUN, Phase.MOVED}:
        lines += _source(window, to)
    return tuple(stop(line) for line in lines)


def _source(window: Window, to: Reader) -> list[str]:
    """The work planned, and who announced it."""
    say, note, by = to.say.maintenance, foreign(window.note), foreign(window.by, 40)
    lines = [say.work.format(note=note)] if note else []
    if window.origin is Origin.OFFICIAL:
        lines.append(say.by_status_page)
    return [*lines, *([say.by_person.format(name=by)] if by else [])]


# ── within other messages ────────────────────────────────────────────────────────────────────────────────────────────


def in_maintenance(window: Window, service: Service, to: Reader) -> str:
    """State of a service that is in maintenance and has no incident."""
    form = to.say.maintenance.begun if window.until else to.say.maintenance.begun_from
    return fit(name_of(service), form.format(name=NAME, **_facts(window, to)))


def lasts(window: Window, to: Reader) -> str:
    """The end of the maintenance, as a line below an incident."""
    return stop(to.say.maintenance.lasts_until.format(until=to.point(window.until))) if window.until else ""


def ahead(window: Window, services: Sequence[Service], to: Reader) -> str:
    """A present or future window in one line."""
    phase = Phase.BEGUN if window.since <= to.now else Phase.PLANNED
    return _title(window, phase, _whose(services, to), to, IN_ORDER)


# ── replies ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def announced(window: Window, services: Sequence[Service], style: Style, now: datetime) -> Text:
    to = reader(style, now)
    note = capital(foreign(window.note))
    lines = (*((note,) if note else ()), to.say.maintenance.held_back)
    return Text(ahead(window, services, to), tuple(stop(line) for line in lines))


def plans(found: Sequence[tuple[Window, Sequence[Service]]], style: Style, now: datetime) -> Text:
    """Present and future windows."""
    to = reader(style, now)
    if not found:
        return Text(stop(to.say.maintenance.none))
    rows = [shorten(ahead(window, services, to), 120) for window, services in found]
    rest = [to.say.lists.more.format(head="…", count=len(rows) - ROWS)] if len(rows) > ROWS else []
    return Text(to.say.maintenance.list_title, (*rows[:ROWS], *rest))


def called_off(
    windows: Sequence[Window], left: Sequence[Window], services: Sequence[Service], style: Style, now: datetime
) -> Text:
    """`windows`: those that end now; `left`: those of the same services that stay planned."""
    to = reader(style, now)
    whose, say = _whose(services, to), to.say.maintenance
    first, *more = (fit(whose, say.cancelled_answer.format(name=NAME, **_facts(window, to))) for window in windows)
    stays = [stop(say.still_planned.format(span=_facts(window, to)["span"])) for window in left if window.until]
    return Text(first, (*more, *stays))


def nothing_planned(name: str, style: Style, now: datetime) -> Text:
    return Text(fit(foreign(name, 100), reader(style, now).say.maintenance.nothing_to_cancel.format(name=NAME)))


def when_unclear(style: Style, now: datetime, *, over: bool = False) -> Text:
    say = reader(style, now).say.maintenance
    return Text(stop(say.over_already if over else say.time_unclear), (for_example(HOW, style),))


def why_silent(window: Window, service: Service, style: Style, now: datetime) -> Text:
    """Why no notices of a service are sent at present."""
    to = reader(style, now)
    title = fit(name_of(service), to.say.maintenance.silent.format(name=NAME, **_facts(window, to)))
    return Text(title, (stop(to.say.maintenance.silent_line),))


def title_of_many(count: int, to: Reader) -> str:
    return to.say.maintenance.notices_title.format(count=count)
