"""What is answered to what people say, and which orders come of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import (
    Ack,
    Ask,
    Confidence,
    Destination,
    Health,
    Hears,
    Incident,
    Mute,
    Overview,
    Service,
    ServiceState,
    Style,
    Subscription,
    Unmute,
    Wish,
)
from bot.talk.commands import COMMANDS, ForService, Subscribe, Unsubscribe, listed, respond

NOW = datetime(2022, 7, 14, 12, 30, tzinfo=UTC)
HERE = Destination("telegram", "-100/45")
X, SLACK = Service("x", "X (Twitter)"), Service("slack", "Slack")
DOWN = ServiceState("x", incident=Incident("x", 17, NOW - timedelta(minutes=30), Health.DOWN, Confidence.CONFIRMED))
UP = ServiceState("slack", up_since=NOW - timedelta(days=9))
STYLE = Style("en", "Europe/Madrid", "12h")


def ask(text, **more):
    return Ask(text, "telegram:7", "Ana", HERE, NOW, "k", **more)


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
        "🔴 Slack delivery is down since 2:00 p.m."
    )
    [wanted] = about_channels("subscribe slack-delivery", ("slack", DEAD)).orders
    assert wanted.wish.wish.services == ("slack-delivery",)
    for text in ("ack", "ack slack-delivery"):
        [order] = about_channels(text, ("slack", DEAD), ("email", UP)).orders
        assert order.service == "slack-delivery"
    assert about_channels("ack", ("slack", DEAD), ("email", DEAD)).orders == ()
    [muted] = about_channels("mute slack-delivery 2h", ("slack", DEAD)).orders
    assert muted.service == "slack-delivery"


def held(*services, **wish):
    return Subscription(HERE, Wish(services, **wish), "telegram:7", NOW)


def test_status_tells_what_is_down_and_since_when():
    reply = said("status").reply.text
    assert "X (Twitter) is down since 2:00 p.m." in reply
    assert "Slack" not in reply.splitlines()[0]


@pytest.mark.parametrize("name", ["status x", "STATUS X", "status X (Twitter)", "Status x (twitter)"])
def test_a_service_is_found_by_its_id_or_its_name(name):
    assert said(name).reply.title == "🔴 X (Twitter) is down since 2:00 p.m."


def test_a_misspelt_service_or_command_gets_a_suggestion():
    assert "Did you mean slack?" in said("status slak").reply.text
    assert "status" in said("statsu").reply.text


def test_help_lists_every_command_and_start_is_help():
    text = said("help").reply.text
    assert all(command.usage in text for command in COMMANDS.values())
    assert said("start").reply == said("help").reply == said("").reply
    assert [name for name, help_ in listed(STYLE) if help_] == list(COMMANDS)


def test_subscribing_names_services_changes_and_confidence():
    (order,) = said("subscribe x down restored likely").orders
    assert order == Subscribe(
        held("x", hears=frozenset({Hears.DOWN, Hears.RESTORED}), confidence=Confidence.LIKELY, style=STYLE)
    )


def test_subscribing_to_nothing_in_particular_is_all():
    (order,) = said("subscribe").orders
    assert order.wish.wish.services == ()


def test_subscribing_again_adds_and_unsubscribing_takes_away():
    (more,) = said("subscribe slack", held("x")).orders
    (less,) = said("unsubscribe x", more.wish).orders
    (none,) = said("unsubscribe slack", less.wish).orders

    assert more.wish.wish.services == ("x", "slack")
    assert less.wish.wish.services == ("slack",)
    assert none == Unsubscribe(HERE)


def test_whoever_hears_all_and_wants_less_hears_the_rest():
    (order,) = said("unsubscribe x", held()).orders
    assert order.wish.wish.services == ("slack",)


def test_a_member_who_may_not_manage_is_told_so():
    refused = said("subscribe x", may_manage=False)
    assert refused.orders == ()
    assert refused.reply == said("ack x").reply


@pytest.mark.parametrize("text", ["ack x", "mute x 2h", "unmute x"])
def test_only_admins_order_about_services(text):
    assert said(text).orders == ()
    assert len(said(text, admin=True).orders) == 1


def test_ack_without_a_name_is_the_one_that_is_down():
    assert said("ack", admin=True).orders == (ForService("x", Ack("Ana", NOW)),)
    assert said("ack slack", admin=True).orders == ()


def test_a_mute_has_an_end_and_a_reason():
    (order,) = said("mute x 1h30m they know", admin=True).orders
    assert order == ForService("x", Mute("Ana", NOW, NOW + timedelta(minutes=90), "they know"))
    assert said("unmute x", admin=True).orders == (ForService("x", Unmute("Ana", NOW)),)


@pytest.mark.parametrize("text", ["mute", "mute x", "mute x soon", "mute x 99999999999d", "unmute"])
def test_half_an_order_gets_help(text):
    assert said(text, admin=True) == said("help")


def test_answers_come_in_the_language_of_the_place():
    overview = Overview(NOW, ((X, DOWN), (SLACK, UP)))
    reply = respond(ask("status x"), overview, replace(STYLE, language="es", clock="24h"), admin=False).reply
    assert reply.title == "🔴 X (Twitter) no funciona desde las 14:00"


@given(st.text(max_size=60), st.booleans())
def test_whatever_is_said_is_answered(text, admin):
    assert said(text, admin=admin).reply.title
