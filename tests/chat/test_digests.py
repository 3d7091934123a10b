"""What people say about digests, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.incidents.settings import OurPage
from bot.model import Destination, Digest, DigestReaderState, DigestRun, Reason, ReasonCode, Reply
from bot.model.links import LinkPurpose
from bot.store import open_store
from tests import sqlite
from tests.chat.dispatcher import ADMIN, ROOM, Desk
from tests.sim.inline import Disk, inline

BOSS = Destination("email", "boss@example.org")
ANA = Destination("email", "ana@example.org")
PAGE = OurPage("https://status.example.org", "Status")
COMMS, WEEKLY = Digest("comms", "mon-fri 08:00", (BOSS,), ("x",)), Digest("weekly", "mon 08:00", (BOSS, ROOM))
MANAGER = {"may_manage": True}


@pytest.fixture
async def desk(tmp_path):
    with inline(Disk()):
        async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as store:
            made = Desk(store, rooms=(ROOM,))
            record = made.house.recorder
            record.settings = replace(record.settings, page=PAGE, digests={"comms": COMMS, "weekly": WEEKLY})
            yield made


def readers(desk):
    return [(one.digest, str(one.destination), one.state) for one in desk.house.recorder.places.digests.all]


async def mails(desk):
    return await desk.told(ANA)


def token(link):
    return link.rpartition("/")[2]


async def test_what_there_is_when_and_who_gets_it_here(desk):
    run = DigestRun("weekly", ROOM, desk.house.now + timedelta(days=2), desk.house.now, "mon 08:00 UTC")
    await desk.store.digests.plan([run], [])
    assert await desk.say("digests") == [
        "Digests:",
        "comms: mon-fri 08:00; X (Twitter).",
        "comms is not sent here; /subscribe digest comms changes that.",
        "weekly: mon 08:00; all services.",
        "weekly is sent here, next noon Sat.",
    ]


async def test_addresses_are_for_admins_in_private(desk):
    await desk.say("digest add comms ana@example.org", ADMIN)
    refusal = Reason.of(ReasonCode.RELAY_SAID, relay="h:25", cause=Reason.of(ReasonCode.AS_SAID, text="550 5.1.1 gone"))
    await desk.house.recorder.places.digests.mark(BOSS, refusal, desk.house.now)
    for who, reply in (("telegram:9", Reply.PLACE), ("telegram:9", Reply.PRIVATE), (ADMIN, Reply.PLACE)):
        assert "@example.org" not in "\n".join(await desk.say("digests", who, reply=reply))
    public = await desk.say("digests", ADMIN)
    assert "comms has 1 recipient." in public
    assert "1 address is not confirmed yet." in public
    assert "1 address takes no mail, so it gets none." in public
    private = await desk.say("digests", ADMIN, reply=Reply.PRIVATE)
    assert "Recipients of comms: email:boss@example.org." in private
    assert "Not confirmed yet: email:ana@example.org." in private
    assert any("email:boss@example.org takes no mail since" in line and "550 5.1.1 gone" in line for line in private)


async def test_a_digest_now_and_here(desk):
    await desk.house.rounds("BB")
    said = await desk.say("digest comms")
    assert said[0] == "📰 comms, Thursday, July 14: X (Twitter) is down; 1 outage, less than 1 min"
    assert (await desk.say("digest"))[0] == "Which digest?"
    assert await desk.say("digest nothing") == ["No digest is called nothing.", "There are: comms and weekly."]
    assert (await desk.say("resumen WEEKLY"))[0]


async def test_a_place_subscribes_and_unsubscribes(desk):
    assert (await desk.say("subscribe digest comms")) == [
        "🔒 Only this channel's administrators can change what it gets."
    ]
    assert readers(desk) == []
    said = await desk.say("subscribe digest comms", **MANAGER)
    assert any("Digest comms will be sent here." in line for line in said)
    assert readers(desk) == [("comms", str(ROOM), DigestReaderState.CONFIRMED)]
    assert (await desk.say("subscribe digest comms", **MANAGER)) == ["Digest comms is sent here already."]
    assert (await desk.say("subscribe digest weekly", **MANAGER)) == ["Digest weekly is sent here already."]
    said = await desk.say("unsubscribe digest", **MANAGER)
    assert any("Digest comms is no longer sent here." in line for line in said)
    assert any("by the config" in line for line in said)
    assert readers(desk) == []
    assert "weekly is sent here by the config" in "\n".join(await desk.say("unsubscribe digest weekly", **MANAGER))
    assert await desk.say("unsubscribe digest comms", **MANAGER) == ["No digest is sent here by a subscription."]


async def test_subscribing_to_services_goes_on_as_before(desk):
    await desk.say("subscribe x", **MANAGER)
    await desk.say("subscribe digest comms", **MANAGER)
    assert [one.filters[0].services for one in desk.house.recorder.places.subscriptions] == [("x",)]
    await desk.say("unsubscribe", **MANAGER)
    assert readers(desk) == [("comms", str(ROOM), DigestReaderState.CONFIRMED)]


async def test_an_address_is_asked_and_gets_nothing_before_it_confirms(desk):
    said = await desk.say("digest add comms Ana@Example.org", "telegram:9")
    assert said == ["🔒 Only Tocsin's admins can do that."]
    said = await desk.say("digest add comms <ana@Example.org>", ADMIN)
    assert said[0] == "✅ ana@example.org was asked to confirm comms."
    assert said[1] == "Nothing is sent before that; the link holds for 3 d."
    (mail,) = await mails(desk)
    assert mail[0] == "Please confirm: digest comms of Status."
    (link,) = [line.rpartition(" ")[2] for line in mail if "https://" in line]
    assert link.startswith("https://status.example.org/confirm/")
    people = desk.house.recorder.places.digests
    assert people.of("comms") == ()
    assert (await desk.say("digest add comms ana@example.org", ADMIN))[0].startswith("ana@example.org was asked less")
    assert await mails(desk) == []
    reader = await people.reader(token(link), LinkPurpose.CONFIRM, desk.house.now)
    assert await people.confirm(reader, desk.house.now)
    assert [one.destination for one in people.of("comms")] == [ANA]
    assert (await desk.say("digest add comms ana@example.org", ADMIN)) == ["ana@example.org gets comms already."]
    assert (await desk.say("digest remove comms ana@example.org", ADMIN)) == [
        "✅ ana@example.org no longer gets comms."
    ]
    assert (await desk.say("digest remove comms ana@example.org", ADMIN)) == ["ana@example.org does not get comms."]
    assert "in the config" in (await desk.say("digest remove comms boss@example.org", ADMIN))[0]


async def test_one_who_was_asked_can_be_asked_again_after_an_hour_and_the_first_link_is_void(desk):
    await desk.say("digest add comms ana@example.org", ADMIN)
    ((*_, first, _, _),) = await mails(desk)
    desk.house.now += timedelta(hours=2)
    await desk.say("digest add comms ana@example.org", ADMIN)
    (mail,) = await mails(desk)
    people = desk.house.recorder.places.digests
    links = [next(line.rpartition(" ")[2] for line in lines if "https://" in line) for lines in ([first], mail)]
    assert await people.reader(token(links[0]), LinkPurpose.CONFIRM, desk.house.now) is None
    assert await people.reader(token(links[1]), LinkPurpose.CONFIRM, desk.house.now)


@pytest.mark.parametrize(
    "said", ["nobody", "a@b", "a@b..c", "slack:C012", "a b@example.org", '"a"@example.org', "x" * 300 + "@example.org"]
)
async def test_what_is_no_address_is_said(desk, said):
    answer = await desk.say(f"digest add comms {said}", ADMIN)
    assert "is no e-mail address" in "".join(answer) or "No digest is called" in answer[0]
    assert readers(desk) == []


async def test_without_mail_or_a_page_nobody_is_asked(desk):
    record = desk.house.recorder
    record.settings = replace(record.settings, page=None)
    assert "web.public_url" in (await desk.say("digest add comms ana@example.org", ADMIN))[0]
    record.settings = replace(record.settings, opened=frozenset({"telegram"}))
    assert "channels.email" in (await desk.say("digest add comms ana@example.org", ADMIN))[0]
    assert readers(desk) == []


async def test_a_room_that_is_shut_out_gets_no_digest(desk):
    other = Destination("telegram", "-100555/7")
    await desk.house.recorder.places.digests.subscribe("comms", other, "telegram:9", desk.house.now)
    await desk.say("disallow telegram:-100555", ADMIN)
    await desk.say("allow telegram:-100555", ADMIN)
    await desk.say("disallow telegram:-100555", ADMIN)
    assert readers(desk) == []


async def test_an_address_that_takes_no_mail_is_tried_again_when_an_admin_says_so(desk):
    people = desk.house.recorder.places.digests
    await people.mark(BOSS, Reason.of(ReasonCode.TIMED_OUT), desk.house.now)
    said = await desk.say("digest add comms boss@example.org", ADMIN)
    assert said == ["✅ boss@example.org gets comms again: the next one is tried."]
    assert people.undeliverable == {}


async def test_subscriptions_names_the_digests_too(desk):
    assert "Digests: weekly." in await desk.say("subscriptions")
    await desk.say("subscribe digest comms", **MANAGER)
    assert "Digests: comms and weekly." in await desk.say("subscriptions")
