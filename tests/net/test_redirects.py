"""Redirects: how far they are followed, and what goes along."""

from __future__ import annotations

import pytest

from bot.contracts import Answer, Cause
from bot.net import Network
from tests.fakes.site import Site, page
from tests.reasons import english

SECRETS = {"Authorization": "Bearer t0ken", "Cookie": "s=t0ken", "X-Api-Key": "t0ken", "Accept": "text/html"}


def moved(to, status=302):
    return page(status, "", {"Location": to})


class Here:
    """Every name is this machine."""

    async def addresses(self, _host):
        return ["127.0.0.1"]


@pytest.fixture
async def here(ca_file):
    async with Network(ca_file, Here()) as network:
        yield network


async def test_a_redirect_is_the_answer_unless_it_is_to_be_followed(net, get):
    async with Site(moved("/there")) as site:
        seen = await get(net, site.url())
    assert (seen.status, seen.headers["location"], len(site.heard)) == (302, "/there", 1)


@pytest.mark.parametrize(
    "to", ["/there?a=b", "there?a=b", "//127.0.0.1:{port}/there?a=b", "http://127.0.0.1:{port}/there?a=b#x"]
)
async def test_a_redirect_is_followed_whatever_its_form(net, get, to):
    async with Site() as site:
        site.paths = {"/": moved(to.format(port=site.port)), "/there?a=b": page(body="there")}
        seen = await get(net, site.url(), redirects=1)
    assert (seen.body, seen.url) == (b"there", site.url("/there?a=b"))


async def test_too_many_redirects_are_trouble(net, get):
    async with Site(moved("/")) as site:
        seen = await get(net, site.url(), redirects=5)
    assert (seen.cause, english(seen.why)) == (Cause.REDIRECTS, "redirects more than 5 times")
    assert len(site.heard) == 6


@pytest.mark.parametrize(
    "to",
    [
        "ftp://127.0.0.1/t0ken",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://t0ken:99999/",
        "http://a..t0ken/",
        "http://exa mple/",
        "gopher://127.0.0.1:25/t0ken",
        "http://[t0ken/",
    ],
)
async def test_a_redirect_to_what_cannot_be_asked_is_trouble(net, get, to):
    async with Site(moved(to)) as site:
        seen = await get(net, site.url(), redirects=5)
    assert seen.cause is Cause.REDIRECTS
    assert "t0ken" not in english(seen.why)


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "GET", "GET"),
        (303, "POST", "GET"),
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "HEAD", "HEAD"),
        (302, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
async def test_the_method_changes_as_the_status_says(net, get, *, status, method, then):
    async with Site(keep=True) as site:
        site.paths = {"/": moved("/there", status)}
        await get(net, site.url(), method, content=b"{}" if method == "POST" else None, redirects=1)
    assert [heard.method for heard in site.heard] == [method, then]
    assert site.heard[1].body == (b"{}" if then == "POST" else b"")


async def test_headers_stay_on_the_same_host(net, get):
    async with Site() as site:
        site.paths = {"/": moved("/there")}
        await get(net, site.url(), headers=SECRETS, redirects=1)
    assert site.heard[1].headers["authorization"] == "Bearer t0ken"
    assert site.heard[1].headers["x-api-key"] == "t0ken"


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "other.example"])
async def test_no_secret_goes_to_another_host_or_port(here, get, host):
    async with Site() as other, Site() as site:
        for to in (f"http://{host}:{site.port}/there", other.url("/there")):
            site.paths = {"/": moved(to)}
            await get(here, site.url("/", "site.example"), headers=SECRETS, redirects=1)
    for heard in (h for s in (site, other) for h in s.heard if h.target == "/there"):
        assert "t0ken" not in str(heard.headers)
        assert heard.headers["accept"] == "text/html"


async def test_no_secret_goes_from_https_to_http(here, get, certified):
    async with Site() as plain, Site(context=certified("site.example")) as site:
        site.answer = moved(plain.url("/there", "site.example"))
        seen = await get(here, site.url("/", "site.example"), headers=SECRETS, redirects=1)
    assert isinstance(seen, Answer)
    assert "t0ken" not in str(plain.heard[0].headers)


async def test_a_user_in_a_redirect_is_not_believed(net, get):
    async with Site() as site:
        site.paths = {"/": moved(f"http://evil:pass@127.0.0.1:{site.port}/there")}
        seen = await get(net, site.url(), redirects=1)
    assert "authorization" not in site.heard[1].headers
    assert seen.url == site.url("/there")


async def test_a_body_does_not_go_to_another_host(net, get):
    async with Site() as other, Site(moved(other.url(), 307)) as site:
        seen = await get(net, site.url(), "POST", content=b"secret", redirects=1)
    assert (seen.cause, other.heard) == (Cause.REDIRECTS, [])
