"""What is worded sooner for thousands of services says the same as for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest

from bot import wording
from bot.model import Mute, Origin, Overview, Service, ServiceState, Style, Tally, Window
from bot.web import status_page
from bot.wording.catalog import catalogs
from bot.wording.status import headline, status_of, title_of
from bot.wording.text import bare
from bot.wording.uptime import uptimes, worded
from tests.wording.outages import DOWN, PARTLY, POSSIBLE, at

NOW = at(15)
PERIOD = NOW - timedelta(days=7), NOW
NAMES = (
    "Our mail",
    "api.example.com",
    "Newsroom CMS (articles, images and live blogs) of Example Daily Madrid",
    "ArticlesImagesAndLiveBlogsOfTheExampleDailyNewspaperInMadridAndLisbonAndElsewhere",
    "",
    "a \ufffc b {name} \0",
)
STATES = {
    "up": ServiceState("x", up_since=at(3, 10, 59)),
    "up since yesterday": ServiceState("x", up_since=at(23, 59, 59, day=13)),
    "up since last year": ServiceState("x", up_since=at(1, year=2021)),
    "never checked": ServiceState("x"),
    "unseen": ServiceState("x", up_since=at(3), unseen_since=at(14, 30)),
    "unseen from the start": ServiceState("x", unseen_since=at(14, day=12)),
    "muted": ServiceState("x", up_since=at(3), mute=Mute("Ana", at(14), at(16))),
    **{name: ServiceState("x", incident=one) for name, one in (("down", DOWN), ("partly", PARTLY), ("may", POSSIBLE))},
}
WORK = Window("k", ("x",), at(14), at(16), Origin.FILE, at(9), number=1)
SIGHTS = {
    "plain": Overview(NOW, ()),
    "offline": Overview(NOW, (), offline_since=at(14, 40)),
    "in maintenance": Overview(NOW, (), windows=(WORK,)),
    "maintenance ahead": Overview(NOW, (), windows=(replace(WORK, since=at(16), until=at(17)),)),
    "reported": Overview(NOW, (), user_reports={"x": Tally(9, 1, 1)}),
    "down before": Overview(NOW, (), recent=(replace(DOWN, since=at(2), until=at(3)),)),
}
STYLES = [Style(language, "Europe/Madrid") for language in catalogs()] + [Style("en", "Asia/Kolkata", "24h")]


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_the_title_alone_is_that_of_the_whole_text(style: Style) -> None:
    for name, state, sight in product(NAMES, STATES.values(), SIGHTS.values()):
        entry = Service("x", name), state
        seen = replace(sight, services=(entry,))
        to = wording.reader(style, NOW)
        assert title_of(entry, seen, to) == status_of(entry, seen, to).title
        assert headline(seen, to) == wording.status(seen, style).title
        assert status_page.page(seen, style).rows[0].title == bare(status_of(entry, seen, to).title)


def test_the_title_of_a_channel_is_in_the_readers_language() -> None:
    entry = Service("slack-delivery", "Slack", channel="slack"), ServiceState("slack-delivery", up_since=at(3))
    seen, to = Overview(NOW, (entry,)), wording.reader(Style("es", "Europe/Madrid"), NOW)
    assert title_of(entry, seen, to) == status_of(entry, seen, to).title


@pytest.mark.parametrize("zone", ["Europe/Madrid", "Asia/Kolkata", "America/St_Johns"])
def test_a_reader_that_has_worded_many_times_says_what_a_new_one_says(zone: str) -> None:
    style, moments = Style("en", zone), [moment for hours in range(0, 300, 7) for moment in _around(hours)]
    to = wording.reader(style, NOW)
    for moment in (*moments, *moments[::-1]):
        new = wording.reader(style, NOW)
        assert (to.since(moment), to.point(moment), to.clock(moment)) == (
            new.since(moment),
            new.point(moment),
            new.clock(moment),
        )


def _around(hours: int) -> tuple[datetime, ...]:
    """The first and the last instant of a minute, and the one after it."""
    first = NOW - timedelta(hours=hours)
    return first, first + timedelta(seconds=59, microseconds=999_999), first + timedelta(minutes=1)


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_perfect_uptime_has_the_text_of_any_other(style: Style) -> None:
    seen, to = Overview(NOW, ((Service("x", "X"), STATES["up"]),)), wording.reader(style, NOW)
    [plain], [ready] = uptimes(seen, PERIOD[0]), uptimes(seen, PERIOD[0], perfect=to.percent(1.0))
    assert plain.text == ""
    assert ready == worded(ready, PERIOD, to) == worded(plain, PERIOD, to)
