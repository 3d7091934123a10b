"""Deliveries of a change, or of a maintenance notice: readers, texts, and posts or edits (pure)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import wording
from bot.model import (
    OVER,
    Audience,
    Change,
    ChangeKind,
    Delivery,
    DeliveryAction,
    Destination,
    Notice,
    Phase,
    Service,
    Style,
    SubscriptionFilter,
    Topic,
    Window,
    local_time,
)
from bot.notify import routing

FIRST = frozenset({Phase.PLANNED, Phase.BEGUN})  # may be the first notice of a window that a destination gets


Followed = tuple[SubscriptionFilter, ...]


@dataclass(frozen=True, slots=True)
class Readers:
    """Possible readers, and the state of their channels."""

    audiences: tuple[Audience, ...]
    admins: Audience | None = None  # notified first, with hints on what can be done
    down: Collection[str] = ()  # kinds of channel known to be down
    editable: Collection[str] = ()  # kinds of channel that can edit messages

    @property
    def all(self) -> tuple[Audience, ...]:
        return (*((self.admins,) if self.admins else ()), *self.audiences)


@dataclass(frozen=True, slots=True)
class Spread:
    """Destinations already notified of an incident: `told` includes queued messages, `heard` only delivered ones."""

    told: Collection[Destination] = field(default_factory=frozenset)
    heard: Collection[Destination] = field(default_factory=frozenset)


def deliveries(
    change: Change,
    service: Service,
    readers: Readers,
    spread: Spread,
    others: Callable[[Followed], wording.Others],
    *,
    muted: bool,
    now: datetime,
) -> tuple[Delivery, ...]:
    """All deliveries of a change. `others`: further incidents among the services that these filters follow."""
    audiences = readers.all
    found = routing.hearers(change, audiences, spread.told, spread.heard, muted=muted, dead=service.channel, now=now)
    ending = change.kind is ChangeKind.RESTORED  # only a restoration lists other incidents
    words: dict[tuple[Style, Followed, datetime | None], Notice] = {}
    rows: list[Delivery] = []
    for hearer in found:
        followed = tuple(a.filter for a in audiences if a.name == hearer.audience) if ending else ()
        manner = hearer.style, followed, hearer.due
        if manner not in words:
            rest = others(followed) if ending else wording.Others()
            words[manner] = wording.notice(change, service, hearer.style, rest, hearer.due)
        notice = words[manner]
        if readers.admins and hearer.audience == readers.admins.name:
            notice = wording.advised(notice, change.incident)
        rows += acts(notice, hearer, readers, told=hearer.destination in spread.told)
    return tuple(rows)


def together(
    changes: Sequence[Change],
    thread: str,
    spread: Spread,
    make: Callable[[Change, Spread], Sequence[Delivery]],
) -> tuple[Delivery, ...]:
    """The deliveries of changes that are told at the same time. Usually that is one change; several are those that the
    database could not take at their time: each destination is told where an incident stands now.

    `spread`: of the incident `thread`. `make`: `deliveries`, of one change.
    """
    known, told = thread, spread.told
    rows: list[Delivery] = []
    for change in changes:
        if change.incident.id != thread:
            thread, spread = change.incident.id, Spread()  # nobody has been notified of a new incident
        new = make(change, spread)
        whole = {row.destination for row in new if row.notice.whole}
        rows = [row for row in rows if row.notice.thread != thread or row.destination not in whole]
        rows += new
        spread = replace(spread, told={*spread.told, *(row.destination for row in new)})

    def sensible(row: Delivery) -> bool:
        """What was never sent cannot be edited, nor taken back."""
        first = row.notice.thread != known or row.destination not in told
        return not first or (row.action is DeliveryAction.POST and row.notice.kind is not ChangeKind.RETRACTED)

    return tuple(filter(sensible, rows))


def acts(notice: Notice, hearer: routing.Hearer, readers: Readers, *, told: bool) -> list[Delivery]:
    """A new message, then an edit of the first one. An edit notifies nobody, so it never comes first."""
    if hearer.destination.kind in readers.down:
        hearer = routing.hurried(hearer)
    key = f"{notice.key}@{hearer.destination}"
    post = Delivery(key, hearer.destination, DeliveryAction.POST, notice, hearer.audience, due=hearer.due)
    rows = [replace(post, ladders=hearer.ladders, within=hearer.within)]
    if told and notice.root is not None and hearer.destination.kind in readers.editable:
        rows.append(replace(post, key=f"{key};edit", action=DeliveryAction.EDIT))
    return rows


@dataclass(frozen=True, slots=True)
class MaintenanceNews:
    """A window's new phase. `window`: its state after the notice. `told`: destinations with a notice of it; True if it
    was delivered.
    """

    window: Window
    phase: Phase
    told: Mapping[Destination, bool]
    leaving: wording.MaintenanceEnd


def maintenance_deliveries(
    news: MaintenanceNews,
    services: Mapping[str, Service],
    muted: Sequence[str],
    readers: Readers,
    now: datetime,
) -> tuple[Delivery, ...]:
    """One delivery per destination, covering all services its readers follow. `services`: all, by id; nothing new is
    announced of `muted` ones.
    """
    concerned = [s for s in services if news.window.concerns(s) and not (news.phase in FIRST and s in muted)]
    found: dict[Destination, tuple[routing.Hearer, set[str]]] = {}
    for audience in readers.audiences:
        follows = {s for s in concerned if audience.filter.follows(s)}
        if not follows or Topic.MAINTENANCE not in audience.filter.topics:
            continue
        for place in _places(news, audience):
            due = _due(audience, place, now)
            hearer, others = found.get(place, (None, set()))
            hearer = hearer or routing.Hearer(place, audience.name, audience.style_at(place), due=due)
            hearer = replace(hearer, due=min(hearer.due, due) if hearer.due and due else None)
            found[place] = (routing.climbing(hearer, audience) if audience.ladder else hearer), others | follows
    site = next((service.site for service in services.values()), "")
    words: dict[tuple[Style, frozenset[str], datetime | None], Notice] = {}
    rows: list[Delivery] = []
    for place, (hearer, follows) in found.items():
        manner = hearer.style, frozenset(follows), hearer.due
        if manner not in words:
            whole = not news.window.services and len(follows) == len(services)
            named = () if whole else tuple(services[s] for s in concerned if s in follows)
            words[manner] = wording.maintenance(
                news.window, news.phase, named, hearer.style, now, leaving=news.leaving, read_at=hearer.due, site=site
            )
        rows += acts(words[manner], hearer, readers, told=place in news.told)
    return tuple(rows)


def _places(news: MaintenanceNews, audience: Audience) -> Sequence[Destination]:
    """Of a ladder the first rung, or those notified before; updates go to those that got the first notice."""
    known = [d for d in audience.destinations if d in news.told]
    if news.phase in FIRST:
        return (known or audience.destinations[:1]) if audience.ladder else audience.destinations
    reached = [d for d in known if news.told[d]] if audience.ladder and news.phase not in OVER else known
    return reached or known


def _due(audience: Audience, place: Destination, now: datetime) -> datetime | None:
    quiet = audience.quiet_at(place)
    spell = local_time.spell(quiet, audience.style_at(place), now) if quiet else None
    return spell[1] if spell and quiet and Topic.MAINTENANCE not in quiet.but else None
