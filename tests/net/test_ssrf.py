"""Every way to write an inner address, named by a stranger or by a redirect from out there: nothing within is asked."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from bot.contracts import Answer, Cause
from bot.net import Network
from bot.net.address_guard import inner
from tests.fakes.site import Site, page
from tests.net.conftest import SOON

INNER = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.9",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "168.63.129.16",
]
NAMES = {
    "one.example": ["127.0.0.1"],
    "six.example": ["::1"],
    "nat64.example": ["64:ff9b::a9fe:a9fe"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "meta.example": ["169.254.169.254"],
    "zone.example": ["fe80::1%lo"],
    "outer.example": ["93.184.216.34"],
    "rebind.example": ["93.184.216.34", "127.0.0.1"],
}
OTHERS = [
    "localhost",
    "localhost.",
    "LOCALHOST",
    "a.localhost",
    "one.example",
    "ONE.example.",
    "six.example",
    "nat64.example",
    "mapped.example",
    "meta.example",
    "zone.example",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[::1%25lo]",
    "[2606:4700::1111%25lo]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    "[ff02::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[4000::1]",
    "[2001:10::1]",
    "[2001:0:7f00:1::]",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "203.0.113.1",
    "192.0.0.170",
    "192.0.0.192",
    "192.88.99.1",
    "100.100.100.200",
    "0",
    "0x0",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "0177.1",
    "①②⑦.⓪.⓪.①",
    "１２７.０.０.１",
    "127。0。0。1",
    "user@127.0.0.1",
    "outer.example@127.0.0.1",
    "@127.0.0.1",
    ":@127.0.0.1",
    "0x7F.1",
    "00000177.1",
]


def spellings(address):
    ip = IPv4Address(address)
    number, parts = int(ip), address.split(".")
    yield from (
        address,
        f"{address}.",
        str(number),
        hex(number),
        f"0{number:o}",
        ".".join(hex(int(part)) for part in parts),
    )
    yield f"{parts[0]}.{int(parts[1]) << 16 | int(parts[2]) << 8 | int(parts[3])}"
    yield f"{parts[0]}.{parts[1]}.{int(parts[2]) << 8 | int(parts[3])}"
    for prefix in ("::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "::"):
        yield f"[{IPv6Address(int(IPv6Address(prefix)) | number)}]"
    yield f"[{IPv6Address(0x2002 << 112 | number << 80 | 1)}]"


WAYS = [*(spelling for address in INNER for spelling in spellings(address)), *OTHERS]


class Names:
    async def addresses(self, host):
        host = host.rstrip(".").lower()
        return NAMES.get(host) or ["127.0.0.1"]


@pytest.fixture
async def watched(monkeypatch):
    """A network whose connections are noted, and lead nowhere but for `outer.example`."""
    from bot.net import transport

    connect, tried = transport._open, []

    async def noted(address, *rest):
        tried.append(address)
        if address != "93.184.216.34":
            raise ConnectionRefusedError
        return await connect("127.0.0.1", *rest)

    monkeypatch.setattr(transport, "_open", noted)
    async with Network(resolver=Names()) as network:
        yield network, tried


@pytest.mark.hardened(
    "A6",
    "150 spellings of inner addresses, named by a stranger or by a redirect from out there",
    "0 connections inside",
)
def test_there_are_many_ways():
    assert len(set(WAYS)) >= 148


async def test_no_spelling_leads_within(watched):
    net, tried = watched
    async with Site() as site:
        for host in WAYS:
            tried.clear()
            try:
                prepared = net.prepare("GET", f"http://{host}:{site.port}/")
            except ValueError:
                prepared = None
            if prepared is not None:
                assert (await net.fetch(prepared, timeout=SOON, guarded=True)).cause is Cause.GUARDED, host
            assert tried == [], host
            # The same, as the place to which somebody out there redirects.
            line = f"Location: http://{host}:{site.port}/\r\n".encode()
            site.answer = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + line + b"\r\n"
            seen = await net.fetch(net.prepare("GET", site.url(host="outer.example")), timeout=SOON, redirects=3)
            assert seen.cause in {Cause.GUARDED, Cause.REDIRECTS}, host
            assert tried == ["93.184.216.34"], host


async def test_of_two_answers_only_the_outer_one_is_asked(watched):
    net, tried = watched
    async with Site(page()) as site:
        seen = await net.fetch(net.prepare("GET", site.url(host="rebind.example")), timeout=SOON, guarded=True)
    assert isinstance(seen, Answer)
    assert not [address for address in tried if inner(address)]
