"""`check`: what is answered of an address, of a service, and to whoever asks too often."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import wording
from bot.model import Outcome, PlaceLook, Reading, Reason, ReasonCode, Round, Service, Style
from tests.chat.strangers import NOON, Street
from tests.fakes.site import page
from tests.wording.outages import ALL_CLEAR, EN, ES, INVESTIGATING, X, at, bad, slow

HOST = "outer.\u2060example"  # no chat makes a link of it


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        (page(200, "a secret"), f"🟢 {HOST} responds (HTTP 200, 0.1 s)"),
        (page(302, "a secret"), f"🟢 {HOST} responds (HTTP 302, 0.1 s)"),
        (page(404, "a secret"), f"🟠 {HOST} responds, but not with the page (HTTP 404, 0.1 s)"),
        (page(503, "a secret"), f"🔴 {HOST} responds with an error (HTTP 503, 0.1 s)"),
        (
            page(403, "a secret", {"cf-mitigated": "challenge"}),
            f"⚫ {HOST} asks whether we're human, so we can't tell what people see",
        ),
        (b"a secret\r\n\r\n", f"🔴 {HOST} doesn't respond: what it answers is no HTTP"),
        (page(302, "", {"Location": "/"}), f"🔴 {HOST} doesn't respond: redirects more than 5 times"),
    ],
)
async def test_of_an_address_only_the_status_and_the_time_are_told(answer, title, monkeypatch):
    async with Street(monkeypatch) as chat:
        chat.outside.answer = answer
        said = await chat.say(f"check {chat.outer('/path?token=1')}")
        assert said.text.replace("0.2 s", "0.1 s").replace("0.3 s", "0.1 s") == title


async def test_a_silent_address_is_given_up_and_said_in_plain_words(monkeypatch):
    async def hang(_heard, _writer):
        await asyncio.sleep(60)

    async with Street(monkeypatch, timeout=timedelta(seconds=0.2)) as chat:
        chat.outside.answer = hang
        assert (await chat.say(f"check {chat.outer()}")).text == f"🔴 {HOST} doesn't respond: timed out after 0.2 s"
        spanish = await chat.say(f"check {chat.outer('/2')}", language="es")
        assert spanish.text == f"🔴 {HOST} no responde: tiempo agotado tras 0,2 s"
        chat.sees = False
        assert (
            await chat.say(f"check {chat.outer('/3')}")
        ).text == "⚫ Our own connection is down, so we can't check anything"


async def test_a_name_without_a_scheme_is_looked_at_over_https_and_port_8080_over_http(monkeypatch):
    async with Street(monkeypatch, timeout=timedelta(seconds=0.2)) as chat:
        assert "doesn't respond" in (await chat.say("check outer.example")).title  # no TLS is spoken there
        assert "responds (HTTP 200" in (await chat.say("check outer.example:8080/x")).title
        assert [heard.target for heard in chat.outside.heard] == ["/x"]


async def test_an_answer_is_shared_for_ten_seconds_with_those_who_ask_meanwhile_too(monkeypatch):
    async with Street(monkeypatch) as chat:
        answers = await asyncio.gather(*(chat.say(f"check {chat.outer()}") for _ in range(5)))
        assert len({answer.text for answer in answers}) == 1
        assert len(chat.outside.heard) == 1
        chat.now += timedelta(seconds=9)
        assert "responde" in (await chat.say(f"check {chat.outer()}", language="es")).text
        assert len(chat.outside.heard) == 1
        chat.now += timedelta(seconds=2)
        await chat.say(f"check {chat.outer()}")
        assert len(chat.outside.heard) == 2
        assert len(chat.desk.on_demand._glances) == 1


async def test_nobody_may_ask_more_than_six_times_a_minute_nor_all_together_for_sixty_looks(monkeypatch):
    async with Street(monkeypatch) as chat:
        eve = [await chat.say(f"check {chat.outer(f'/{n}')}", who="slack:T1/EVE") for n in range(7)]
        assert ["responds" in said.text for said in eve] == [True] * 6 + [False]
        assert eve[6].text == "⏳ Not checked: you asked 6 times in a minute."
        others = [await chat.say(f"check {chat.outer(f'/o{n}')}") for n in range(55)]
        assert sum("responds" in said.text for said in others) == 54
        assert others[54].text == "⏳ Not checked: too many requests just now."
        assert "responds" in (await chat.say(f"check {chat.outer('/o0')}")).text  # known already: it costs nothing
        chat.now += timedelta(minutes=1)
        assert "responds" in (await chat.say(f"check {chat.outer('/later')}", who="slack:T1/EVE")).text
        assert len(chat.desk.on_demand._glances) == 1


async def test_a_service_is_looked_at_by_its_own_checks_and_what_nobody_knows_is_said(monkeypatch):
    async with Street(monkeypatch) as chat:
        chat.round = Round("x", NOON, (Reading("web", Outcome.OK, took=timedelta(seconds=0.3)),))
        assert (await chat.say("check X (Twitter)")).text == "🟢 X (Twitter) responds (0.3 s)"
        assert (await chat.say("CHECK x")).text == "🟢 X (Twitter) responds (0.3 s)"
        assert chat.rounds == ["x"]
        assert (await chat.say("check netflix")).text == 'There\'s no service called "netflix".\nServices: X (Twitter).'
        assert (await chat.say("check")).text == (
            "Check what?\nFor example: /tocsin check x, /tocsin check example.org"
        )
        assert (
            await chat.say("check", language="es")
        ).text == "¿Qué comprobamos?\nPor ejemplo: /tocsin check x, /tocsin check example.org"
        assert chat.opened == []


async def test_with_witnesses_all_places_are_asked_and_each_is_listed(monkeypatch):
    asked = []

    class Elsewhere:
        async def looks(self, service, timeout):
            asked.append(service)
            return (PlaceLook("London", bad("web")), PlaceLook("Sydney")) if service == "x" else ()

        def own(self, service):
            return PlaceLook("Madrid", (GOOD,))

    async with Street(monkeypatch, places=Elsewhere()) as chat:
        chat.round = Round("x", NOON, (GOOD,))
        assert (await chat.say("check x")).text == (
            "🟢 X (Twitter) responds (0.3 s)\nMadrid: it responds (0.3 s).\nLondon: Web doesn't respond (HTTP 503).\n"
            "Sydney: no answer in time."
        )
        assert (await chat.say("check x", language="de")).lines[0] == "Madrid: antwortet (0,3 s)."
        assert asked == ["x"], "the answer is shared, so the places are asked once"


# ── a look at a service, in words ────────────────────────────────────────────────────────────────────────────────────

GOOD = Reading("web", Outcome.OK, took=timedelta(seconds=0.34))
SEEN = Round("x", at(14, 2), (), (ALL_CLEAR,))


@pytest.mark.parametrize(
    ("readings", "english", "spanish"),
    [
        ((GOOD,), ["🟢 X (Twitter) responds (0.3 s)"], ["🟢 X (Twitter) responde (0,3 s)"]),
        (
            bad("web", "app"),
            ["🔴 X (Twitter) doesn't respond", "Web and app don't respond (HTTP 503)."],
            ["🔴 X (Twitter) no responde", "Web y app no responden (HTTP 503)."],
        ),
        (
            (GOOD, *bad("TweetDeck")),
            ["🟠 X (Twitter) responds in part, but not: TweetDeck", "TweetDeck doesn't respond (HTTP 503)."],
            ["🟠 X (Twitter) responde en parte, pero no: TweetDeck", "TweetDeck no responde (HTTP 503)."],
        ),
        (
            (GOOD, slow("app")),
            ["🟠 X (Twitter) responds slowly: app", "App responds slowly (6.2 s)."],
            ["🟠 X (Twitter) responde lento: app", "App responde lento (6,2 s)."],
        ),
        (
            (Reading("web", Outcome.INCONCLUSIVE, Reason.of(ReasonCode.OWN_RESOLVER_SILENT)),),
            ["⚫ X (Twitter): our check was inconclusive", "web: our own resolver does not answer."],
            [
                "⚫ X (Twitter): nuestra comprobación no fue concluyente",
                "web: nuestro propio servidor de nombres no responde.",
            ],
        ),
    ],
)
def test_what_a_look_at_a_service_found(readings, english, spanish):
    seen = replace(SEEN, readings=readings)
    assert wording.looked(seen, X, EN).text.splitlines() == [
        *english,
        "Official status page: no incident reported (as of 2:01 p.m.).",
    ]
    assert wording.looked(seen, X, ES).text.splitlines() == [
        *spanish,
        "Página de estado oficial: sin incidencias (consultada a las 14:01).",
    ]


def test_a_look_quotes_the_newest_word_and_the_plan_only_where_it_is_down():
    planned = replace(X, plan="Breaking news goes to Telegram @newsroom.")
    down = wording.looked(replace(SEEN, readings=bad("web"), reports=(INVESTIGATING,)), planned, EN)
    assert down.lines[1:] == (
        'Official status page: "Investigating elevated errors" (as of 2:21 p.m.).',
        "Plan: Breaking news goes to Telegram @newsroom.",
    )
    assert "Plan" not in wording.looked(replace(SEEN, readings=(GOOD,)), planned, EN).text
    assert wording.looked(replace(SEEN, readings=bad("web"), online=False), X, EN).text == (
        "⚫ Our own connection is down, so we can't check anything"
    )


@pytest.mark.parametrize("style", [EN, ES, Style()])
def test_every_title_fits_a_lock_screen(style):
    long = Service("x", "The extraordinarily long name of something that people depend on " * 3, ("web",))
    routes = tuple(f"{name} of a route" * 3 for name in ("one", "two", "three", "four"))
    for readings in ((GOOD,), bad(*routes), (GOOD, *bad(*routes)), (GOOD, *(slow(r) for r in routes)), ()):
        assert len(wording.looked(replace(SEEN, readings=readings), long, style).title) <= 80
    host, why = (
        "a-very-long-name.of.somebodys.department.in.a.large.house.example.org",
        Reason.of(ReasonCode.CERTIFICATE_EXPIRED),
    )
    for words in (
        wording.answers(host, 200, timedelta(seconds=12.3), at(14), style),
        wording.answers(host, 404, timedelta(0), at(14), style),
        wording.silent(host, why, style),
        wording.cannot(host, why, style),
        wording.asks_human(host, style),
        wording.inner_address(style),
        wording.unfit_address(style),
        wording.what_to_look_at("x" * 99, style),
    ):
        assert len(words.title) <= 80, words
