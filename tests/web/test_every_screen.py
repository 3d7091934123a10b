"""Every screen says of one random history what a plain recount, minute by minute, says of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import wording
from bot.model import Health, Outcome, Overview, Reading, ServiceState, Streak, Style
from bot.web import status_page
from bot.web.metrics import Metrics, metrics
from bot.web.pages import DrawnRows
from bot.web.service_page import service_page
from bot.web.status_page import PERIOD, Rows
from tests.model.test_availability import LENGTH, Story, at, overview, recount, stories

STYLE = Style()


@dataclass(frozen=True)
class Told:
    """A history with its recount. `open`: whether the latest incident goes on."""

    seen: Overview
    letters: str  # one a minute, as in `recount`
    counted: int  # incidents
    health: str


@st.composite
def histories(draw: st.DrawFn) -> Told:
    """Also of services that answer between two failures of one incident, and of those of which people still say so."""
    story = draw(stories())
    if story.open and story.down:  # what is open is not retracted
        last = story.down[-1]
        story = replace(story, down=(*story.down[:-1], (*last[:4], True, last[5])))
    seen = overview(story, light=True)
    (x, state), other = seen.services
    spans = list(story.down)
    health = "up"
    answering = None
    if state.incident:
        start, end, kind, sure, kept, calm = spans[-1]
        if draw(st.booleans()):
            answering = draw(st.integers(max(start, *(b for _, b in calm), start), LENGTH)) if calm else None
        if answering is not None:
            spans[-1] = (start, end, kind, sure, kept, (*calm, (answering, LENGTH)))
            state = answers(state, answering)
        health = ("degraded" if answering is not None else kind.name.lower()) if sure else "possible"
    if health == "up" and any(a <= LENGTH < b for a, b in story.planned):
        health = "maintenance"
    story = replace(story, down=tuple(spans))
    return Told(replace(seen, services=((x, state), other)), "".join(recount(story)), _counted(story), health)


def answers(state: ServiceState, since: int) -> ServiceState:
    """The state of a service whose incident is unstable, and which answers since then."""
    unstable = replace(state.incident, unstable_since=state.incident.since, readings=(Reading("web", Outcome.FAILED),))
    return replace(state, incident=unstable, streak=Streak(good=1, good_since=at(since)))


def _counted(story: Story) -> int:
    """The confirmed incidents that were not taken back and had not ended before the period."""
    last = len(story.down) - 1
    rows = enumerate(story.down)
    return sum(sure and kept and (end > 0 or (story.open and n == last)) for n, (_, end, _, sure, kept, _) in rows)


@pytest.mark.hardened(
    "P-200",
    "a random history with blind time, maintenance, flapping, corrections and incidents over the edge of the period",
    "page, service page, history, digest, status.json and metrics show what a recount by the minute shows",
)
@settings(max_examples=60, deadline=None)
@given(histories())
def test_all_screens_agree_with_a_recount(told):
    known = sum(letter in "udg" for letter in told.letters)
    share = 1 - told.letters.count("d") / known if known else None
    facts = wording.digest_facts(told.seen, at(0), STYLE)
    assert facts.uptime[0].share == (None if share is None else pytest.approx(share))
    assert facts.count == told.counted
    assert wording.uptimes(told.seen, at(0))[0].share == facts.uptime[0].share

    whole = wording.uptimes(told.seen, told.seen.at - PERIOD)[0]
    data = json.loads(json.dumps(status_page.as_json(told.seen)))["services"][0]
    assert data["uptime"]["share"] == whole.share
    assert data["uptime"]["unknown_seconds"] == round(whole.unknown.total_seconds())
    assert data["status"] == told.health

    page = status_page.page(told.seen, STYLE)
    row = next(row for row in page.rows if row.path.endswith("x"))
    (x, state), _ = told.seen.services
    alone = service_page(x, state, told.seen, STYLE, told.seen.recent)
    assert (row.uptime, row.health, row.strip) == (alone.uptime, alone.health, alone.strip)
    assert row.health == told.health
    said = wording.history(told.seen, PERIOD, STYLE, x).text
    if whole.share is not None:
        percent = wording.reader(STYLE, told.seen.at).percent(whole.share)
        assert row.uptime.startswith(percent)
        assert percent in said

    at_now = Metrics(at=told.seen.at, started_at=at(0), looked_at=told.seen.at, backlog={}, told={}, rounds={})
    found = re.findall(r'tocsin_service\{health="(\w+)",service="x"\} 1\.0', metrics(at_now, told.seen).decode())
    assert found == [told.health]


@settings(max_examples=20, deadline=None)
@given(st.lists(histories(), min_size=2, max_size=5))
def test_a_page_remade_from_what_was_drawn_before_is_the_same_as_one_drawn_anew(row):
    rows, markup = Rows(), DrawnRows(STYLE)
    for told in row:
        markup.begin()
        again, anew = status_page.page(told.seen, STYLE, rows), status_page.page(told.seen, STYLE)
        assert again == anew
        fresh = DrawnRows(STYLE)
        fresh.begin()
        assert markup(again.rows) == fresh(anew.rows)


def test_the_strip_ends_with_what_is_so_now():
    """An open outage is drawn to the end of the strip; one that has been answered since, only to the answer."""
    story = Story(((60, 120, Health.DOWN, True, True, ()),), (), (), (), open=True)
    seen = overview(story, light=True)
    (x, state), other = seen.services
    (part,) = status_page.strip(x, state, seen)
    assert part.x + part.width == pytest.approx(100, abs=0.02)
    answered = answers(state, 100)
    (part,) = status_page.strip(x, answered, replace(seen, services=((x, answered), other)))
    assert part.x + part.width < 100
