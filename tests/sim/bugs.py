"""Bugs made by hand, each of which some seed must catch: an oracle that never complains proves nothing."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

from sqlalchemy import select, update

import bot.delivery.outbox
import bot.delivery.retry
import bot.engine
import bot.incidents.reconciler
import bot.judge.incidents
import bot.judge.maintenance
import bot.judge.verdict
import bot.notify.batching
import bot.notify.fanout
import bot.notify.routing
import bot.notify.storms
import bot.scheduler.clock_steps
import bot.store.deliveries.claim
import bot.store.deliveries.statements
import bot.watch.canaries
import bot.wording.batches
import tests.sim.engine
from bot.delivery.outbox import Outbox
from bot.incidents.overview import OpenIncidents
from bot.incidents.unwritten import Unwritten
from bot.judge.changes import Step
from bot.model import ChangeKind, Confidence, DeliveryAction, DeliveryResult, DeliveryStatus, Health, Window
from bot.notify.storms import Subject
from bot.store.schema import deliveries as table


def sent_before_sending(patch):
    """Marks a delivery as sent, then sends it."""

    class Careless(Outbox):
        async def _deliver(self, delivery, at):
            await self.deliveries.settle(delivery, DeliveryResult(DeliveryStatus.SENT), self.clock())
            await super()._deliver(delivery, at)

    patch.setattr(bot.engine, "Outbox", Careless)


def no_order(patch):
    """Claims whatever is due, not the first of its lane."""
    claiming = bot.store.deliveries.claim
    heads = (
        select(*claiming.HEADS.selected_columns)
        .where(table.c.kind == claiming.bindparam("of_kind"), table.c.due <= claiming.bindparam("now"), claiming.FREE)
        .where(table.c.settled_at.is_(None), table.c.told_in.is_(None))
        .order_by(table.c.due, table.c.id)
        .limit(claiming.bindparam("most"))
    )
    patch.setattr(claiming, "HEADS", heads)


def ends_when_confirmed(patch):
    """An outage ends with the round that confirms it, not with the first good one."""
    close = bot.judge.incidents._close

    def later(state, incident, seen, rules):
        step = close(state, incident, seen, rules)
        changes = tuple(replace(c, incident=replace(c.incident, until=seen.at)) for c in step.changes)
        return Step(step.state, changes)

    patch.setattr(bot.judge.incidents, "_close", later)


def begins_when_confirmed(patch):
    tell = bot.judge.incidents.tell

    def later(state, incident, kind, seen):
        return tell(state, replace(incident, since=seen.at) if kind is ChangeKind.CONFIRMED else incident, kind, seen)

    patch.setattr(bot.judge.incidents, "tell", later)


def no_deadline(patch):
    """A rung may take as long as it likes."""
    row = bot.store.deliveries.statements._row
    patch.setattr(
        bot.store.deliveries.statements, "_row", lambda delivery, now: row(delivery, now) | {"deadline": None}
    )


def forgets_doubt(patch):
    """What may have arrived counts as not sent."""
    settle = bot.delivery.outbox.settle
    patch.setattr(bot.delivery.outbox, "settle", lambda *what, **how: replace(settle(*what, **how), unsure=False))


def restarts_sure(patch):
    """What was being sent when the process died counts as not sent."""
    release = (
        update(table)
        .where(table.c.settled_at.is_(None), table.c.status == DeliveryStatus.SENDING.value)
        .values(status=DeliveryStatus.PENDING.value, due=table.c.queued_at)
        .returning(table.c.id)
    )
    patch.setattr(bot.store.deliveries.statements, "RELEASE", release)


def trusts_its_eyes(patch):
    """Does not ask whether we see anything at all."""

    async def online(_self):
        return True

    patch.setattr(bot.watch.canaries.Canaries, "online", online)


def believes_the_crowd(patch):
    claim = bot.judge.verdict._claim

    def louder(looks, *evidence):
        health, confidence = claim(looks, *evidence)
        crowd = looks is Health.UP and health is not Health.UP
        return (health, Confidence.CONFIRMED) if crowd else (health, confidence)

    patch.setattr(bot.judge.verdict, "_claim", louder)


def never_rewrites(patch):
    acts = bot.notify.fanout.acts
    patch.setattr(
        bot.notify.fanout,
        "acts",
        lambda *what, **how: [d for d in acts(*what, **how) if d.action is DeliveryAction.POST],
    )


def rings_no_bell(patch):
    """Finds what is queued only when it looks again anyway."""
    patch.setattr(Outbox, "wake", lambda _self, _kinds=None: None)


def tells_strangers_the_end(patch):
    """Says "restored" to whoever follows the service."""
    places = bot.notify.routing._places

    def everybody(change, audience, told, heard):
        return audience.destinations if change.kind is ChangeKind.RESTORED else places(change, audience, told, heard)

    patch.setattr(bot.notify.routing, "_places", everybody)


def tells_each_alone(patch):
    """Gathers nothing: however many go down at once, each is a message."""
    way = tests.sim.engine.OpenChannel
    patch.setattr(tests.sim.engine, "OpenChannel", lambda *what: replace(way(*what), gathers=False))


def leaves_the_clock_behind(patch):
    """Follows a step of the clock, and leaves what is open and what waits where it was."""

    async def step(self, by):
        self.clock.step(by)

    patch.setattr(bot.scheduler.clock_steps.ClockSteps, "_step", step)


def keeps_the_old_config(patch):
    """What waits goes on waiting as the config was when it was queued."""

    async def adopt(_record):
        return

    patch.setattr(bot.incidents.reconciler, "_adopt", adopt)


def believes_a_starved_process(patch):
    """Takes for a time-out what it had no time to hear."""
    patch.setattr(bot.watch.canaries.Lag, "spoils", lambda *_: False)


def edits_for_ever(patch):
    """Tells what fails minutes after a storm by editing the storm's message."""
    latest = bot.notify.storms.latest

    def grown(rows, now, *, edits):
        found = latest(rows, now, edits=edits)
        return {one: replace(storm, open=True, grows=edits) for one, storm in found.items()}

    patch.setattr(bot.notify.storms, "latest", grown)


