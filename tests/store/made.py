"""Moves and deliveries as the store's tests need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.delivery.claiming import Claimer
from bot.model import (
    Change,
    ChangeKind,
    Confidence,
    Delivery,
    DeliveryAction,
    DeliveryResult,
    Destination,
    Health,
    Incident,
    Notice,
    Text,
    Tone,
)
from bot.model.cluster import SCHEDULER, channel_role
from bot.notify.batching import Claim
from bot.store import Snapshot, Transition

# the roles of a node that is alone on a server
ROLES = (SCHEDULER, *(channel_role(kind) for kind in ("slack", "telegram", "email")))
NOW = datetime(2022, 7, 14, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=60)
SLACK = Destination("slack", "C012")
MAIL = Destination("email", "desk@example.org")


def delivery(
    step: int = 1, to: Destination = SLACK, thread: str = "x#1", action: DeliveryAction = DeliveryAction.POST
) -> Delivery:
    notice = Notice(f"{thread}/{step}", thread, Tone.DOWN, Text(f"{thread} step {step}"))
    return Delivery(
        f"{notice.key}@{to}" + (";edit" if action is DeliveryAction.EDIT else ""), to, action, notice, "desk"
    )


def further(*to: Destination, kind: ChangeKind = ChangeKind.WORSENED):
    """One step further: opens an incident if none is open."""

    def decide(situation: Snapshot) -> Transition:
        state = situation.state
        opened = state.opened if state.incident else state.opened + 1
        incident = state.incident or Incident(state.service, opened, NOW, Health.DOWN, Confidence.CONFIRMED)
        incident = replace(incident, steps=incident.steps + 1)
        change = Change(ChangeKind.OPENED if incident.steps == 1 else kind, NOW, incident)
        rows = tuple(delivery(incident.steps, place, incident.id) for place in to)
        return Transition(replace(state, opened=opened, incident=incident), (change,), rows)

    return decide


def over(at: datetime = NOW + SECOND):
    """The end of the open incident."""

    def decide(situation: Snapshot) -> Transition:
        incident = situation.state.incident
        ended = replace(incident, until=at, steps=incident.steps + 1)
        return Transition(replace(situation.state, incident=None), (Change(ChangeKind.RESTORED, at, ended),))

    return decide


def counted(situation: Snapshot) -> Transition:
    """One more in a number that shows every lost update."""
    return Transition(replace(situation.state, opened=situation.state.opened + 1))


async def take(store, kind="slack", now=NOW, *, limit=10, lease=LEASE, busy=(), one_each=False, word=None, **more):
    """Claim as the outbox does. `word` makes the text of a batch message."""
    wanted = Claim(kind, now, limit, now + lease, busy, one_each, **more)
    return await Claimer(store.deliveries, word or together).claim(wanted)


async def settle(store, one, status, now, **more):
    return await store.deliveries.settle(one, DeliveryResult(status, **more), now)


def together(many):
    """Plain words for a message of many: its lines."""
    words = Text(f"{len(many.items)} together", tuple(line.text for line in many.items))
    return Notice(many.key, many.thread, Tone.DOWN, words, root=words, style=many.style)
