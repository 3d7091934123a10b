"""Every recorded page is read right, also with its updates in another order, in other languages, with its times in other
forms and beside a broken entry.
"""

from __future__ import annotations

import pytest

from bot.watch.sources.dialects.feed_entries import read as entries
from bot.watch.sources.dialects.feed_stage import Stage
from bot.watch.sources.dialects.feed_stage import stage as stage_in_feed
from tests.watch.sources.dialects.feeds import item, rss
from tests.watch.sources.readings import FEEDS, PAGES, Reading
from tests.watch.sources.rewritten import (
    FORMS,
    LANGUAGES,
    Bodies,
    backwards,
    broken,
    in_form,
    in_language,
    upside_down,
    words_of,
)

READINGS = FEEDS + PAGES
# GitHub's history is the longest by far: of its four readings one is enough where each is tried many times.
FEW = tuple(one for one in READINGS if not one.name.startswith("github") or one.name == "github rss, open")
hardened = pytest.mark.hardened


def wrong(made: list[tuple[Reading, str, Bodies]]) -> tuple[int, list[str]]:
    """How many pages were really changed, and which of them are not read as before."""
    changed = [one for one in made if one[2] != one[0].bodies]
    read = [(reading, how, reading.read(bodies)) for reading, how, bodies in changed]
    return len(changed), [f"{reading.name}, {how}: {found}" for reading, how, found in read if found != reading.right]


@hardened("T12", "every recorded feed and page at the time of its recording", "as a person reads it")
@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.name)
def test_every_recorded_page_is_read_right(reading):
    assert reading.read(reading.bodies) == reading.right


@hardened("T12", "every recorded page with its updates, and its entries, in the other order", "read as before")
def test_updates_and_entries_may_stand_in_any_order(saw):
    number, failed = wrong([(one, how.__name__, how(one)) for one in READINGS for how in (backwards, upside_down)])
    assert not failed
    saw(f"{number} pages read as before")


@hardened("T17", "every recorded page with its stages in es, de, fr, pt, it, nl, ja", "read as before")
def test_stages_may_be_in_the_languages_that_vendors_use(saw):
    made = [
        (one, f"{language} {n % 4}", in_language(one, language, n % 4))
        for n, one in enumerate(FEW)
        for language in LANGUAGES
    ]
    number, failed = wrong(made)
    assert not failed
    saw(f"{number} pages read as before")


@hardened("T18", "every recorded page with its times in five of eight forms", "read as before, to the minute")
def test_times_may_be_in_any_form(saw):
    forms = list(FORMS)
    made = [(one, form, in_form(one, form)) for n, one in enumerate(FEW) for form in (forms[n % 8 :] + forms)[:5]]
    number, failed = wrong(made)
    assert not failed
    saw(f"{number} pages read as before")


@hardened("T20", "every recorded page with one broken entry more, at every place", "read as before")
def test_a_broken_entry_costs_nothing_but_itself(saw):
    number, failed = wrong(
        [(one, str(n), bodies) for at, one in enumerate(FEW) for n, bodies in list(enumerate(broken(one)))[at % 4 :: 4]]
    )
    assert not failed
    saw(f"{number} pages read as before")


# Where a feed may name a stage: each makes a title and a text of it.
PLACES = {
    "title": "{0}: API|",
    "title in brackets": "[{0}] API|",
    "title in brackets at its end": "API ({0})|",
    "title behind a dash": "API - {0}|",
    "title behind a bar": "API | {0}|",
    "Japanese brackets": "【{0}】API|",
    "emoji": "✅ {0}: API|",
    **{f"h{n}": f"API|<h{n}>{{0}}</h{n}><p>Text.</p>" for n in range(1, 7)},
    "strong": "API|<strong>{0}</strong> - Text.",
    "bold with a colon": "API|<b>{0}:</b> Text.",
    "emphasis": "API|<p><em>{0}</em></p><p>Text.</p>",
    "line": "API|{0} - Text.",
    "stated": "API|Status: {0}<br>Text.",
    "with its time": "API|<p><small>Nov 20, 10:00 AM PST</small><br><strong>{0}</strong> - Text.</p>",
    "category": "API|Text.",
}
STAGES = {
    "investigating": Stage.OPEN,
    "identified": Stage.OPEN,
    "monitoring": Stage.OPEN,
    "resolved": Stage.OVER,
    "scheduled": Stage.WORK,
    "completed": Stage.OVER,
    "postmortem": Stage.OVER,
}


@hardened("T14", "stages in titles, headings, categories and texts, in eight languages", "each read as what it says")
def test_a_stage_may_stand_anywhere(saw):
    said = [
        (stage, word, place)
        for language in ("en", *LANGUAGES)
        for stage in STAGES
        for n, place in enumerate(PLACES)
        for word in [words_of(language, stage)[n % len(words_of(language, stage))]]
    ]
    failed = [one for one in said if stage_of(one[1], one[2]) is not STAGES[one[0]]]
    assert not failed
    saw(f"{len(said)} entries")


def stage_of(word: str, place: str) -> Stage:
    title, _, text = PLACES[place].format(word).rpartition("|")
    entry = item(title, text)
    if place == "category":
        entry = entry.replace("</item>", f"<category>{word}</category></item>")
    return stage_in_feed(entries(rss(entry)).entries[0])
