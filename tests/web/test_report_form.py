"""The form on the page: off unless wished, for anybody, and worth little to whoever invents people."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from bot.model import Style, Tally
from bot.store import open_store
from bot.watch.user_reports import PEOPLE, UserReports
from bot.web.app import HEADERS, Server, site
from bot.web.connections import caller_network
from bot.web.report_form import ALL, EACH, Reporting, ReportLimits, Taken
from tests import sqlite
from tests.web.pages import NOW, Stage, browsing
from tests.web.test_app import Read

DOWN = {"service": "x", "works": "no"}
EN = Style("en", "Europe/Madrid")


@asynccontextmanager
async def page(folder, *, trust=None, style=EN):
    """The page over a real socket, and the crowd behind it."""
    stage = Stage()
    async with open_store(sqlite.ready(folder / "tocsin.db")) as store:
        crowd = UserReports(store, lambda: NOW)
        form = Reporting(stage.seen, crowd, style, lambda: NOW, trust)
        app = site(overview=stage.seen, vitals=stage.how, title="T", style=style, clock=lambda: NOW, reporting=form)
        with socket.create_server(("127.0.0.1", 0)) as door:
            server = Server(app, door)
            serving = asyncio.create_task(server.serve())
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{door.getsockname()[1]}", trust_env=False, verify=False
            ) as web:
                yield web, crowd
            server.should_exit = True
            await serving


async def sent(web, form):
    """The page that a browser shows after sending the form."""
    answer = await web.post("/report", data=form)
    assert (answer.status_code, answer.text) == (303, "")
    shown = await web.get(answer.headers["location"])
    assert shown.status_code == 200
    return shown


async def test_without_a_wish_there_is_no_form_and_nothing_takes_one():
    async with browsing(Stage()) as web:
        shown = await web.get("/")
        assert "<form" not in shown.text
        assert "form-action 'none'" in shown.headers["content-security-policy"]
        assert (await web.post("/report", data=DOWN)).status_code == 404


async def test_a_person_reports_without_a_script_and_counts_once(tmp_path):
    async with page(tmp_path) as (web, crowd):
        shown = await web.get("/")
        policy = HEADERS["Content-Security-Policy"].replace("form-action 'none'", "form-action 'self'")
        assert shown.headers["content-security-policy"] == policy
        assert Read(shown.text).inline == []
        assert '<form class="card report" method="post" action="report">' in shown.text
        assert '<option value="x">X (Twitter)</option>' in shown.text

        answers = [await sent(web, DOWN) for _ in range(2)]
        said = Read(answers[0].text)
        assert said.inline == []
        assert "noted: X (Twitter) doesn't work for you" in said.words[0]
        assert "You're the first in the last hour." in said.words
        assert "You&#39;d already told us" in answers[1].text
        assert crowd.tallies()["x"] == Tally(1)
        await sent(web, DOWN | {"works": "yes"})
        assert crowd.tallies()["x"] == Tally(0, 1)


async def test_it_speaks_spanish(tmp_path):
    async with page(tmp_path, style=Style("es", "Europe/Madrid")) as (web, _):
        assert "¿Algo no te funciona?" in (await web.get("/")).text
        assert "anotado: X (Twitter) no te funciona" in (await sent(web, DOWN)).text


@pytest.mark.parametrize(
    ("sent", "headers", "status"),
    [
        ({"service": "netflix", "works": "no"}, {}, 400),
        ({"service": "x"}, {}, 400),
        ({"service": "x", "works": "<b>"}, {}, 400),
        ({"service": "x", "works": "no", "more": "y" * 5000}, {}, 400),
        (DOWN, {"sec-fetch-site": "cross-site"}, 403),
        (DOWN, {"sec-fetch-site": "same-site"}, 403),
        (DOWN, {"sec-fetch-site": "same-origin"}, 303),
    ],
)
async def test_what_no_form_of_ours_sends_is_refused(tmp_path, sent, headers, status):
    async with page(tmp_path) as (web, crowd):
        assert (await web.post("/report", data=sent, headers=headers)).status_code == status
        assert bool(crowd.tallies()) == (status == 303)
        assert (await web.post("/report", content=b"\xff\xfe=&" * 3)).status_code == 400


async def test_one_address_never_makes_a_surge(tmp_path):
    async with page(tmp_path) as (web, crowd):
        answers = [await web.post("/report", data=DOWN, headers={"user-agent": f"person {n}"}) for n in range(5)]
        assert [answer.status_code for answer in answers] == [303, 303, 429, 429, 429]
        assert "Too many reports" in answers[-1].text
        assert crowd.tallies()["x"] == Tally(2)


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-real-ip", "forwarded"])
async def test_no_header_counts_that_is_not_trusted(tmp_path, header):
    async with page(tmp_path) as (web, crowd):
        for n in range(4):
            await web.post("/report", data=DOWN, headers={header: f"192.0.2.{n}"})
        assert crowd.tallies()["x"] == Tally(1)


async def test_behind_a_proxy_counts_what_it_adds_and_not_what_was_there_before(tmp_path):
    async with page(tmp_path, trust="X-Forwarded-For") as (web, crowd):
        for n in range(3):
            await web.post("/report", data=DOWN, headers={"x-forwarded-for": f"198.51.100.{n}, 192.0.2.7"})
        assert crowd.tallies()["x"] == Tally(1)
        for n in range(3):
            await web.post("/report", data=DOWN, headers={"x-forwarded-for": f"192.0.2.7, 203.0.113.{n}"})
        assert crowd.tallies()["x"] == Tally(4, surge=True)


def test_a_household_has_one_address():
    assert (
        caller_network("2001:db8:1:2::5") == caller_network("2001:db8:1:2:ffff::1") != caller_network("2001:db8:1:3::5")
    )
    assert caller_network("::ffff:192.0.2.7") == caller_network("192.0.2.7") == "192.0.2.7"
    assert len(caller_network("x" * 9999)) == 100


def test_the_gate_lets_in_so_many_of_an_address_and_of_all_and_forgets():
    gate = ReportLimits()
    assert [gate.admits(Taken(NOW, "a", "ana", f"s{n}")) for n in range(EACH + 1)] == [True] * EACH + [False]
    others = [gate.admits(Taken(NOW, f"{n}", "ana", "x")) for n in range(ALL)]
    assert others == [True] * (ALL - EACH) + [False] * EACH
    later = NOW + timedelta(hours=1, seconds=1)
    people = [gate.admits(Taken(later, "a", f"{n}", "x")) for n in range(PEOPLE + 1)]
    assert people == [True] * PEOPLE + [False]
    assert len(gate.people.full(later)) == PEOPLE  # the rest is forgotten


# ── the answer ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened(
    "N-A14", "the form is sent, and the page reloaded", "an answer in the page's words; nothing is sent again"
)
async def test_a_reload_sends_nothing_again(tmp_path, saw):
    async with page(tmp_path) as (web, crowd):
        answer = await web.post("/report", data=DOWN)
        place = answer.headers["location"]
        saw(f"{answer.status_code} to {place}")
        assert (answer.status_code, place) == (303, "report?service=x")
        for _ in range(3):
            shown = await web.get(place)
            words = Read(shown.text).words
            assert shown.status_code == 200
            assert words[0].startswith("Thanks, noted: X (Twitter) doesn't work for you")
            assert "When it works again, press the button." in words
            assert "It works for me" in words
            assert "report x" not in shown.text
            assert shown.headers["cache-control"] == "no-store"
        assert crowd.tallies()["x"] == Tally(1)
        again = await web.post("/report", data=DOWN)
        assert again.headers["location"] == "report?service=x&again=1"
        await sent(web, DOWN | {"works": "yes"})
        words = Read((await web.get(place)).text).words
        assert words[0].startswith("Thanks, noted: X (Twitter) works for you")
        assert "When it works again, press the button." not in words


async def test_the_answer_is_for_whoever_sent_the_form(tmp_path):
    async with page(tmp_path) as (web, _):
        place = (await web.post("/report", data=DOWN)).headers["location"]
        other = await web.get(place, headers={"user-agent": "somebody else"})
        assert "noted" not in other.text
        assert '<option value="x" selected>' in other.text


@pytest.mark.hardened("N-A14", "`GET /report`", "a page with the form")
@pytest.mark.parametrize("query", ["", "?service=", "?service=netflix", "?service=x&again=1", "?service=%00%ff"])
async def test_the_form_has_a_page_of_its_own(tmp_path, query):
    async with page(tmp_path) as (web, _):
        for path in ("/report", "/report/"):
            shown = await web.get(f"{path}{query}")
            assert shown.status_code == 200
            assert "Is something not working for you?" in Read(shown.text).words
            assert Read(shown.text).inline == []


@pytest.mark.hardened("N-A14", "the form is sent with nothing chosen", "the page asks for a service, without commands")
async def test_a_form_without_a_service_asks_for_one(tmp_path):
    async with page(tmp_path) as (web, _):
        answer = await web.post("/report", data={"service": "", "works": "no"}, headers={"accept": "text/html"})
        words = Read(answer.text).words
        assert answer.status_code == 400
        assert "Which service?" in words
        assert "Please choose a service." in words
        assert "report x" not in answer.text
        assert "<form" in answer.text


async def test_too_many_reports_are_refused_by_a_page(tmp_path):
    async with page(tmp_path, style=Style("fr", "Europe/Paris")) as (web, _):
        for n in range(3):
            agent = {"user-agent": f"person {n}", "accept": "text/html"}
            answer = await web.post("/report", data=DOWN, headers=agent)
        assert answer.status_code == 429
        assert '<html lang="fr">' in answer.text
        assert "Trop de signalements" in answer.text


async def test_the_answer_is_given_by_whichever_node_is_asked(postgres):
    """The report is taken by one node, the answer asked of another, before it was told of the report."""
    with postgres.database() as url:
        async with open_store(url) as one, open_store(url) as two:
            stage, crowds = Stage(), [UserReports(store, lambda: NOW) for store in (one, two)]
            for crowd in crowds:
                await crowd.load()
            forms = [Reporting(stage.seen, crowd, EN, lambda: NOW) for crowd in crowds]
            async with _served(stage, forms[0]) as here, _served(stage, forms[1]) as there:
                answer = await here.post("/report", data=DOWN)
                shown = await there.get(answer.headers["location"])
                assert "noted: X (Twitter) doesn't work for you" in Read(shown.text).words[0]
                for node, agent, status in ((there, "b", 303), (here, "c", 429), (there, "d", 429)):
                    invented = await node.post("/report", data=DOWN, headers={"User-Agent": agent})
                    assert invented.status_code == status, agent
                bare = await there.get("/report?service=x", headers={"User-Agent": "somebody else"})
                assert "<form" in bare.text


def _served(stage, form):
    app = site(overview=stage.seen, vitals=stage.how, title="T", style=EN, clock=lambda: NOW, reporting=form)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://status.example")
