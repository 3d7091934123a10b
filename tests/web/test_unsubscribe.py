"""The links in mails, over a real socket: looking changes nothing, and a wrong link tells nothing."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot.incidents.settings import OurPage
from bot.model import Destination, Digest, DigestReaderState, PlaceSettings, Style
from bot.model.links import LinkPurpose, SignedLink, opened, signed
from bot.store import open_store
from bot.web import unsubscribe
from bot.web.app import Server
from tests import sqlite
from tests.engine import NOTHING, engine
from tests.scheduler.digest_house import queued
from tests.web.pages import NOW, Stage

ANA, BOB = Destination("email", "ana@example.org"), Destination("email", "bob@example.org")
COMMS = Digest("comms", "08:00", (Destination("email", "boss@example.org"),))
PAGE = OurPage("https://status.example.org", "Status")
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Door:
    """The pages of one digest behind a real socket, on a clock that a test turns."""

    def __init__(self, store):
        self.now = NOW
        settings = replace(NOTHING, digests={"comms": COMMS}, page=PAGE)
        self.recorder = engine(store, {}, lambda: self.now, settings).recorder
        self.readers, self.store = self.recorder.places.digests, store

    async def link(self, place=ANA):
        """The path of a reader's link to unsubscribe."""
        reader = self.readers.find("comms", place)
        return (await self.readers.unsubscribe_link(reader, "", self.now)).removeprefix("https://status.example.org")

    async def asked(self, place=ANA):
        """The path of the link that the address gets when it is asked."""
        await self.readers.ask(COMMS, place, "telegram:7", self.now, page=PAGE, style=Style())
        words = [text for key, _, text in await queued(self.store) if key.startswith("digest-request")]
        return next(w for w in words[-1].split() if "/confirm/" in w).removeprefix("https://status.example.org")

    def state(self, place=ANA):
        found = self.readers.find("comms", place)
        return found and found.state


@pytest.fixture
async def door(tmp_path):
    async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as store, _open(store) as made:
        yield made


@asynccontextmanager
async def _open(store):
    made = Door(store)
    app = Stage().site()
    unsubscribe.hear(app, unsubscribe.DigestLinks(made.recorder, "Status", Style(), lambda: made.now))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(app, listening)
        serving = asyncio.create_task(server.serve())
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as made.web:
            yield made
        server.should_exit = True
        await serving


async def test_looking_changes_nothing_and_the_button_unsubscribes_and_brings_back(door):
    await door.readers.subscribe("comms", ANA, "telegram:7", NOW)
    link = await door.link()
    for method in ("GET", "HEAD", "GET"):
        answer = await door.web.request(method, link)
        assert (answer.status_code, door.state()) == (200, DigestReaderState.CONFIRMED)
    assert "Stop the digest comms?" in answer.text
    assert '<button name="do" value="leave">Unsubscribe</button>' in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers
    gone = await door.web.post(link, data={"do": "leave"})
    assert (gone.status_code, door.state()) == (200, DigestReaderState.LEFT)
    assert "You no longer get the digest comms" in gone.text
    assert 'value="back"' in gone.text
    assert 'value="back"' in (await door.web.get(link)).text
    back = await door.web.post(link, data={"do": "back"})
    assert (back.status_code, door.state()) == (200, DigestReaderState.CONFIRMED)
    assert "You get the digest comms again" in back.text
    for page in (answer, gone, back):
        assert "ana" not in page.text


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b""},
        {"content": b"x" * 5000},
        {"content": b"\xff&" * 100},
        {"data": {f"f{n}": "1" for n in range(50)}},
    ],
)
async def test_a_mail_program_unsubscribes_with_one_post_and_may_repeat_it(door, body):
    await door.readers.subscribe("comms", ANA, "telegram:7", NOW)
    link = await door.link()
    for _ in range(3):
        answer = await door.web.post(link, **body)
        assert (answer.status_code, door.state(), "location" in answer.headers) == (200, DigestReaderState.LEFT, False)


async def test_an_address_confirms_once_by_its_button(door):
    link = await door.asked()
    assert "Get the digest comms?" in (await door.web.get(link)).text
    assert door.state() is DigestReaderState.ASKED
    first = await door.web.post(link, data={"do": "confirm"})
    assert (first.status_code, door.state()) == (200, DigestReaderState.CONFIRMED)
    neutral = await nothing(door)
    assert same(await door.web.post(link, data={"do": "confirm"}), neutral)
    assert same(await door.web.get(link), neutral)
    again = await door.asked()
    await door.web.post(await door.link(), data=ONE_CLICK)
    assert same(await door.web.get(again), neutral)  # who has left was not waited for
    assert same(await door.web.post(link, data={"do": "confirm"}), neutral)
    assert door.state() is DigestReaderState.LEFT


async def nothing(door):
    return await door.web.get("/unsubscribe/nothing")


