"""Deliveries of a change: its readers, their texts, and posts or edits (pure)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import wording
from bot.model import (
    Audience,
    Change,
    ChangeKind,
    Delivery,
    DeliveryAction,
    Destination,
    Notice,
    Service,
    Style,
    SubscriptionFilter,
)
from bot.notify import routing

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
