"""Where a service is bad and where it is fine, word for word in every language."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import wording
from bot.model import Health, Outcome, Overview, PlaceLook, Places, Reading, Round, Style
from bot.web.status_page import as_json
from tests.reasons import REFUSED
from tests.wording.outages import DOWN, EN, PARTLY, X, at, bad, slow

ALONE = replace(X, routes=("web",))
LANGUAGES = ("en", "es", "fr", "de", "pt")
WEB_DE = "Web antwortet nicht (HTTP 503)."
EVERYWHERE = Places(("London", "Madrid", "Sydney"), (), 3)
MOST = Places(("London", "Sydney"), ("Madrid",), 3)
SOME = Places(("London", "Sydney"), ("New York",), 3, some=True)


def seen(places, *routes, incident=None):
    found = tuple(replace(one, places=places) for one in bad(*(routes or ("web",))))
    whole = incident or (PARTLY if places.some else DOWN)
    return replace(whole, readings=found, health=Health.DEGRADED if places.some else Health.DOWN, reports=())


def said(incident, language, service=ALONE):
    """The title, and the line of our own checks."""
    to = wording.reader(Style(language, "Europe/Madrid"), at(14, 1))
    from bot.wording.evidence import seen as line  # only here
    from bot.wording.titles import present

    return present(incident, service, to), line(replace(incident, confirmed_at=None), service, to)


@pytest.mark.parametrize(
    ("language", "everywhere", "most", "some"),
    [
        (
            "en",
            "Web doesn't respond (HTTP 503). Not reachable from London, Madrid and Sydney (3 of 3).",
            "Web doesn't respond (HTTP 503). Not reachable from London and Sydney (2 of 3); fine from Madrid.",
            "Not reachable from London and Sydney (HTTP 503); fine from New York.",
        ),
        (
            "es",
            "Web no responde (HTTP 503). Sin acceso desde London, Madrid y Sydney (3 de 3).",
            "Web no responde (HTTP 503). Sin acceso desde London y Sydney (2 de 3); sin problemas desde Madrid.",
            "Sin acceso desde London y Sydney (HTTP 503); sin problemas desde New York.",
        ),
        (
            "fr",
            "Web ne répond pas (HTTP 503). Inaccessible depuis London, Madrid et Sydney (3 sur 3).",
            "Web ne répond pas (HTTP 503). Inaccessible depuis London et Sydney (2 sur 3)\u00a0; normal depuis Madrid.",
            "Inaccessible depuis London et Sydney (HTTP 503)\u00a0; normal depuis New York.",
        ),
        (
            "de",
            f"{WEB_DE} Nicht erreichbar von London, Madrid und Sydney aus (3 von 3).",
            f"{WEB_DE} Nicht erreichbar von London und Sydney aus (2 von 3); problemlos von Madrid aus.",
            "Nicht erreichbar von London und Sydney aus (HTTP 503); problemlos von New York aus.",
        ),
        (
            "pt",
            "Web não responde (HTTP 503). Inacessível a partir de London, Madrid e Sydney (3 de 3).",
            "Web não responde (HTTP 503). Inacessível a partir de London e Sydney (2 de 3); normal a partir de Madrid.",
            "Inacessível a partir de London e Sydney (HTTP 503); normal a partir de New York.",
        ),
    ],
)
def test_the_evidence_names_the_places(language, everywhere, most, some):
    assert said(seen(EVERYWHERE), language)[1] == everywhere
    assert said(seen(MOST), language)[1] == most
    assert said(seen(SOME), language)[1] == some


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "🟠 X (Twitter): partly down since 2:00 p.m. (only from London and Sydney)"),
        ("es", "🟠 X (Twitter) falla en parte desde las 14:00: solo desde London y Sydney"),
        ("fr", "🟠 X (Twitter)\u00a0: panne partielle depuis 14 h (seulement depuis London et Sydney)"),
        ("de", "🟠 X (Twitter): Teilausfall seit 14:00 Uhr (nur von London und Sydney aus)"),
        ("pt", "🟠 X (Twitter): falhas parciais desde as 14:00 (só a partir de London e Sydney)"),
    ],
)
def test_the_title_names_the_places_where_it_fails(language, title):
    assert said(seen(SOME), language)[0] == title


def test_many_places_are_counted_and_our_own_is_said():
    many = replace(SOME, bad=("London", "Sydney", "New York", "Tokyo", "Lagos", "Lima", ""))
    title, line = said(seen(many), "en")
    assert title == "🟠 X (Twitter): partly down since 2:00 p.m. (only from London, Sydney and 5 more)"
    assert line.startswith("Not reachable from London, Sydney, New York, Tokyo and 3 more (HTTP 503)")
    assert said(seen(replace(SOME, bad=("",))), "en")[1] == (
        "Not reachable from our server (HTTP 503); fine from New York."
    )
    silent = said(seen(replace(SOME, bad=("London",), fine=())), "en")
    assert silent[1] == "Not reachable from London (HTTP 503)."
    assert silent[0].endswith("(web)"), "where others have not answered, nothing is said of them"


def test_routes_are_named_where_it_does_not_hold_for_all():
    both = replace(
        seen(SOME),
        readings=(
            *seen(SOME).readings,
            replace(bad("app", why=REFUSED)[0], places=replace(EVERYWHERE)),
            replace(slow("TweetDeck"), places=replace(SOME, bad=("Sydney",), fine=("London",))),
        ),
    )
    assert said(both, "en", X)[1] == (
        "App doesn't respond (connection refused). Web: not reachable from London and Sydney (HTTP 503); fine from New "
        "York. App: not reachable from London, Madrid and Sydney (3 of 3). TweetDeck: slow from Sydney; fine from London."
    )
    assert said(seen(SOME, "web", "app"), "en", X)[1].startswith("Web and app: not reachable from London and Sydney")
    assert said(seen(EVERYWHERE, "web", "app"), "en", X)[1] == (
        "Web and app don't respond (HTTP 503). Not reachable from London, Madrid and Sydney (3 of 3)."
    )


def test_a_place_may_be_called_anything():
    odd = replace(SOME, bad=("evil.example", "x" * 90))
    line = said(seen(odd), "en")[1]
    assert "evil.\u2060example" in line
    assert "x" * 41 not in line


def test_the_history_and_the_data_name_them_too():
    incident = replace(seen(SOME), until=at(14, 30), worst=Health.DEGRADED)
    overview = Overview(at(15), (), recent=(incident,))
    known = replace(overview, services=((ALONE, replace_state()),))
    lines = wording.history(known, timedelta(days=1), EN).lines
    assert lines[0] == "X (Twitter): partly down 2:00–2:30 p.m. (30 min), only from London and Sydney."
    assert as_json(known)["incidents"][0]["routes"] == [
        {"route": "web", "why": "HTTP 503", "bad_from": ["London", "Sydney"], "fine_from": ["New York"], "places": 3}
    ]
    plain = replace(known, recent=(replace(incident, readings=bad("web")),))
    assert as_json(plain)["incidents"][0]["routes"] == [{"route": "web", "why": "HTTP 503"}]


def replace_state():
    from bot.model import ServiceState  # only here

    return ServiceState("x", up_since=at(14, 30))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_check_lists_what_each_place_sees(language):
    looks = (
        PlaceLook("", (Reading("web", Outcome.OK, took=timedelta(seconds=0.2)),)),
        PlaceLook("London", bad("web")),
        PlaceLook("Sydney"),
        PlaceLook("Lagos", ()),
        PlaceLook("Lima", (Reading("web", Outcome.OK),)),
    )
    round_ = Round("x", at(14), (replace(bad("web")[0], places=SOME),))
    lines = wording.looked(round_, ALONE, Style(language, "Europe/Madrid"), looks).lines
    assert [name in line for name, line in zip(("London", "Sydney", "Lagos", "Lima"), lines[2:], strict=True)] == (
        [True] * 4
    )
    if language == "en":
        assert lines == (
            "Not reachable from London and Sydney (HTTP 503); fine from New York.",
            "Our server: it responds (0.2 s).",
            "London: Web doesn't respond (HTTP 503).",
            "Sydney: no answer in time.",
            "Lagos: its own connection is down, so it can't check anything.",
            "Lima: it responds.",
        )
