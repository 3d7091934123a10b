"""What is answered to commands, and what a digest says, word for word."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot import wording
from bot.model import (
    ChangeKind,
    Confidence,
    Health,
    Incident,
    Mute,
    Overview,
    Service,
    ServiceState,
    Streak,
    SubscriptionFilter,
    Tone,
    Topic,
)
from tests.wording.outages import BLIND, DOWN, EN, ES, PARTLY, POSSIBLE, SLACK, THEIRS, UNSTABLE, X, at, told

NOW = at(15)
DAY = timedelta(days=1)
MAIL = Service("mail", "Our mail")
EARLIER = replace(DOWN, number=16, since=at(2, 10), until=at(3), steps=3)
UP = ServiceState("x", up_since=at(3))


def view(
    *entries: tuple[Service, ServiceState], recent: tuple[Incident, ...] = (), blind: datetime | None = None
) -> Overview:
    return Overview(NOW, entries, recent, offline_since=blind)


def open_(service: Service, incident: Incident) -> tuple[Service, ServiceState]:
    return service, ServiceState(service.id, incident=replace(incident, service=service.id))


def up(service: Service, since: datetime) -> tuple[Service, ServiceState]:
    return service, ServiceState(service.id, up_since=since)


# ── status ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_status_names_what_is_down_the_worst_first() -> None:
    seen = view(up(Service("a", "A"), at(1)), open_(MAIL, PARTLY), open_(SLACK, POSSIBLE), open_(X, DOWN))
    assert wording.status(seen, EN).text == (
        "🔴 1 of 4 services is down, 1 in trouble\n"
        "🔴 X (Twitter): down since 2:00 p.m.\n"
        "🟠 Our mail: partly down since 2:00 p.m. (TweetDeck)\n"
        "🟡 Slack: may have been down since about 2:00 p.m. (not confirmed)"
    )
    assert wording.status(seen, ES).title == "🔴 1 de 4 servicios no funciona, 1 con problemas"


def test_status_claims_no_more_than_the_evidence() -> None:
    assert wording.status(view(open_(MAIL, PARTLY), open_(X, THEIRS)), EN).title == "🟠 1 of 2 services has trouble"
    assert wording.status(view(open_(MAIL, POSSIBLE), open_(X, THEIRS)), EN).title == (
        "🟡 2 of 2 services may have trouble"
    )


def test_status_when_all_is_up_tells_the_longest_standing_facts() -> None:
    seen = view(up(X, at(3)), up(SLACK, at(9, day=3)), recent=(replace(POSSIBLE, until=at(5)), EARLIER))
    assert wording.status(seen, EN).text == (
        "🟢 All 2 services are up.\n"
        "Last outage: X (Twitter), 2:10–3:00 a.m. (50 min).\n"
        "Longest without trouble: Slack, since 9:00 a.m. July 3."
    )
    assert wording.status(seen, ES).text == (
        "🟢 Los 2 servicios funcionan.\n"
        "Última caída: X (Twitter), 2:10–3:00 (50 min).\n"
        "Más tiempo sin problemas: Slack, desde las 9:00 del 3 jul."
    )
    assert wording.status(view(up(X, at(3))), EN).text == "🟢 The service we watch is up."
    assert wording.status(view(), EN).text == "⚫ No services are being watched yet."


def test_status_does_not_call_up_what_it_has_not_seen() -> None:
    unseen = (MAIL, ServiceState("mail", up_since=at(9), unseen_since=at(14)))
    fresh = (SLACK, ServiceState("slack"))
    seen = view(up(X, at(3)), unseen, fresh)
    assert wording.status(seen, EN).text == (
        "⚫ No data for 2 of 3 services\n⚫ Our mail: no data since 2:00 p.m.\n⚫ Slack: not checked yet"
    )
    assert wording.status(seen, ES).lines[1] == "⚫ Slack: aún sin comprobar"


def test_status_of_an_unstable_service_that_responds_is_not_down() -> None:
    state = ServiceState("x", Streak(good=3, good_since=at(14, 50)), incident=UNSTABLE)
    seen = view((X, state), up(SLACK, at(3)))
    assert wording.status(seen, EN).text.splitlines()[:2] == [
        "🟠 1 of 2 services has trouble",
        "🟠 X (Twitter): down 3 times since 2:00 p.m., responding since 2:50 p.m.",
    ]
    assert (
        wording.status(seen, EN, "x").text == "🟠 X (Twitter): down 3 times since 2:00 p.m., responding since 2:50 p.m."
    )
    assert wording.status(seen, ES, "x").title == "🟠 X (Twitter): 3 caídas desde las 14:00, responde desde las 14:50"
    again = replace(state, streak=Streak(bad=1, bad_since=at(14, 55)))
    assert wording.status(view((X, again)), EN).title == "🔴 1 of 1 services is down"


@pytest.mark.hardened(
    "N-A6", "an unstable service responds", "it is shown as responding, and its good minutes are good"
)
def test_the_minutes_in_which_an_unstable_service_responds_are_good_at_once() -> None:
    state = ServiceState("x", Streak(good=3, good_since=at(14, 45)), incident=UNSTABLE)
    for responds, share in ((state, 0.75), (replace(state, streak=Streak()), 0.5)):
        seen = replace(view((X, responds), recent=(UNSTABLE,)), at=at(15))
        [found] = wording.uptimes(seen, at(14))
        assert found.share == share


def test_status_while_we_are_blind_is_what_we_knew_before() -> None:
    assert wording.status(view(open_(X, DOWN), blind=at(14, 58)), EN).text == (
        "⚫ Our own connection has been down since 2:58 p.m.\nLast known:\n🔴 X (Twitter): down since 2:00 p.m."
    )
    assert wording.status(view(up(X, at(3)), blind=at(14, 58)), EN).lines == (
        "As far as we know, everything was up until then.",
    )


def test_status_of_one_service_tells_since_when_and_the_last_outage() -> None:
    calm = view((X, replace(UP, mute=Mute("Ana", at(14), at(16)))), recent=(EARLIER,))
    assert wording.status(calm, EN, "x").text == (
        "🟢 X (Twitter): up since 3:00 a.m.\nLast outage: 2:10–3:00 a.m. (50 min).\nMuted by Ana until 4:00 p.m."
    )
    assert wording.status(calm, ES, "x").lines[-1] == "Ana ha silenciado los avisos hasta las 16:00."
    assert wording.status(view(open_(X, DOWN)), EN, "x").lines[0].startswith("Web, app and TweetDeck don't respond")
    assert wording.status(view((X, ServiceState("x"))), EN, "x").text == "⚫ X (Twitter): not checked yet"
    assert wording.status(calm, EN, "nope").title == 'There\'s no service called "nope".'
    assert wording.status(view((X, UP), blind=at(14, 58)), EN, "x").lines == (
        "⚫ Our own connection has been down since 2:58 p.m.",
    )


def test_a_storm_fits_one_answer() -> None:
    many = view(*(open_(Service(f"s{n}", f"S{n}"), DOWN) for n in range(50)))
    words = wording.status(many, EN)
    assert (words.title, len(words.lines), words.lines[-1]) == ("🔴 50 of 50 services are down", 21, "… and 30 more")


# ── the other commands ───────────────────────────────────────────────────────────────────────────────────────────────


def test_subscribing_says_what_this_place_will_hear() -> None:
    picky = SubscriptionFilter(("x",), frozenset({Topic.RESTORED, Topic.DOWN}), Confidence.POSSIBLE)
    assert wording.subscribed(picky, {"x": "X (Twitter)"}, EN, NOW).text == (
        "✅ Subscribed to X (Twitter).\nOnly these notices: outages and restorations.\nIncluding what is only possible."
    )
    assert wording.subscribed(picky, {"x": "X (Twitter)"}, ES, NOW).text == (
        "✅ Suscrito a X (Twitter).\nSolo estos avisos: caídas y restablecimientos.\nIncluido lo que solo es posible."
    )
    assert wording.subscribed(SubscriptionFilter(confidence=Confidence.LIKELY), {}, EN, NOW).text == (
        "✅ Subscribed to all services.\nIncluding what is only likely."
    )
    assert wording.unsubscribed(["Slack"], EN).text == "✅ Unsubscribed from Slack."
    assert wording.unsubscribed([], ES).text == "✅ Todas las suscripciones canceladas."


def test_a_long_subscription_is_whole_below_its_title() -> None:
    words = wording.subscribed(
        SubscriptionFilter(tuple(f"s{n}" for n in range(9))),
        {f"s{n}": f"Service number {n}" for n in range(9)},
        EN,
        NOW,
    )
    assert len(words.title) <= 80
    assert words.lines[0].endswith("Service number 7 and Service number 8.")


def test_what_is_not_understood_is_answered_with_a_way_on() -> None:
    assert wording.unknown_command("statsu", ["status"], EN).text == (
        'There\'s no command "statsu".\nDid you mean "status"?\nSend "help" for the list.'
    )
    assert wording.unknown_service("tw\u202eiter", ["X (Twitter)", "Twitch"], ["Slack"], EN).text == (
        'There\'s no service called "twiter".\nDid you mean X (Twitter) or Twitch?'
    )
    assert wording.unknown_service("a" * 400, [], ["Slack", "X"], EN).lines == ("Services: Slack and X.",)
    assert len(wording.unknown_service("a" * 400, [], [], ES).title) <= 80
    assert wording.unknown_service("twiter", ["X (Twitter)"], [], ES).text == (
        "No hay ningún servicio llamado «twiter».\n¿Querías decir X (Twitter)?"
    )


def test_orders_are_answered_with_what_they_did() -> None:
    mute = Mute("Ana", NOW, at(16), "known, <b>planned</b>")
    assert wording.acked(X, "Ana", EN, NOW).text == "👀 Noted: Ana is looking into X (Twitter) (3:00 p.m.)"
    assert wording.muted(X, mute, EN, NOW).text == (
        "🔕 X (Twitter): muted until 4:00 p.m.\n"
        "Anyone already notified of an outage will still hear when it ends.\n"
        "Known, <b>planned</b>."
    )
    assert wording.muted(X, mute, ES, NOW).title == "🔕 X (Twitter): avisos silenciados hasta las 16:00"
    assert wording.unmuted(X, EN).text == "🔔 X (Twitter): no longer muted"
    assert wording.nothing_open(X, EN).text == "X (Twitter) has no open incident"
    assert wording.nothing_open(None, ES).text == "No hay ninguna incidencia abierta."
    assert wording.not_allowed(EN).text == "🔒 Only Tocsin's admins can do that."


def test_help_lists_the_commands_it_is_given() -> None:
    rows = [("status [service]", wording.command_help("status", EN)), ("help", wording.command_help("help", EN))]
    assert wording.guide(rows[:1], rows[1:], ["X (Twitter)"], EN).text == (
        "👋 Tocsin tells you when a service goes down, and when it's back.\n"
        "It watches X (Twitter).\n"
        "status [service]: what is down now, and since when\n"
        "More:\n"
        "help: this list, or how to write a command"
    )
    assert wording.command_help("nope", EN) == ""


def test_a_test_says_that_it_is_one() -> None:
    notice = wording.test_notice("desk", EN, NOW)
    assert notice.words.text == ("🔔 Test for desk: notices arrive here (3:00 p.m.)\nJust a test: nothing is wrong.")
    assert (notice.tone, notice.thread, notice.key) == (
        Tone.TEST,
        "test:desk#20220714T130000",
        "test:desk#20220714T130000/1",
    )
    assert wording.test_notice("desk", ES, NOW).words.title == "🔔 Prueba: los avisos para desk llegan aquí (15:00)"


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_quiet_day_is_one_line() -> None:
    calm = view(up(X, at(3)), up(SLACK, at(3)))
    assert wording.digest("Comms", calm, NOW - DAY, EN).text == (
        "📰 Comms, Thursday, July 14: all quiet, all 2 services were up"
    )
    assert wording.digest("Comms", calm, NOW - DAY, ES).text == (
        "📰 Comms, jueves 14 de julio: sin novedad, los 2 servicios funcionaron"
    )


def test_a_digest_tells_what_is_down_what_happened_and_how_much_was_up() -> None:
    unstable = replace(UNSTABLE, service="mail", number=4, since=at(5), unstable_since=at(4, 30), until=at(5, 30))
    partly = replace(PARTLY, service="mail", number=5, since=at(9), until=at(9, 30))
    seen = view(
        open_(X, DOWN), up(SLACK, at(3)), up(MAIL, at(3)), recent=(replace(DOWN), partly, unstable, EARLIER, BLIND)
    )
    assert wording.digest("Comms", seen, NOW - DAY, EN).text == (
        "📰 Comms, Thursday, July 14: X (Twitter) is down; 4 incidents, 2 h 50 min\n"
        "Now:\n"
        "🔴 X (Twitter): down since 2:00 p.m.\n"
        "Incidents:\n"
        "X (Twitter): down 2:10–3:00 a.m. (50 min).\n"
        "Our mail: unstable 4:30–5:30 a.m. (down 3 times, 30 min).\n"
        "Our mail: partly down 9:00–9:30 a.m. (30 min).\n"
        "Our own connection was down 2:00–2:04 p.m. (4 min).\n"
        "Uptime, 24 h:\n"
        "X (Twitter): 92.61%\n"
        "Our mail: 97.91%\n"
        "All others: 100%"
    )
    assert wording.digest("Comms", seen, NOW - DAY, ES).lines[3] == "X (Twitter): caído 2:10–3:00 (50 min)."


def test_only_what_is_confirmed_and_stands_counts() -> None:
    recent = (replace(POSSIBLE, until=at(5)), replace(EARLIER, retracted=True), replace(EARLIER, until=at(3, day=10)))
    facts = wording.digest_facts(view((X, UP), recent=recent), NOW - DAY, EN)
    assert (facts.happened, facts.quiet, facts.uptime[0].share) == ((), True, 1.0)


def test_overlapping_incidents_and_unseen_time_are_counted_once() -> None:
    twice = (replace(EARLIER, since=at(2)), replace(EARLIER, number=15, since=at(1), until=at(2, 30)))
    blind = replace(BLIND, since=at(2, 30), until=at(4))
    facts = wording.digest_facts(view((X, UP), recent=(*twice, blind)), at(0), EN)
    assert facts.uptime[0].share == 1 - timedelta(minutes=90) / timedelta(minutes=15 * 60 - 90)


def test_a_service_we_never_saw_has_no_share() -> None:
    unseen = (X, ServiceState("x", up_since=at(1), unseen_since=at(1, day=1)))
    words = wording.digest("Comms", view(unseen), NOW - DAY, EN)
    assert words.lines[-1] == "X (Twitter): no data"
    assert words.title == "📰 Comms, Thursday, July 14: no outages seen"


def test_time_we_were_blind_is_no_quiet_day() -> None:
    words = wording.digest("Comms", view((X, UP), recent=(BLIND,)), NOW - DAY, EN)
    assert words.text == (
        "📰 Comms, Thursday, July 14: no outages seen\nOur own connection was down 2:00–2:04 p.m. (4 min).\nUptime, 24 h:\nAll services: 100%."
    )


def test_a_digest_may_be_of_some_services_and_gives_a_page_its_facts() -> None:
    seen = view(open_(X, DOWN), up(SLACK, at(3)), recent=(DOWN, EARLIER))
    facts = wording.digest_facts(seen, NOW - timedelta(days=7), EN, ["x"])
    assert [u.service for u in facts.uptime] == ["x"]
    assert facts.period == "7 days"
    first, last = facts.happened
    assert (first.since, first.until, first.length, first.health) == ("2:10 a.m.", "3:00 a.m.", "50 min", Health.DOWN)
    assert (last.since, last.until, last.end) == ("2:00 p.m.", "", None)
    assert wording.digest("Comms", seen, NOW - DAY, EN, ["slack"]).text == (
        "📰 Comms, Thursday, July 14: all quiet, the service was up"
    )


def test_status_and_notice_say_the_same_of_the_same_incident() -> None:
    assert wording.status(view(open_(X, DOWN)), EN).lines[0] == told(ChangeKind.CONFIRMED, DOWN, NOW).words.title
