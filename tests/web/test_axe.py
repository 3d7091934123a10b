"""Nothing on any page is wrong for those who see little, or listen to a screen reader: by axe-core, in Chromium."""

from __future__ import annotations

import pytest

from bot.model import Style
from bot.web import unsubscribe
from bot.web.rendering import draw
from bot.wording import digest_lists
from tests.web.axe import NAMES, SEEN, audited, page, violations
from tests.web.browser import CHROMIUM
from tests.web.states import BELOW, STATES, shown

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium"),
]
LINKS = {
    "confirm": lambda style: digest_lists.confirm_page("comms", style),
    "leave": lambda style: digest_lists.leave_page("comms", style),
    "left": lambda style: digest_lists.left_page("comms", style),
    "no link": digest_lists.no_link_page,
}
PAGES = {name: (name, "/") for name in STATES} | BELOW | {"nothing there": ("quiet", "/nothing/there")}


def _link(made, style):
    """The page behind a link in a mail, with the style sheet of another site beside it."""
    facts = {"said": made.words, "button": made.button, "does": made.does, "field": unsubscribe.FIELD}
    return page(draw("link.html", title="Status", style=style, root="/quiet/", **facts))


@pytest.mark.parametrize(("language", "dark"), SEEN, ids=NAMES)
async def test_axe_finds_nothing_on_any_page(language, dark):
    style = Style(language, "Europe/Madrid")
    sites = {name: shown(name, style) for name in STATES} | {
        name: _link(made(style), style) for name, made in LINKS.items()
    }
    paths = [f"/{state}{path}" for state, path in PAGES.values()] + [f"/{name}/" for name in LINKS]
    found = await violations(audited(sites, paths, dark=dark))
    assert len(found) == len(set(paths))
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_does_find_what_is_wrong(dark):
    faint = f"<style>@media (prefers-color-scheme: {'dark' if dark else 'light'}) {{ p {{ color: #999; }} }}</style>"
    html = f'<!doctype html><title>t</title><body><main><h1>t</h1>{faint}<p>Faint.</p><img src="x.png"></main>'
    (found,) = (await violations(audited({"bad": page(html)}, ["/bad/"], dark=dark))).values()
    assert {one.partition(":")[0] for one in found} >= {"color-contrast", "html-has-lang", "image-alt"}
