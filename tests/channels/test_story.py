"""Every language tells the story; the channels' own tests see it arrive."""

from __future__ import annotations

from bot.wording.catalog import catalogs
from tests.channels.story import STORY


def test_every_language_has_its_story():
    assert set(STORY) == set(catalogs())


def test_each_first_line_is_complete_on_a_lock_screen():
    for pair in STORY.values():
        for text in pair:
            assert len(text.splitlines()[0]) <= 80
