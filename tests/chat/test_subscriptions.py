"""What a place is subscribed to: options belong to the services they were given with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.context import Subscribe, Unsubscribe
from bot.model import (
    Audience,
    Confidence,
    Destination,
    Escalation,
    Overview,
    PlaceSettings,
    Quiet,
    Subscription,
    SubscriptionFilter,
    Topic,
)
from bot.notify.routing import readers, settled
from tests.chat.answers import respond
from tests.chat.test_commands import DOWN, HERE, NOW, SLACK, STYLE, UP, X, ask

MAIL = Destination("email", "desk@example.org")
ENDS = frozenset({Topic.DOWN, Topic.RESTORED})
LIKELY = Confidence.LIKELY


def said(text, *filters, audiences=(), settings=None):
    held = (Subscription(HERE, filters, "telegram:7", NOW),) if filters else ()
    overview = Overview(NOW, ((X, DOWN), (SLACK, UP)), subscriptions=held)
    return respond(ask(text), overview, STYLE, audiences=audiences, settings=settings or PlaceSettings())


def after(text, *filters):
    (order,) = said(text, *filters).orders
    return order.subscription.filters if isinstance(order, Subscribe) else order


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("subscribe", (SubscriptionFilter(),)),
        ("subscribe all", (SubscriptionFilter(),)),
        ("suscribir todos", (SubscriptionFilter(),)),
        ("subscribe all except x", (SubscriptionFilter(but=("x",)),)),
        ("subscribe x down restored likely", (SubscriptionFilter(("x",), ENDS, LIKELY),)),
        ("subscribe likely x, slack", (SubscriptionFilter(("x", "slack"), confidence=LIKELY),)),
        ("subscribe X (Twitter) and Slack", (SubscriptionFilter(("x", "slack")),)),
        ("subscribe x after 10 min", (SubscriptionFilter(("x",), for_at_least=timedelta(minutes=10)),)),
    ],
)
def test_a_line_says_services_and_options_in_any_order(text, filters):
    assert after(text) == filters


@pytest.mark.hardened(
    "N-A4",
    "subscribe with options, then subscribe other services with others",
    "each service has its own; a plain subscribe resets them",
)
def test_options_belong_to_the_services_they_were_given_with():
    first = after("subscribe x likely down restored")
    both = after("subscribe slack official announcement", *first)
    assert both == (
        SubscriptionFilter(("x",), ENDS, LIKELY),
        SubscriptionFilter(("slack",), frozenset({Topic.OFFICIAL, Topic.ANNOUNCEMENT})),
    )
    assert after("subscribe x", *both) == (both[1], SubscriptionFilter(("x",)))
    assert after("subscribe", *both) == (SubscriptionFilter(),)


def test_a_service_has_its_own_options_beside_all_the_others():
    wide = after("subscribe x likely", SubscriptionFilter())
    assert wide == (SubscriptionFilter(but=("x",)), SubscriptionFilter(("x",), confidence=LIKELY))
    subscription = Subscription(HERE, wide, "telegram:7", NOW)
    for service, wish in (("x", wide[1]), ("slack", wide[0])):
        (reader,) = [one for one in readers((), (subscription,), {}, STYLE) if one.filter.follows(service)]
        assert reader.filter.confidence is wish.confidence
    assert after("subscribe x", *wide) == (SubscriptionFilter(),)


def test_services_of_the_same_options_are_kept_together():
    assert after("subscribe slack likely", SubscriptionFilter(("x",), confidence=LIKELY)) == (
        SubscriptionFilter(("x", "slack"), confidence=LIKELY),
    )


def test_unsubscribing_takes_services_off_and_the_last_one_ends_it():
    both = (SubscriptionFilter(("x",), ENDS), SubscriptionFilter(("slack",)))
    assert after("unsubscribe x", *both) == both[1:]
    assert after("unsubscribe slack", *both[1:]) == Unsubscribe(HERE)
    assert after("unsubscribe", *both) == Unsubscribe(HERE)
    assert after("unsubscribe X (Twitter)", SubscriptionFilter()) == (SubscriptionFilter(but=("x",)),)
    assert after("unsubscribe slack", SubscriptionFilter(but=("x",))) == Unsubscribe(HERE)


def test_a_word_that_means_nothing_changes_nothing():
    for text in ("subscribe netflix", "unsubscribe netflix", "subscribe x after soon"):
        assert said(text, SubscriptionFilter()).orders == ()


def test_the_answer_says_what_comes_here_now():
    assert said("subscribe x down restored likely after 10m").reply.text == (
        "✅ Subscribed to X (Twitter).\n"
        "Only these notices: outages and restorations.\n"
        "Including what is only likely.\n"
        "Only what lasts 10 min or longer."
    )
    assert said("subscribe").reply.text == "✅ Subscribed to all services."
    assert said("subscribe all except x").reply.text == "✅ Subscribed to all services but X (Twitter)."


def test_subscriptions_show_all_that_holds_here_the_part_of_the_config_too():
    desk = Audience("desk", (MAIL, HERE), SubscriptionFilter(for_at_least=timedelta(minutes=5)), ladder=True)
    boss = Audience("boss", (MAIL,), escalations=(Escalation(timedelta(minutes=30), (HERE,)),))
    settings = PlaceSettings(quiet=Quiet.parse("22:00-07:00"))
    shown = said(
        "subscriptions",
        SubscriptionFilter(("x",), ENDS, LIKELY),
        SubscriptionFilter(but=("x",)),
        audiences=settled((desk, boss), {HERE: settings}),
        settings=settings,
    )
    assert shown.reply.text == (
        "Subscriptions here:\n"
        "X (Twitter): outages and restorations, even if only likely.\n"
        "all services but X (Twitter): all notices.\n"
        "From the config (desk, rung 2): all services: all notices, if it lasts 5 min or longer.\n"
        "From the config (boss): all services: all notices, if it lasts 30 min or longer.\n"
        "Language: English.\n"
        "Time zone: Europe/Madrid (it is 2:30 p.m.).\n"
        "🌙 Quiet hours here: 10:00 p.m. – 7:00 a.m."
    )


def test_a_place_that_only_the_config_serves_is_told_so():
    desk = Audience("desk", (HERE,))
    assert (
        said("subscriptions", audiences=(desk,)).reply.lines[0] == "From the config (desk): all services: all notices."
    )
    assert said("unsubscribe", audiences=(desk,)).reply.text == (
        "This channel has no subscription of its own.\nFrom the config (desk): all services: all notices."
    )
    assert said("subscriptions").reply.text == "This channel has no subscription of its own."


def test_a_place_of_an_audience_is_written_to_as_it_wishes_unless_the_config_says_otherwise():
    free = Audience("free", (HERE, MAIL), style=STYLE)
    fixed = replace(free, name="fixed", fixed=PlaceSettings(language="en"))
    settings = {HERE: PlaceSettings("es", "America/New_York", quiet=Quiet.parse("22:00-07:00"))}
    one, two = settled((free, fixed), settings)
    assert one.style_at(HERE) == replace(STYLE, language="es", timezone="America/New_York")
    assert two.style_at(HERE) == replace(STYLE, timezone="America/New_York")
    assert (one.style_at(MAIL), one.quiet_at(MAIL)) == (STYLE, None)
    assert one.quiet_at(HERE) == settings[HERE].quiet
