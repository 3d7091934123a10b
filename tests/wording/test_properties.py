"""What holds for every notice there can be."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot import wording
from bot.model import (
    OURSELVES,
    Change,
    ChangeKind,
    Confidence,
    Health,
    Incident,
    Notice,
    Outcome,
    Overview,
    Reading,
    Role,
    Service,
    ServiceState,
    SourceReport,
    Style,
    Text,
)
from tests.reasons import quote

NASTY = st.sampled_from(
    ["", "...", "a.b..", "\u202eevil", "{x}", "<!here>", "p.m.", "e\u0301\u0301", "«x»", '"', "\0", "a\nb", "x" * 400]
)
TEXT = st.one_of(NASTY, st.text(max_size=60), st.text(alphabet="ab. …!?,", max_size=120))
EARLIEST, MICROSECOND = datetime(2015, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def spans(most: timedelta) -> st.SearchStrategy[timedelta]:
    """Of any length up to this. One number is drawn: hypothesis' own spans and times take most of a test's time."""
    return st.integers(0, most // MICROSECOND).map(lambda length: length * MICROSECOND)


TIMES = spans(datetime(2040, 1, 1, tzinfo=UTC) - EARLIEST).map(lambda after: EARLIEST + after)
LATER = spans(timedelta(days=500))
STYLES = st.builds(
    Style,
    st.sampled_from(["en", "es", "en-GB", "es-MX", "xx", ""]),
    st.sampled_from(["Europe/Madrid", "America/New_York", "UTC", "Nowhere/Else"]),
    st.sampled_from(["", "12h", "24h"]),
)
REASONS = st.none() | TEXT.map(quote)
READINGS = st.builds(Reading, TEXT, st.sampled_from(Outcome), REASONS, st.none() | spans(timedelta(minutes=2)))
WORDS = st.builds(
    SourceReport, st.sampled_from(Role), TEXT, st.none() | st.sampled_from(Health), TEXT, at=st.none() | TIMES
)
SERVICES = st.builds(Service, st.sampled_from(["x", OURSELVES]), TEXT, st.sampled_from([(), ("web",)]), TEXT)
JOINER = "\u2060"  # keeps others' words from becoming links


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    since = draw(TIMES)
    return Incident(
        service="x",
        number=draw(st.integers(1, 99_999)),
        since=since,
        health=draw(st.sampled_from(Health)),
        confidence=draw(st.sampled_from(Confidence)),
        readings=tuple(draw(st.lists(READINGS, max_size=24))),
        reports=tuple(draw(st.lists(WORDS, max_size=8))),
        confirmed_at=draw(st.none() | LATER.map(lambda d: since + d)),
        until=draw(st.none() | LATER.map(lambda d: since + d)),
        worst=draw(st.sampled_from(Health)),
        acked_by=draw(TEXT),
        acked_at=draw(st.none() | LATER.map(lambda d: since + d)),
        official_at=draw(st.none() | LATER.map(lambda d: since - d) | LATER.map(lambda d: since + d)),
        unstable_since=draw(st.none() | LATER.map(lambda d: since - d)),
        outages=draw(st.integers(0, 1000)),
        retracted=draw(st.booleans()),
        steps=draw(st.integers(1, 9)),
    )


CHANGES = st.builds(
    lambda kind, incident, after, by, why: Change(kind, incident.since + after, incident, by, why),
    st.sampled_from(ChangeKind),
    incidents(),
    LATER,
    TEXT,
    TEXT,
)
OTHERS = st.lists(st.tuples(SERVICES, incidents()), max_size=8).map(tuple)


def all_words(notice: Notice) -> tuple[Text, ...]:
    return (notice.words,) if notice.root is None else (notice.words, notice.root)


@given(CHANGES, SERVICES, STYLES, OTHERS)
def test_any_change_can_be_told(
    change: Change, service: Service, style: Style, others: tuple[tuple[Service, Incident], ...]
) -> None:
    notice = wording.notice(change, service, style, wording.Others(others))
    for words in all_words(notice):
        assert 1 < len(words.title) <= 80
        assert all(words.lines), "an empty line"
        assert not re.search(r"\.\.|…\.|\.…", words.text), words.text
        for line in (words.title, *words.lines):
            assert not [c for c in line if unicodedata.category(c)[0] == "C" and c != JOINER], ascii(line)
            assert line == line.strip()
            assert len(line) < 5000


@given(CHANGES, STYLES)
def test_unconfirmed_trouble_is_never_called_down(change: Change, style: Style) -> None:
    title = wording.notice(change, Service("x", "X (Twitter)", ("web",)), style).words.title
    if change.incident.confidence is Confidence.CONFIRMED or "status page" in title or "página" in title:
        return
    claims = re.search(r"\bdown\b|no funciona\b|\bcaído\b", title)
    assert claims is None or re.search(r"\bmay\b|probably|probablemente", title), title


@given(CHANGES, STYLES)
def test_the_same_change_is_told_in_the_same_words(change: Change, style: Style) -> None:
    service = Service("x", "X (Twitter)", ("web",))
    assert wording.notice(change, service, style) == wording.notice(change, service, style)


@given(
    st.lists(st.tuples(SERVICES, st.builds(ServiceState, st.just("x"), incident=st.none() | incidents())), max_size=4),
    st.lists(incidents(), max_size=4),
    STYLES,
    TIMES,
)
def test_any_overview_can_be_told(
    services: list[tuple[Service, ServiceState]], recent: list[Incident], style: Style, now: datetime
) -> None:
    seen = Overview(now, tuple(services), tuple(recent))
    for words in (
        wording.status(seen, style),
        wording.status(seen, style, "x"),
        wording.digest("d", seen, now - timedelta(days=1), style),
    ):
        assert len(words.title) <= 80
        assert ".." not in words.text


@given(TEXT, st.integers(0, 100))
def test_clean_text_is_harmless_short_and_stays_so(text: str, most: int) -> None:
    once = wording.clean(text, most)
    assert len(once) <= most
    assert wording.clean(once, most) == once
