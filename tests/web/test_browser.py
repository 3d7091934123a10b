"""The pages in a browser: nothing scrolls sideways, on the smallest phone, with the longest names."""

from __future__ import annotations

import pytest

from bot.model import Style
from tests.web.browser import CHROMIUM, found
from tests.web.frames import framed
from tests.web.states import BELOW, STATES, shown

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium"),
]
WIDTHS = (320, 360, 700)


@pytest.mark.hardened("N-A9", "names of 69 characters, with and without spaces, on a phone", "no page scrolls sideways")
@pytest.mark.parametrize("language", ["en", "de"])
async def test_no_page_scrolls_sideways(language, saw):
    style = Style(language, "Europe/Madrid")
    sites = {name: shown(name, style, "ExampleDailyNewspaperOfMadridAndLisbonStatus") for name in STATES}
    paths = [f"/{name}/" for name in STATES] + [f"/{state}{path}" for state, path in BELOW.values()]
    frames = framed(sites, [(path, width) for path in paths for width in WIDTHS])
    measured = await found(frames)
    assert len(measured) == len(paths) * len(WIDTHS)
    assert all(one["title"] for one in measured)
    saw(f"{len(measured)} pages, the widest {max(one['needs'] - one['width'] for one in measured)} px too wide")
    assert [one for one in measured if one["needs"] > one["width"] or one["wide"]] == []
