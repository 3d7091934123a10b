"""A digest on its way, in the reader's zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.model import DeliveryAction, Destination, Style, Tone
from bot.notify.digest import Period, deliveries
from tests.web.pages import EVERYTHING, QUIET

BOSS, BOARD = Destination("email", "board@example.org"), Destination("slack", "C0999")
MADRID = Style("en", "Europe/Madrid")


def digest(overview=EVERYTHING, style=MADRID, **more):
    period = Period(overview.at - timedelta(days=7), overview.at)
    return deliveries("weekly", overview, period, (BOSS, BOARD), style, **{"services": ()} | more)


def test_each_reader_gets_one_and_none_wakes_a_thread_of_an_incident():
    told = digest()
    assert [one.destination for one in told] == [BOSS, BOARD]
    assert {one.action for one in told} == {DeliveryAction.POST}
    assert {(one.notice.thread, one.notice.tone) for one in told} == {("digest:weekly:2022-07-14", Tone.INFO)}
    assert len({one.key for one in told}) == 2
    assert "Cloudflare: down 11:00–11:38 a.m. (38 min)." in told[0].notice.words.lines


def test_its_day_is_the_readers_day():
    late = replace(QUIET, at=datetime(2022, 7, 14, 22, 30, tzinfo=UTC))
    assert digest(late)[0].notice.thread == "digest:weekly:2022-07-15"
    assert digest(late, Style("en", "America/New_York"))[0].notice.thread == "digest:weekly:2022-07-14"


def test_it_tells_only_of_the_services_that_it_is_about():
    words = digest(services=("cf",))[0].notice.words
    assert "X (Twitter)" not in words.text
    assert "Cloudflare" in words.text
