"""A certificate that ends soon, in words: never slow, never down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import wording
from bot.model import Batch, BatchItem, ChangeKind, Health, Overview, ServiceState, Style
from tests.wording.outages import DOWN, EN, ES, PARTLY, SLACK, WORN, X, at, bad, told, worn

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("left", "english", "spanish"),
    [
        (5 * DAY + timedelta(hours=3), "expires in 5 days", "caduca en 5 días"),
        (DAY, "expires in 1 day", "caduca en 1 día"),
        (DAY - timedelta(seconds=1), "expires in less than a day", "caduca en menos de un día"),
        (timedelta(0), "has expired", "ha caducado"),
    ],
)
def test_its_days_are_counted_when_it_is_said(left, english, spanish):
    incident = replace(WORN, readings=(worn("web", at(14) + left),))
    for style, what, ends in ((EN, "certificate", english), (ES, "su certificado", spanish)):
        title = told(ChangeKind.OPENED, incident, at(14), style).words.title
        assert f": {what} {ends} (" in title
        assert len(title) <= 80


def test_a_date_far_away_has_its_month_and_one_of_another_year_its_year():
    far = replace(WORN, readings=(worn("web", at(9, day=3, month=2, year=2023)),))
    assert told(ChangeKind.OPENED, far, at(14)).words.title.endswith("expires in 203 days (Feb. 3, 2023)")


def test_the_one_that_ends_first_is_the_title_and_each_is_in_a_sentence():
    incident = replace(WORN, readings=(worn("web"), worn("app", at(9, day=16)), worn("TweetDeck")))
    words = told(ChangeKind.OPENED, incident, at(14)).words
    assert words.title == "🟠 X (Twitter): certificate expires in 1 day (July 16)"
    assert words.lines[0] == (
        "Web and TweetDeck: certificate expires in 5 days (July 20). App: certificate expires in 1 day (July 16)."
    )


def test_beside_an_outage_it_is_only_a_line():
    incident = replace(PARTLY, readings=(*bad("TweetDeck"), worn("web")))
    words = told(ChangeKind.CONFIRMED, incident, at(14, 1)).words
    assert words.title == "🟠 X (Twitter): partly down since 2:00 p.m. (TweetDeck)"
    assert "Web: certificate expires in 5 days (July 20)." in words.lines[0]


@pytest.mark.parametrize("style", [EN, ES], ids=["en", "es"])
@pytest.mark.parametrize(
    "kind",
    [
        ChangeKind.OPENED,
        ChangeKind.REMINDED,
        ChangeKind.LASTING,
        ChangeKind.ACKNOWLEDGED,
        ChangeKind.RESTORED,
        ChangeKind.UNWATCHED,
    ],
)
def test_it_is_never_called_slow_or_down(style: Style, kind):
    over = replace(WORN, until=at(15), acked_by="Ana")
    notice = told(kind, over if kind in {ChangeKind.RESTORED, ChangeKind.UNWATCHED} else WORN, at(15), style, by="Ana")
    gathering = Batch("k", "t", None, (BatchItem("x#17", notice.line, ends=False, at=at(15)),), style, at(14))
    overview = Overview(at(15), ((X, ServiceState("x", incident=None if over.until else WORN)),), (over,))
    texts = [
        notice.words.text,
        notice.line,
        wording.many(replace(gathering, items=gathering.items * 2), at(15)).words.lines[0],
        wording.digest("comms", overview, at(8), style).text,
        wording.status(replace(overview, services=((X, ServiceState("x", incident=WORN)),)), style).text,
    ]
    for text in texts:
        assert not any(
            word in text.lower() for word in ("slow", " is down", "partly", "lentitud", "caído", "falla", "no funciona")
        )


def test_it_counts_in_no_percentage_and_keeps_nobody_from_being_up():
    overview = Overview(at(15), ((X, ServiceState("x", incident=WORN)),), (WORN,))
    assert "100%" in wording.digest("comms", overview, at(8), EN).text
    ended = replace(DOWN, service="slack", until=at(14, 50), reports=(), health=Health.DOWN)
    said = told(ChangeKind.RESTORED, ended, at(14, 51), EN, SLACK, others=((X, WORN),)).words.text
    assert "Everything else you follow is up." in said
