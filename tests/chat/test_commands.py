"""What is answered to what people say, and which orders come of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.commands import COMMANDS, listed
from bot.chat.context import ForService, Subscribe, Unsubscribe
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
    Quiet,
    Service,
    ServiceState,
    Style,
    Subscription,
    SubscriptionFilter,
    Topic,
    Unmute,
)
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
    assert wanted.subscription.filter.services == ("slack-delivery",)
    for text in ("ack", "ack slack-delivery"):
        [order] = about_channels(text, ("slack", DEAD), ("email", UP)).orders
        assert order.service == "slack-delivery"
    assert about_channels("ack", ("slack", DEAD), ("email", DEAD)).orders == ()
    [muted] = about_channels("mute slack-delivery 2h", ("slack", DEAD)).orders
    assert muted.service == "slack-delivery"


def held(*services, **wish):
    return Subscription(HERE, SubscriptionFilter(services, **wish), "telegram:7", NOW)


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


def test_help_lists_every_command_and_start_is_help():
    text = said("help").reply.text
    assert all(command.usage in text for command in COMMANDS.values())
    assert said("start").reply == said("help").reply == said("").reply
    assert [name for name, help_ in listed(STYLE) if help_] == list(COMMANDS)


def test_subscribing_names_services_changes_and_confidence():
    (order,) = said("subscribe x down restored likely").orders
    assert order == Subscribe(
        held("x", topics=frozenset({Topic.DOWN, Topic.RESTORED}), confidence=Confidence.LIKELY, style=STYLE)
    )


def test_subscribing_to_nothing_in_particular_is_all():
    (order,) = said("subscribe").orders
    assert order.subscription.filter.services == ()


def test_subscribing_again_adds_and_unsubscribing_takes_away():
    (more,) = said("subscribe slack", held("x")).orders
    (less,) = said("unsubscribe x", more.subscription).orders
    (none,) = said("unsubscribe slack", less.subscription).orders

    assert more.subscription.filter.services == ("x", "slack")
    assert less.subscription.filter.services == ("slack",)
    assert none == Unsubscribe(HERE)


def test_whoever_hears_all_and_wants_less_hears_the_rest():
    (order,) = said("unsubscribe x", held()).orders
    assert order.subscription.filter.services == ("slack",)


def test_a_member_who_may_not_manage_is_told_so():
    refused = said("subscribe x", may_manage=False)
    assert refused.orders == ()
    assert refused.reply == said("ack x").reply
    for text in ("language es", "timezone UTC", "quiet off"):
        assert said(text, held("x"), may_manage=False) == refused


@pytest.mark.parametrize("text", ["ack x", "mute x 2h", "unmute x", "correct x"])
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


@pytest.mark.parametrize("text", ["mute", "mute x", "mute x soon", "mute x 99999999999d", "unmute", "correct"])
def test_half_an_order_gets_help(text):
    assert said(text, admin=True) == said("help")


def test_answers_come_in_the_language_of_the_place():
    overview = Overview(NOW, ((X, DOWN), (SLACK, UP)))
    reply = respond(ask("status x"), overview, replace(STYLE, language="es", clock="24h"), admin=False).reply
    assert reply.title == "🔴 X (Twitter) no funciona desde las 14:00"


@given(st.text(max_size=60), st.booleans())
def test_whatever_is_said_is_answered(text, admin):
    assert said(text, admin=admin).reply.title


# ── how a place is written to ────────────────────────────────────────────────────────────────────────────────────────


def settled(text, **wish):
    """The wish of a subscribed place after it, and what was answered."""
    before = held("x", **{"style": STYLE, **wish})
    answer = said(text, before)
    [order] = answer.orders or [Subscribe(before)]
    assert replace(order.subscription, filter=before.filter) == before
    return order.subscription.filter, answer.reply


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("quiet 22:00-07:00", Quiet(time(22), time(7))),
        ("quiet 22:00 – 7:00 Except DOWN", Quiet(time(22), time(7), frozenset({Topic.DOWN}))),
        ("quiet 22:00-7:00 excepto down", Quiet(time(22), time(7), frozenset({Topic.DOWN}))),
        ("quiet off", None),
        ("QUIET OFF", None),
    ],
)
def test_a_place_has_quiet_hours_by_its_own_clock(text, quiet):
    for before in (None, Quiet(time(1), time(2))):
        wish, reply = settled(text, quiet=before)
        assert wish == replace(held("x", style=STYLE).filter, quiet=quiet)
        assert reply == said("quiet", held("x", style=STYLE, quiet=quiet)).reply


def test_quiet_without_words_tells_how_it_is():
    assert settled("quiet")[1].text == "🔔 No quiet hours here."
    assert settled("quiet", quiet=Quiet(time(22), time(7), frozenset({Topic.DOWN})))[1].text == (
        "🌙 Quiet hours here: 10:00 p.m. – 7:00 a.m.\n"
        "Sent anyway: outages.\n"
        "Notices held back come in one message at the end.\n"
        "Time zone: Europe/Madrid."
    )
    assert said("quiet", held("x", style=STYLE)).orders == ()


@pytest.mark.parametrize("text", ["quiet please", "quiet 22:00", "quiet 22:00-22:00", "quiet 22:00-07:00 except doom"])
def test_hours_that_are_none_are_shown_how_they_are_written(text):
    assert settled(text)[0].quiet is None
    assert '"quiet 22:00-07:00 except down"' in settled(text)[1].text


@pytest.mark.parametrize(
    ("text", "language"), [("language es", "es"), ("language ES-mx", "es-mx"), ("language en", "en")]
)
def test_a_place_has_its_own_language_and_is_answered_in_it(text, language):
    wish, reply = settled(text)
    assert wish.style == replace(STYLE, language=language)
    assert reply.title.startswith("✅ Los avisos" if language != "en" else "✅ Notices")


def test_a_place_has_its_own_zone():
    wish, reply = settled("timezone america/New york")
    assert wish.style == replace(STYLE, timezone="America/New_York")
    assert reply.title == "✅ Times here are now in America/New_York (it is 8:30 a.m.)."


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("language tlh", LANGUAGES),
        ("language", LANGUAGES),
        ("timezone Europe/Madird", "Europe/Madrid"),
        ("timezone", ""),
    ],
)
def test_a_language_or_zone_that_there_is_not_changes_nothing(text, near):
    wish, reply = settled(text)
    assert wish.style == STYLE
    assert near in reply.text


@pytest.mark.parametrize("text", ["quiet 22:00-07:00", "quiet", "language es", "timezone UTC"])
def test_a_place_without_a_subscription_is_told_to_subscribe_first(text):
    assert said(text).orders == ()
    assert 'Send "subscribe" first.' in said(text).reply.text


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
