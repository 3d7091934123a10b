"""Every figure from one measure, and that measure recounted minute by minute in the slowest and plainest way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import wording
from bot.model import (
    OURSELVES,
    Confidence,
    Health,
    Incident,
    Origin,
    Outcome,
    Overview,
    Reading,
    Service,
    ServiceState,
    Style,
    Window,
    availability_of,
    bar,
    blind_spans,
    merged,
    outage,
    total,
)
from bot.web import status_page

START = datetime(2026, 11, 2, tzinfo=UTC)
LENGTH = 240  # minutes of the period
MINUTE = timedelta(minutes=1)
X, OTHER = Service("x", "X"), Service("y", "Y")


def at(minute: float) -> datetime:
    return START + minute * MINUTE


@dataclass(frozen=True)
class Story:
    """What happened, in minutes from the start of the period."""

    down: tuple[tuple[int, int, Health, bool, bool, tuple[tuple[int, int], ...]], ...]
    blind: tuple[tuple[int, int], ...]
    unseen: tuple[tuple[int, int], ...]
    planned: tuple[tuple[int, int], ...]
    open: bool


def spans(most: int) -> st.SearchStrategy[tuple[tuple[int, int], ...]]:
    point = st.integers(-60, LENGTH)
    pair = st.tuples(point, point).filter(lambda p: p[0] != p[1]).map(lambda p: (min(p), max(p)))
    return st.lists(pair, max_size=most).map(tuple)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    edges = sorted(draw(st.lists(st.integers(-60, LENGTH), max_size=12, unique=True)))
    down = []
    for start, end in zip(edges[::2], edges[1::2], strict=False):
        health = draw(st.sampled_from([Health.DOWN, Health.DOWN, Health.DEGRADED]))
        inner = sorted(draw(st.lists(st.integers(start, end), max_size=4, unique=True)))
        calm = tuple(zip(inner[::2], inner[1::2], strict=False)) if draw(st.booleans()) else ()
        down.append((start, end, health, draw(st.sampled_from([True] * 4 + [False])), draw(st.booleans()), calm))
    return Story(tuple(down), draw(spans(2)), draw(spans(2)), draw(spans(2)), draw(st.booleans()))


def overview(story: Story, *, light: bool) -> Overview:
    """As the recorder makes it; `light`: with the outages beside an empty list of incidents."""
    incidents = [
        Incident(
            "x",
            number,
            at(start),
            health,
            Confidence.CONFIRMED if sure else Confidence.POSSIBLE,
            until=at(end),
            worst=health,
            retracted=not kept,
            unstable_since=at(start) if calm else None,
            calm=tuple((at(a), at(b)) for a, b in calm),
        )
        for number, (start, end, health, sure, kept, calm) in enumerate(story.down, 1)
    ]
    state = ServiceState("x", up_since=at(-60))
    if incidents and story.open:
        incidents[-1] = replace(incidents[-1], until=None)
        state = ServiceState("x", incident=incidents[-1])
    own = [
        Incident(OURSELVES, number, at(a), Health.UNKNOWN, Confidence.CONFIRMED, until=at(b))
        for number, (a, b) in enumerate(story.blind, 1)
    ]
    recent = tuple(sorted([*incidents, *own], key=lambda i: i.since, reverse=True))
    windows = tuple(
        Window(f"m{n}", ("x",), at(a), at(b), Origin.FILE, at(-100), begun=True)
        for n, (a, b) in enumerate(story.planned)
    )
    return Overview(
        at(LENGTH),
        ((X, state), (OTHER, ServiceState("y", up_since=at(-60)))),
        recent=() if light else recent,
        unseen={"x": tuple(merged((at(a), at(b)) for a, b in story.unseen))},
        windows=windows,
        outages=tuple(found for i in recent if (found := outage(i))) if light else None,
    )


def recount(story: Story) -> list[str]:
    """One letter a minute: before the first observation, maintenance, unknown, down, in trouble, up."""
    unseen = [list(range(a, b)) for a, b in story.unseen]
    hidden = {minute for part in unseen for minute in part}
    first = 0
    while first in hidden:
        first += 1
    letters = []
    for minute in range(LENGTH):
        worst = ""
        for number, (start, end, health, sure, kept, calm) in enumerate(story.down, 1):
            last = LENGTH if story.open and number == len(story.down) else end
            good = any(a <= minute < b for a, b in calm)
            if sure and kept and start <= minute < last and not good:
                worst = "d" if health is Health.DOWN or worst == "d" else "g"
        if minute < first:
            letters.append("b")
        elif any(a <= minute < b for a, b in story.planned):
            letters.append("m")
        elif minute in hidden or any(a <= minute < b for a, b in story.blind):
            letters.append("n")
        else:
            letters.append(worst or "u")
    return letters


@given(stories(), st.booleans())
def test_every_figure_agrees_with_a_plain_recount(story, light):
    letters = recount(story)
    seen = sum(letter in "udg" for letter in letters)
    share = 1 - letters.count("d") / seen if seen else None
    known = overview(story, light=light)
    period = at(0), at(LENGTH)
    found = availability_of(*known.services[0], known, period, blind_spans(known, period))
    counted = {
        name: total(getattr(found, name)) // MINUTE for name in ("before", "maintenance", "unknown", "down", "degraded")
    }
    letter = dict(zip(counted, "bmndg", strict=True))
    assert counted == {name: letters.count(letter[name]) for name in counted}
    assert found.seen == seen * MINUTE
    assert found.share == (None if share is None else pytest.approx(share))
    assert bar(found, [at(minute) for minute in range(LENGTH + 1)]).lower() == "".join(letters)
    figure, other = wording.uptimes(known, at(0))
    assert figure.share == found.share
    assert figure.share is None or total(found.unknown) == figure.unknown
    facts = wording.digest_facts(known, at(0), Style())
    assert facts.uptime[0].share == found.share
    assert other.share is None or other.share == 1.0


@given(stories())
def test_the_page_and_history_show_the_same_share(story):
    known = overview(story, light=True)
    period = known.at - status_page.PERIOD, known.at
    found = availability_of(*known.services[0], known, period, blind_spans(known, period))
    assert status_page.as_json(known)["services"][0]["uptime"]["share"] == found.share
    said = wording.history(known, status_page.PERIOD, Style(), X).text
    if found.share is not None:
        percent = wording.reader(Style(), known.at).percent(found.share)
        assert percent in said
        assert status_page.page(known, Style()).rows[0].uptime == percent


@pytest.mark.hardened(
    "P-200", "12 services, each down 26 times in a year", "26 incidents and 98.0 %, however many there are in all"
)
def test_no_limit_of_incidents_makes_a_figure_wrong():
    """The list of incidents is limited, the outages beside it are not."""
    year, hour = timedelta(days=365), timedelta(hours=1)
    all_ = tuple(
        Incident("x", n, START + n * 10 * 24 * hour, Health.DOWN, Confidence.CONFIRMED, worst=Health.DOWN)
        for n in range(1, 27)
    )
    each = [replace(i, until=i.since + timedelta(hours=6.73)) for i in all_]
    known = Overview(
        START + year,
        ((X, ServiceState("x", up_since=START)),),
        recent=tuple(each[:5]),
        outages=tuple(found for i in each if (found := outage(i))),
    )
    said = wording.history(known, year, Style(), X)
    assert said.title.startswith("🗓 X: 26 incidents")
    assert "98%" in said.text
    assert "and 21 more" in said.text


def test_a_certificate_that_ends_soon_takes_nothing_from_the_figures():
    worn = Incident("x", 1, at(10), Health.DEGRADED, Confidence.CONFIRMED, readings=(Reading("web", Outcome.EXPIRING),))
    assert outage(worn) is None


@pytest.mark.parametrize(
    ("spans", "letter"),
    [
        ({}, "u"),
        ({"down": ((0, 29),)}, "d"),
        ({"down": ((0, 30),)}, "D"),
        ({"down": ((0, 10),), "unknown": ((10, 50),)}, "D"),
        ({"degraded": ((0, 1),)}, "g"),
        ({"degraded": ((0, 30),)}, "G"),
        ({"degraded": ((0, 50),), "down": ((50, 51),)}, "d"),
        ({"unknown": ((0, 29),)}, "u"),
        ({"unknown": ((0, 30),)}, "n"),
        ({"maintenance": ((0, 40),)}, "m"),
        ({"maintenance": ((0, 20),), "unknown": ((20, 60),)}, "n"),
        ({"before": ((0, 60),)}, "b"),
        ({"before": ((0, 20),), "maintenance": ((20, 60),)}, "m"),
    ],
)
def test_a_slot_of_a_bar_shows_the_worst_that_counts(spans, letter):
    state = availability_of(X, ServiceState("x"), Overview(at(60), ()), (at(0), at(60)), ())
    made = replace(state, **{name: tuple((at(a), at(b)) for a, b in of) for name, of in spans.items()})
    assert bar(made, [at(0), at(60)]) == letter
