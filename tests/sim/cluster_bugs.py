"""Bugs made by hand that only several nodes can have, each of which some seed must catch."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

import bot.scheduler.following
import bot.store.cluster
from bot.model import DeliveryStatus
from bot.store.cluster import Membership
from bot.store.columns import MICROSECOND
from bot.store.schema import deliveries as table
from bot.watch.canaries import Lag
from bot.watch.rounds import Rounds
from tests.sim.cluster import ClusterRun
from tests.sim.disk import NODE


def writes_what_is_stale(patch):
    """No fence: what a frozen node saw is written when it goes on, though another one has its services."""
    made = Membership.__post_init__

    def unfenced(self):
        made(self)
        self.unfenced = True

    patch.setattr(Membership, "__post_init__", unfenced)
    # It would notice by itself that it was frozen.
    patch.setattr(Rounds, "_note_sleep", lambda _self, _now: None)
    patch.setattr(Lag, "spoils", lambda _self, _held, _timeout: False)


def leases_by_its_own_clock(patch):
    """Each node reckons leases by the clock of its own machine."""
    clock = ClusterRun.clock

    def own(self):
        node = NODE.get()
        return clock(self) + (timedelta(seconds=node.skew) // MICROSECOND if node else 0)

    patch.setattr(ClusterRun, "clock", own)


def forgets_what_was_in_hand(patch):
    """Whoever takes over a channel leaves what the last owner was sending."""

    async def forget(connection, kinds=None):
        in_hand = table.c.settled_at.is_(None), table.c.status == DeliveryStatus.SENDING.value
        await connection.execute(
            update(table)
            .where(*in_hand, table.c.kind.in_(kinds or ()))
            .values(status=DeliveryStatus.SUPERSEDED.value, settled_at=table.c.due)
        )
        return 0

    patch.setattr(bot.store.cluster, "requeue_in_flight", forget)


def waits_to_be_notified(patch):
    """No poll: what is not notified is not known."""
    patch.setattr(bot.scheduler.following, "EVERY", 600.0)


BUGS = writes_what_is_stale, leases_by_its_own_clock, forgets_what_was_in_hand, waits_to_be_notified
