"""What is answered to what people say, and which orders come of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.commands import COMMANDS, listed
from bot.chat.context import ForService
from bot.model import (
    Ack,
    Ask,
    Confidence,
    Correct,
    Destination,
    Health,
    Incident,
    Mute,
    Overview,
    Service,
    ServiceState,
    Style,
    Subscription,
    SubscriptionFilter,
    Unmute,
)
from bot.wording.catalog import command_words
from tests.chat.answers import respond

LANGUAGES = "German (de), English (en), Spanish (es), French (fr) and Portuguese (pt)"
NOW = datetime(2022, 7, 14, 12, 30, tzinfo=UTC)
HERE = Destination("telegram", "-100/45")
X, SLACK = Service("x", "X (Twitter)"), Service("slack", "Slack")
DOWN = ServiceState("x", incident=Incident("x", 17, NOW - timedelta(minutes=30), Health.DOWN, Confidence.CONFIRMED))
UP = ServiceState("slack", up_since=NOW - timedelta(days=9))
STYLE = Style("en", "Europe/Madrid", "12h")


def ask(text, may_manage=True, **more):
    return Ask(text, "telegram:7", "Ana", HERE, NOW, "k", may_manage=may_manage, **more)


def said(text, *held, admin=False, **more):
    overview = Overview(NOW, ((X, DOWN), (SLACK, UP)), subscriptions=held)
    return respond(ask(text, **more), overview, STYLE, admin=admin)


def about_channels(text, *entries):
    ways = [(Service(f"{kind}-delivery", f"{kind.title()} delivery", channel=kind), state) for kind, state in entries]
    overview = Overview(NOW, ((X, UP), (SLACK, UP)), channels=tuple(ways))
    return respond(ask(text), overview, STYLE, admin=True)


DEAD = ServiceState("slack-delivery", incident=replace(DOWN.incident, service="slack-delivery"))


def test_a_channel_can_be_asked_about_followed_and_acknowledged():
    assert about_channels("status slack delivery", ("slack", DEAD)).reply.title == (
        "🔴 Slack delivery: down since 2:00 p.m."
    )
    [wanted] = about_channels("subscribe slack-delivery", ("slack", DEAD)).orders
    assert wanted.subscription.filters[0].services == ("slack-delivery",)
    for text in ("ack", "ack slack-delivery"):
        [order] = about_channels(text, ("slack", DEAD), ("email", UP)).orders
        assert order.service == "slack-delivery"
    assert about_channels("ack", ("slack", DEAD), ("email", DEAD)).orders == ()
    [muted] = about_channels("mute slack-delivery 2h", ("slack", DEAD)).orders
    assert muted.service == "slack-delivery"


def held(*services, **wish):
    return Subscription(HERE, (SubscriptionFilter(services, **wish),), "telegram:7", NOW)


def test_status_tells_what_is_down_and_since_when():
    reply = said("status").reply.text
    assert "X (Twitter): down since 2:00 p.m." in reply
    assert "Slack" not in reply.splitlines()[0]


@pytest.mark.parametrize("name", ["status x", "STATUS X", "status X (Twitter)", "Status x (twitter)"])
def test_a_service_is_found_by_its_id_or_its_name(name):
    assert said(name).reply.title == "🔴 X (Twitter): down since 2:00 p.m."


def test_a_misspelt_service_or_command_gets_a_suggestion():
    assert "Did you mean slack?" in said("status slak").reply.text
    assert "status" in said("statsu").reply.text


def test_help_says_what_tocsin_is_and_lists_what_the_person_may_do():
    everyone, admin = said("help", may_manage=False).reply, said("help", admin=True).reply
    assert everyone.title == "👋 Tocsin tells you when a service goes down, and when it's back."
    assert everyone.lines[0] == "It watches X (Twitter) and Slack."
    assert [line.partition(" ")[0].rstrip(":") for line in everyone.lines[1:5]] == [
        "status",
        "report",
        "history",
        "why",
    ]
    assert all(command.usage in admin.text for command in COMMANDS.values())
    for command in COMMANDS.values():
        assert (command.usage in everyone.text) is not (command.admins or command.manages), command.name
    assert said("start").reply == said("help").reply == said("").reply
    assert [name for name, help_ in listed(STYLE) if help_] == list(COMMANDS)


def test_help_of_one_command_says_how_it_is_written():
    assert said("help /Mute").reply.text == (
        "How to write it: mute service 2h|until 18:00|until restored [reason]\n"
        "Pause notices for a service.\n"
        'For example: "mute x 2h", "mute x until tomorrow 9:00 moving house"'
    )


@pytest.mark.hardened("N-B5", "answers that name a command", "write it as the platform takes it")
@pytest.mark.parametrize(
    ("platform", "typed"),
    [
        ("telegram", "/mute x 2h, /mute x until tomorrow 9:00 moving house"),
        ("slack", "/tocsin mute x 2h, /tocsin mute x until tomorrow 9:00 moving house"),
        ("discord", "/mute text:x 2h, /mute text:x until tomorrow 9:00 moving house"),
    ],
)
def test_commands_are_named_as_the_platform_takes_them(platform, typed):
    overview = Overview(NOW, ((X, DOWN),))
    reply = respond(ask("mute x"), overview, replace(STYLE, platform=platform), admin=True).reply
    assert reply.lines[-1] == f"For example: {typed}"


@pytest.mark.parametrize("text", ["is x down?", "x", "x?", "X (Twitter)"])
def test_a_line_that_names_a_service_suggests_its_status(text):
    assert 'Did you mean "status x"?' in said(text).reply.text


@pytest.mark.hardened("N-B8", "small talk, in a direct message", "gets the way to help, and no wild guess")
@pytest.mark.parametrize("text", ["hello", "thanks!", "🔥"])
def test_small_talk_gets_no_wild_guess(text):
    assert said(text).reply.lines == ('Send "help" for the list.',)


@pytest.mark.parametrize("text", ["/estado x", "Zustand x", "état x", "etat x"])
def test_a_command_is_understood_by_its_word_in_every_language(text):
    assert said(text).reply == said("status x").reply


def test_no_word_for_a_command_is_the_name_of_another():
    for word, command in command_words().items():
        assert word not in COMMANDS or word == command


@pytest.mark.hardened("N-B7", "what is watched?", "services lists it")
def test_services_lists_what_is_watched_by_name_and_key():
    assert said("services").reply.text == "🔭 2 services are being watched\nX (Twitter): x\nSlack: slack"


def test_a_service_that_there_is_not_gets_the_list_of_those_that_there_are():
    assert said("status netflix").reply.lines == ("Services: X (Twitter) and Slack.",)


@pytest.mark.hardened("N-B6", "an ordinary member subscribes a group", "is told that its administrators may")
def test_a_member_who_may_not_manage_is_told_so():
    refused = said("subscribe x", may_manage=False)
    assert refused.orders == ()
    assert refused.reply.title == "🔒 Only this channel's administrators can change what it gets."
    assert said("ack x").reply.title == "🔒 Only Tocsin's admins can do that."
    for text in ("language es", "timezone UTC", "quiet off"):
        assert said(text, held("x"), may_manage=False) == refused


@pytest.mark.parametrize("text", ["ack x", "mute x 2h", "unmute x", "correct x"])
def test_only_admins_order_about_services(text):
    assert said(text).orders == ()
    assert len(said(text, admin=True).orders) == 1


def test_ack_without_a_name_is_the_one_that_is_down():
    assert said("ack", admin=True).orders == (ForService("x", Ack("Ana", NOW)),)
    assert said("ack slack", admin=True).orders == ()


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("mute x for 2h they know", NOW + timedelta(hours=2)),
        ("mute x until 18:00 they know", NOW.replace(hour=16, minute=0)),
        ("mute x until tomorrow 9:00 they know", NOW.replace(day=15, hour=7, minute=0)),
    ],
)
def test_a_mute_ends_when_people_say(text, until):
    (order,) = said(text, admin=True).orders
    assert (order.order.until, order.order.reason, order.order.until_restored) == (until, "they know", False)


def test_a_mute_until_restored_ends_with_the_incident():
    answer = said("mute x until restored they know", admin=True)
    (order,) = answer.orders
    assert (order.order.until_restored, order.order.reason) == (True, "they know")
    assert answer.reply.title == "🔕 X (Twitter): muted until it's restored"
    nothing_open = said("mute slack until restored", admin=True)
    assert (nothing_open.orders, nothing_open.reply.title) == ((), "Slack has no open incident")


def test_what_is_not_muted_is_not_called_unmuted():
    assert said("unmute x", admin=True).reply.title == "X (Twitter) is not muted"


def test_a_mute_has_an_end_and_a_reason():
    (order,) = said("mute x 1h30m they know", admin=True).orders
    assert order == ForService("x", Mute("Ana", NOW, NOW + timedelta(minutes=90), "they know"))
    assert said("unmute x", admin=True).orders == (ForService("x", Unmute("Ana", NOW)),)


@pytest.mark.hardened("N-B4", "mute, unmute, correct with a mistake", "the usage of that command")
@pytest.mark.parametrize(
    "text",
    [
        "mute",
        "mute x",
        "mute x until 2020-01-01 9:00",
        "mute x until 9999-12-31 9:00",
        "mute x until today 9:00",
        "mute x soon",
        "mute x 0s",
        "mute x 99999999999d",
        "unmute",
        "correct",
        "maintenance cancel",
    ],
)
def test_half_an_order_gets_the_usage_of_that_command(text):
    answer = said(text, admin=True)
    assert answer.orders == ()
    assert answer.reply.title == f"How to write it: {COMMANDS[text.split()[0]].usage}"


@pytest.mark.parametrize("length", ["2h", "2 hours", "120 min", "120m", "2 horas", "2 Stunden", "2heures"])
def test_a_length_is_understood_as_people_write_it(length):
    (order,) = said(f"mute x {length} moving house", admin=True).orders
    assert order == ForService("x", Mute("Ana", NOW, NOW + timedelta(hours=2), "moving house"))


def test_a_name_of_several_words_works_wherever_a_service_is_named():
    for text in ("mute X (Twitter) 2h", "unmute X (Twitter)", "correct X (Twitter) wrong host", "ack x (twitter)"):
        (order,) = said(text, admin=True).orders
        assert order.service == "x"


@pytest.mark.hardened("N-A5", "a second admin acknowledges", "is answered who is on it already, and since when")
def test_a_second_acknowledgement_says_who_is_on_it_already():
    acked = replace(DOWN, incident=replace(DOWN.incident, acked_by="Bo", acked_at=NOW - timedelta(minutes=9)))
    answer = respond(ask("ack x"), Overview(NOW, ((X, acked), (SLACK, UP))), STYLE, admin=True)
    assert (answer.orders, answer.reply.title) == ((), "👀 X (Twitter): Bo is already on it (2:21 p.m.)")


def test_why_and_delivery_of_a_service_without_incidents_say_that_it_had_none():
    assert said("why slack").reply.title == "🗓 Slack: no incidents in 30 days"
    assert said("delivery slack", admin=True).reply.title == "🗓 Slack: no incidents in 30 days"


def test_answers_come_in_the_language_of_the_place():
    overview = Overview(NOW, ((X, DOWN), (SLACK, UP)))
    reply = respond(ask("status x"), overview, replace(STYLE, language="es", clock="24h"), admin=False).reply
    assert reply.title == "🔴 X (Twitter) no funciona desde las 14:00"


@given(st.text(max_size=60), st.booleans())
def test_whatever_is_said_is_answered(text, admin):
    assert said(text, admin=admin).reply.title


# ── what is taken back ───────────────────────────────────────────────────────────────────────────────────────────────

OVER = Incident("slack", 3, NOW - timedelta(hours=2), Health.DOWN, Confidence.CONFIRMED, until=NOW - timedelta(hours=1))


def correct(text, last=OVER):
    overview = Overview(NOW, ((X, DOWN), (SLACK, replace(UP, last=last))))
    return respond(ask(text), overview, STYLE, admin=True)


@pytest.mark.parametrize(
    ("text", "why"),
    [("correct x", ""), ("correct X wrong host", "wrong host"), ("correct X (Twitter)", "")],
)
def test_the_open_incident_is_taken_back_with_a_reason(text, why):
    answer = correct(text)
    assert answer.orders == (ForService("x", Correct("Ana", NOW, why)),)
    assert answer.reply.title == "⚪ Taken back: X (Twitter), in trouble since 2:00 p.m."


def test_the_one_that_was_over_last_is_taken_back_by_its_times():
    answer = correct("correct slack")
    assert answer.orders == (ForService("slack", Correct("Ana", NOW)),)
    assert answer.reply.title == "⚪ Taken back: Slack, 12:30–1:30 p.m."


@pytest.mark.parametrize(
    ("last", "title"),
    [
        (None, "Slack has had no incident in the last 7 days to take back"),
        (replace(OVER, until=NOW - timedelta(days=8)), "Slack has had no incident in the last 7 days to take back"),
        (replace(OVER, retracted=True), "Slack: already taken back"),
    ],
)
def test_where_there_is_nothing_to_take_back_it_says_so(last, title):
    answer = correct("correct slack", last)
    assert (answer.orders, answer.reply.title) == ((), title)


def test_whom_nobody_knows_cannot_be_corrected():
    assert "Did you mean slack?" in correct("correct slak").reply.text
