"""Who hears of a change: what was wished, in pairs of beginning and end, and nobody twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import (
    ENDINGS,
    OURSELVES,
    Audience,
    Change,
    Confidence,
    Destination,
    Health,
    Hears,
    Incident,
    Kind,
    Style,
    Wish,
)
from bot.tell.routing import Hearer, follows, hearers

AT = datetime(2022, 7, 14, 12, tzinfo=UTC)
SLACK, TELEGRAM, MAIL = (Destination(*p) for p in (("slack", "C1"), ("telegram", "-100"), ("email", "a@example.org")))
NEWS = [Kind.OPENED, Kind.CONFIRMED, Kind.WORSENED]
FOLLOW_UPS = [Kind.EASED, Kind.OFFICIAL, Kind.ACKNOWLEDGED, Kind.REMINDED]


def change(
    kind: Kind,
    health: Health = Health.DOWN,
    confidence: Confidence = Confidence.CONFIRMED,
    service: str = "x",
) -> Change:
    return Change(kind, AT, Incident(service, 17, AT, health, confidence, steps=1))


def audience(*destinations: Destination, name: str = "desk", ladder: bool = False, **wish: object) -> Audience:
    return Audience(name, destinations, Wish(**wish), ladder)


def places(found: tuple[Hearer, ...]) -> list[Destination]:
    return [h.destination for h in found]


@pytest.mark.parametrize("kind", sorted(NEWS))
def test_news_goes_to_whoever_follows_the_service(kind: Kind) -> None:
    desk = audience(SLACK, MAIL, services=("x",))
    other = audience(TELEGRAM, name="other", services=("y",))
    assert places(hearers(change(kind), [desk, other], ())) == [SLACK, MAIL]


@pytest.mark.parametrize(
    ("wished", "health", "confidence", "heard"),
    [
        (Wish(), Health.DOWN, Confidence.CONFIRMED, True),
        (Wish(), Health.DOWN, Confidence.LIKELY, False),
        (Wish(confidence=Confidence.LIKELY), Health.DOWN, Confidence.LIKELY, True),
        (Wish(confidence=Confidence.LIKELY), Health.DOWN, Confidence.POSSIBLE, False),
        (Wish(confidence=Confidence.POSSIBLE), Health.DEGRADED, Confidence.POSSIBLE, True),
        (Wish(hears=frozenset({Hears.DOWN})), Health.DEGRADED, Confidence.CONFIRMED, False),
        (Wish(hears=frozenset({Hears.DEGRADED})), Health.DEGRADED, Confidence.CONFIRMED, True),
        (Wish(hears=frozenset({Hears.DEGRADED})), Health.DOWN, Confidence.CONFIRMED, False),
        (Wish(), Health.UNKNOWN, Confidence.CONFIRMED, False),
    ],
)
def test_news_is_heard_as_wished(wished: Wish, health: Health, confidence: Confidence, heard: bool) -> None:
    desk = Audience("desk", (SLACK,), wished)
    assert bool(hearers(change(Kind.OPENED, health, confidence), [desk], ())) is heard


def test_who_was_told_hears_how_it_goes_on() -> None:
    only_down = audience(SLACK, hears=frozenset({Hears.DOWN}))
    partly = change(Kind.WORSENED, Health.DEGRADED)
    assert places(hearers(partly, [only_down], ())) == []
    assert places(hearers(partly, [only_down], {SLACK})) == [SLACK]


@pytest.mark.parametrize("kind", sorted({*FOLLOW_UPS, *ENDINGS}))
def test_nobody_hears_a_follow_up_or_an_end_who_was_not_told(kind: Kind) -> None:
    assert places(hearers(change(kind), [audience(SLACK, MAIL)], {MAIL})) == [MAIL]


@pytest.mark.parametrize(
    ("kind", "needs"),
    [
        (Kind.EASED, {Hears.DEGRADED}),
        (Kind.OFFICIAL, {Hears.OFFICIAL}),
        (Kind.REMINDED, {Hears.REMINDER}),
        (Kind.RESTORED, {Hears.RESTORED}),
        (Kind.RETRACTED, {Hears.CORRECTION}),
        (Kind.RETRACTED, {Hears.RESTORED}),
    ],
)
def test_what_follows_is_heard_as_wished(kind: Kind, needs: set[Hears]) -> None:
    with_it = audience(SLACK, hears=frozenset(needs))
    without = audience(SLACK, hears=frozenset({Hears.DOWN}))
    assert places(hearers(change(kind), [with_it], {SLACK})) == [SLACK]
    assert hearers(change(kind), [without], {SLACK}) == ()


def test_everybody_who_was_told_hears_that_somebody_looks_into_it() -> None:
    assert places(hearers(change(Kind.ACKNOWLEDGED), [audience(SLACK, hears=frozenset({Hears.DOWN}))], {SLACK})) == [
        SLACK
    ]


def test_a_muted_service_is_silent_but_for_the_end_of_what_was_told() -> None:
    desk = audience(SLACK, MAIL)
    heard = {kind for kind in Kind if hearers(change(kind), [desk], {SLACK}, muted=True)}
    assert heard == ENDINGS
    assert places(hearers(change(Kind.RESTORED), [desk], {SLACK}, muted=True)) == [SLACK]


def test_of_a_ladder_only_the_first_rung_hears_news() -> None:
    ladder = audience(SLACK, TELEGRAM, MAIL, ladder=True)
    assert places(hearers(change(Kind.OPENED), [ladder], ())) == [SLACK]
    assert places(hearers(change(Kind.OPENED), [replace(ladder, ladder=False)], ())) == [SLACK, TELEGRAM, MAIL]
    assert hearers(change(Kind.OPENED), [audience(ladder=True)], ()) == ()


def test_the_rung_that_was_told_hears_the_rest() -> None:
    ladder = audience(SLACK, TELEGRAM, MAIL, ladder=True)
    for kind in (Kind.CONFIRMED, Kind.REMINDED, Kind.RESTORED):
        assert places(hearers(change(kind), [ladder], {TELEGRAM})) == [TELEGRAM]
    assert places(hearers(change(Kind.RESTORED), [ladder], {SLACK, TELEGRAM})) == [SLACK, TELEGRAM]


def test_a_place_in_two_audiences_hears_once_in_the_style_of_the_first() -> None:
    first = audience(SLACK, name="first", style=Style("es"))
    second = audience(MAIL, SLACK, name="second")
    assert hearers(change(Kind.OPENED), [first, second], ()) == (
        Hearer(SLACK, "first", Style("es")),
        Hearer(MAIL, "second", Style()),
    )


def test_the_first_audience_that_wants_it_wins() -> None:
    deaf = audience(SLACK, name="deaf", services=("y",))
    keen = audience(SLACK, name="keen")
    assert [h.audience for h in hearers(change(Kind.OPENED), [deaf, keen], ())] == ["keen"]


def test_our_blindness_is_told_at_its_end_to_whoever_hears_corrections() -> None:
    readers = [
        audience(SLACK, TELEGRAM, name="ladder", ladder=True, services=("x",)),
        audience(MAIL, name="deaf", hears=frozenset({Hears.DOWN, Hears.RESTORED})),
    ]
    blind = change(Kind.RESTORED, Health.UNKNOWN, service=OURSELVES)
    assert places(hearers(blind, readers, ())) == [SLACK]
    for kind in set(Kind) - {Kind.RESTORED}:
        assert hearers(replace(blind, kind=kind), readers, {SLACK, MAIL}) == ()


def test_a_wish_without_services_follows_all() -> None:
    assert follows(Wish(), "x")
    assert follows(audience(SLACK, services=("x",)), "x")
    assert not follows(Wish(services=("y",)), "x")


DESTINATIONS = st.builds(Destination, st.sampled_from(["slack", "email"]), st.sampled_from("abc"))
WISHES = st.builds(
    Wish,
    st.sampled_from([(), ("x",), ("y",)]),
    st.frozensets(st.sampled_from(Hears)),
    st.sampled_from(Confidence),
    st.builds(Style, st.sampled_from(["en", "es"])),
)
AUDIENCES = st.lists(
    st.builds(Audience, st.text("de", min_size=1), st.lists(DESTINATIONS).map(tuple), WISHES, st.booleans()), max_size=5
)
CHANGES = st.builds(change, st.sampled_from(Kind), st.sampled_from(Health), st.sampled_from(Confidence))


@given(CHANGES, AUDIENCES, st.frozensets(DESTINATIONS), st.booleans())
def test_nobody_hears_twice_and_no_end_without_a_beginning(
    what: Change, audiences: list[Audience], told: frozenset[Destination], muted: bool
) -> None:
    found = places(hearers(what, audiences, told, muted=muted))
    assert len(found) == len(set(found))
    assert set(found) <= {d for a in audiences for d in a.destinations}
    if what.kind not in NEWS or muted:
        assert set(found) <= told
    assert found == places(hearers(what, audiences, sorted(told), muted=muted))


@given(st.lists(CHANGES, max_size=6), AUDIENCES)
def test_over_a_whole_incident_who_hears_an_end_has_heard_a_beginning(
    changes: list[Change], audiences: list[Audience]
) -> None:
    told: set[Destination] = set()
    for what in [*changes, change(Kind.RESTORED)]:
        found = set(places(hearers(what, audiences, told)))
        if what.kind in ENDINGS:
            assert found <= told
        told |= found


# ── ladders ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", FOLLOW_UPS)
def test_what_follows_goes_to_the_rungs_that_have_heard_unless_none_has(kind: Kind) -> None:
    ladder = audience(SLACK, TELEGRAM, MAIL, ladder=True)
    told = {SLACK, TELEGRAM}
    assert places(hearers(change(kind), [ladder], told, {TELEGRAM})) == [TELEGRAM]
    assert places(hearers(change(kind), [ladder], told, ())) == [SLACK, TELEGRAM]
    assert places(hearers(change(kind), [replace(ladder, ladder=False)], told, {TELEGRAM})) == [SLACK, TELEGRAM]


@pytest.mark.parametrize("kind", sorted(ENDINGS))
def test_an_end_goes_to_every_rung_that_was_told_or_is_about_to_be(kind: Kind) -> None:
    ladder = audience(SLACK, TELEGRAM, MAIL, ladder=True)
    assert places(hearers(change(kind), [ladder], {SLACK, TELEGRAM}, {TELEGRAM})) == [SLACK, TELEGRAM]


def test_a_rung_knows_its_ladders_and_the_shortest_of_their_times() -> None:
    everyone = audience(SLACK, MAIL, name="everyone")
    desk = audience(SLACK, TELEGRAM, ladder=True)
    boss = replace(audience(SLACK, MAIL, name="boss", ladder=True), within=timedelta(seconds=20))
    slack, mail = hearers(change(Kind.OPENED), [everyone, desk, boss], ())
    assert (slack.audience, slack.ladders, slack.within) == ("everyone", ("desk", "boss"), timedelta(seconds=20))
    assert (mail.ladders, mail.within) == ((), None)


# ── a channel's own incident ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_dead_channel_is_told_by_every_other_way_and_a_ladder_begins_at_its_first_of_them() -> None:
    news = change(Kind.CONFIRMED, service="slack-delivery")
    ladder, several = audience(SLACK, TELEGRAM, MAIL, ladder=True), audience(SLACK, MAIL, name="all")
    assert places(hearers(news, [ladder], (), dead="slack")) == [TELEGRAM]
    assert places(hearers(news, [several], (), dead="slack")) == [MAIL]
    assert hearers(news, [audience(SLACK, ladder=True)], (), dead="slack") == ()
    over = replace(news, kind=Kind.RESTORED)
    assert places(hearers(over, [ladder, several], {TELEGRAM, MAIL}, {TELEGRAM}, dead="slack")) == [TELEGRAM, MAIL]


def test_a_dead_channel_is_told_to_those_who_follow_all_or_name_it() -> None:
    news = change(Kind.CONFIRMED, service="slack-delivery")
    readers = [audience(MAIL, services=("x",)), audience(TELEGRAM, services=("x", "slack-delivery"))]
    assert places(hearers(news, readers, (), dead="slack")) == [TELEGRAM]
