"""Cookies within one look."""

from __future__ import annotations

import httpx
import pytest

from bot.contracts import Answer
from bot.model import Outcome
from bot.net import Network
from bot.net.request import MOST_COOKIES, Cookies
from bot.watch.checks import HttpCheck
from tests.fakes.site import Site, page
from tests.net.conftest import SOON


class Here:
    async def addresses(self, _host):
        return ["127.0.0.1"]


def portal(*cookies, wanted="seen=1", to="/"):
    """Leads to itself until its cookie is given back."""

    async def act(heard, writer):
        if wanted in heard.headers.get("cookie", ""):
            writer.write(page(body="ok"))
        else:
            lines = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)
            writer.write(f"HTTP/1.1 302 Found\r\nLocation: {to}\r\n{lines}Content-Length: 0\r\n\r\n".encode("latin-1"))

    return act


@pytest.mark.hardened("T08", "a site that sets a cookie and leads to itself", "up")
@pytest.mark.parametrize("path", ["/", "/login?next=a", "//127.0.0.1:{port}/x"])
async def test_a_cookie_is_given_back_at_the_next_hop(net, path):
    async with Site() as site:
        site.answer = portal("seen=1; Path=/", to=path.format(port=site.port))
        check = HttpCheck(url=site.url())
        assert (await check.run("web", net, SOON, fresh=True)).outcome is Outcome.OK
        # The next look begins without it.
        assert (await check.run("web", net, SOON, fresh=True)).outcome is Outcome.OK
    assert ["cookie" in heard.headers for heard in site.heard] == [False, True, False, True]


async def test_cookies_stand_beside_those_of_the_config_and_replace_their_like(net, get):
    async with Site(portal("seen=1", "b=\xe9")) as site:
        seen = await get(net, site.url(), redirects=2, headers={"Cookie": "mine=m; seen=0"})
    assert isinstance(seen, Answer)
    assert site.heard[1].headers["cookie"] == "mine=m; seen=1; b=\xe9"


@pytest.mark.hardened("T08", "a cookie, then another host", "it stays with the one that set it")
async def test_no_cookie_goes_to_another_host(get):
    async with Network(resolver=Here()) as net, Site() as site:
        site.answer = portal("seen=1; Path=/", to=f"http://other.example:{site.port}/")
        await get(net, site.url(host="site.example"), redirects=3)
    assert "cookie" not in site.heard[1].headers


@pytest.mark.parametrize(
    ("line", "url", "sent"),
    [
        ("a=b", "http://site.example/x", True),
        ("a=b; Domain=site.example", "http://www.site.example/", True),
        ("a=b", "http://www.site.example/", False),
        ("a=b; Domain=example", "http://site.example/", False),
        ("a=b; Domain=other.example", "http://site.example/", False),
        ("a=b; Domain=.SITE.example", "http://site.example/", True),
        ("a=b; Path=/x", "http://site.example/x/y", True),
        ("a=b; Path=/x", "http://site.example/xy", False),
        ("a=b; Secure", "https://site.example/", False),
        ("a=b; Max-Age=0", "http://site.example/", False),
        ("a=b; Max-Age=60", "http://site.example/", True),
        ("a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://site.example/", False),
        ("a=b; Expires=Thu, 01-Jan-1970 00:00:00 GMT", "http://site.example/", False),
        ("a=b; Expires=whenever", "http://site.example/", True),
        ("a=b; Max-Age=x; SameSite=Lax; HttpOnly", "http://site.example/", True),
        ("a=b\x01", "http://site.example/", False),
        ("=b", "http://site.example/", True),
        (";", "http://site.example/", False),
        ("a=" + "b" * 5000, "http://site.example/", False),
    ],
)
def test_where_a_cookie_goes(line, url, sent):
    jar = Cookies()
    jar.take(httpx.URL("http://site.example/"), [line])
    assert bool(jar.header(httpx.URL(url))) is sent


def test_a_jar_is_bounded():
    jar = Cookies()
    jar.take(httpx.URL("http://site.example/"), [f"c{n}={'x' * 1000}" for n in range(1000)])
    assert len(jar._kept) == MOST_COOKIES
    assert len(jar.header(httpx.URL("http://site.example/"))) < 8192
