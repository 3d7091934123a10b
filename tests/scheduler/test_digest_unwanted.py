"""A digest that waits to be sent is not sent to whoever no longer wants it; all others get theirs."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.delivery.rate_limit import OpenChannel
from bot.model import Destination, DigestReaderState, Reason, ReasonCode, Sent
from bot.store.schema import deliveries
from bot.wiring import setting
from tests.engine import engine
from tests.scheduler.digest_house import START, House, comms, config
from tests.store.made import take

EIGHT = START + timedelta(hours=1)
ANA, BOB, CHAT = (Destination("email", f"{name}@example.org") for name in ("ana", "bob", "chat"))
CONSOLE = Destination("console", "-")
GONE = Reason.of(ReasonCode.RELAY_SAID, relay="h:25", cause=Reason.of(ReasonCode.AS_SAID, text="550 5.1.1 gone"))


class Taken:
    """A channel that takes all."""

    def __init__(self):
        self.places = []

    async def send(self, delivery):
        self.places.append(str(delivery.destination))
        return Sent(f"<{delivery.id}>")


async def begun(store, made=None):
    """A digest is queued for one on the list, one who was added, and a chat."""
    daemon = House(store, made or comms("08:00", to=["email:ana@example.org"]))
    people = daemon.engine.recorder.places.digests
    for place in (BOB, CONSOLE):
        await people.subscribe("comms", place, "telegram:7", START)
    await daemon.at(START + timedelta(minutes=1))
    await daemon.at(EIGHT)
    return daemon


async def sent(daemon, made=None):
    """What the outbox sends, under this config, until nothing waits."""
    taken = Taken()
    opened = {kind: OpenChannel(taken) for kind in ("email", "console")}
    other = engine(daemon.store, opened, daemon.clock, setting(made or daemon.config))
    await other.recorder.places.load()
    stop = asyncio.Event()
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(other.outbox.run(stop))
        while await daemon.store.deliveries.backlog():
            await asyncio.sleep(0.01)
        stop.set()
    return sorted(taken.places)


async def states(store):
    async def work(connection):
        rows = await connection.execute(select(deliveries.c.kind, deliveries.c.place, deliveries.c.status))
        return {f"{row.kind}:{row.place}": row.status for row in rows}

    return await store.digests._database.read(work)


async def test_all_get_it_who_still_want_it(store):
    daemon = await begun(store)
    assert await sent(daemon) == ["console:-", "email:ana@example.org", "email:bob@example.org"]


@pytest.mark.parametrize("how", ["unsubscribed", "removed", "undeliverable", "left the room"])
async def test_one_who_left_meanwhile_gets_none_and_the_others_do(store, how, caplog):
    caplog.set_level(logging.INFO)
    daemon = await begun(store)
    people, who = daemon.engine.recorder.places.digests, CONSOLE if how == "left the room" else BOB
    match how:
        case "unsubscribed":
            await people.leave(people.find("comms", BOB), EIGHT)
        case "undeliverable":
            await people.mark(BOB, GONE, EIGHT)
        case _:
            await people.remove("comms", who)
    assert await sent(daemon) == sorted({"console:-", "email:ana@example.org", "email:bob@example.org"} - {str(who)})
    assert (await states(store))[str(who)] == "unwanted"
    assert f"to {who.shown} is not sent: it" in caplog.text


async def test_one_who_comes_back_before_it_is_sent_gets_it(store):
    daemon = await begun(store)
    people = daemon.engine.recorder.places.digests
    reader = people.find("comms", BOB)
    await people.leave(reader, EIGHT)
    await people.come_back(reader, EIGHT)
    assert people.find("comms", BOB).state is DigestReaderState.CONFIRMED
    assert "email:bob@example.org" in await sent(daemon)


async def test_one_on_the_list_who_takes_no_mail_any_more_gets_none(store):
    daemon = await begun(store)
    await daemon.engine.recorder.places.digests.mark(ANA, GONE, EIGHT)
    assert await sent(daemon) == ["console:-", "email:bob@example.org"]


async def test_of_a_digest_that_is_gone_from_the_config_nothing_is_sent(store):
    daemon = await begun(store)
    assert await sent(daemon, config({"other": {"when": "09:00", "to": ["email:ana@example.org"]}})) == []
    assert set((await states(store)).values()) == {"unwanted"}


async def test_one_who_is_no_longer_on_the_list_gets_none_and_who_moved_onto_it_does(store):
    daemon = await begun(store)
    assert await sent(daemon, comms("08:00", to=["email:bob@example.org"])) == ["console:-", "email:bob@example.org"]


async def test_the_next_digest_of_one_who_came_back_is_not_called_late(store):
    daemon = await begun(store, comms("0 8,9 * * *", to=["email:ana@example.org"]))
    people = daemon.engine.recorder.places.digests
    reader = people.find("comms", BOB)
    await people.leave(reader, EIGHT)
    assert "email:bob@example.org" not in await sent(daemon)
    await people.come_back(reader, EIGHT)
    await daemon.at(EIGHT + timedelta(minutes=2))
    await daemon.at(EIGHT + timedelta(hours=1))
    (row,) = [row for row in await take(store, "email", EIGHT + timedelta(hours=1)) if row.destination == BOB]
    assert not row.late


async def test_another_process_hears_of_it_at_once(store):
    daemon = await begun(store)
    other = daemon.again()
    await other.engine.recorder.places.load()
    reader = other.engine.recorder.places.digests.find("comms", BOB)
    await daemon.engine.recorder.places.digests.leave(reader, EIGHT)
    assert other.engine.recorder.places.digests.find("comms", BOB).state is DigestReaderState.CONFIRMED  # not read anew
    assert "email:bob@example.org" not in await sent(other)
