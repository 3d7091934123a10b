"""What is said of planned maintenance, and how it stands beside other things."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import wording
from bot.model import (
    Batch,
    BatchItem,
    Destination,
    Health,
    Origin,
    Overview,
    Phase,
    Service,
    ServiceState,
    Window,
    planned,
)
from bot.web.status_page import as_json, page
from tests.wording.outages import DOWN, EN, ES, X, at

MAIL, SHOP = Service("mail", "Our mail"), Service("shop", "The shop")
WORK = Window("k", ("mail",), at(22), at(23, 30), Origin.FILE, at(1), "new disks", number=3, steps=1)
LONG = Service("long", "A service with quite a long name that somebody has given it once " * 2)
EVENING, NIGHT = at(21), at(22, 30)
UP = ServiceState("mail", up_since=at(1))
OUT = ServiceState("x", incident=DOWN)


def title(phase, window=WORK, services=(MAIL,), style=EN, now=EVENING, **more):
    return wording.maintenance(window, phase, services, style, now, **more).words.title


@pytest.mark.parametrize("style", [EN, ES])
@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("until", [at(23, 30), at(4, day=19), None])
@pytest.mark.parametrize("services", [(LONG,), (MAIL, SHOP), (MAIL, SHOP, X, LONG), ()])
def test_every_title_fits_a_lock_screen_and_names_whose_it_is(style, phase, until, services):
    for window in (
        replace(WORK, until=until),
        replace(WORK, until=until, over_at=at(22, 10)),
        replace(WORK, begun=True),
    ):
        said = title(phase, window, services, style)
        assert len(said) <= 80
        assert said.startswith("🛠 ")
        assert "{" not in said


def test_several_services_are_named_and_too_many_are_counted_and_named_below():
    assert title(Phase.PLANNED, services=(MAIL, SHOP)) == "🛠 Our mail and The shop: maintenance 10:00–11:30 p.m."
    notice = wording.maintenance(WORK, Phase.PLANNED, (MAIL, SHOP, X, LONG), EN, at(21))
    assert notice.words.title == "🛠 4 services: maintenance 10:00–11:30 p.m."
    assert notice.words.lines[0].startswith("Services: Our mail, The shop, X (Twitter) and A service")
    assert title(Phase.PLANNED, services=()) == "🛠 All services: maintenance 10:00–11:30 p.m."


def test_its_thread_is_no_incidents_and_its_end_is_told_aloud():
    notices = {phase: wording.maintenance(replace(WORK, steps=2), phase, (MAIL,), EN, at(21)) for phase in Phase}
    assert {n.thread for n in notices.values()} == {"mail#m3"}
    assert planned("mail#m3")
    assert not planned("mail#3")
    assert {phase for phase, n in notices.items() if not n.fresh} == {Phase.BEGUN}
    assert {phase for phase, n in notices.items() if n.ends} == {Phase.ENDED, Phase.CANCELLED}
    assert all(n.whole and n.root == n.words for n in notices.values())


def test_at_the_change_of_the_clocks_the_hour_that_comes_twice_is_told_apart():
    window = replace(
        WORK,
        since=at(1, 30, day=25, month=10, year=2026),
        until=at(1, 30, day=25, month=10, year=2026) + timedelta(hours=2),
    )
    assert title(Phase.PLANNED, window, now=window.since) == "🛠 Our mail: maintenance 1:30 a.m. – 2:30 a.m. CET"


# ── many ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def many(*lines, late=False):
    place = Destination("slack", "C1")
    return wording.many(Batch("#many#1/1", "#many#1", place, lines, EN, at(14), late=late, deferred=late), at(15)).words


PLAN = BatchItem("mail#m3", "🛠 Our mail: maintenance 10:00–11:30 p.m.", ends=False, since=at(13))
LINE = BatchItem("x#17", "🔴 X (Twitter): down since 2:00 p.m.", ends=False, since=at(14), causes=("on:Cloudflare",))


def test_work_that_was_announced_is_counted_as_no_outage():
    assert many(*[PLAN] * 4).title == "🛠 4 maintenance notices"
    mixed = many(PLAN, *(replace(LINE, thread=f"s{number}#1") for number in range(3)), PLAN)
    assert mixed.title == "🔴 3 services down or in trouble since 2:00 p.m."
    assert PLAN.text in mixed.lines
    assert mixed.lines[0] == "All of them depend on Cloudflare."
    assert many(PLAN, PLAN, late=True).title == "🛠 During quiet hours: 2 maintenance notices"
    assert many(PLAN, LINE, LINE, late=True).title == "🟠 During quiet hours: 2 incidents"
    assert many(PLAN, late=True).title == "🛠 During quiet hours: Our mail: maintenance 10:00–11:30 p.m."


# ── how it stands ────────────────────────────────────────────────────────────────────────────────────────────────────


def seen(*entries, windows=(WORK,), now=NIGHT, **more):
    return Overview(now, entries or ((MAIL, UP), (X, ServiceState("x", up_since=at(1)))), windows=windows, **more)


def test_status_says_what_is_in_maintenance_and_never_that_it_is_up():
    text = wording.status(seen(), EN).text
    assert text.startswith(
        "🟢 1 of 2 services is up, 1 under maintenance.\n🛠 Our mail: under maintenance until 11:30 p.m."
    )
    assert wording.status(seen(), EN, "mail").title == "🛠 Our mail: under maintenance until 11:30 p.m."
    assert wording.status(seen((MAIL, UP)), EN).title == "🛠 All services are under maintenance"
    assert "maintenance 10:00–11:30" in wording.status(seen(now=at(20)), EN, "mail").text
    assert wording.status(seen(now=at(20)), EN).title == "🟢 All 2 services are up."


def test_an_outage_from_before_stays_what_is_said_first():
    state = ServiceState("mail", incident=replace(DOWN, service="mail"))
    words = wording.status(seen((MAIL, state)), EN, "mail")
    assert "down since" in words.title
    assert "Under maintenance until 11:30 p.m." in words.lines
    assert "1 of 1" in wording.status(seen((MAIL, state)), EN).title


def test_the_page_and_programs_are_told_too():
    shown = page(seen(), EN)
    row = next(row for row in shown.rows if "Our mail" in row.title)
    assert (row.health, row.title) == ("maintenance", "Our mail: under maintenance until 11:30 p.m.")
    assert [part.health for part in row.strip] == ["maintenance"]
    mail, x = as_json(seen())["services"]
    assert (mail["status"], mail["maintenance_until"]) == ("maintenance", "2022-07-14T21:30:00+00:00")
    assert (x["status"], x["maintenance_until"]) == ("up", None)


def test_it_counts_neither_as_up_nor_as_down():
    outage = replace(DOWN, service="mail", since=at(22), until=at(23, 30))
    half = replace(DOWN, service="mail", since=at(21), until=at(23))
    for incident, share in ((outage, 1.0), (half, 1 - 60 / (24 * 60 - 90))):
        overview = seen((MAIL, UP), now=at(0, day=15), recent=(incident,))
        [uptime] = wording.digest_facts(overview, at(0), EN).uptime
        assert uptime.share == pytest.approx(share)
    assert outage.worst is Health.DOWN
