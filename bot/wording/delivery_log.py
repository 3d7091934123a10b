"""The delivery log in words: who got which notice, when and how, and why a place did or did not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import (
    DRILL,
    Audience,
    DeliveryAction,
    Destination,
    Health,
    NotNotifiedReason,
    Progress,
    Style,
    Text,
    Trail,
)
from bot.wording.catalog import catalog
from bot.wording.commands import meant, typed
from bot.wording.reasons import whole
from bot.wording.text import NAME, clean, fit, foreign, quoted, stop, unlinked
from bot.wording.times import Reader, reader

ROWS = 30
WAITS = frozenset({"pending", "sending"})
PRECISE = timedelta(minutes=1)  # longer times are not given in seconds

Unheard = Sequence[tuple[Audience, NotNotifiedReason]]


@dataclass(frozen=True, slots=True)
class DeliveryStep:
    """One delivery in words, for a table or a line."""

    place: str
    reader: str  # the audience, and the rung of its ladder
    change: str
    status: str
    at: str  # when it was sent; empty if not sent
    took: str  # since it was queued
    attempts: int
    way: str  # the rung it replaced, or why it failed
    brief: str = ""  # its line's part if it arrived at the first attempt, in a message of its own; else empty

    def line(self, to: Reader) -> str:
        return stop(f"{self.whose}: {self.told(to)}")

    @property
    def whose(self) -> str:
        return f"{self.place} ({self.reader})"

    def told(self, to: Reader) -> str:
        """The change and what became of it."""
        say = to.say.delivery_log
        parts = [f"{self.change}: {self.status}"]
        parts += [say.at.format(at=self.at), say.after.format(length=self.took)] if self.at else []
        parts += [say.attempts.format(count=self.attempts)] if self.attempts > 1 else []
        return to.say.lists.comma.join([*parts, *([self.way] if self.way else [])])


def passages(trail: Trail, style: Style, now: datetime) -> tuple[DeliveryStep, ...]:
    """All deliveries in the order they were queued."""
    to = reader(style, now)
    return tuple(_passage(row, trail, to) for row in trail.rows)


def delivered(trail: Trail, style: Style, now: datetime) -> Text:
    """The reply to "delivery"."""
    to = reader(style, now)
    say, posts = to.say.delivery_log, [row for row in trail.rows if row.action is DeliveryAction.POST]
    name = foreign(trail.name, 100) if trail.incident else say.drill
    facts = {"name": NAME, "id": thread(trail), "count": sum(map(_has_it, posts)), "all": len(posts)}
    forms = (say.arrived, say.arrived_brief) if posts else (say.none,)
    return Text(fit(name, *(form.format(**facts) for form in forms)), _by_place(trail, to))


def _by_place(trail: Trail, to: Reader) -> tuple[str, ...]:
    """A line for each place and reader; first messages that were updated as they should stand in no line."""
    told: dict[str, list[str]] = {}
    for row in trail.rows:
        if row.action is DeliveryAction.POST or row.status not in {"sent", "superseded"}:
            step = _passage(row, trail, to)
            told.setdefault(step.whose, []).append(step.brief or step.told(to))
    lines = [stop(f"{whose}: {'; '.join(steps)}") for whose, steps in told.items()]
    return _cut(lines, to)


def _cut(lines: Sequence[str], to: Reader) -> tuple[str, ...]:
    more = [to.say.lists.more.format(head="…", count=len(lines) - ROWS)] if len(lines) > ROWS else []
    return (*lines[:ROWS], *more)


def _lines(trail: Trail, rows: Sequence[Progress], to: Reader) -> tuple[str, ...]:
    return _cut([_passage(row, trail, to).line(to) for row in rows], to)


def thread(trail: Trail) -> str:
    """The incident's id; of a drill, its thread."""
    return trail.incident.id if trail.incident else next((r.key.partition("/")[0] for r in trail.rows), "")


def _passage(row: Progress, trail: Trail, to: Reader) -> DeliveryStep:
    change, way = _change(row, to), _way(row, trail, to)
    took = seconds(row.sent_at - row.queued_at, to) if row.sent_at else ""
    simple = row.sent_at and row.status == "sent" and row.attempts <= 1 and not way
    return DeliveryStep(
        place=clean(row.destination.shown, 100),
        reader=_reader(row, trail.readers, to),
        change=change,
        status=_status(row, to),
        at=to.point(row.sent_at) if row.sent_at else "",
        took=took,
        attempts=row.attempts,
        way=way,
        brief=f"{to.clock(row.sent_at)} {change} ({took})" if simple and row.sent_at else "",
    )


def seconds(took: timedelta, to: Reader) -> str:
    """A short time such as "0.4 s" or "3 min"."""
    return f"{to.seconds(took)} s" if took < PRECISE else to.duration(took)


def _reader(row: Progress, readers: Iterable[Audience], to: Reader) -> str:
    if row.audience == str(row.destination):
        return to.say.delivery_log.subscribed
    rung = _rung(row.destination, _ladder(row, readers))
    name = clean(row.audience, 60)
    return to.say.delivery_log.rung.format(name=name, count=rung + 1) if rung is not None else name


def _ladder(row: Progress, readers: Iterable[Audience]) -> Audience | None:
    return next((a for a in readers if a.ladder and a.name in {row.audience, *row.ladders}), None)


