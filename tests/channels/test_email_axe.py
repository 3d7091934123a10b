"""Nothing in a mail is wrong for those who see little, or listen to a screen reader: by axe-core, in Chromium."""

from __future__ import annotations

import pytest

from bot.model import Style
from tests.channels.mails import MAILS, html, written
from tests.web.axe import NAMES, SEEN, audited, page, violations
from tests.web.browser import CHROMIUM

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium"),
]


@pytest.mark.parametrize(("language", "dark"), SEEN, ids=NAMES)
async def test_axe_finds_nothing_in_any_mail(language, dark):
    style = Style(language, "Europe/Madrid")
    sites = {name: page(html(written(name, style))) for name in MAILS}
    paths = [f"/{name}/" for name in sites]
    found = await violations(audited(sites, paths, dark=dark))
    assert len(found) == len(MAILS)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
