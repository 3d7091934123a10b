"""Redirects that lead inward, and where they lead at all."""

from __future__ import annotations

import pytest

from bot.contracts import Answer, Cause
from bot.model import Outcome
from bot.net import Network
from bot.watch.checks import HttpCheck
from bot.watch.sources.http_cache import PageRequest, fetch
from tests.fakes.site import Site, page
from tests.net.conftest import SOON
from tests.reasons import english

OUTER = "127.0.0.9"


class Names:
    """`vendor.example` is out there, `intranet.example` within."""

    async def addresses(self, host):
        return [OUTER if host == "vendor.example" else "127.0.0.1"]


@pytest.fixture
async def split(monkeypatch):
    """127.0.0.9 stands for the internet: it is served by 127.0.0.1, as is all else."""
    from bot.net import transport

    connect = transport._open
    monkeypatch.setattr(transport, "inner", lambda address: address != OUTER)
    monkeypatch.setattr(transport, "_open", lambda _address, *rest: connect("127.0.0.1", *rest))
    async with Network(resolver=Names()) as network:
        yield network


def to(place):
    return page(302, "", {"Location": place})


INWARD = [
    "http://127.0.0.1:{port}/admin",
    "//intranet.example:{port}/admin",
    "http://2130706433:{port}/",
    "http://localhost:{port}/",
]


@pytest.mark.hardened("A6", "a page out there leads to an inner address", "not followed: inconclusive, and not asked")
@pytest.mark.parametrize("place", INWARD)
@pytest.mark.parametrize("hops", [1, 2])
async def test_a_public_page_leads_to_no_inner_address(split, place, hops):
    async with Site() as inner, Site() as vendor:
        vendor.paths = {
            "/": to(place.format(port=inner.port)) if hops == 1 else to("/more"),
            "/more": to(place.format(port=inner.port)),
        }
        reading = await HttpCheck(url=vendor.url(host="vendor.example")).run("web", split, SOON, fresh=True)
    assert (reading.outcome, inner.heard) == (Outcome.INCONCLUSIVE, [])
    assert english(reading.why) == "redirects to an inner address, which is not followed (redirects_inward)"


@pytest.mark.hardened("A6", "the same with redirects_inward: true", "followed")
async def test_inward_redirects_can_be_allowed(split):
    async with Site() as inner, Site(to(inner.url())) as vendor:
        check = HttpCheck(url=vendor.url(host="vendor.example"), redirects_inward=True)
        assert (await check.run("web", split, SOON, fresh=True)).outcome is Outcome.OK
    assert len(inner.heard) == 1


@pytest.mark.hardened("A6", "an inner address of the config that leads to another inner one, or out", "followed")
async def test_within_redirects_are_followed(split, get):
    async with Site() as there, Site() as site:
        for place in (there.url(host="intranet.example"), there.url(host="vendor.example")):
            site.answer = to(place)
            assert isinstance(await get(split, site.url(host="intranet.example"), redirects=2), Answer)


@pytest.mark.hardened("A6", "in, out and in again", "not followed")
async def test_once_out_none_leads_in_again(split, get):
    async with Site() as inner, Site() as vendor, Site() as first:
        vendor.answer, first.answer = to(inner.url()), to(vendor.url(host="vendor.example"))
        seen = await get(split, first.url(host="intranet.example"), redirects=5)
    assert (seen.cause, inner.heard) == (Cause.GUARDED, [])


@pytest.mark.hardened("A6", "an official status page that leads to an inner address", "not followed")
async def test_an_official_page_leads_to_no_inner_address(split):
    from datetime import UTC, datetime

    from bot.contracts import SourceState

    async with Site() as inner, Site(to(inner.url("/admin"))) as vendor:
        wish = PageRequest(vendor.url(host="vendor.example"), "*/*", SOON, 10_000)
        got = await fetch(split, SourceState(), wish, datetime.now(UTC))
    assert (got.body, inner.heard) == (None, [])


@pytest.mark.hardened(
    "T04", "Location in UTF-8, Latin-1, with blanks, relative, without scheme, with a fragment", "followed"
)
@pytest.mark.parametrize(
    ("place", "asked"),
    [
        ("/caf\u00e9".encode(), "/caf%C3%A9"),
        (b"/caf\xe9", "/caf%E9"),
        ("/\u65b0\u805e?q=\u00e9".encode(), "/%E6%96%B0%E8%81%9E?q=%C3%A9"),
        (b"/a b?c d", "/a%20b?c%20d"),
        (b"  /there \t", "/there"),
        (b"there#part", "/there"),
        (b"?a=b", "/?a=b"),
        (b"//127.0.0.1:{port}/there", "/there"),
        (b"HTTP://127.0.0.1:{port}/there", "/there"),
        (b"http:/127.0.0.1:{port}/there", "/there"),
        (b"http:///127.0.0.1:{port}/there", "/there"),
        (b"http:\\\\127.0.0.1:{port}\\there", "/there"),
        (b"\\there", "/there"),
        (b"/a\x01b", "/a%01b"),
        (b"./x/../there", "/there"),
    ],
)
async def test_a_place_is_read_as_browsers_do(net, get, place, asked):
    async with Site() as site:
        line = place.replace(b"{port}", b"%d" % site.port)
        site.paths = {"/": b"HTTP/1.1 302 Found\r\nLocation: " + line + b"\r\nContent-Length: 0\r\n\r\n"}
        seen = await get(net, site.url(), redirects=2)
    assert isinstance(seen, Answer), seen
    assert site.heard[-1].target == asked


@pytest.mark.parametrize("head", [b"", b"Location:\r\n", b"Location: \r\n"])
async def test_a_redirect_to_nowhere_is_the_answer(net, get, head):
    async with Site(b"HTTP/1.1 302 Found\r\n" + head + b"Content-Length: 0\r\n\r\n") as site:
        seen = await get(net, site.url(), redirects=2)
    assert seen.status == 302


@pytest.mark.hardened("B16", "an address with a zone on it, named by a stranger", "refused")
@pytest.mark.parametrize("host", ["[2606:4700::1111%25lo]", "[2606:4700::1111%lo]", "[fe80::1%25eth0]", "[::1%25lo]"])
async def test_no_zone_passes_the_guard(net, host):
    try:
        prepared = net.prepare("GET", f"http://{host}/")
    except ValueError:
        return
    assert (await net.fetch(prepared, timeout=SOON, guarded=True)).cause is Cause.GUARDED
    tried = await net.connect(host.strip("[]").replace("%25", "%"), 80, timeout=SOON, guarded=True)
    assert tried.cause is Cause.GUARDED
