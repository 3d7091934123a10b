"""The pages over a real store: the links in what was sent lead to what happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.incidents.recorder import Recorder, Settings
from bot.model import Ack, Audience, Correct, Destination, Rules, Service, Style
from bot.web.app import Metrics, site
from tests.judge.rounds import at, look
from tests.store.made import take
from tests.web.test_app import Read
from tests.web.test_pages_below import browsing

EN = Style("en", "Europe/Madrid")
X = Service(
    "x", "X (Twitter)", ("web", "app"), status_page="https://status.x.example/", site="https://example.org/desk"
)
DESK = Audience("desk", (Destination("slack", "C1"),), style=EN)


class House:
    """A record, its store, and its pages."""

    def __init__(self, store):
        self.store, self.now = store, at(0)
        settings = Settings({"x": X}, {"x": Rules()}, (DESK,), frozenset({"slack"}))
        self.recorder = Recorder(store, settings, lambda: self.now)

    async def rounds(self, letters, first):
        for number, letter in enumerate(letters, first):
            self.now = at(number)
            await self.recorder.seen(replace(look(letter, number), service="x"))

    async def vitals(self):
        return Metrics(self.now, self.now, self.now, {}, {}, {})

    def site(self):
        return site(
            overview=self.recorder.overview,
            vitals=self.vitals,
            title="Desk",
            style=EN,
            clock=lambda: self.now + timedelta(seconds=1),
            archive=self.store.results,
        )


@pytest.mark.hardened("D", "the link in a notice is followed, during the outage and after it", "the incident's page")
async def test_the_link_in_a_notice_leads_to_its_incident(store, saw):
    house = House(store)
    await house.rounds("..BB", 0)
    [sent] = await take(store, "slack", house.now, limit=50, lease=timedelta(minutes=1))
    [vendor, ours] = sent.notice.links
    assert (vendor.url, ours.url) == (X.status_page, f"{X.site}/incident/x/1")
    path = ours.url.removeprefix(X.site)
    await house.recorder.order("x", Ack("Ana", house.now))
    async with browsing(house.site()) as web:
        page = await web.get(path)
        words = Read(page.text).words
    assert page.status_code == 200
    assert words[3].startswith("X (Twitter): down since")
    assert words[words.index("Acknowledged by") + 1].startswith("Ana (")
    await house.rounds("..", 4)
    async with browsing(house.site()) as web:
        words = Read((await web.get(path)).text).words
        listed = await web.get("/service/x")
    saw(words[3])
    assert ", restored " in words[3]
    assert "../incident/x/1" in Read(listed.text).loads
    await house.recorder.order("x", Correct("Ana", house.now, "our own fault"))
    async with browsing(house.site()) as web:
        page = await web.get(path)
        assert "Correction: X (Twitter) was not down" in page.text
        assert (await web.get("/incident/x/2")).status_code == 404
