"""Who hears of a change: what was wished, in pairs of beginning and end, and nobody twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import (
    ENDINGS,
    OURSELVES,
    Audience,
    Change,
    ChangeKind,
    Confidence,
    Destination,
    Escalation,
    Health,
    Incident,
    Quiet,
    Style,
    SubscriptionFilter,
    Topic,
)
from bot.notify.routing import Hearer, hearers, milestones

AT = datetime(2022, 7, 14, 12, tzinfo=UTC)
SLACK, TELEGRAM, MAIL = (Destination(*p) for p in (("slack", "C1"), ("telegram", "-100"), ("email", "a@example.org")))
NEWS = [ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.WORSENED]
FOLLOW_UPS = [ChangeKind.EASED, ChangeKind.OFFICIAL, ChangeKind.ACKNOWLEDGED, ChangeKind.REMINDED]


def change(
    kind: ChangeKind,
    health: Health = Health.DOWN,
    confidence: Confidence = Confidence.CONFIRMED,
    service: str = "x",
) -> Change:
    return Change(kind, AT, Incident(service, 17, AT, health, confidence, steps=1))


def audience(*destinations: Destination, name: str = "desk", ladder: bool = False, **wish: object) -> Audience:
    manner = {key: wish.pop(key) for key in ("style", "quiet") if key in wish}
    return Audience(name, destinations, SubscriptionFilter(**wish), ladder, **manner)


def places(found: tuple[Hearer, ...]) -> list[Destination]:
    return [h.destination for h in found]


@pytest.mark.parametrize("kind", sorted(NEWS))
def test_news_goes_to_whoever_follows_the_service(kind: ChangeKind) -> None:
    desk = audience(SLACK, MAIL, services=("x",))
    other = audience(TELEGRAM, name="other", services=("y",))
    assert places(hearers(change(kind), [desk, other], ())) == [SLACK, MAIL]


@pytest.mark.parametrize(
    ("wished", "health", "confidence", "heard"),
    [
        (SubscriptionFilter(), Health.DOWN, Confidence.CONFIRMED, True),
        (SubscriptionFilter(), Health.DOWN, Confidence.LIKELY, False),
        (SubscriptionFilter(confidence=Confidence.LIKELY), Health.DOWN, Confidence.LIKELY, True),
        (SubscriptionFilter(confidence=Confidence.LIKELY), Health.DOWN, Confidence.POSSIBLE, False),
        (SubscriptionFilter(confidence=Confidence.POSSIBLE), Health.DEGRADED, Confidence.POSSIBLE, True),
        (SubscriptionFilter(topics=frozenset({Topic.DOWN})), Health.DEGRADED, Confidence.CONFIRMED, False),
        (SubscriptionFilter(topics=frozenset({Topic.DEGRADED})), Health.DEGRADED, Confidence.CONFIRMED, True),
        (SubscriptionFilter(topics=frozenset({Topic.DEGRADED})), Health.DOWN, Confidence.CONFIRMED, False),
        (SubscriptionFilter(), Health.UNKNOWN, Confidence.CONFIRMED, False),
    ],
)
def test_news_is_heard_as_wished(
    wished: SubscriptionFilter, health: Health, confidence: Confidence, heard: bool
) -> None:
    desk = Audience("desk", (SLACK,), wished)
    assert bool(hearers(change(ChangeKind.OPENED, health, confidence), [desk], ())) is heard


def test_who_was_told_hears_how_it_goes_on() -> None:
    only_down = audience(SLACK, topics=frozenset({Topic.DOWN}))
    partly = change(ChangeKind.WORSENED, Health.DEGRADED)
    assert places(hearers(partly, [only_down], ())) == []
    assert places(hearers(partly, [only_down], {SLACK})) == [SLACK]


@pytest.mark.parametrize("kind", sorted({*FOLLOW_UPS, *ENDINGS}))
def test_nobody_hears_a_follow_up_or_an_end_who_was_not_told(kind: ChangeKind) -> None:
    assert places(hearers(change(kind), [audience(SLACK, MAIL)], {MAIL})) == [MAIL]


@pytest.mark.parametrize(
    ("kind", "needs"),
    [
        (ChangeKind.EASED, {Topic.DEGRADED}),
        (ChangeKind.OFFICIAL, {Topic.OFFICIAL}),
        (ChangeKind.REMINDED, {Topic.REMINDER}),
        (ChangeKind.RESTORED, {Topic.RESTORED}),
        (ChangeKind.RETRACTED, {Topic.CORRECTION}),
        (ChangeKind.RETRACTED, {Topic.RESTORED}),
    ],
)
def test_what_follows_is_heard_as_wished(kind: ChangeKind, needs: set[Topic]) -> None:
    with_it = audience(SLACK, topics=frozenset(needs))
    without = audience(SLACK, topics=frozenset({Topic.DOWN}))
    assert places(hearers(change(kind), [with_it], {SLACK})) == [SLACK]
    assert hearers(change(kind), [without], {SLACK}) == ()


def test_everybody_who_was_told_hears_that_somebody_looks_into_it() -> None:
    assert places(
        hearers(change(ChangeKind.ACKNOWLEDGED), [audience(SLACK, topics=frozenset({Topic.DOWN}))], {SLACK})
    ) == [SLACK]


def test_a_muted_service_is_silent_but_for_the_end_of_what_was_told() -> None:
    desk = audience(SLACK, MAIL)
    heard = {kind for kind in ChangeKind if hearers(change(kind), [desk], {SLACK}, muted=True)}
    assert heard == ENDINGS
    assert places(hearers(change(ChangeKind.RESTORED), [desk], {SLACK}, muted=True)) == [SLACK]


def test_of_a_ladder_only_the_first_rung_hears_news() -> None:
    ladder = audience(SLACK, TELEGRAM, MAIL, ladder=True)
    assert places(hearers(change(ChangeKind.OPENED), [ladder], ())) == [SLACK]
    assert places(hearers(change(ChangeKind.OPENED), [replace(ladder, ladder=False)], ())) == [SLACK, TELEGRAM, MAIL]
    assert hearers(change(ChangeKind.OPENED), [audience(ladder=True)], ()) == ()


def test_the_rung_that_was_told_hears_the_rest() -> None:
    ladder = audience(SLACK, TELEGRAM, MAIL, ladder=True)
    for kind in (ChangeKind.CONFIRMED, ChangeKind.REMINDED, ChangeKind.RESTORED):
        assert places(hearers(change(kind), [ladder], {TELEGRAM})) == [TELEGRAM]
    assert places(hearers(change(ChangeKind.RESTORED), [ladder], {SLACK, TELEGRAM})) == [SLACK, TELEGRAM]


def test_a_place_in_two_audiences_hears_once_in_the_style_of_the_first() -> None:
    first = audience(SLACK, name="first", style=Style("es"))
    second = audience(MAIL, SLACK, name="second")
    assert hearers(change(ChangeKind.OPENED), [first, second], ()) == (
        Hearer(SLACK, "first", Style("es")),
        Hearer(MAIL, "second", Style()),
    )


def test_the_first_audience_that_wants_it_wins() -> None:
    deaf = audience(SLACK, name="deaf", services=("y",))
    keen = audience(SLACK, name="keen")
    assert [h.audience for h in hearers(change(ChangeKind.OPENED), [deaf, keen], ())] == ["keen"]


def test_our_blindness_is_told_at_its_end_to_whoever_hears_corrections() -> None:
    readers = [
        audience(SLACK, TELEGRAM, name="ladder", ladder=True, services=("x",)),
        audience(MAIL, name="deaf", topics=frozenset({Topic.DOWN, Topic.RESTORED})),
    ]
    blind = change(ChangeKind.RESTORED, Health.UNKNOWN, service=OURSELVES)
    assert places(hearers(blind, readers, ())) == [SLACK]
    for kind in set(ChangeKind) - {ChangeKind.RESTORED}:
        assert hearers(replace(blind, kind=kind), readers, {SLACK, MAIL}) == ()


def test_a_wish_without_services_follows_all() -> None:
    assert SubscriptionFilter().follows("x")
    assert audience(SLACK, services=("x",)).filter.follows("x")
    assert not SubscriptionFilter(services=("y",)).follows("x")
    assert not SubscriptionFilter(but=("x",)).follows("x")
    assert SubscriptionFilter(but=("x",)).follows("y")


DESTINATIONS = st.builds(Destination, st.sampled_from(["slack", "email"]), st.sampled_from("abc"))
WISHES = st.builds(
    SubscriptionFilter,
    st.sampled_from([(), ("x",), ("y",)]),
    st.frozensets(st.sampled_from(Topic)),
    st.sampled_from(Confidence),
    st.sampled_from([timedelta(0), timedelta(minutes=5)]),
    st.sampled_from([(), ("x",)]),
)
STEPS = st.builds(Escalation, st.just(timedelta(minutes=10)), st.lists(DESTINATIONS).map(tuple))
AUDIENCES = st.lists(
    st.builds(
        Audience,
        st.text("de", min_size=1),
        st.lists(DESTINATIONS).map(tuple),
        WISHES,
        st.booleans(),
        escalations=st.lists(STEPS, max_size=1).map(tuple),
        style=st.builds(Style, st.sampled_from(["en", "es"])),
        quiet=st.none() | st.just(Quiet(time(22), time(7), frozenset({Topic.DOWN}))),
    ),
    max_size=5,
)
CHANGES = st.builds(
    lambda what, minutes: replace(what, at=AT + timedelta(minutes=minutes)),
    st.builds(change, st.sampled_from(ChangeKind), st.sampled_from(Health), st.sampled_from(Confidence)),
    st.sampled_from([0, 7, 12, 700]),
)


@given(CHANGES, AUDIENCES, st.frozensets(DESTINATIONS), st.booleans())
def test_nobody_hears_twice_and_no_end_without_a_beginning(
    what: Change, audiences: list[Audience], told: frozenset[Destination], muted: bool
) -> None:
    found = places(hearers(what, audiences, told, muted=muted))
    assert len(found) == len(set(found))
    assert set(found) <= {d for a in audiences for d in a.places}
    if what.kind is ChangeKind.LASTING:
        assert not set(found) & told
    elif what.kind not in NEWS or muted:
        assert set(found) <= told
    assert found == places(hearers(what, audiences, sorted(told), muted=muted))


@given(st.lists(CHANGES, max_size=6), AUDIENCES)
def test_over_a_whole_incident_who_hears_an_end_has_heard_a_beginning(
    changes: list[Change], audiences: list[Audience]
) -> None:
    told: set[Destination] = set()
    for what in [*changes, change(ChangeKind.RESTORED)]:
        found = set(places(hearers(what, audiences, told)))
        if what.kind in ENDINGS:
            assert found <= told
        told |= found


# ── ladders ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", FOLLOW_UPS)
def test_what_follows_goes_to_the_rungs_that_have_heard_unless_none_has(kind: ChangeKind) -> None:
    ladder = audience(SLACK, TELEGRAM, MAIL, ladder=True)
    told = {SLACK, TELEGRAM}
    assert places(hearers(change(kind), [ladder], told, {TELEGRAM})) == [TELEGRAM]
    assert places(hearers(change(kind), [ladder], told, ())) == [SLACK, TELEGRAM]
    assert places(hearers(change(kind), [replace(ladder, ladder=False)], told, {TELEGRAM})) == [SLACK, TELEGRAM]


@pytest.mark.parametrize("kind", sorted(ENDINGS))
def test_an_end_goes_to_every_rung_that_was_told_or_is_about_to_be(kind: ChangeKind) -> None:
    ladder = audience(SLACK, TELEGRAM, MAIL, ladder=True)
    assert places(hearers(change(kind), [ladder], {SLACK, TELEGRAM}, {TELEGRAM})) == [SLACK, TELEGRAM]


def test_a_rung_knows_its_ladders_and_the_shortest_of_their_times() -> None:
    everyone = audience(SLACK, MAIL, name="everyone")
    desk = audience(SLACK, TELEGRAM, ladder=True)
    boss = replace(audience(SLACK, MAIL, name="boss", ladder=True), within=timedelta(seconds=20))
    slack, mail = hearers(change(ChangeKind.OPENED), [everyone, desk, boss], ())
    assert (slack.audience, slack.ladders, slack.within) == ("everyone", ("desk", "boss"), timedelta(seconds=20))
    assert (mail.ladders, mail.within) == ((), None)


# ── what lasts ───────────────────────────────────────────────────────────────────────────────────────────────────────

BOSS = Destination("email", "boss@example.org")
TEN = timedelta(minutes=10)


def later(kind: ChangeKind, minutes: int, **incident: object) -> Change:
    """A change of an incident that is so old."""
    what = change(kind)
    return replace(what, at=AT + timedelta(minutes=minutes), incident=replace(what.incident, **incident))


def calling(*destinations: Destination, ladder: bool = False, **wish: object) -> Audience:
    return replace(audience(*destinations, ladder=ladder, **wish), escalations=(Escalation(TEN, (BOSS,)),))


def test_whoever_wants_only_what_lasts_hears_of_it_at_its_age_and_not_before() -> None:
    patient = audience(SLACK, MAIL, for_at_least=TEN)
    for minutes, kind in (
        (0, ChangeKind.OPENED),
        (1, ChangeKind.CONFIRMED),
        (9, ChangeKind.WORSENED),
        (9, ChangeKind.LASTING),
    ):
        assert hearers(later(kind, minutes), [patient], ()) == ()
    assert places(hearers(later(ChangeKind.LASTING, 10), [patient], ())) == [SLACK, MAIL]
    assert places(hearers(later(ChangeKind.WORSENED, 10), [patient], ())) == [SLACK, MAIL]


def test_what_was_over_before_its_age_is_never_mentioned() -> None:
    patient = audience(SLACK, for_at_least=TEN)
    for kind in (*FOLLOW_UPS, *ENDINGS):
        assert hearers(later(kind, 9), [patient], ()) == ()


def test_that_it_lasts_is_no_reminder_for_those_who_know() -> None:
    everyone = audience(MAIL, name="everyone")
    patient = audience(SLACK, TELEGRAM, for_at_least=TEN)
    lasting = later(ChangeKind.LASTING, 10)
    assert places(hearers(lasting, [everyone, patient], {SLACK, MAIL})) == [TELEGRAM]
    assert places(hearers(lasting, [replace(patient, ladder=True)], ())) == [SLACK]
    assert hearers(lasting, [replace(patient, ladder=True)], {TELEGRAM}) == ()
    assert hearers(lasting, [everyone], ()) == ()  # it never waited for this


def test_further_people_are_called_when_it_lasts_and_nobody_looks_into_it() -> None:
    desk = calling(SLACK)
    assert hearers(later(ChangeKind.LASTING, 9), [desk], {SLACK}) == ()
    assert places(hearers(later(ChangeKind.LASTING, 10), [desk], {SLACK})) == [BOSS]
    assert hearers(later(ChangeKind.LASTING, 10, acked_by="Ana"), [desk], {SLACK}) == ()
    assert hearers(later(ChangeKind.LASTING, 20), [desk], {SLACK, BOSS}) == ()
    assert hearers(later(ChangeKind.LASTING, 10), [desk], {SLACK}, muted=True) == ()


@pytest.mark.parametrize(
    "unwanted",
    [
        {"topics": frozenset({Topic.DEGRADED})},
        {"services": ("y",)},
        {"confidence": Confidence.CONFIRMED},
    ],
)
def test_nobody_further_is_called_for_what_the_audience_itself_does_not_hear_of(unwanted: dict[str, object]) -> None:
    lasting = later(ChangeKind.LASTING, 10, confidence=Confidence.LIKELY)
    assert hearers(lasting, [calling(SLACK, **unwanted)], ()) == ()
    assert places(hearers(lasting, [calling(SLACK, confidence=Confidence.LIKELY)], ())) == [BOSS]


def test_news_that_only_comes_later_calls_them_as_well() -> None:
    desk = calling(SLACK, topics=frozenset({Topic.DOWN}))
    assert hearers(later(ChangeKind.LASTING, 10, health=Health.DEGRADED), [desk], ()) == ()
    assert places(hearers(later(ChangeKind.WORSENED, 12), [desk], ())) == [SLACK, BOSS]
    assert places(hearers(later(ChangeKind.WORSENED, 12, acked_by="Ana"), [desk], ())) == [SLACK]


@pytest.mark.parametrize("ladder", [True, False])
def test_who_was_called_hears_how_it_goes_on_and_ends_like_the_audience(ladder: bool) -> None:
    desk = calling(SLACK, TELEGRAM, ladder=ladder)
    for kind in {*ChangeKind} - {ChangeKind.LASTING}:
        found = places(hearers(later(kind, 12, acked_by="Ana"), [desk], {SLACK, BOSS}, {SLACK, BOSS}))
        assert found[0] == SLACK
        assert found[-1] == BOSS
    deaf = replace(desk, filter=SubscriptionFilter(topics=frozenset({Topic.DOWN})))
    assert hearers(later(ChangeKind.RESTORED, 12), [deaf], {SLACK, BOSS}) == ()


def test_a_place_that_is_called_is_no_rung_of_the_ladder() -> None:
    ladder = calling(SLACK, TELEGRAM, ladder=True)
    [boss] = hearers(later(ChangeKind.LASTING, 10), [ladder], {SLACK})
    assert (boss.destination, boss.ladders, boss.within) == (BOSS, (), None)
    slack, boss = hearers(later(ChangeKind.WORSENED, 10), [ladder], {SLACK})
    assert (slack.ladders, boss.ladders) == (("desk",), ())


def test_our_blindness_calls_nobody() -> None:
    assert places(
        hearers(change(ChangeKind.RESTORED, Health.UNKNOWN, service=OURSELVES), [calling(SLACK)], {BOSS})
    ) == [SLACK]


def test_the_ages_of_a_service_are_those_that_its_readers_wait_for() -> None:
    hour = timedelta(hours=1)
    steps = (Escalation(hour, (BOSS,)), Escalation(TEN, (MAIL,)))
    readers = [
        replace(audience(SLACK, services=("x",)), escalations=steps),
        audience(MAIL, for_at_least=timedelta(minutes=5)),
        audience(MAIL, services=("y",), for_at_least=timedelta(minutes=7)),
    ]
    assert milestones(readers, "x") == (timedelta(minutes=5), TEN, hour)
    assert milestones(readers, "y") == (timedelta(minutes=5), timedelta(minutes=7))
    assert milestones([audience(SLACK)], "x") == ()


# ── quiet hours ──────────────────────────────────────────────────────────────────────────────────────────────────────

EVENING, NIGHT, MORNING = (datetime(2022, 7, *day, tzinfo=UTC) for day in ((14, 21), (14, 23), (15, 7)))
QUIET = Quiet(time(22), time(7))
NOT_DOWN = replace(QUIET, but=frozenset({Topic.DOWN}))


def due(
    what: ChangeKind, quiet: Quiet, since: datetime = NIGHT, *, heard: bool = True, **incident: object
) -> datetime | None:
    """When a place that was told hears of it, in the night."""
    made = replace(change(what), at=NIGHT)
    made = replace(made, incident=replace(made.incident, **{"since": since, "worst": made.incident.health, **incident}))
    [hearer] = hearers(made, [audience(SLACK, quiet=quiet)], {SLACK}, {SLACK} if heard else ())
    return hearer.due


@pytest.mark.parametrize("kind", sorted({*ChangeKind} - {ChangeKind.LASTING}))
def test_in_quiet_hours_everything_waits_for_their_end_and_nothing_is_dropped(kind: ChangeKind) -> None:
    assert due(kind, QUIET, EVENING) == MORNING
    assert due(kind, replace(QUIET, start=time(1)), EVENING) is None


EXCEPTED = {
    ChangeKind.OPENED: Topic.DOWN,
    ChangeKind.CONFIRMED: Topic.DOWN,
    ChangeKind.WORSENED: Topic.DOWN,
    ChangeKind.EASED: Topic.DEGRADED,
    ChangeKind.OFFICIAL: Topic.OFFICIAL,
    ChangeKind.REMINDED: Topic.REMINDER,
    ChangeKind.RESTORED: Topic.RESTORED,
    ChangeKind.RETRACTED: Topic.CORRECTION,
}


@pytest.mark.parametrize("kind", EXCEPTED)
def test_what_is_excepted_comes_at_once_and_nothing_else(kind: ChangeKind) -> None:
    for hears in Topic:
        at_once = hears is EXCEPTED[kind] or (hears, kind) == (Topic.RESTORED, ChangeKind.RETRACTED)
        assert (due(kind, replace(QUIET, but=frozenset({hears})), EVENING) is None) == at_once, hears


def test_partly_down_is_told_by_its_own_word() -> None:
    partly = {"health": Health.DEGRADED, "worst": Health.DEGRADED}
    assert due(ChangeKind.CONFIRMED, NOT_DOWN, **partly) == MORNING
    assert due(ChangeKind.CONFIRMED, replace(QUIET, but=frozenset({Topic.DEGRADED})), **partly) is None


def test_nobody_is_woken_to_learn_that_somebody_else_looks_into_it() -> None:
    assert due(ChangeKind.ACKNOWLEDGED, replace(QUIET, but=frozenset(Topic))) == MORNING


@pytest.mark.parametrize("kind", sorted(ENDINGS))
def test_who_was_alarmed_in_the_night_hears_in_the_night_that_it_is_over(kind: ChangeKind) -> None:
    assert due(kind, NOT_DOWN) is None
    assert due(kind, NOT_DOWN, heard=False) is None  # on its way, and not put off
    assert due(kind, QUIET) is None  # has heard, by whatever way
    assert due(kind, QUIET, heard=False) == MORNING
    assert due(kind, NOT_DOWN, EVENING) == MORNING
    assert due(kind, NOT_DOWN, EVENING, confirmed_at=NIGHT) is None
    assert due(kind, NOT_DOWN, health=Health.DEGRADED, worst=Health.DEGRADED, heard=False) == MORNING
    assert due(kind, NOT_DOWN, health=Health.DEGRADED, heard=False) is None  # it was down before it was partly down


def test_whoever_is_called_in_the_night_for_what_began_before_hears_its_end_too() -> None:
    desk = calling(SLACK, quiet=NOT_DOWN)
    began = datetime(2022, 7, 14, 21, 55, tzinfo=UTC)
    over = replace(later(ChangeKind.RESTORED, 0, since=began, confirmed_at=began, worst=Health.DOWN), at=NIGHT)
    slack, boss = hearers(over, [desk], {SLACK, BOSS}, {SLACK, BOSS})
    assert (slack.due, boss.due) == (MORNING, None)


def test_that_we_were_blind_can_wait() -> None:
    blind = replace(change(ChangeKind.RESTORED, Health.UNKNOWN, service=OURSELVES), at=NIGHT)
    for but, when in (({Topic.DOWN, Topic.RESTORED}, MORNING), ({Topic.CORRECTION}, None)):
        [hearer] = hearers(blind, [audience(SLACK, quiet=replace(QUIET, but=frozenset(but)))], (), ())
        assert hearer.due == when


def test_nobody_waits_for_the_quiet_hours_of_others_in_the_same_place() -> None:
    asleep, awake = audience(SLACK, MAIL, name="asleep", quiet=QUIET), audience(SLACK, name="awake", ladder=True)
    late = audience(MAIL, name="late", quiet=replace(QUIET, end=time(9)))
    for readers in ([asleep, awake, late], [late, awake, asleep]):
        found = hearers(replace(change(ChangeKind.OPENED), at=NIGHT), readers, ())
        assert {h.destination: h.due for h in found} == {SLACK: None, MAIL: MORNING}


def test_it_is_quiet_or_not_by_the_time_at_which_it_is_told() -> None:
    desk = audience(SLACK, quiet=QUIET)
    [hearer] = hearers(replace(change(ChangeKind.OPENED), at=EVENING), [desk], (), now=NIGHT)
    assert hearer.due == MORNING


# ── a channel's own incident ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_dead_channel_is_told_by_every_other_way_and_a_ladder_begins_at_its_first_of_them() -> None:
    news = change(ChangeKind.CONFIRMED, service="slack-delivery")
    ladder, several = audience(SLACK, TELEGRAM, MAIL, ladder=True), audience(SLACK, MAIL, name="all")
    assert places(hearers(news, [ladder], (), dead="slack")) == [TELEGRAM]
    assert places(hearers(news, [several], (), dead="slack")) == [MAIL]
    assert hearers(news, [audience(SLACK, ladder=True)], (), dead="slack") == ()
    over = replace(news, kind=ChangeKind.RESTORED)
    assert places(hearers(over, [ladder, several], {TELEGRAM, MAIL}, {TELEGRAM}, dead="slack")) == [TELEGRAM, MAIL]


def test_a_dead_channel_is_not_told_by_itself_to_whom_an_outage_that_lasts_is_escalated() -> None:
    boss = replace(audience(MAIL), escalations=(Escalation(timedelta(minutes=3), (SLACK, TELEGRAM)),))
    for kind in (ChangeKind.LASTING, ChangeKind.CONFIRMED, ChangeKind.REMINDED, ChangeKind.RESTORED):
        news = change(kind, service="slack-delivery")
        news = replace(news, at=news.incident.since + timedelta(minutes=3))
        found = places(hearers(news, [boss], {MAIL, SLACK, TELEGRAM}, {MAIL, SLACK, TELEGRAM}, dead="slack"))
        assert SLACK not in found
    news = change(ChangeKind.CONFIRMED, service="slack-delivery")
    late = replace(news, at=news.incident.since + timedelta(minutes=3))
    assert places(hearers(late, [boss], (), dead="slack")) == [MAIL, TELEGRAM]


def test_a_dead_channel_is_told_to_those_who_follow_all_or_name_it() -> None:
    news = change(ChangeKind.CONFIRMED, service="slack-delivery")
    readers = [audience(MAIL, services=("x",)), audience(TELEGRAM, services=("x", "slack-delivery"))]
    assert places(hearers(news, readers, (), dead="slack")) == [TELEGRAM]
