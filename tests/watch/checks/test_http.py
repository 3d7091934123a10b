"""What a page must be to be good, and what is said when it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.contracts import Answer, Cause, Trouble
from bot.model import Outcome
from bot.watch.checks import AnyCheck, HttpCheck
from bot.watch.checks.expectations import Expect
from tests.fakes.site import Site, page
from tests.reasons import english, quote

SOON = timedelta(seconds=5)


async def look(net, site, answer=None, *, fresh=False, **fields):
    if answer is not None:
        site.answer = answer
    check = HttpCheck(url=site.url(), **fields)
    return await check.run("web", net, SOON, fresh=fresh)


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
        (page(body="Version v12"), {"matches": "v[0-9]+"}, ""),
        (
            page(body="ma\u00f1ana".encode("latin-1"), headers={"Content-Type": "text/html; charset=latin-1"}),
            {"matches": "ma\u00f1.na"},
            "",
        ),
        (
            page(body="ma\u00f1ana", headers={"Content-Type": "text/html; charset=rot13"}),
            {"matches": "ma\u00f1.na"},
            "",
        ),
        (page(body=b"\xff\xff"), {"matches": ["^.", "x"]}, 'nothing on the page is like "x"'),
        (page(body="a" * 50_000 + "!"), {"matches": "(a+)+$"}, 'nothing on the page is like "(a+)+$"'),
        (page(body="x" * 2_000_000), {"matches": "y"}, 'nothing in the first megabyte of the page is like "y"'),
        (page(body='{"status": {"ok": true}}'), {"json": {"status.ok": True}}, ""),
        (page(body='{"status": {"ok": 1}}'), {"json": {"status.ok": True}}, "status.ok is 1, not true"),
        (page(body='{"status": "up"}'), {"json": {"status": "up", "status.ok": None}}, ""),
        (page(body='{"status": "sick"}'), {"json": {"status": "up"}}, 'status is "sick", not "up"'),
        (page(body='{"a": [{"n": 1}, {"n": 3}]}'), {"json": "a[?n > `2`]"}, ""),
        (page(body='{"a": []}'), {"json": ["a"]}, "a is []"),
        (page(body='{"a": 0}'), {"json": ["a", "b"]}, "b is null"),
        (page(body='{"a": 1}'), {"json": ["length(a)"]}, "its JSON is not such that length(a) can be found"),
        (page(body="<html>"), {"json": "a"}, "what it answers is no JSON"),
        (page(body="[" * 100_000), {"json": "a"}, "what it answers is no JSON"),
        (page(body="[" + "1," * 800_000 + "1]"), {"json": "[0]"}, "its JSON is longer than a megabyte"),
    ],
)
async def test_an_answer_is_as_expected_or_it_is_said_why_not(net, answer, expect, why):
    async with Site(answer) as site:
        reading = await look(net, site, expect=expect)
    assert (reading.route, english(reading.why)) == ("web", why)
    assert reading.outcome is (Outcome.FAILED if why else Outcome.OK)
    assert reading.took > timedelta(0)


CHALLENGES = [
    (page(403, headers={"CF-Mitigated": "challenge"}), "Cloudflare"),
    (page(503, "<html><title>Just a moment...</title>"), "Cloudflare"),
    (page(403, "<script>window._cf_chl_opt={}"), "Cloudflare"),
    (page(202, "", {"x-amzn-waf-action": "challenge"}), "AWS WAF"),
    (page(405, "", {"x-amzn-waf-action": "captcha"}), "AWS WAF"),
    (page(429, "", {"x-vercel-mitigated": "challenge"}), "Vercel"),
    (page(403, "{}", {"X-DD-B": "1"}), "DataDome"),
    (page(403, '<iframe src="https://geo.captcha-delivery.com/captcha/">'), "DataDome"),
    (page(403, "Access Denied https&#58;&#47;&#47;errors&#46;edgesuite&#46;net&#47;18"), "Akamai"),
    (page(428, '<div id="sec-if-cpt-container">'), "Akamai"),
    (page(403, '<iframe src="/_Incapsula_Resource?x">'), "Imperva"),
    (page(403, '<div id="px-captcha">'), "HUMAN (PerimeterX)"),
]


@pytest.mark.parametrize(("answer", "who"), CHALLENGES)
async def test_a_challenge_page_says_nothing_of_the_service(net, answer, who):
    async with Site(answer) as site:
        reading = await look(net, site)
    assert reading.outcome is Outcome.INCONCLUSIVE
    assert english(reading.why).startswith(f"{who} asks")


@pytest.mark.parametrize(
    "answer",
    [
        page(503, "An error occurred. https://errors.edgesuite.net/97"),  # Akamai cannot reach the site either
        page(503, "Incapsula incident ID: 1. Error code 20"),  # nor can Imperva
        page(503, '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js">'),  # Cloudflare puts it on any page
        page(502, "<title>Just a moment...</title>"),
        page(403, "Forbidden"),
    ],
)
async def test_a_site_that_is_down_behind_such_a_network_is_down(net, answer):
    async with Site(answer) as site:
        assert (await look(net, site)).outcome is Outcome.FAILED


async def test_what_is_expected_is_good_whoever_it_reminds_of(net):
    async with Site(page(403, '<div id="px-captcha">')) as site:
        assert (await look(net, site, expect={"status": 403})).outcome is Outcome.OK


async def test_redirects_are_followed_as_far_as_allowed(net):
    async with Site() as site:
        site.answer = page(302, "", {"Location": "/"})
        assert english((await look(net, site)).why) == "redirects more than 5 times"
        assert (await look(net, site, redirects=0)).outcome is Outcome.OK
        site.paths = {"/there": page(503)}
        assert english((await look(net, site, page(302, "", {"Location": "/there"}))).why) == "HTTP 503"


async def test_a_refused_connection_is_bad_and_said_in_words(net):
    async with Site() as site:
        check = HttpCheck(url=site.url())
    reading = await check.run("web", net, SOON, fresh=False)
    assert (reading.outcome, english(reading.why)) == (Outcome.FAILED, "connection refused")


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


@pytest.mark.parametrize("doubt", [False, True])
async def test_in_doubt_nothing_is_reused(doubt):
    net = Told(Trouble(Cause.RESET, quote("reset"), timedelta(0)))
    await HttpCheck(url="http://example.org/").run("web", net, SOON, fresh=doubt)
    assert net.how[0]["fresh"] is doubt


@pytest.mark.parametrize(
    ("fields", "kind", "body"),
    [
        ({"method": "POST", "body": "plain \u00f1"}, "text/plain; charset=utf-8", "plain \u00f1"),
        ({"method": "PUT", "body": {"a": ["\u00f1", 1, None]}}, "application/json", '{"a": ["\u00f1", 1, null]}'),
        ({"method": "PATCH", "body": [], "headers": {"content-TYPE": "text/x"}}, "text/x", "[]"),
        ({"method": "DELETE"}, None, ""),
    ],
)
async def test_a_body_is_sent_as_it_is_meant(net, fields, kind, body):
    async with Site() as site:
        assert (await look(net, site, **fields)).outcome is Outcome.OK
    heard = site.heard[0]
    assert (heard.method, heard.headers.get("content-type"), heard.body.decode()) == (fields["method"], kind, body)


@pytest.mark.parametrize(
    ("auth", "header"),
    [({"user": "ana", "password": "t0:ken"}, "Basic YW5hOnQwOmtlbg=="), ({"token": "t0ken"}, "Bearer t0ken")],
)
async def test_who_asks_is_proved_to_that_host_alone(net, auth, header):
    async with Site() as there, Site(page(302, "", {"Location": there.url(host="localhost")})) as site:
        check = HttpCheck(url=site.url(), auth=auth)
        assert (await check.run("web", net, SOON, fresh=False)).outcome is Outcome.OK
    assert site.heard[0].headers["authorization"] == header
    assert "authorization" not in there.heard[0].headers
    assert "t0ken" not in repr(check)


@pytest.mark.parametrize(
    ("final_url", "why"),
    [
        ("http://127.0.0.1:{port}", ""),
        ("HTTP://127.0.0.1:{port}/the", ""),
        ("http://127.0.0.1:{port}/elsewhere", "leads elsewhere than it should: to another page of 127.0.0.1"),
        ("http://127.0.0/", "leads elsewhere than it should: to 127.0.0.1"),
    ],
)
async def test_redirects_end_where_they_should(net, final_url, why):
    async with Site(page(302, "", {"Location": "/there?t0ken"})) as site:
        site.paths = {"/there?t0ken": page()}
        reading = await look(net, site, expect={"final_url": final_url.format(port=site.port)})
    assert (reading.outcome, english(reading.why)) == (Outcome.FAILED if why else Outcome.OK, why)


def test_a_beginning_ends_with_the_host():
    at = Answer(200, {}, b"", "https://example.org.evil.example/", timedelta(0), {})
    assert (
        english(Expect(final_url="https://example.org").fault(at))
        == "leads elsewhere than it should: to example.org.evil.example"
    )


@pytest.mark.parametrize(("days", "outcome"), [(5, Outcome.EXPIRING), (30, Outcome.OK)])
async def test_a_certificate_that_ends_soon_is_told_on_the_way(trusting, certified, days, outcome):
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    async with Site(keep=True, context=certified(not_after=until)) as site:
        for _ in range(2):
            reading = await look(trusting, site, expires_in="14d")
            assert reading.outcome is outcome
        assert reading.reused
        assert (await look(trusting, site, page(503), expires_in="14d")).outcome is Outcome.FAILED
        assert (await look(trusting, site, page())).outcome is Outcome.OK
    assert site.connections <= 2


async def test_only_one_family_is_asked_where_that_is_meant(net):
    async with Site() as site:
        assert (await look(net, site, ip=4)).outcome is Outcome.OK
        reading = await look(net, site, ip=6)
    assert (reading.outcome, english(reading.why)) == (Outcome.FAILED, "has no IPv6 address")


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
        reading = await check.run("web", net, SOON, fresh=True)
        prepared = net.prepare("GET", url, SECRETS["headers"])
    assert site.heard[0].headers["authorization"] == "Bearer t0ken"
    assert english(reading.why)
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
        {"url": "http://example.org/", "expect": {"matches": "(?=x)"}},
        {"url": "http://example.org/", "expect": {"matches": ["ok", "(a)\\1"]}},
        {"url": "http://example.org/", "expect": {"matches": "a" * 1001}},
        {"url": "http://example.org/", "expect": {"json": "a["}},
        {"url": "http://example.org/", "expect": {"json": []}},
        {"url": "http://example.org/", "expect": {"json": [1]}},
        {"url": "http://example.org/", "expect": {"json": {"a": object()}}},
        {"url": "http://example.org/", "expect": {"final_url": "/there"}},
        {"url": "http://example.org/", "body": "t0ken"},
        {"url": "http://example.org/", "method": "POST", "body": 7},
        {"url": "http://example.org/", "method": "POST", "body": {"t0ken": object()}},
        {"url": "http://example.org/", "ip": 5},
        {"url": "http://example.org/", "expires_in": "14d"},
        {"url": "https://example.org/", "expires_in": "soon"},
        {"url": "http://example.org/", "auth": {}},
        {"url": "http://example.org/", "auth": {"user": "u"}},
        {"url": "http://example.org/", "auth": {"user": "u", "password": "t0ken", "token": "t0ken"}},
        {"url": "http://example.org/", "auth": {"user": "t0:ken", "password": "t0ken"}},
        {"url": "http://example.org/", "auth": {"token": "t0ken\r\nX: y"}},
        {"url": "http://example.org/", "auth": {"token": "t0ken"}, "headers": {"authorization": "t0ken"}},
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
