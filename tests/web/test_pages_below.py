"""The pages of services and incidents: how they stand, what happened, who said what, and nothing that is not there."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urljoin

import httpx
import pytest

from bot.model import ChangeKind, Service, ServiceState, Style, incident_path, service_path
from bot.store import StoreUnavailable
from bot.web.app import site
from tests.web import states
from tests.web.pages import EVERYTHING, NOW, Stage
from tests.web.test_app import Read
from tests.wording.outages import DOWN, at

EN, ES = Style("en", "Europe/Madrid"), Style("es", "Europe/Madrid")


@asynccontextmanager
async def browsing(app):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin.example") as web:
        yield web


async def read(state, path, style=EN):
    async with browsing(states.shown(state, style)) as web:
        answer = await web.get(path)
    assert answer.status_code == 200
    return Read(answer.text)


@pytest.mark.hardened(
    "N-D", "the page of one service", "its state, evidence, acknowledgement, week, and the official page"
)
async def test_the_page_of_a_service_says_how_it_is():
    seen = await read("down", "/service/x")
    text = "\n".join(seen.words)
    assert seen.words[:4] == [
        "X (Twitter): down since 2:00 p.m. – Example Daily status",
        "Example Daily status",
        "X (Twitter)",
        "X (Twitter): down since 2:00 p.m.",
    ]
    for line in (
        "Web, app and TweetDeck don't respond (HTTP 503). Our checks confirmed it at 2:01 p.m.",
        'Official status page: "Investigating elevated errors" (as of 2:21 p.m.).',
        "Acknowledged by Ana Beltrán at 2:09 p.m.",
        "Updated 2:21 p.m. Time zone: Europe/Madrid (UTC+2).",
        "Last 7 days",
        "99.79%",
    ):
        assert line in text
    assert seen.inline == []
    assert states.STATUS_PAGE in seen.loads
    assert "../incident/x/17" in seen.loads
    assert seen.labels == ["X (Twitter), last 7 days: 99.79%"]


async def test_the_page_of_a_service_lists_its_past_incidents():
    seen = await read("up", "/service/cf")
    assert "Last 30 days" in seen.words
    assert "Cloudflare: down 11:00–11:38 a.m. (38 min)." in seen.words
    assert "../incident/cf/3" in seen.loads
    assert "No incidents in the last 30 days." in (await read("up", "/service/mail")).words


@pytest.mark.hardened("N-D", "the page of an incident", "facts, evidence, steps as people read them, the official page")
async def test_the_page_of_an_incident_tells_it_whole(saw):
    seen = await read("down", "/incident/x/17")
    words = seen.words
    saw(words[3])
    assert words[3] == "X (Twitter): down since 2:00 p.m."
    facts = words[words.index("Began") :][:10]
    assert facts == [
        "Began",
        "2:00 p.m.",
        "Confirmed",
        "2:01 p.m.",
        "Official status page",
        "2:12 p.m. (12 min after us)",
        "Acknowledged by",
        "Ana Beltrán (2:09 p.m.)",
        "Length",
        "21 min",
    ]
    steps = words[words.index("Timeline") + 1 :]
    assert [word for word in steps if word.startswith("2:")] == ["2:12 p.m.", "2:09 p.m.", "2:01 p.m.", "2:00 p.m."]
    assert "X (Twitter): Ana Beltrán is looking into it (2:09 p.m.)" in steps
    assert states.STATUS_PAGE in seen.loads
    assert seen.inline == []


async def test_the_page_of_an_incident_that_is_over_says_so_and_nothing_of_others():
    seen = await read("up", "/incident/cf/3")
    text = "\n".join(seen.words)
    assert seen.words[3] == "Cloudflare: down since 11:00 a.m., restored 11:38 a.m. (38 min)"
    assert "Everything else" not in text
    assert seen.words[seen.words.index("Over") + 1] == "11:38 a.m."
    assert "banner up" in await text_of("up", "/incident/cf/3")


async def text_of(state, path, style=EN):
    async with browsing(states.shown(state, style)) as web:
        return (await web.get(path)).text


async def test_they_speak_spanish():
    words = (await read("down", "/incident/x/17", ES)).words
    assert "X (Twitter) no funciona desde las 14:00" in words
    assert words[words.index("Cronología") + 1] == "14:12"
    assert words[words.index("Se ocupa") + 1] == "Ana Beltrán (14:09)"


async def test_a_taken_back_incident_is_neither_up_nor_down():
    over = replace(states.RESTORED, retracted=True, steps=4)
    past = states.Past((over,), ((*states.PAST_STEPS, _retracted(over)),))
    stage = Stage(states.STATES["up"])
    app = site(overview=stage.seen, vitals=stage.how, title="T", style=EN, clock=lambda: NOW, archive=past)
    async with browsing(app) as web:
        page = await web.get("/incident/cf/3")
    assert "Correction: Cloudflare was not down" in page.text
    assert "banner unknown" in page.text


def _retracted(incident):
    return replace(states.PAST_STEPS[1], kind=ChangeKind.RETRACTED, at=at(12), incident=incident, by="Ana")


@pytest.mark.parametrize(
    "path",
    [
        "/service/nowhere",
        "/service/",
        "/service",
        "/service/x/y",
        "/service/tocsin",
        "/service/slack-delivery",
        "/incident/x",
        "/incident/x/",
        "/incident/x/18",
        "/incident/x/0",
        "/incident/x/017",
        "/incident/x/-17",
        "/incident/x/seventeen",
        "/incident/x/1%EF%BC%97",
        "/incident/x/99999999999999999999",
        "/incident/tocsin/1",
        "/incident/nowhere/1",
        "/incident/..%2fx/17",
    ],
)
async def test_what_is_not_there_is_a_page_that_says_so(path):
    async with browsing(states.shown("down", EN)) as web:
        answer = await web.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "no such page" in "\n".join(Read(answer.text).words)


@pytest.mark.parametrize("key", ["our mail", "a&b", "correo+ñ", "what's up", "S.O.S!", "東京"])
async def test_every_key_has_an_address(key):
    service = Service(key, "Odd")
    overview = replace(EVERYTHING, services=((service, ServiceState(key, incident=replace(DOWN, service=key))),))
    async with browsing(Stage(overview).site()) as web:
        first = await web.get("/")
        for path in (service_path(key), incident_path(key, 17)):
            assert path.removeprefix("/") in Read(first.text).loads
            assert (await web.get(path)).status_code == 200


@pytest.mark.parametrize("path", ["/service/x", "/service/x/", "/incident/x/17", "/incident/x/17/", "/no/such/page/"])
async def test_links_lead_to_our_pages_below_the_path_of_a_proxy_too(path):
    async with browsing(states.shown("down", EN)) as web:
        page = await web.get(path, headers={"accept": "text/html"})
        for place in Read(page.text).loads:
            if "//" in place:
                continue
            outside = urljoin(f"https://example.org/desk{path}", place)
            assert outside.startswith("https://example.org/desk/")
            assert (await web.get(outside.removeprefix("https://example.org/desk"))).status_code == 200, place


async def test_a_crowd_costs_one_reading_of_the_store():
    past, stage = states.Past(), Stage(states.STATES["down"])
    asked = []
    past.changes = _counted(past.changes, asked)
    app = site(overview=stage.seen, vitals=stage.how, title="T", style=EN, clock=lambda: NOW, archive=past)
    async with browsing(app) as web:
        answers = await asyncio.gather(*(web.get(path) for path in ("/incident/x/17", "/service/x") for _ in range(20)))
        for _ in range(20):
            answers += [await web.get("/incident/x/17"), await web.get("/service/x")]
    assert {answer.status_code for answer in answers} == {200}
    assert (len(asked), stage.asked) == (1, 1)


async def test_whoever_guesses_addresses_asks_the_store_for_nothing():
    past, asked = states.Past(), []
    past.changes = _counted(past.changes, asked)
    overview = states.STATES["down"]
    known = tuple((service, replace(state, opened=17)) for service, state in overview.services)
    stage = Stage(replace(overview, services=known))
    app = site(overview=stage.seen, vitals=stage.how, title="T", style=EN, clock=lambda: NOW, archive=past)
    async with browsing(app) as web:
        for number in range(18, 60):
            assert (await web.get(f"/incident/x/{number}")).status_code == 404
            assert (await web.get(f"/incident/guess{number}/1")).status_code == 404
        assert asked == []
        assert stage.asked == 1
        assert (await web.get("/incident/x/17")).status_code == 200


def _counted(read_, asked):
    async def counting(incident):
        asked.append(incident)
        return await read_(incident)

    return counting


async def test_without_the_database_they_say_so():
    stage = Stage(trouble=StoreUnavailable("gone: postgresql://ana@db.inner/tocsin"))
    async with browsing(stage.site()) as web:
        for path in ("/service/x", "/incident/x/17"):
            answer = await web.get(path, headers={"accept": "text/html"})
            assert answer.status_code == 503
            assert "db.inner" not in answer.text
            assert "cannot read its database" in answer.text


async def test_names_are_whole_on_pages():
    """The lock screen's 80 characters are no measure for a page."""
    seen = await read("long", "/")
    assert f"{states.LONG}: down since 2:00 p.m." in seen.words
    assert f"{states.UNBROKEN}: down since 2:00 p.m." in (await read("long", "/service/unbroken")).words
    assert f"{states.UNBROKEN}: down since 2:00 p.m." in (await read("long", "/incident/unbroken/17")).words
