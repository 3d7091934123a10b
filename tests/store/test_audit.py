"""What the auditor finds, and what it must not take for a finding; on both databases, by their indexes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from bot.model import OURSELVES, Change, ChangeKind, Confidence, DeliveryAction, DeliveryStatus, Destination
from bot.store import Transition
from bot.store.audit import ADDRESSED, DANGLING, DRILLED, LAST_SENT, UNTOLD
from bot.store.schema import deliveries as table
from tests.store.made import LEASE, MAIL, NOW, SECOND, SLACK, delivery, further, settle, take

MINUTE, HOUR, DAY = 60 * SECOND, timedelta(hours=1), timedelta(days=1)
LATER = NOW + 10 * MINUTE


def ended(*to: Destination, kind: ChangeKind = ChangeKind.RESTORED, until=NOW + MINUTE):
    """The end of the open incident, told to these places."""

    def decide(situation):
        incident = situation.state.incident
        over = replace(incident, until=until, steps=incident.steps + 1)
        rows = [delivery(over.steps, place, incident.id) for place in to]
        told = tuple(replace(row, notice=replace(row.notice, kind=kind)) for row in rows)
        return Transition(replace(situation.state, incident=None), (Change(kind, until, over),), told)

    return decide


async def settled(store, status, kind="slack", now=NOW, **more):
    """All that is due of one kind of channel becomes so."""
    for one in await take(store, kind, now, limit=50, lease=LEASE):
        await settle(store, one, status, now, **more)


async def found(store, now=LATER):
    return [(d.ending.incident.id, str(d.destination)) for d in await store.audit.dangling(now, MINUTE)]


async def of_all(store, **values):
    """What no path of ours leaves behind: rows as a bug or a hand would make them."""

    async def work(connection):
        await connection.execute(update(table).values(values))

    await store.audit._database.write(work)


# ── open, and nobody is told ─────────────────────────────────────────────────────────────────────────────────────────


async def test_an_open_incident_without_a_delivery_is_found_after_its_grace(store):
    await store.incidents.apply("x", further(), NOW)
    await store.incidents.apply("y", further(SLACK), NOW)

    assert await store.audit.untold(NOW + MINUTE - SECOND, MINUTE) == ()
    assert await store.audit.untold(NOW + MINUTE, MINUTE) == ("x#1",)


@pytest.mark.parametrize("status", DeliveryStatus)
async def test_whoever_was_meant_to_hear_is_told_of_whatever_became_of_it(store, status):
    await store.incidents.apply("x", further(SLACK), NOW)
    await settled(store, status)
    assert await store.audit.untold(LATER, MINUTE) == ()


async def test_an_edit_tells_nobody(store):
    await store.incidents.apply("x", further(SLACK), NOW)
    await of_all(store, act=DeliveryAction.EDIT.value)
    assert await store.audit.untold(LATER, MINUTE) == ("x#1",)


async def test_what_is_not_sure_is_over_or_is_our_own_blindness_is_no_finding(store):
    def unsure(situation):
        move = further()(situation)
        incident = replace(move.state.incident, confidence=Confidence.LIKELY)
        return replace(move, changes=(replace(move.changes[0], incident=incident),))

    await store.incidents.apply("x", unsure, NOW)
    await store.incidents.apply(OURSELVES, further(), NOW)
    await store.incidents.apply("y", further(), NOW)
    await store.incidents.apply("y", ended(), NOW)
    assert await store.audit.untold(LATER, MINUTE) == ()


# ── "down" without "restored" ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [ChangeKind.RESTORED, ChangeKind.RETRACTED, ChangeKind.UNWATCHED])
async def test_who_was_told_and_has_no_ending_is_found_after_its_grace(store, kind):
    await store.incidents.apply("x", further(SLACK, MAIL), NOW)
    await settled(store, DeliveryStatus.SENT)
    await settled(store, DeliveryStatus.SENT, "email")
    await store.incidents.apply("x", further(SLACK, MAIL), NOW)
    assert await found(store) == []  # it lasts

    await store.incidents.apply("x", ended(MAIL, kind=kind), NOW)
    assert await found(store, NOW + 2 * MINUTE - SECOND) == []
    assert await found(store) == [("x#1", str(SLACK))]
    [dangling] = await store.audit.dangling(LATER, MINUTE)
    assert (dangling.ending.kind, dangling.ending.key) == (kind, "x#1/3")


@pytest.mark.parametrize(
    "status", [DeliveryStatus.PENDING, DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.REFUSED]
)
async def test_an_ending_on_its_way_or_refused_is_dealt_with(store, status):
    await store.incidents.apply("x", further(SLACK), NOW)
    await settled(store, DeliveryStatus.SENT)
    await store.incidents.apply("x", ended(SLACK), NOW)
    await settled(store, status)
    assert await found(store) == []


@pytest.mark.parametrize(
    ("status", "unsure", "expected"),
    [
        (DeliveryStatus.PENDING, False, 0),
        (DeliveryStatus.PENDING, True, 1),
        (DeliveryStatus.SENDING, True, 1),
        (DeliveryStatus.REFUSED, False, 0),
        (DeliveryStatus.REFUSED, True, 0),
        (DeliveryStatus.SUPERSEDED, False, 0),
    ],
)
async def test_who_may_have_heard_counts_and_who_has_not_does_not(store, status, unsure, expected):
    await store.incidents.apply("x", further(SLACK), NOW)
    await settled(store, status, unsure=unsure)
    await store.incidents.apply("x", ended(), NOW)
    assert len(await found(store)) == expected


async def test_who_heard_in_another_message_has_heard(store):
    await store.incidents.apply("x", further(SLACK), NOW)
    await settled(store, DeliveryStatus.MERGED)
    await store.incidents.apply("x", ended(), NOW)
    assert await found(store) == [("x#1", str(SLACK))]


@pytest.mark.parametrize(("status", "expected"), [(DeliveryStatus.MERGED, 0), (DeliveryStatus.SUPERSEDED, 1)])
async def test_an_end_that_another_message_told_is_told(store, status, expected):
    await store.incidents.apply("x", further(SLACK), NOW)
    await settled(store, DeliveryStatus.SENT)
    await store.incidents.apply("x", ended(SLACK), NOW)
    await settled(store, status)
    assert len(await found(store)) == expected


async def test_only_the_last_day_is_looked_at(store):
    await store.incidents.apply("x", further(SLACK), NOW)
    await settled(store, DeliveryStatus.SENT)
    await store.incidents.apply("x", ended(until=NOW + MINUTE), NOW)
    assert len(await found(store, NOW + DAY + MINUTE)) == 1
    assert await found(store, NOW + DAY + MINUTE + SECOND) == []


# ── places ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_places_of_a_thread_are_all_that_a_message_was_meant_for(store):
    await store.incidents.apply("x", further(SLACK, MAIL), NOW)
    await settled(store, DeliveryStatus.REFUSED)
    assert await store.audit.addressed(["x#1", "y#1"]) == {"x#1": {SLACK, MAIL}, "y#1": frozenset()}
    assert await store.audit.addressed([]) == {}


async def test_a_place_is_proven_by_a_drill_and_by_whatever_it_took(store):
    other = Destination("slack", "C9")
    assert await store.audit.proven([SLACK, MAIL]) == {}
    assert await store.audit.proven([]) == {}

    await store.deliveries.add([delivery(1), delivery(1, MAIL), delivery(1, other)], NOW)
    await settled(store, DeliveryStatus.SENT)
    await settled(store, DeliveryStatus.REFUSED, "email")
    await store.subscriptions.remember(f"proven:{SLACK}", (NOW - HOUR).isoformat())
    assert await store.audit.proven([SLACK, MAIL]) == {SLACK: NOW}

    await store.subscriptions.remember(f"proven:{MAIL}", (NOW - HOUR).isoformat())
    await store.subscriptions.remember(f"proven:{SLACK}", (NOW + HOUR).isoformat())
    assert await store.audit.proven([SLACK, MAIL]) == {SLACK: NOW + HOUR, MAIL: NOW - HOUR}


# ── by index ─────────────────────────────────────────────────────────────────────────────────────────────────────────

PERIOD = {"oldest": NOW - 90 * DAY, "since": NOW - DAY, "before": NOW}
STATEMENTS = {
    "untold": (UNTOLD, {}, {"one_open_incident_per_service", "ix_deliveries_thread_kind_place_id"}),
    "dangling": (DANGLING, PERIOD, {"ix_incidents_since", "ix_deliveries_thread_kind_place_id"}),
    "addressed": (ADDRESSED, {"threads": ["x#1", "y#1"]}, {"ix_deliveries_thread_kind_place_id"}),
    "drilled": (DRILLED, {"names": ["proven:slack:C012"]}, set()),
    "last sent": (LAST_SENT, {"of_kind": "slack", "places": ["C1", "C2"]}, {"ix_deliveries_kind_status"}),
}


@pytest.mark.parametrize("name", STATEMENTS)
async def test_no_table_is_read_from_end_to_end(store, name):
    statement, values, indexes = STATEMENTS[name]

    async def work(connection):
        dialect = connection.dialect
        compiled = statement.params(values).compile(
            dialect=dialect, compile_kwargs={"literal_binds": True, "render_postcompile": True}
        )
        if dialect.name == "sqlite":
            rows = (await connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}".replace(":", r"\:")))).all()
            return "\n".join(row.detail for row in rows)
        # A small table is read whole whatever there is: what is asked is whether the indexes could serve.
        await connection.execute(text("SET enable_seqscan = off"))
        rows = (await connection.execute(text(f"EXPLAIN {compiled}".replace(":", r"\:")))).all()
        return "\n".join(row[0] for row in rows)

    plan = await store.audit._database.write(work)
    # All of the index that holds only what is open is little.
    assert "SCAN " not in plan.replace("SCAN incidents USING INDEX one_open_incident_per_service", ""), plan
    assert "Seq Scan" not in plan, plan
    if store.audit._database.name.startswith("sqlite"):
        assert all(index in plan for index in indexes), plan
