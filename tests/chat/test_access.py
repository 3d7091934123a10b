"""Who may ask at all; what a place is told of changes to it; and that strangers leave nothing behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model import Ask, Audience, Destination, Reply, Style, Subscription, SubscriptionFilter
from bot.store import StoreUnavailable, open_store
from tests import sqlite
from tests.chat.dispatcher import ADMIN, ROOM, Desk
from tests.incidents.test_recorder import counting
from tests.sim.inline import Disk, inline

DM = Destination("telegram", "888")
NEWSROOM = Destination("slack", "C1")
STRANGER = ["🔒 This channel hasn't been let in.", "An admin of this bot can let it in with /allow telegram:-100777."]
READS = ("status", "history x 90", "why", "report x", "subscribe x", "maintenance", "check example.org", "nonsense")


@pytest.fixture
async def store(tmp_path):
    with inline(Disk()):
        async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as opened:
            yield opened


@pytest.mark.hardened(
    "A3", "a stranger asks the bot on Telegram or Discord", "one line an hour; nothing told, counted or stored"
)
async def test_a_stranger_gets_one_line_and_leaves_nothing_behind(store, saw):
    desk = Desk(store)
    await desk.house.rounds("BB")
    first = await desk.say("status")
    assert first[:2] == STRANGER
    with counting(store) as asked:
        answers = [await desk.say(text, key=f"again {text}") for text in READS]
    assert (answers, asked) == ([None] * len(READS), [])
    assert (desk.crowd.tallies(), desk.looked, desk.house.recorder.places.subscriptions) == ({}, [], ())
    assert await desk.say("ack x") is None
    assert desk.house.recorder.states["x"].incident.acked_by == ""
    saw("one line, then silence; no read or write of the database")


@pytest.mark.hardened("A3", "a crowd of strangers asks, each from a place of their own", "at most 20 answers a minute")
async def test_strangers_together_get_few_answers(store):
    desk = Desk(store)
    answers = [await desk.say("status", f"telegram:{n}", Destination("telegram", f"{n}")) for n in range(1_000, 3_000)]
    assert sum(answer is not None for answer in answers) == 20


@pytest.mark.parametrize("order", ["allow", "allow telegram:-100777"])
async def test_an_admin_lets_a_room_in_and_shuts_it_out_again(store, order):
    desk = Desk(store)
    here = ROOM if order == "allow" else DM
    allowed = await desk.say(order, ADMIN, here, reply=Reply.PLACE)
    title = (
        "🔓 Ana let this channel in"
        if order == "allow"
        else "🔓 telegram:-100777 is in: people there can ask and subscribe."
    )
    assert allowed[0] == title
    if order != "allow":
        assert (await desk.told(ROOM))[0][0] == "🔓 Ana let this channel in"
    assert (await desk.say("status"))[0].startswith("⚫ No data")
    topic = Destination("telegram", "-100777/45")
    assert (await desk.say("subscribe x", where=topic, may_manage=True))[0].startswith("⚙️ Ana changed")
    desk.restart()
    assert (await desk.say("status"))[0].startswith("⚫ No data")
    assert (await desk.say("rooms", ADMIN, DM))[1].startswith("telegram:-100777: by Ana, ")

    assert "shut out" in " ".join(await desk.say("disallow telegram:-100777", ADMIN, DM))
    assert desk.house.recorder.places.subscriptions == ()
    assert (await desk.say("status"))[:2] == STRANGER
    assert (await desk.say("disallow", ADMIN, ROOM))[0] == "No admin has let telegram:-100777 in."
    audit = await desk.say("audit", ADMIN, DM)
    assert [line.partition(": ")[2] for line in audit[1:]] == [
        "disallow telegram:-100777",
        "subscribe x",
        order,
    ]


@pytest.mark.parametrize("text", ["allow", "disallow", "rooms", "audit", "allow telegram:888"])
async def test_only_admins_say_who_may_ask(store, text):
    desk = Desk(store, public=True)
    assert await desk.say(text, may_manage=True) == ["🔒 Only Tocsin's admins can do that."]
    assert await store.rooms.all() == ()


@pytest.mark.parametrize(
    "text", ["allow webhook:https://a.example/", "allow me", "allow telegram:1 telegram:2", "disallow x"]
)
async def test_what_is_no_room_is_not_let_in(store, text):
    assert "Which channel?" in (await Desk(store).say(text, ADMIN))[0]
    assert await store.rooms.all() == ()


@pytest.mark.parametrize(
    ("asked_in", "more"),
    [
        (NEWSROOM, {}),
        (Destination("telegram", "-100/9"), {}),
        (Destination("telegram", "-5"), {"also": (Destination("telegram", "@OurChannel"),)}),
        (Destination("discord", "77"), {"also": (Destination("discord", "12"),)}),
        (ROOM, {"home": True}),
        (ROOM, {"who": ADMIN}),
        (DM, {}),
    ],
    ids=["audience", "topic", "name", "thread", "workspace", "admin", "subscribed before"],
)
async def test_who_may_ask_by_default(store, asked_in, more):
    places = tuple(map(Destination.parse, ("slack:C1", "telegram:-100/45", "telegram:@ourchannel")))
    await store.subscriptions.subscribe(
        Subscription(DM, (SubscriptionFilter(),), "telegram:888", Desk(store).house.now)
    )
    desk = Desk(store, (Audience("desk", places),), rooms=(Destination("discord", "12"),))
    await desk.house.recorder.load()
    assert (await desk.say("status", where=asked_in, **more))[0].startswith("⚫ No data")
    assert (await desk.say("status"))[:2] == STRANGER  # and nobody else


async def test_a_place_of_the_config_is_shut_out_in_the_config(store):
    desk = Desk(store, (Audience("desk", (NEWSROOM,)),))
    assert (await desk.say("disallow", ADMIN, NEWSROOM))[0].startswith("slack:C1 is in the config: to shut it out")
    assert (await desk.say("allow", ADMIN, NEWSROOM))[0] == "slack:C1 is in already."


async def test_a_group_that_moves_stays_let_in(store):
    desk = Desk(store)
    await desk.say("allow", ADMIN)
    await desk.house.recorder.moved(ROOM, Destination("telegram", "-1009"))
    assert [str(room.place) for room in await store.rooms.all()] == ["telegram:-1009"]


async def test_anyone_may_ask_a_public_bot(store):
    assert (await Desk(store, public=True).say("status"))[0].startswith("⚫ No data")


# ── what a place is told of changes to it ────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened(
    "A5",
    "somebody sets quiet hours by an answer that only they see",
    "the place is told who did it; it is in the audit",
)
@pytest.mark.parametrize(
    "text", ["quiet 00:01-00:00", "unsubscribe x", "language es", "timezone Europe/Madrid", "subscribe"]
)
@pytest.mark.parametrize("reply", [Reply.ALONE, Reply.THREAD])
async def test_a_change_that_others_do_not_see_is_told_to_them(store, text, reply):
    desk = Desk(store)
    await desk.say("subscribe x y", where=NEWSROOM, home=True, may_manage=True)
    answer = await desk.say(text, where=NEWSROOM, home=True, may_manage=True, reply=reply)
    told = await desk.told(NEWSROOM)
    assert [lines[0] for lines in told] in (
        ["⚙️ Ana changed how this channel gets notices"],
        ["⚙️ Ana cambió cómo recibe avisos este canal"],
    )
    assert told[0][1:] == answer
    [entry, _] = await store.audit_log.newest(9)
    assert (entry.who, entry.name, entry.place, entry.what) == ("telegram:9", "Ana", NEWSROOM, text)

    await desk.say(text, where=NEWSROOM, home=True, may_manage=True, reply=reply)  # which changes nothing
    assert await desk.told(NEWSROOM) == []


async def test_where_all_see_the_answer_it_names_who_it_was_and_alone_nobody_needs_to_be_told(store):
    desk = Desk(store, public=True)
    open_to_all = await desk.say("subscribe x", may_manage=True)
    assert open_to_all == ["⚙️ Ana changed how this channel gets notices", "✅ Subscribed to X (Twitter)."]
    alone = await desk.say("subscribe x", where=DM, may_manage=True, reply=Reply.PRIVATE)
    assert alone == ["✅ Subscribed to X (Twitter)."]
    assert await desk.told(DM) == await desk.told(ROOM) == []


@pytest.mark.hardened(
    "A5",
    "whoever a platform did not prove to run a place changes what it hears",
    "refused: rights are False unless proven",
)
@pytest.mark.parametrize("text", ["subscribe x", "unsubscribe", "quiet 00:01-00:00", "language es", "timezone UTC"])
async def test_rights_are_false_unless_a_platform_proves_them(store, text):
    desk = Desk(store, public=True)
    asked = []

    async def denied():
        asked.append(text)
        return False

    async def proven():
        return True

    assert Ask(text, "a:1", "", ROOM, desk.house.now, "k").may_manage is False
    refused = ["🔒 Only this channel's administrators can change what it gets."]
    assert await desk.say(text) == refused
    assert await desk.say(text, prove=denied) == refused
    assert await desk.say("status", prove=denied) != refused
    assert asked == [text]  # nobody is looked up who changes nothing
    assert await desk.say(text, prove=proven) != refused


# ── what is cleaned ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened(
    "B12", "an admin's name is half a surrogate pair, or turns the line round", "cleaned where the ask is made"
)
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\ud800", ""),
        ("A\u202ena", "Ana"),
        ("A\0n\u2066a\u200b", "Ana"),
        ("\u3164\u2800", ""),
        ("A\n\nB", "A B"),
    ],
)
def test_names_are_clean(name, shown):
    ask = Ask("ack x\ud800\0\u202e", "telegram:9", name, ROOM, None, "k\ud800", once="\udfff1")
    assert (ask.name, ask.text, ask.key, ask.once) == (shown, "ack x", "k", "1")
    assert replace(ask, text="a" * 100_000).text == "a" * 4_000


async def test_a_database_that_is_away_is_answered_in_a_line(store, caplog, monkeypatch):
    desk = Desk(store, public=True)

    async def away(*_, **__):
        raise StoreUnavailable("the database is locked")

    monkeypatch.setattr(desk.house.store.results, "incidents", away)
    said = desk.ask("status")
    assert (await desk.desk.answer(said)).title == "⚠️ We can't reach our own database right now."
    monkeypatch.undo()
    assert (await desk.desk.answer(said)).title.startswith("⚫ No data")  # it was not answered
    assert "Traceback" not in caplog.text


# ── one place, two names ─────────────────────────────────────────────────────────────────────────────────────────────

NAMED, BY_ID = Destination("slack", "#newsroom"), Destination("slack", "C012")


@pytest.mark.hardened(
    "N-A3",
    "a Slack channel that the config names by name asks by its id",
    "one place: its language, its audience, its subscription",
)
@pytest.mark.parametrize("first", [True, False])
async def test_a_channel_that_the_config_names_is_one_place_by_name_and_by_id(store, first):
    desk = Desk(store, (Audience("desk", (NAMED,), style=Style("es", "Europe/Madrid")),))
    if not first:  # subscribed under its id, before its name was known
        await desk.house.recorder.places.subscribe(
            Subscription(BY_ID, (SubscriptionFilter(("x",)),), "slack:U1", desk.house.now)
        )
    here = {"who": ADMIN, "where": BY_ID, "also": (NAMED,)}
    assert (await desk.say("status", **here))[0].startswith("⚫ Sin datos")
    await desk.say("subscribe x", **here)
    await desk.say("clock 12h", **here)
    assert [subscription.destination for subscription in desk.house.recorder.places.subscriptions] == [NAMED]
    assert set(desk.house.recorder.places.settings) == {NAMED}
    await desk.house.rounds("BB")
    assert [place for _, place, _ in await desk.house.queued()] == [str(NAMED)]
    assert (
        "recibió el aviso" in (await desk.say("why x", **here))[0]
        or "en camino" in (await desk.say("why x", **here))[0]
    )


async def test_a_private_chat_is_answered_in_the_language_of_the_persons_app(store):
    desk = Desk(store, public=True)
    assert (await desk.say("status", where=DM, reply=Reply.PRIVATE, language="es-AR"))[0].startswith("⚫ Sin datos")
    assert (await desk.say("status", where=ROOM, language="es"))[0].startswith("⚫ No data")
    await desk.say("language en", where=DM, reply=Reply.PRIVATE, language="es", may_manage=True)
    assert (await desk.say("status", where=DM, reply=Reply.PRIVATE, language="es"))[0].startswith("⚫ No data")


async def test_somebody_without_a_name_is_someone_and_not_an_id(store):
    desk = Desk(store, (Audience("desk", (NAMED,)),), public=True)
    await desk.house.rounds("BB")
    assert (await desk.say("ack x", ADMIN, name=""))[0] == "👀 Noted: someone is looking into X (Twitter) (noon)"