def lends_what_is_planned(patch):
    """Tells an outage in a message about maintenance."""
    subject = bot.notify.storms.subject
    for room in (bot.notify.storms, bot.notify.batching):
        patch.setattr(room, "subject", lambda row: Subject.NEWS if row.planned else subject(row))


def forgets_what_is_still_down(patch):
    """Says that many are back to normal, and nothing of the others."""
    patch.setattr(bot.wording.batches, "still_open", lambda *_: [])


def names_what_ends_too(patch):
    """Calls still down what is restored while its end is written."""
    patch.setattr(OpenIncidents, "ending", lambda *_: nullcontext())


def maintenance_never_ends(patch):
    """Keeps an outage quiet that outlasts its window."""
    patch.setattr(Window, "covers", lambda self, at: self.since <= at)


def forgets_maintenance(patch):
    """Tells an outage that is planned."""
    patch.setattr(bot.judge.maintenance, "bearing", lambda *_: bot.judge.maintenance.NONE)


def forgets_what_it_could_not_write(patch):
    """What was judged while the database was away is gone, but for when it began."""
    patch.setattr(
        Unwritten,
        "resumed",
        lambda kept, stored: Step(replace(stored, streak=kept.latest.state.streak)),
    )


BUGS = (
    sent_before_sending,
    no_order,
    ends_when_confirmed,
    begins_when_confirmed,
    no_deadline,
    forgets_doubt,
    restarts_sure,
    trusts_its_eyes,
    believes_the_crowd,
    never_rewrites,
    rings_no_bell,
    tells_strangers_the_end,
    tells_each_alone,
    leaves_the_clock_behind,
    keeps_the_old_config,
    believes_a_starved_process,
    edits_for_ever,
    lends_what_is_planned,
    forgets_what_is_still_down,
    names_what_ends_too,
    maintenance_never_ends,
    forgets_maintenance,
    forgets_what_it_could_not_write,
)
