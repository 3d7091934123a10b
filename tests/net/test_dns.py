"""Names: found, not there, and whose fault it is when nobody knows."""

from __future__ import annotations

import asyncio
import struct
from datetime import timedelta

import pytest

from bot.contracts import Answer, Cause
from bot.net import Network, dns
from bot.net.dns import Resolver, alternate, literal
from bot.net.errors import TroubleError
from tests.fakes.site import Site
from tests.reasons import english

NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
SILENCE = None


class NameServer(asyncio.DatagramProtocol):
    """Answers by name with an IPv4 address, a response code or silence. All else does not exist."""

    def __init__(self, root=NOERROR, **names):
        self.names = {".": root, **{f"{name}.example.": answer for name, answer in names.items()}}
        self.asked = []

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        labels, at = [], 12
        while size := data[at]:
            labels.append(data[at + 1 : at + 1 + size].decode().lower())
            at += size + 1
        name, question = ".".join(labels) + ".", data[12 : at + 5]
        kind = struct.unpack("!H", data[at + 1 : at + 3])[0]
        self.asked.append(name)
        answer = self.names.get(name, NXDOMAIN)
        if answer is SILENCE:
            return
        code, record = (answer, b"") if isinstance(answer, int) else (NOERROR, b"")
        if isinstance(answer, str) and kind == 1:
            record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + bytes(map(int, answer.split(".")))
        elif name == "." and code == NOERROR:
            record = b"\0\0\2\0\1\0\0\0\0\0\3\1a\0"
        flags = 0x8180 | code
        head = data[:2] + struct.pack("!5H", flags, 1, bool(record), 0, 0)
        self.transport.sendto(head + question + record, addr)


class Served:
    """A resolver that asks `server`."""

    def __init__(self, server):
        self.server = server

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self.server, ("127.0.0.1", 0))
        self.resolver = Resolver([f"127.0.0.1:{self.transport.get_extra_info('sockname')[1]}"])
        return self.resolver

    async def __aexit__(self, *_):
        await self.resolver.close()
        self.transport.close()


@pytest.fixture(autouse=True)
def _brisk(monkeypatch):
    monkeypatch.setattr(dns, "ATTEMPT", 0.1)


async def test_a_name_is_looked_up_and_the_phase_measured(get):
    async with Served(NameServer(site="127.0.0.1")) as names, Network(resolver=names) as net, Site() as site:
        seen = await get(net, site.url(host="site.example"))
    assert isinstance(seen, Answer), seen
    assert "dns" in seen.phases
    assert site.heard[0].headers["host"] == f"site.example:{site.port}"


async def test_a_literal_is_never_looked_up(get):
    server = NameServer()
    async with Served(server) as names, Network(resolver=names) as net, Site() as site:
        for host in ("127.0.0.1", "2130706433", "0x7f.1"):
            assert isinstance(await get(net, site.url(host=host)), Answer)
    assert server.asked == []


async def test_the_hosts_file_is_honoured(net, get):
    async with Site() as site:
        assert isinstance(await get(net, site.url(host="localhost")), Answer)


@pytest.mark.parametrize(
    ("answers", "cause", "why"),
    [
        ({"site": NXDOMAIN}, Cause.NO_SUCH_NAME, "no such name"),
        ({"site": NOERROR}, Cause.NO_SUCH_NAME, "no such name"),
        (
            {"site": SERVFAIL},
            Cause.NAME_SERVERS,
            "its name cannot be looked up: its name servers do not answer",
        ),
        ({"site": SILENCE}, Cause.NAME_SERVERS, "its name cannot be looked up: its name servers do not answer"),
        ({"site": SERVFAIL, "root": SERVFAIL}, Cause.RESOLVER, "our own resolver does not answer"),
        ({"site": SILENCE, "root": SILENCE}, Cause.RESOLVER, "our own resolver does not answer"),
        ({"site": REFUSED, "root": REFUSED}, Cause.RESOLVER, "our own resolver does not answer"),
    ],
)
async def test_whose_fault_it_is_gets_found_out(get, answers, cause, why):
    async with Served(NameServer(**answers)) as names, Network(resolver=names) as net:
        seen = await get(net, "http://site.example/?t0ken")
        tried = await net.connect("site.example", 25, timeout=timedelta(seconds=5))
    assert (seen.cause, english(seen.why), seen.left) == (cause, why, False)
    assert tried.cause is cause


async def test_a_resolver_that_is_not_there_is_our_trouble(get, free_port):
    async with Network(resolver=Resolver([f"127.0.0.1:{free_port}"])) as net:
        seen = await get(net, "http://site.example/")
        await net._names.close()
    assert seen.cause is Cause.RESOLVER


async def test_a_look_up_that_outlasts_the_time_out_is_our_trouble(get):
    server = NameServer(site=SILENCE, root=SILENCE)
    async with Served(server) as names, Network(resolver=names) as net:
        seen = await get(net, "http://site.example/", timeout=timedelta(seconds=0.05))
    assert (seen.cause, english(seen.why)) == (Cause.RESOLVER, "timed out after 0.05 s while looking up its name")


async def test_our_resolver_is_looked_at_once_for_many_names_that_fail(get):
    server = NameServer(**{f"n{i}": SERVFAIL for i in range(20)})
    async with Served(server) as names, Network(resolver=names) as net:
        seen = await asyncio.gather(*(get(net, f"http://n{i}.example/") for i in range(20)))
    assert {each.cause for each in seen} == {Cause.NAME_SERVERS}
    assert server.asked.count(".") == 1


async def test_the_next_address_is_tried_when_one_refuses(get):
    class Two:
        async def addresses(self, _host):
            return ["127.0.0.2", "127.0.0.1"]

    async with Network(resolver=Two()) as net, Site() as site:
        assert isinstance(await get(net, site.url(host="two.example")), Answer)


async def test_a_silent_address_leaves_time_for_the_next(get):
    class Two:
        async def addresses(self, _host):
            return ["127.0.0.2", "127.0.0.1"]

    class Deaf(asyncio.Protocol):
        pass

    import socket

    async with Network(resolver=Two()) as net, Site() as site:
        with socket.socket() as deaf, socket.socket() as one, socket.socket() as two:
            deaf.bind(("127.0.0.2", site.port))
            deaf.listen(0)
            for each in (one, two):
                each.setblocking(False)
                each.connect_ex(("127.0.0.2", site.port))
            seen = await get(net, site.url(host="two.example"), timeout=timedelta(seconds=0.6))
    assert isinstance(seen, Answer)
    assert 0.24 < seen.phases["connect"] < 0.6


def test_families_take_turns():
    assert alternate(["a::1", "a::2", "1.1.1.1", "2.2.2.2"]) == ["a::1", "1.1.1.1", "a::2", "2.2.2.2"]
    assert alternate(["1.1.1.1", "a::1", "a::2"]) == ["1.1.1.1", "a::1", "a::2"]


@pytest.mark.parametrize(
    "host", ["example.org", "256.1.1.1", "1.2.3.4.5", "0xg", "", "99999999999", "1.2.3.0xfff", "a.1"]
)
def test_what_is_no_address_is_a_name(host):
    assert literal(host) is None


async def test_a_name_that_no_resolver_would_take_is_no_such_name():
    async with Served(NameServer()) as names:
        with pytest.raises(TroubleError) as trouble:
            await names.addresses("a" * 300)
    assert trouble.value.cause is Cause.NO_SUCH_NAME
