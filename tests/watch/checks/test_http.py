"""What a page must be to be good, and what is said when it is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.contracts import Cause, Trouble
from bot.model import Outcome
from bot.net import Network
from bot.watch.checks import AnyCheck, HttpCheck
from tests.fakes.site import Site, page

SOON = timedelta(seconds=5)


@pytest.fixture
async def net():
    async with Network() as network:
        yield network


async def look(net, site, answer=None, *, doubt=False, **fields):
    if answer is not None:
        site.answer = answer
    check = HttpCheck(url=site.url(), **fields)
    return await check.look("web", net, SOON, doubt=doubt)


@pytest.mark.parametrize(
    ("answer", "expect", "why"),
    [
        (page(200), {}, ""),
        (page(204, ""), {}, ""),
        (page(399), {}, ""),
        (page(503), {}, "HTTP 503"),
        (page(404), {}, "HTTP 404"),
        (page(401), {"status": [200, 401]}, ""),
        (page(401), {"status": 401}, ""),
        (page(403), {"status": ["200-399", "401-403"]}, ""),
        (page(200), {"status": 401}, "HTTP 200"),
        (page(body="X Pro"), {"contains": "X Pro"}, ""),
        (page(body="<p>Oops</p>"), {"contains": "X Pro"}, '"X Pro" is not on the page'),
        (page(body="X only"), {"contains": ["X", "Pro"]}, '"Pro" is not on the page'),
        (
            page(body="Something went wrong, X Pro"),
            {"contains": "X Pro", "not_contains": "Something went wrong"},
            '"Something went wrong" is on the page',
        ),
        (page(body="ma\u00f1ana"), {"contains": "ma\u00f1ana"}, ""),
        (
            page(body="ma\u00f1ana".encode("latin-1"), headers={"Content-Type": 'text/html; charset="ISO-8859-1"'}),
            {"contains": "ma\u00f1ana"},
            "",
        ),
        (
            page(body="ma\u00f1ana", headers={"Content-Type": "text/html; charset=no-such"}),
            {"contains": "ma\u00f1ana"},
            "",
        ),
        (page(body="x" * 2_000_000), {"contains": "y"}, '"y" is not in the first megabyte of the page'),
        (page(headers={"X-Cache": "HIT from a"}), {"headers": {"x-cache": "hit"}}, ""),
        (page(), {"headers": {"X-Cache": "hit"}}, 'header X-Cache does not say "hit"'),
    ],
)
async def test_an_answer_is_as_expected_or_it_is_said_why_not(net, answer, expect, why):
    async with Site(answer) as site:
        reading = await look(net, site, expect=expect)
    assert (reading.route, reading.why) == ("web", why)
    assert reading.outcome is (Outcome.BAD if why else Outcome.GOOD)
    assert reading.took > timedelta(0)


async def test_a_challenge_page_says_nothing_of_the_service(net):
    async with Site(page(403, headers={"CF-Mitigated": "challenge"})) as site:
        reading = await look(net, site)
    assert reading.outcome is Outcome.BLIND
    assert reading.why.startswith("Cloudflare asks")


async def test_redirects_are_followed_as_far_as_allowed(net):
    async with Site() as site:
        site.answer = page(302, "", {"Location": "/"})
        assert (await look(net, site)).why == "redirects more than 5 times"
        assert (await look(net, site, redirects=0)).outcome is Outcome.GOOD
        site.paths = {"/there": page(503)}
        assert (await look(net, site, page(302, "", {"Location": "/there"}))).why == "HTTP 503"


async def test_a_refused_connection_is_bad_and_said_in_words(net):
    async with Site() as site:
        check = HttpCheck(url=site.url())
    reading = await check.look("web", net, SOON, doubt=False)
    assert (reading.outcome, reading.why) == (Outcome.BAD, "connection refused")


class Told:
    """A network that gives the same answer always."""

    def __init__(self, answer):
        self.answer = answer
        self.how = []

    def prepare(self, *args):
        return args

    async def fetch(self, prepared, **how):
        self.how.append(how)
        return self.answer

    async def connect(self, host, port, **how):
        return self.answer


@pytest.mark.parametrize("kind", ["http", "tcp"])
@pytest.mark.parametrize("cause", list(Cause))
async def test_only_our_own_trouble_is_blind(kind, cause):
    fields = {"url": "http://example.org/"} if kind == "http" else {"host": "example.org", "port": 25}
    check = TypeAdapter(AnyCheck).validate_python({"kind": kind, **fields})
    reading = await check.look("web", Told(Trouble(cause, "so it is", timedelta(0))), SOON, doubt=False)
    blind = cause in {Cause.RESOLVER, Cause.OURS, Cause.GUARDED}
    assert (reading.outcome, reading.why) == (Outcome.BLIND if blind else Outcome.BAD, "so it is")


@pytest.mark.parametrize("doubt", [False, True])
async def test_in_doubt_nothing_is_reused(doubt):
    net = Told(Trouble(Cause.RESET, "", timedelta(0)))
    await HttpCheck(url="http://example.org/").look("web", net, SOON, doubt=doubt)
    assert net.how[0]["fresh"] is doubt


SECRETS = {"url": "http://us3r:t0ken@127.0.0.1:{port}/t0ken?key=t0ken", "headers": {"Authorization": "Bearer t0ken"}}


@pytest.mark.parametrize(
    "answer",
    [
        page(),
        page(503),
        b"",
        b"junk",
        page(302, "", {"Location": "ftp://t0ken/"}),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
    ],
)
async def test_no_secret_is_repeated(net, answer):
    async with Site(answer) as site:
        url = SECRETS["url"].format(port=site.port)
        check = HttpCheck(url=url, headers=SECRETS["headers"], expect={"contains": "no such"})
        reading = await check.look("web", net, SOON, doubt=True)
        prepared = net.prepare("GET", url, SECRETS["headers"])
    assert site.heard[0].headers["authorization"] == "Bearer t0ken"
    assert reading.why
    assert "t0ken" not in f"{reading!r} {check!r} {check} {prepared!r}"


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "ftp://example.org/t0ken"},
        {"url": "t0ken"},
        {"url": "http://t0ken:99999/"},
        {"url": "http://example.org/", "headers": {"X": "t0ken\r\nY: z"}},
        {"url": "http://example.org/", "method": "T0KEN"},
        {"url": "http://example.org/", "expect": {"status": "2xx"}},
        {"url": "http://example.org/", "expect": {"status": [399, "399-200"]}},
        {"url": "http://example.org/", "expect": {"status": []}},
        {"url": "http://example.org/", "expect": {"status": 1000}},
        {"url": "http://example.org/", "expect": {"contains": ""}},
        {"url": "http://example.org/", "redirects": -1},
        {"url": "http://example.org/", "unknown": 1},
    ],
)
def test_a_mistake_is_refused_at_start_without_repeating_a_secret(fields):
    with pytest.raises(ValidationError) as refused:
        HttpCheck(**fields)
    assert "t0ken" not in str(refused.value)


def test_a_check_is_equal_to_one_of_the_same_settings_whatever_it_has_done():
    fields = {"url": "http://example.org/", "headers": {"X": "y"}, "expect": {"status": [200, 401]}}
    used, new = HttpCheck(**fields), HttpCheck(**fields)
    assert used.expect._ranges == ((200, 200), (401, 401))
    assert used == new


def test_the_kind_chooses_the_check_and_a_wrong_one_is_named():
    adapter = TypeAdapter(AnyCheck)
    assert isinstance(adapter.validate_python({"kind": "http", "url": "http://example.org/"}), HttpCheck)
    with pytest.raises(ValidationError, match=r"'tpc' found .* expected tags: 'http', 'tcp'"):
        adapter.validate_python({"kind": "tpc"})
