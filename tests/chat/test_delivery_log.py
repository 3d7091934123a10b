"""What is asked about incidents that were: which one is meant, what is answered, and drills."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat import delivery_log
from bot.chat.commands import parse
from bot.chat.context import SendDrill
from bot.chat.dispatcher import Dispatcher
from bot.incidents.reconciler import reconcile
from bot.model import (
    Ask,
    Audience,
    ChangeKind,
    Confidence,
    DeliveryAction,
    DeliveryStatus,
    Destination,
    Mute,
    Overview,
    Progress,
    Service,
    ServiceState,
    Style,
    Subscription,
    SubscriptionFilter,
    Topic,
    Trail,
)
from bot.watch.user_reports import UserReports
from tests.chat.answers import context_of, respond
from tests.incidents.test_recorder import CHAT, DESK, SLACK, House
from tests.judge.rounds import at as round_at
from tests.reasons import quote
from tests.store.made import settle, take
from tests.wording.outages import BLIND, DOWN, EN, ES, PARTLY, X, at

NOW = at(15)
HERE, ELSE, MAIL = Destination("telegram", "-100/45"), Destination("slack", "C1"), Destination("email", "a@b.example")
OVER = replace(DOWN, until=at(14, 50))
EARLIER = replace(DOWN, number=16, since=at(9, day=3), until=at(9, 30, day=3), confirmed_at=at(9, 1, day=3))
BANNER = Service("banner", "Site banner")
LADDER = Audience("desk", (ELSE, HERE), ladder=True)
ALONE = Audience(str(HERE), (HERE,))


def row(number, to=HERE, step=2, **more):
    known = {
        "action": DeliveryAction.POST,
        "kind": ChangeKind.CONFIRMED,
        "audience": "desk",
        "ladders": (),
        "status": "sent",
        "attempts": 1,
        "queued_at": at(14, 1),
        "due": at(14, 1),
        "sent_at": at(14, 1) + timedelta(seconds=0.4),
        "why": None,
        "unsure": False,
    } | more
    if known["status"] != "sent":
        known["sent_at"] = None
    return Progress(number, to, f"x#17/{step}@{to}", **known)


def overview(*recent, mute=None, held=()):
    states = ((X, ServiceState("x", up_since=at(14, 50), mute=mute)), (BANNER, ServiceState("banner", up_since=at(1))))
    return Overview(NOW, states, recent, held)


def said(text, *, style=EN, admin=True, seen=None, trail=None, audiences=()):
    ask = Ask(text, "telegram:7", "Ana", HERE, NOW, "k")
    return respond(ask, seen or overview(OVER), style, admin=admin, audiences=audiences, trail=trail)


def trail(*rows, incident=OVER, readers=(LADDER,)):
    return Trail(incident, "X (Twitter)" if incident else "", rows, readers)


# ── which incident ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("delivery", ""),
        ("DELIVERY x#3", "x#3"),
        ("why x", "x"),
        ("why X (Twitter)", "x"),
        ("why X#17", "x#17"),
        ("why site banner#2", "banner#2"),
        ("delivery drill", "drill"),
        ("delivery netflix", "netflix"),
    ],
)
def test_the_incident_that_is_named(text, found):
    ask = Ask(text, "telegram:7", "Ana", HERE, NOW, "k")
    assert delivery_log.incident(context_of(ask, overview(BLIND, OVER), EN, admin=True)) == found


# ── history ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_history_has_start_end_and_length_newest_first_and_how_long_in_all():
    reply = said("history x", seen=overview(OVER, EARLIER)).reply
    assert reply.text.splitlines() == [
        "🗓 X (Twitter): 2 incidents in 30 days",
        "X (Twitter): down 2:00–2:50 p.m. (50 min).",
        "X (Twitter): down 9:00–9:30 a.m. July 3 (30 min).",
        "1 h 20 min in all, the longest 50 min.",
        "Up 99.81%.",
    ]
    spanish = said("history x", seen=overview(OVER, EARLIER), style=ES).reply
    assert spanish.title == "🗓 X (Twitter): 2 incidencias en 30 días"
    assert spanish.lines[-2] == "1 h 20 min en total, la más larga 50 min."


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("history", "🗓 1 incident in 30 days"),
        ("history 90", "🗓 1 incident in 90 days"),
        ("history x (twitter)", 'There\'s no service called "x (twitter".'),
        ("history X (Twitter) 7", "🗓 X (Twitter): 1 incident in 7 days"),
        ("history site banner", "🗓 Site banner: no incidents in 30 days"),
        ("history 0", "🗓 1 incident in 24 h"),
    ],
)
def test_history_of_so_many_days_of_one_or_of_all(text, title):
    if text == "history x (twitter)":
        title = "🗓 X (Twitter): 1 incident in 30 days"
    assert said(text).reply.title == title


def test_what_still_lasts_stands_first_as_it_is_now():
    state = ServiceState("x", incident=DOWN)
    seen = Overview(NOW, ((X, state),), (DOWN, EARLIER))
    assert said("history", seen=seen).reply.text.splitlines()[:2] == [
        "🗓 2 incidents in 30 days",
        "🔴 X (Twitter): down since 2:00 p.m.",
    ]


@pytest.mark.parametrize(
    ("text", "days"), [("history x 90", 90), ("history", 30), ("history 99999999999", 366), ("status 90", 30), ("", 30)]
)
def test_how_far_an_ask_looks_back(text, days):
    assert parse(text).period == timedelta(days=days)


# ── delivery ─────────────────────────────────────────────────────────────────────────────────────────────────────────

UNTAKEN = row(1, ELSE, status="pending", ladders=("desk",), why=quote("Slack: 503"), due=at(14, 6))
INSTEAD = row(2, HERE, queued_at=at(14, 2), sent_at=at(14, 2), ladders=("desk",), attempts=2)


def test_who_got_what_when_by_which_way():
    rows = (UNTAKEN, INSTEAD, row(3, MAIL, status="refused", why=quote("no such mailbox"), audience="list"))
    instead = "instead of slack:C1, which didn't accept it within 1 min."
    assert said("delivery", trail=trail(*rows)).reply.text.splitlines() == [
        "📬 X (Twitter): 1 of 3 messages delivered (x#17)",
        "slack:C1 (desk, rung 1): confirmed: waiting, again at 2:06 p.m., Slack: 503.",
        f"telegram:-100/45 (desk, rung 2): confirmed: delivered, at 2:02 p.m., after 0 s, 2 attempts, {instead}",
        "email:a@b.example (list): confirmed: rejected, no such mailbox.",
    ]
    assert said("delivery", trail=trail(*rows), style=ES).reply.text.splitlines()[:2] == [
        "📬 X (Twitter): 1 de 3 mensajes entregados (x#17)",
        "slack:C1 (desk, peldaño 1): confirmado: en espera, de nuevo a las 14:06, Slack: 503.",
    ]


def test_a_refusal_above_is_named_as_the_reason_for_the_way():
    refused = replace(UNTAKEN, status="refused", why=quote("not in the channel"))
    [_, line] = said("delivery", trail=trail(refused, INSTEAD)).reply.lines
    assert line.endswith("instead of slack:C1, which rejected it: not in the channel.")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"status": "sending"}, "being sent"),
        ({"status": "pending", "attempts": 0}, "waiting"),
        ({"status": "pending", "unsure": True, "attempts": 1, "due": at(14, 2)}, "may have arrived"),
        ({"status": "superseded"}, "no longer needed"),
        ({"status": "merged"}, "delivered in one message with others"),
        ({"action": DeliveryAction.EDIT, "status": "refused"}, "first message updated: rejected"),
        ({"kind": ChangeKind.RESTORED}, "2:01 p.m. restored (0.4 s)"),
        ({"kind": None}, "2:01 p.m. test (0.4 s)"),
        ({"audience": str(HERE)}, "(subscribed)"),
    ],
)
def test_how_far_a_delivery_has_come_is_said_in_words(more, words):
    [line] = said("delivery", trail=trail(row(1, **more), readers=(ALONE,))).reply.lines
    assert words in line


@pytest.mark.hardened("N-B9", "delivery in a chat", "one line a place; an edit is not called a message")
def test_a_place_has_one_line_and_what_was_added_to_an_earlier_message_is_said_to_be():
    told = (ChangeKind.CONFIRMED, ChangeKind.ACKNOWLEDGED, ChangeKind.RESTORED)
    rows = [row(n, place, n, kind=kind) for n, kind in enumerate(told) for place in (ELSE, MAIL)]
    edit = row(8, ELSE, 2, action=DeliveryAction.EDIT)
    late = row(9, HERE, 2, status="merged", by_edit=True)
    reply = said("delivery", trail=trail(*rows, edit, late)).reply
    all_of_it = "2:01 p.m. confirmed (0.4 s); 2:01 p.m. someone is looking into it (0.4 s); 2:01 p.m. restored (0.4 s)."
    assert reply.lines == (
        f"slack:C1 (desk, rung 1): {all_of_it}",
        f"email:a@b.example (desk): {all_of_it}",
        "telegram:-100/45 (desk, rung 2): confirmed: added to a message that was already there.",
    )
    assert reply.title == "📬 X (Twitter): 7 of 7 messages delivered (x#17)"


@pytest.mark.parametrize("kind", ChangeKind)
@pytest.mark.parametrize("style", [EN, ES])
def test_every_kind_of_change_has_its_word(kind, style):
    [line] = said("delivery", trail=trail(row(1, kind=kind)), style=style).reply.lines
    assert "notice" not in line
    assert "aviso" not in line


def test_the_secret_in_a_place_is_not_shown():
    place = Destination("webhook", "https://h.example/s3cret")
    assert "s3cret" not in said("delivery", trail=trail(row(1, place))).reply.text


def test_a_long_list_is_cut_and_counted():
    lines = said("delivery", trail=trail(*(row(n, Destination("slack", f"C{n}")) for n in range(99)))).reply.lines
    assert (len(lines), lines[-1]) == (31, "… and 69 more")


def test_an_incident_that_nobody_was_told_of():
    assert said("delivery", trail=trail()).reply.title == "📭 X (Twitter): no one was notified of x#17"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("delivery x#99", 'We know of no incident "x#99".'),
        ("why x#99", 'We know of no incident "x#99".'),
        ("delivery", "No incidents in the last 30 days."),
        ("delivery drill", "No drill has been run from a chat yet."),
    ],
)
def test_what_nobody_knows_is_answered(text, title):
    assert said(text).reply.title == title


@pytest.mark.hardened("N-B2", "why and delivery of a service that had no incident", "it is known, and has had none")
@pytest.mark.parametrize("text", ["why banner", "delivery banner"])
def test_a_service_without_incidents_is_known_all_the_same(text):
    assert said(text).reply.text == "🗓 Site banner: no incidents in 30 days\nUp 100%."


@pytest.mark.parametrize("text", ["delivery", "drill"])
def test_only_admins_learn_who_got_what_and_order_drills(text):
    refused = said(text, admin=False, trail=trail(row(1)), audiences=(LADDER,))
    assert (refused.reply.title, refused.orders) == ("🔒 Only Tocsin's admins can do that.", ())


# ── why ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("more", "title"),
    [
        ({}, "✅ X (Twitter): this channel got the notice of x#17"),
        ({"status": "pending"}, "⏳ X (Twitter): the notice of x#17 is on its way here"),
        ({"status": "pending", "unsure": True}, "❔ X (Twitter): this channel may have got the notice of x#17"),
        ({"status": "refused", "why": quote("gone")}, "⛔ X (Twitter): this channel rejected the notice of x#17"),
        ({"status": "superseded"}, "🔇 X (Twitter): this channel didn't get the notice of x#17"),
    ],
)
def test_why_says_what_became_of_it_here_and_nothing_of_others(more, title):
    reply = said("why", admin=False, trail=trail(row(1, ELSE), row(2, **more))).reply
    assert reply.title == title
    assert len(reply.lines) == 1
    assert "C1" not in reply.text


def reader(**wish):
    return (Audience("desk", (HERE,), SubscriptionFilter(**wish)),)


SILENT = {
    "nobody": ((), DOWN, "It isn't in any audience and hasn't subscribed."),
    "follows": (reader(services=("banner",)), DOWN, "It isn't subscribed to X (Twitter)."),
    "hears half ones": (reader(topics=frozenset({Topic.DEGRADED})), DOWN, "It doesn't get notices of outages."),
    "hears down only": (reader(topics=frozenset({Topic.DOWN})), PARTLY, "It doesn't get notices of partial outages."),
    "hears ends only": (reader(topics=frozenset({Topic.RESTORED})), DOWN, "It doesn't get notices of outages."),
    "sure": (
        reader(),
        replace(DOWN, confidence=Confidence.LIKELY),
        "We were never as sure as this channel asks for.",
    ),
    "rung": ((LADDER,), DOWN, "It is rung 2 of desk: it gets the notice if those before it can't be reached."),
    "unknown": (reader(), DOWN, "We don't know why."),
}


@pytest.mark.parametrize("name", SILENT)
def test_why_a_place_was_not_told(name):
    readers, incident, line = SILENT[name]
    reply = said("why", trail=trail(incident=incident, readers=readers)).reply
    assert reply.title == "🔇 X (Twitter): this channel didn't get the notice of x#17"
    assert reply.lines == (line,)


def test_why_a_muted_service_was_not_told_of():
    def why(**when):
        mute = Mute("Ana", when.get("at", at(13)), when.get("until", at(16)))
        return said("why", seen=overview(OVER, mute=mute), trail=trail(readers=reader())).reply.lines

    assert why() == ("The service was muted.",)
    assert why(until=at(14, 30)) == ("The service was muted.",)  # has run out by now
    assert why(until=at(13, 59)) == why(at=at(14, 51)) == ("We don't know why.",)


def test_why_who_subscribed_later_was_not_told():
    held = (Subscription(HERE, (SubscriptionFilter(),), "telegram:7", at(14, 55)),)
    reply = said("why", seen=overview(OVER, held=held), trail=trail(readers=(ALONE,))).reply
    assert reply.lines == ("It subscribed after that was over.",)


def test_why_in_spanish():
    reply = said("why", style=ES, trail=trail(readers=reader(services=("banner",)))).reply
    assert reply.text == "🔇 X (Twitter): este canal no recibió el aviso de x#17\nNo está suscrito a X (Twitter)."


# ── drill ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_drill_sends_a_marked_notice_to_every_rung_each_place_once():
    everyone = Audience("everyone", (HERE, MAIL), SubscriptionFilter(), style=ES)
    drill = said("drill", audiences=(LADDER, everyone))
    [order] = drill.orders
    assert isinstance(order, SendDrill)
    assert [(str(d.destination), d.audience, d.notice.thread) for d in order.deliveries] == [
        (str(ELSE), "desk", "drill#20220714T130000"),
        (str(HERE), "desk", "drill#20220714T130000"),
        (str(MAIL), "everyone", "drill#20220714T130000"),
    ]
    assert [d.notice.words.title.partition(":")[0] for d in order.deliveries] == [
        "🔔 Test for desk",
        "🔔 Test for desk",
        "🔔 Prueba",
    ]
    assert all(d.ladders == () for d in order.deliveries)  # each rung is tried itself
    assert drill.reply.text == '🔔 Sending a test notice to 3 places.\nFor the result, send "delivery drill".'


def test_a_drill_of_one_audience_of_none_and_of_a_misspelt_one():
    everyone = Audience("everyone", (MAIL,))
    [order] = said("drill Everyone", audiences=(LADDER, everyone)).orders
    assert [d.destination for d in order.deliveries] == [MAIL]
    misspelt = said("drill everyon", audiences=(LADDER, everyone))
    assert (misspelt.orders, misspelt.reply.text) == (
        (),
        'There\'s no audience called "everyon".\nDid you mean everyone?',
    )
    assert said("drill").reply.title == "The config has no audiences."


# ── at the desk, with a store behind it ──────────────────────────────────────────────────────────────────────────────


class Chat:
    def __init__(self, house):
        crowd = UserReports(house.store, lambda: house.now)
        self.desk = Dispatcher(house.recorder, frozenset({"telegram:7"}), Style(), crowd, None)
        self.house, self.asked = house, 0

    async def say(self, text, where=CHAT):
        self.asked += 1
        ask = Ask(text, "telegram:7", "Ana", where, self.house.now, str(self.asked))
        return (await self.desk.answer(ask)).text


@pytest.fixture
def house(store):
    return House(store, (DESK,))


async def test_who_subscribes_while_it_is_down_hears_so_at_once(house):
    await house.rounds("BB")
    await house.deliver()
    chat = Chat(house)
    assert (await chat.say("why x")).splitlines()[1] == "It isn't in any audience and hasn't subscribed."
    await chat.say("subscribe x")
    [late] = await house.deliver()
    assert (late.destination, late.notice.words.title) == (CHAT, "🔴 X (Twitter): down since noon")
    assert (await chat.say("why x")).splitlines()[0] == "✅ X (Twitter): this channel got the notice of x#1"
    await house.rounds("..", first=2)
    assert str(CHAT) in {str(one.destination) for one in await house.deliver()}


async def test_a_drill_ordered_in_a_chat_is_delivered_and_told_of(house):
    chat = Chat(house)
    await chat.say("drill")
    assert house.woken == 1
    assert {str(one.destination) for one in await house.deliver()} == set(map(str, DESK.destinations))
    told = (await chat.say("delivery drill")).splitlines()
    assert told[0] == "📬 Drill: 2 of 2 messages delivered (drill#20220714T120000)"
    assert told[1].startswith("slack:C1 (desk): noon test (")
    assert set(await house.store.audit.proven(DESK.destinations)) == set(DESK.destinations)
    assert await reconcile(house.recorder) == type(await reconcile(house.recorder))()


async def test_delivery_history_and_why_read_what_is_stored(house):
    await house.rounds("..BB..")
    for one in await take(house.store, "slack", house.now, limit=9, lease=timedelta(minutes=1)):
        await settle(house.store, one, DeliveryStatus.REFUSED, house.now, why=quote("no such channel"))
    chat = Chat(house)
    assert (
        (await chat.say("delivery x#1"))
        .splitlines()[1]
        .startswith("slack:C1 (desk): confirmed: rejected, no such channel; restored: ")
    )
    assert (await chat.say("history x 2")).splitlines() == [
        "🗓 X (Twitter): 1 incident in 1 h",
        "X (Twitter): down 12:01–12:02 p.m. (1 min).",
        "Up 60% since noon.",
    ]
    assert (await chat.say("why", SLACK)).splitlines()[0] == "⏳ X (Twitter): the notice of x#1 is on its way here"
    house.now = round_at(0) + timedelta(days=40)
    assert (await chat.say("history x")) == "🗓 X (Twitter): no incidents in 30 days"
    assert (await chat.say("history 90")).splitlines()[0] == "🗓 1 incident in 40 days"
