"""The page says no more than is known: of a blind spell, of maintenance, of a watch that began today."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from bot import wording
from bot.model import Style, outage
from bot.web.status_page import as_json, overall, page, strip
from tests.web.pages import EVERYTHING, MAIL, NOW, QUIET, UNSEEN, Stage, browsing
from tests.web.states import ALL_UP, LONG, STATES, UNBROKEN, WORK
from tests.web.test_app import Read
from tests.wording.outages import at

EN = Style("en", "Europe/Madrid")
BLIND = replace(EVERYTHING, services=ALL_UP, recent=(), offline_since=at(14, 10))


async def read(overview, style=EN):
    async with browsing(Stage(overview), style=style) as web:
        return (await web.get("/")).text


@pytest.mark.hardened("N-A10", "we see nothing since 2:10 p.m.", "every service is unknown and grey, on all faces")
@pytest.mark.parametrize("overview", [BLIND, replace(EVERYTHING, offline_since=at(14, 10))])
async def test_a_blind_spell_shows_unknown_everywhere(overview, saw):
    text = await read(overview)
    marks = set(re.findall(r'<svg class="mark (\w+)"', text.partition('id="happened"')[0]))
    titles = re.findall(r'<p class="state"><a [^>]*>([^<]*)</a>', text)
    saw(f"marks {sorted(marks)}; {titles[0]}")
    assert marks == {"unknown"}
    assert 'href="static/unknown.svg"' in text
    assert "<title>Our own connection has been down since 2:10 p.m." in text
    assert [title for title in titles if ": up since" in title or ": down since" in title] == []
    assert {one["status"] for one in as_json(overview)["services"]} == {"unknown"}
    assert as_json(overview)["status"] == "unknown"
    assert wording.status(overview, EN, "cf").title == "⚫ Cloudflare: no data since 2:10 p.m."
    assert "No incidents" not in text
    assert "notification channels are working" not in text


@pytest.mark.parametrize("kept", ["as an incident", "as an outage"])
def test_the_strip_of_a_service_without_trouble_shows_when_we_saw_nothing(kept):
    calm, blind = ALL_UP[0], replace(UNSEEN, until=NOW)
    seen = replace(EVERYTHING, services=(calm,), recent=(blind,), outages=None)
    if kept == "as an outage":
        seen = replace(seen, recent=(), outages=(outage(blind),))
    assert [part.health for part in strip(*calm, seen)] == ["unknown"]
    assert list(strip(*calm, replace(seen, recent=(), outages=()))) == []


async def test_what_was_down_before_is_said_as_the_last_known():
    words = "\n".join(Read(await read(replace(EVERYTHING, offline_since=at(14, 10)))).words)
    assert "Last known: X (Twitter): down since 2:00 p.m." in words


@pytest.mark.hardened("N-A10", "a service is down, and nothing was over", 'no "No incidents" below it')
async def test_no_incidents_is_said_only_where_there_were_none(saw):
    down = replace(EVERYTHING, recent=tuple(one for one in EVERYTHING.recent if one.until is None))
    assert "No incidents" not in await read(down)
    possible = replace(EVERYTHING, services=EVERYTHING.services[1:2], recent=())
    assert "No incidents" not in await read(possible)
    unseen = replace(EVERYTHING, services=EVERYTHING.services[2:3], recent=(), unseen={"new": ((at(0, day=1), NOW),)})
    assert "No incidents" not in await read(unseen)
    quiet = page(QUIET, EN).quiet
    saw(quiet)
    assert quiet == "No incidents in the last 7 days."


async def test_a_time_in_which_we_were_blind_is_listed():
    calm = replace(EVERYTHING, services=ALL_UP, recent=EVERYTHING.recent[-1:])
    assert "Our own connection was down 8:00–8:30 a.m. (30 min)." in Read(await read(calm)).words


@pytest.mark.hardened(
    "N-B14", "ten minutes after the first start", "percentages and the quiet name the time they cover"
)
@pytest.mark.parametrize(
    ("language", "share", "calm"),
    [
        ("en", "100% since 2:05 p.m.", "No incidents since 2:05 p.m."),
        ("es", "100 % desde las 14:05", "Ninguna incidencia desde las 14:05."),
        ("fr", "100 % depuis 14 h 05", "Aucun incident depuis 14 h 05."),
        ("de", "100 % seit 14:05 Uhr", "Keine Störungen seit 14:05 Uhr."),
        ("pt", "100% desde as 14:05", "Nenhum incidente desde as 14:05."),
    ],
)
def test_figures_name_the_time_they_cover(language, share, calm, saw):
    unseen = {service.id: ((at(14, day=7), at(14, 5)),) for service, _ in ALL_UP}
    made = page(replace(EVERYTHING, services=ALL_UP, recent=(), unseen=unseen), Style(language, "Europe/Madrid"))
    saw(made.rows[0].uptime)
    plain = [text.replace("\u00a0", " ").replace("\u202f", " ") for text in (made.rows[0].uptime, made.quiet)]
    assert plain == [share, calm]


@pytest.mark.hardened(
    "N-A16", "one of five services is under maintenance", "4 of 5 services are up, 1 under maintenance"
)
async def test_maintenance_is_neither_up_nor_down(saw):
    calm = STATES["maintenance"]
    words = Read(await read(calm)).words
    saw(words[2])
    assert words[2] == "4 of 5 services are up, 1 under maintenance."
    assert (overall(calm), as_json(calm)["services"][1]["status"]) == ("up", "maintenance")


async def test_if_all_is_under_maintenance_the_page_is_neither_green_nor_red():
    text = await read(STATES["all-in-maintenance"])
    assert 'class="banner maintenance"' in text
    async with browsing(Stage(STATES["all-in-maintenance"])) as web:
        assert (await web.get("/static/maintenance.svg")).status_code == 200
        assert json.loads((await web.get("/status.json")).text)["status"] == "maintenance"


async def test_an_outage_within_maintenance_stays_an_outage():
    overview = replace(EVERYTHING, windows=(replace(WORK, services=(MAIL.id, "x")),))
    assert overall(overview) == "down"


@pytest.mark.hardened("N-B11", "a name of 70 characters", "it stands whole on the page; a browser breaks the line")
async def test_names_are_not_cut_where_there_is_room(saw):

    words = Read(await read(STATES["long"])).words
    saw(next(word for word in words if LONG in word))
    for name in (LONG, UNBROKEN):
        assert f"{name}: down since 2:00 p.m." in words
    assert f"{UNBROKEN[::-1]}: up since 3:00 a.m." in words
    assert not any("…" in word for word in words if "since" in word and "respond" not in word)


def test_the_zone_is_named_once():
    made = page(EVERYTHING, Style("en", "America/St_Johns"))
    assert made.read.endswith("Time zone: America/St_Johns (UTC-2:30).")
    assert page(EVERYTHING, Style("en", "UTC")).read.endswith("Time zone: UTC.")