def same(answer, other):
    return (answer.status_code, answer.text, dict(answer.headers)) == (
        other.status_code,
        other.text,
        dict(other.headers) | {"date": answer.headers.get("date")},
    )


async def test_every_link_that_does_not_work_gets_one_answer_and_changes_nothing(door):
    await door.readers.subscribe("comms", ANA, "telegram:7", NOW)
    await door.readers.subscribe("comms", BOB, "telegram:7", NOW)
    good, other = await door.link(), await door.link(BOB)
    asked = await door.asked(Destination("email", "cy@example.org"))
    neutral = await nothing(door)
    assert neutral.status_code == 404
    flipped = good[:-1] + ("A" if good[-1] != "A" else "B")
    mixed = good[:20] + other[20:]
    forged = "/unsubscribe/" + signed(SignedLink(LinkPurpose.UNSUBSCRIBE, "00" * 12, NOW + timedelta(days=9)), "guess")
    swapped = asked.replace("/confirm/", "/unsubscribe/"), good.replace("/unsubscribe/", "/confirm/")
    for wrong in (flipped, mixed, forged, *swapped, "/confirm/x", "/unsubscribe/" + "A" * 5000, "/unsubscribe/%00é"):
        for method in ("GET", "POST"):
            answer = await door.web.request(method, wrong)
            assert answer.status_code in {404, 414}, wrong
            if answer.status_code == 404:
                assert answer.text.replace("../", "") == neutral.text.replace("../", "")
    assert {one.state for one in door.readers.of("comms")} == {DigestReaderState.CONFIRMED}
    assert len(door.readers.of("comms")) == 2
    await door.readers.remove("comms", ANA)
    assert same(await door.web.get(good), neutral)
    assert same(await door.web.post(good), neutral)


async def test_links_run_out(door):
    await door.readers.subscribe("comms", ANA, "telegram:7", NOW)
    unsubscribing, asked = await door.link(), await door.asked(BOB)
    neutral = await nothing(door)
    door.now += timedelta(days=2)
    assert (await door.web.get(asked)).status_code == 200
    door.now += timedelta(days=2)
    assert same(await door.web.post(asked), neutral)
    assert (await door.web.get(unsubscribing)).status_code == 200
    door.now += timedelta(days=400)
    assert same(await door.web.post(unsubscribing, data=ONE_CLICK), neutral)
    assert door.state() is DigestReaderState.CONFIRMED


async def test_pages_are_in_the_readers_language(door):
    await door.readers.subscribe("comms", ANA, "telegram:7", NOW)
    await door.recorder.places.set(ANA, PlaceSettings(language="es"))
    page = (await door.web.get(await door.link())).text
    assert '<html lang="es">' in page
    assert "¿Dejar de recibir el resumen comms?" in page


async def test_two_confirmations_at_once_are_one(door):
    link = await door.asked()
    answers = await asyncio.gather(*(door.web.post(link, data={"do": "confirm"}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404, 404]


def test_a_token_is_opaque_and_only_ours_is_read():
    link = SignedLink(LinkPurpose.CONFIRM, "ab" * 12, NOW + timedelta(days=3))
    token = signed(link, "secret")
    assert opened(token, "secret", LinkPurpose.CONFIRM, NOW) == link
    assert opened(token, "other", LinkPurpose.CONFIRM, NOW) is None
    assert opened(token, "secret", LinkPurpose.UNSUBSCRIBE, NOW) is None
    assert opened(token, "secret", LinkPurpose.CONFIRM, NOW + timedelta(days=3)) is None
    for n in range(len(token)):
        changed = token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :]
        found = opened(changed, "secret", LinkPurpose.CONFIRM, NOW)
        assert found is None or (n == len(token) - 1 and found == link)  # the last letter has bits to spare
    for wrong in ("", "=", "é", "A" * 45, "A" * 46, "A" * 101, token + "A", token[:-1], "\0", token.lower()):
        assert opened(wrong, "secret", LinkPurpose.CONFIRM, NOW) is None


async def test_a_link_unsubscribes_its_own_reader_and_nobody_else(door):
    for place in (ANA, BOB):
        await door.readers.subscribe("comms", place, "telegram:7", door.now)
    theirs = await door.link(BOB)
    assert (await door.web.post(theirs, data=ONE_CLICK)).status_code == 200
    assert (door.state(ANA), door.state(BOB)) == (DigestReaderState.CONFIRMED, DigestReaderState.LEFT)
    asked = await door.asked(Destination("email", "eve@example.org"))
    for wrong in (asked.replace("/confirm/", "/unsubscribe/"), theirs.replace("/unsubscribe/", "/confirm/")):
        assert (await door.web.post(wrong, data=ONE_CLICK)).status_code == 404
    assert door.state(ANA) is DigestReaderState.CONFIRMED
    assert "ana@" not in (await door.web.get(theirs)).text