def _rung(place: Destination, ladder: Audience | None) -> int | None:
    return ladder.destinations.index(place) if ladder and place in ladder.destinations else None


def _change(row: Progress, to: Reader) -> str:
    say = to.say.delivery_log
    if row.action is DeliveryAction.EDIT:
        return say.edit
    if row.kind is None:
        return say.test
    return to.say.delivery_changes.get(row.kind.value, say.other)


def _status(row: Progress, to: Reader) -> str:
    say = to.say.delivery_log
    if row.unsure and row.status in WAITS:
        return say.perhaps
    return say.by_edit if row.status == "merged" and row.by_edit else to.say.delivery_states[row.status]


def _has_it(row: Progress) -> bool:
    return row.status in {"sent", "merged"}


def _way(row: Progress, trail: Trail, to: Reader) -> str:
    say, why = to.say.delivery_log, unlinked(whole(row.why, to.say))
    if row.status == "pending" and row.attempts:
        return to.say.lists.comma.join([say.retry_at.format(at=to.point(row.due)), *([why] if why else [])])
    if row.status == "refused":
        return why
    return _instead(row, trail, to)


def _instead(row: Progress, trail: Trail, to: Reader) -> str:
    """The rung above that failed to take this notice before it was queued here."""
    say, ladder = to.say.delivery_log, _ladder(row, trail.readers)
    rung = _rung(row.destination, ladder)
    if ladder is None or not rung or row.action is DeliveryAction.EDIT:
        return ""
    above, notice = set(ladder.destinations[:rung]), row.key.partition("@")[0]
    same = [r for r in trail.rows if r.destination in above and r.key.partition("@")[0] == notice]
    untaken = [r for r in same if r.action is DeliveryAction.POST and r.queued_at < row.queued_at]
    if not untaken:
        return ""
    last = max(untaken, key=lambda r: (r.queued_at, r.id))
    place = clean(last.destination.shown, 100)
    if last.status == "refused":
        return say.instead_of_refused.format(place=place, why=unlinked(whole(last.why, to.say)))
    return say.instead_of_late.format(place=place, length=seconds(row.queued_at - last.queued_at, to))


def why(trail: Trail, place: Destination, reasons: Unheard, style: Style, now: datetime) -> Text:
    """The reply to why `place` did or did not get an incident's notices. `reasons`: for each reader there, if none was
    sent.
    """
    to = reader(style, now)
    say, own = to.say.delivery_log, [row for row in trail.rows if row.destination == place]
    title = fit(
        foreign(trail.name, 100),
        _fate([r for r in own if r.action is DeliveryAction.POST], to).format(name=NAME, id=thread(trail)),
    )
    lines = _lines(trail, own, to) if own else tuple(_reason(*one, trail, place, to) for one in reasons)
    return Text(title, lines or (stop(say.no_reader),))


def _fate(posts: Sequence[Progress], to: Reader) -> str:
    say = to.say.delivery_log
    if any(map(_has_it, posts)):
        return say.why_sent
    if any(row.unsure for row in posts):
        return say.why_perhaps
    if any(row.status in WAITS for row in posts):
        return say.why_pending
    return say.why_refused if any(row.status == "refused" for row in posts) else say.why_not_sent


def _reason(audience: Audience, reason: NotNotifiedReason, trail: Trail, place: Destination, to: Reader) -> str:
    say, incident = to.say.delivery_log, trail.incident
    down = incident is None or max(incident.worst, incident.health) is Health.DOWN
    facts = {
        NotNotifiedReason.NOT_FOLLOWED: say.not_followed.format(name=foreign(trail.name, 60)),
        NotNotifiedReason.NOT_HEARD: say.other_topic.format(what=to.say.topics["down" if down else "degraded"]),
        NotNotifiedReason.NOT_SURE: say.not_sure,
        NotNotifiedReason.MUTED: say.muted,
        NotNotifiedReason.MAINTENANCE: to.say.maintenance.was_planned_then,
        NotNotifiedReason.LOWER_RUNG: say.lower_rung.format(
            name=clean(audience.name, 60), count=(_rung(place, audience) or 0) + 1
        ),
        NotNotifiedReason.SUBSCRIBED_LATER: say.subscribed_later,
        NotNotifiedReason.UNKNOWN: say.no_reason,
    }
    return stop(facts[reason])


def no_incident(said: str, style: Style) -> Text:
    """The requested incident or drill does not exist."""
    say = catalog(style.language)
    text = (
        say.delivery_log.no_drill
        if said == DRILL
        else say.delivery_log.no_incident.format(said=quoted(foreign(said, 30), say))
    )
    return Text(stop(text))


def nothing_yet(period: timedelta, style: Style, now: datetime) -> Text:
    to = reader(style, now)
    return Text(stop(to.say.delivery_log.no_incident_yet.format(period=to.period(period))))


def drilled(places: int, style: Style) -> Text:
    say = catalog(style.language).delivery_log
    return Text(
        stop(say.drilled.format(count=places)), (stop(say.drilled_line.format(command=typed("delivery drill", style))),)
    )


def unknown_audience(said: str, near: Sequence[str], style: Style) -> Text:
    """`near`: existing audiences, likeliest first; empty: the config has none."""
    say = catalog(style.language)
    if not near:
        return Text(stop(say.delivery_log.no_audience))
    return Text(stop(say.delivery_log.unknown_audience.format(said=quoted(foreign(said, 30), say))), meant(near, style))
