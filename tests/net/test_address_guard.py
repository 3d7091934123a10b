"""No spelling, no name and no redirect leads inwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.contracts import Answer, Cause
from bot.net import Guarded, Network
from bot.net.address_guard import _binds_anything, inner
from tests.fakes.site import Site, page

SOON = timedelta(seconds=5)

# Ways to write an inner address in a URL; those with 127.0.0.1 would reach our own site.
HOSTILE = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0X7F.0.0.1",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:7f00:1::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[100::1]",
    "[5f00::1]",
    "10.0.0.1",
    "10.1",
    "172.16.0.1",
    "192.168.0.1",
    "192.168.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "localhost",
    "LOCALHOST",
    "inwards.example",
    "127.0.0.1.nip.example",
]


class Inwards:
    """A name server in the pay of the enemy."""

    def __init__(self, *addresses):
        self.answers = addresses or ("127.0.0.1",)

    async def addresses(self, _host):
        return self.answers


@pytest.fixture
async def lured():
    async with Network(resolver=Inwards()) as network:
        yield network


@pytest.mark.parametrize("host", HOSTILE)
async def test_an_inner_address_is_not_asked_however_it_is_written(lured, get, host):
    async with Site() as site:
        seen = await get(lured, f"http://{host}:{site.port}/", guarded=True)
        tried = await lured.connect(host.strip("[]"), site.port, timeout=SOON, guarded=True)
    assert (seen.cause, seen.left) == (Cause.GUARDED, False)
    assert tried.cause is Cause.GUARDED
    assert site.connections == 0


@pytest.mark.parametrize("host", ["0177.0.0.1", "0177.0.0.01", "127.0.0.01", "0300.0250.0.1"])
async def test_a_dotted_octal_form_is_no_url_and_its_address_is_guarded(lured, host):
    with pytest.raises(ValueError, match="no valid URL"):
        lured.prepare("GET", f"http://{host}/")
    assert (await lured.connect(host, 80, timeout=SOON, guarded=True)).cause is Cause.GUARDED


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "0177.1", "127.1", "inwards.example"])
async def test_the_same_is_reached_without_the_guard(lured, get, host):
    async with Site() as site:
        assert isinstance(await get(lured, f"http://{host}:{site.port}/"), Answer)


async def test_every_hop_of_a_redirect_is_guarded(get, monkeypatch):
    """127.0.0.1 is made an outer address, so that there is one to be redirected from."""
    monkeypatch.setattr("bot.net.transport.inner", lambda address: address != "127.0.0.1")
    async with Network(resolver=Inwards("127.0.0.2")) as net, Site() as site:
        for to in (f"http://127.0.0.3:{site.port}/in", f"http://0x7f.3:{site.port}/in", f"http://name:{site.port}/in"):
            site.paths = {"/": page(302, "", {"Location": to})}
            assert (await get(net, site.url(), redirects=5, guarded=True)).cause is Cause.GUARDED
    assert {heard.target for heard in site.heard} == {"/"}


async def test_of_a_name_with_inner_and_outer_addresses_only_the_outer_are_tried(get, monkeypatch):
    monkeypatch.setattr("bot.net.transport.inner", lambda address: address == "127.0.0.1")
    async with Network(resolver=Inwards("127.0.0.1", "127.0.0.2")) as net, Site() as site:
        seen = await get(net, site.url(host="both.example"), guarded=True)
    assert seen.cause is Cause.REFUSED  # nobody listens on 127.0.0.2
    assert site.connections == 0


def test_what_this_machine_bears_is_inner_though_it_were_public(monkeypatch):
    monkeypatch.setattr("bot.net.address_guard._by_number", lambda _: False)
    assert inner("127.0.0.1")
    assert inner("::ffff:127.0.0.1")
    assert inner("64:ff9b::7f00:1")
    assert not inner("198.51.100.7")
    assert not inner("2001:db8::7")


def test_where_every_address_can_be_bound_to_that_tells_nothing(monkeypatch):
    _binds_anything.cache_clear()
    monkeypatch.setattr("bot.net.address_guard._bound", lambda _address, _version: True)
    assert not inner("1.1.1.1")
    assert inner("10.0.0.1")
    _binds_anything.cache_clear()


async def test_what_is_guarded_stays_guarded(lured):
    net = Guarded(lured)
    async with Site() as site:
        seen = await net.fetch(net.prepare("GET", site.url()), timeout=SOON, guarded=False)
        tried = await net.connect("127.0.0.1", site.port, timeout=SOON, guarded=False)
    assert seen.cause is tried.cause is Cause.GUARDED


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.255.255",
        "172.32.0.1",
        "168.63.129.17",
        "2606:4700:4700::1111",
        "2a00:1450:4001:80b::200e",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
        "::ffff:8.8.8.8",
    ],
)
def test_the_public_internet_may_be_asked(address):
    assert not inner(address)
