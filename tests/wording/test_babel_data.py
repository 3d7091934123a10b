"""What stays of Babel's data in memory."""

from __future__ import annotations

import pytest
from babel import Locale
from babel.core import get_global

from bot.wording.catalog import catalogs


def test_only_what_concerns_our_languages_is_kept():
    ours = set(catalogs())
    assert {tag.partition("_")[0] for tag in get_global("likely_subtags")} <= ours
    assert not get_global("territory_languages")
    assert not get_global("territory_currencies")


@pytest.mark.parametrize(
    ("tag", "meant"), [("en_UK", "en_GB"), ("es_419", "es_419"), ("pt_Latn_BR", "pt_BR"), ("de", "de")]
)
def test_tags_of_our_languages_mean_the_same(tag, meant):
    catalogs()
    assert str(Locale.parse(tag)) == meant
