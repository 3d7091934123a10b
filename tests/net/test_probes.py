"""Handshakes, greetings, look-ups and pings: what comes of them, and whose fault it is when nothing does."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import icmplib
import pytest

from bot.contracts import Answer, Cause, Connected, Echoed, Found, Trouble
from bot.net import Guarded, Network, dns
from bot.net.dns import Resolver, split
from tests.fakes.lines import LineServer
from tests.fakes.nameserver import NXDOMAIN, REFUSED, SERVFAIL, SILENCE, NameServer, address, name, text
from tests.fakes.site import Site, page
from tests.reasons import english

SOON = timedelta(seconds=5)
BRIEF = timedelta(seconds=0.2)
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(autouse=True)
def _brisk(monkeypatch):
    monkeypatch.setattr(dns, "ATTEMPT", 0.1)


class Here:
    """Every name is this machine."""

    async def addresses(self, host):
        return ["127.0.0.1"]


# ── TLS ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_handshake_tells_when_the_certificate_ends(trusting, certified):
    until = NOW + timedelta(days=5)
    async with Site(context=certified("127.0.0.1", not_after=until)) as site:
        seen = await trusting.handshake("127.0.0.1", site.port, timeout=SOON)
    assert isinstance(seen, Connected), seen
    assert (seen.certificate_until, seen.line) == (until, "")


async def test_a_server_that_speaks_at_once_disturbs_no_handshake(trusting, certified):
    async with LineServer(b"* OK ready\r\n", context=certified("127.0.0.1")) as server:
        seen = await trusting.handshake("127.0.0.1", server.port, timeout=SOON)
    assert seen.certificate_until is not None


async def test_the_certificate_must_be_for_the_name_that_is_meant(ca_file, certified):
    async with Network(ca_file, Here()) as net, Site(context=certified("example.org")) as site:
        host = await net.handshake("example.com", site.port, timeout=SOON)
        named = await net.handshake("127.0.0.1", site.port, name="example.org", timeout=SOON)
    assert (host.cause, english(host.why)) == (Cause.CERTIFICATE, "its certificate is for another name")
    assert isinstance(named, Connected)


SMTP = {"EHLO": b"250-mail\r\n250 STARTTLS\r\n", "STARTTLS": b"220 go ahead\r\n"}
IMAP = {"STARTTLS": b"* a word in between\r\na OK begin\r\n"}


@pytest.mark.parametrize(
    ("protocol", "says", "answers"),
    [("smtp", b"220-mail\r\n220 ready\r\n", SMTP), ("imap", b"* OK ready\r\n", IMAP)],
)
async def test_tls_is_asked_for_where_it_must_be(trusting, certified, *, protocol, says, answers):
    async with LineServer(says, answers, upgrade=certified("127.0.0.1")) as server:
        seen = await trusting.handshake("127.0.0.1", server.port, starttls=protocol, timeout=SOON)
    assert isinstance(seen, Connected), seen
    assert seen.certificate_until is not None


@pytest.mark.parametrize(
    ("protocol", "says", "answers"),
    [
        ("smtp", b"554 go away\r\n", {}),
        ("smtp", b"220 ready\r\n", {"EHLO": b"250 mail\r\n", "STARTTLS": b"454 not now\r\n"}),
        ("imap", b"* BYE\r\n", {}),
        ("imap", b"* OK ready\r\n", {"STARTTLS": b"a BAD what\r\n"}),
    ],
)
async def test_tls_that_is_not_granted_is_told(trusting, *, protocol, says, answers):
    async with LineServer(says, answers) as server:
        seen = await trusting.handshake("127.0.0.1", server.port, starttls=protocol, timeout=SOON)
    assert (seen.cause, english(seen.why)) == (Cause.TLS, "does not offer TLS (STARTTLS)")


# ── greetings ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("says", [b"SSH-2.0-dropbear\r\nnoise", b"SSH-2.0-dropbear\n"])
async def test_the_first_line_is_told(net, says):
    async with LineServer(says) as server:
        seen = await net.greet("127.0.0.1", server.port, timeout=SOON)
    assert seen.line == "SSH-2.0-dropbear"


async def test_over_tls_as_well(trusting, certified):
    async with LineServer(b"* OK \xc3\xb1\r\n", context=certified("127.0.0.1")) as server:
        seen = await trusting.greet("127.0.0.1", server.port, secure=True, timeout=SOON)
    assert seen.line == "* OK \u00f1"
    assert seen.certificate_until is not None


@pytest.mark.parametrize(
    ("says", "stays", "cause", "why"),
    [
        (b"", False, Cause.RESET, "closed the connection without a greeting"),
        (b"no end", False, Cause.RESET, "closed the connection without a greeting"),
        (b"x" * 100_000, True, Cause.PROTOCOL, "what it says first is no line of text"),
        (b"", True, Cause.TIMEOUT, "timed out after 0.2 s while waiting for its greeting"),
    ],
)
async def test_no_greeting_is_told(net, *, says, stays, cause, why):
    async with LineServer(says, stays=stays) as server:
        timeout = BRIEF if cause is Cause.TIMEOUT else SOON
        seen = await net.greet("127.0.0.1", server.port, timeout=timeout)
        assert (seen.cause, english(seen.why)) == (cause, why)


async def test_a_connection_is_never_left_open(net):
    async with LineServer(b"") as server:
        for _ in range(3):
            await net.greet("127.0.0.1", server.port, timeout=timedelta(seconds=0.02))
        async with asyncio.timeout(5):
            while server._tasks:
                await asyncio.sleep(0)
    assert server.connections == 3


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────

ZONE = {
    "a.example": [("A", address("192.0.2.2")), ("A", address("192.0.2.1")), ("AAAA", address("2001:db8::0:1"))],
    "alias.example": [("CNAME", name("A.example")), ("A", address("192.0.2.1"))],
    "example": [
        ("MX", b"\0\x0a" + name("Mail.example")),
        ("TXT", text("v=spf1 ", "-all")),
        ("NS", name("ns1.example")),
        ("SOA", name("ns1.example") + name("admin.example") + bytes([0, 0, 0, 7, *[0, 0, 0, 1] * 4])),
        ("CAA", b"\0" + text("issue") + b"letsencrypt.org"),
        ("SRV", b"\0\1\0\2\0\x50" + name("web.example")),
    ],
    "fails.example": SERVFAIL,
    "refused.example": REFUSED,
    "silent.example": SILENCE,
}


@pytest.fixture
async def nameserver():
    async with NameServer(ZONE) as server:
        yield server


@pytest.fixture
async def resolving(nameserver):
    resolver = Resolver([nameserver.address])
    async with Network(resolver=resolver) as net:
        yield net
    await resolver.close()


@pytest.mark.parametrize(
    ("asked", "kind", "records"),
    [
        ("a.example", "A", ("192.0.2.1", "192.0.2.2")),
        ("a.example", "AAAA", ("2001:db8::1",)),
        ("alias.example", "CNAME", ("a.example",)),
        ("alias.example", "A", ("192.0.2.1",)),
        ("example", "MX", ("10 mail.example",)),
        ("example", "TXT", ("v=spf1 -all",)),
        ("example", "NS", ("ns1.example",)),
        ("example", "SOA", ("ns1.example admin.example 7 1 1 1 1",)),
        ("example", "CAA", ("0 issue letsencrypt.org",)),
        ("example", "SRV", ("1 2 80 web.example",)),
    ],
)
async def test_records_are_told_as_people_write_them(resolving, nameserver, *, asked, kind, records):
    for server in ("", nameserver.address):
        seen = await resolving.query(asked, kind, server=server, timeout=SOON)
        assert isinstance(seen, Found), seen
        assert seen.records == records


@pytest.mark.parametrize(
    ("asked", "own", "theirs"),
    [
        ("none.example", (Cause.NO_SUCH_NAME, "no such name"), None),
        ("a.example", (Cause.NO_SUCH_NAME, "has no MX record"), None),
        ("a..b", (Cause.NO_SUCH_NAME, "no such name"), None),
        (
            "fails.example",
            (Cause.NAME_SERVERS, "its name cannot be looked up: its name servers do not answer"),
            (Cause.NAME_SERVERS, "its name server fails (SERVFAIL)"),
        ),
        (
            "refused.example",
            (Cause.NAME_SERVERS, "its name cannot be looked up: its name servers do not answer"),
            (Cause.NAME_SERVERS, "its name server refuses to answer (REFUSED)"),
        ),
        (
            "silent.example",
            (Cause.NAME_SERVERS, "its name cannot be looked up: its name servers do not answer"),
            (Cause.NAME_SERVERS, "its name server does not answer"),
        ),
    ],
)
async def test_whose_fault_it_is_that_nothing_is_found(resolving, nameserver, *, asked, own, theirs):
    seen = await resolving.query(asked, "MX", timeout=SOON)
    assert (seen.cause, english(seen.why)) == own
    seen = await resolving.query(asked, "MX", server=nameserver.address, timeout=SOON)
    assert (seen.cause, english(seen.why)) == (theirs or own)


async def test_our_own_resolver_that_is_dead_is_our_own_trouble(resolving, nameserver):
    nameserver.zone = dict.fromkeys((".", "a.example"), SILENCE)
    seen = await resolving.query("a.example", "A", timeout=SOON)
    assert (seen.cause, english(seen.why)) == (Cause.RESOLVER, "our own resolver does not answer")
    late = await resolving.query("a.example", "A", timeout=timedelta(seconds=0.05))
    assert (late.cause, english(late.why)) == (Cause.RESOLVER, "timed out after 0.05 s while looking up its name")
    asked = await resolving.query("a.example", "A", server=nameserver.address, timeout=timedelta(seconds=0.05))
    assert (asked.cause, english(asked.why)) == (Cause.TIMEOUT, "timed out after 0.05 s while waiting for the answer")


async def test_answers_are_never_remembered(resolving, nameserver):
    await resolving.query("a.example", "A", timeout=SOON)
    nameserver.zone["a.example"] = NXDOMAIN
    assert (await resolving.query("a.example", "A", timeout=SOON)).cause is Cause.NO_SUCH_NAME


@pytest.mark.parametrize(
    ("server", "parts"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
        ("ns1.example", ("ns1.example", 53)),
        ("ns1.example:5353", ("ns1.example", 5353)),
        ("", ("", 53)),
    ],
)
def test_a_name_server_may_have_a_port(server, parts):
    assert split(server) == parts


@pytest.mark.parametrize("server", ["ns1:", "ns1:dns", "ns1:0", "ns1:65536", "[::1]:x"])
def test_a_port_that_is_none_is_refused(server):
    with pytest.raises(ValueError, match="expected a port"):
        split(server)


# ── families ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_only_the_family_that_is_meant_is_asked():
    class Both:
        async def addresses(self, host):
            return ["::1", "127.0.0.1"]

    async with Network(resolver=Both()) as net, Site(page()) as site:
        url = site.url(host="both.example")
        four = await net.fetch(net.prepare("GET", url, family=4), timeout=SOON)
        six = await net.fetch(net.prepare("GET", url, family=6), timeout=SOON)
        literal = await net.fetch(net.prepare("GET", site.url(), family=6), timeout=SOON)
    assert isinstance(four, Answer)
    assert six.cause in {Cause.REFUSED, Cause.UNREACHABLE, Cause.OURS}  # the last where there is no IPv6 at all
    assert (literal.cause, english(literal.why)) == (Cause.NO_SUCH_NAME, "has no IPv6 address")
    assert len(site.heard) == 1


async def test_a_redirect_stays_in_the_family():
    async with Network(resolver=Here()) as net, Site() as site:
        site.paths = {"/": page(302, "", {"Location": f"http://[::1]:{site.port}/"})}
        seen = await net.fetch(net.prepare("GET", site.url(), family=4), redirects=3, timeout=SOON)
    assert english(seen.why) == "has no IPv4 address"


async def test_a_kept_connection_of_one_family_is_not_for_the_other(trusting, certified):
    async with Site(keep=True, context=certified("127.0.0.1")) as site:
        for family in (None, 4, None, 4):
            await trusting.fetch(trusting.prepare("GET", site.url(), family=family), timeout=SOON)
    assert [heard.connection for heard in site.heard] == [1, 2, 1, 2]


# ── pings ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def may_ping() -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
        except PermissionError:
            continue
        return True
    return False


@pytest.mark.skipif(not may_ping(), reason="this machine forbids us to ping")
async def test_this_machine_answers_pings(net):
    seen = await net.ping("127.0.0.1", packets=2, timeout=timedelta(seconds=1))
    assert isinstance(seen, Echoed), seen
    assert (seen.sent, seen.received) == (2, 2)
    assert timedelta(0) < seen.took < timedelta(seconds=1)


@pytest.mark.skipif(not may_ping(), reason="this machine forbids us to ping")
async def test_pings_come_from_the_address_that_checks_come_from(monkeypatch):
    asked, ping = [], icmplib.async_ping

    async def noted(address, **how):
        asked.append((address, how["source"]))
        return await ping(address, **how)

    monkeypatch.setattr(icmplib, "async_ping", noted)
    async with Network(source="127.0.0.9") as here, Network(source="192.0.2.1") as nowhere:
        seen = await here.ping("127.0.0.1", packets=1, timeout=timedelta(seconds=1))
        assert seen.received == 1
        assert set(asked) == {("127.0.0.1", "127.0.0.9")}
        other_family = await here.ping("::1", packets=1, timeout=timedelta(seconds=1))
        assert english(other_family.why) == "has no IPv4 address"
        seen = await nowhere.ping("127.0.0.1", packets=1, timeout=timedelta(seconds=1))
        assert isinstance(seen, Trouble)
        assert seen.cause is Cause.OURS


async def test_a_name_server_is_asked_from_the_address_that_checks_come_from(nameserver):
    async with Network(source="127.0.0.9") as net:
        await net.query("x.example", "A", server=nameserver.address, timeout=SOON)
    assert set(nameserver.callers) == {"127.0.0.9"}


async def test_who_may_not_ping_is_told_what_to_do(net, monkeypatch):
    async def refuse(*_args, **_how):
        raise icmplib.SocketPermissionError(privileged=False)

    monkeypatch.setattr(icmplib, "async_ping", refuse)
    seen = await net.ping("127.0.0.1", timeout=SOON)
    assert seen.cause is Cause.OURS
    assert "net.ipv4.ping_group_range" in english(seen.why)


async def test_lost_packets_are_counted_within_the_time_out(net, monkeypatch):
    asked = {}

    async def lose(address, **how):
        asked.update(how)
        return icmplib.Host(address, how["count"], [])

    monkeypatch.setattr(icmplib, "async_ping", lose)
    seen = await net.ping("127.0.0.1", packets=4, timeout=timedelta(seconds=2))
    assert seen == Echoed(4, 0, None)
    assert asked["count"] * (asked["timeout"] + asked["interval"]) <= 2


# ── the guard ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_no_probe_leads_inwards(nameserver):
    async with Network(resolver=Resolver([nameserver.address])) as inner, LineServer(b"220 ready\r\n") as server:
        nameserver.zone["inner.example"] = [("A", address("10.0.0.1"))]
        for net, guard in ((inner, {"guarded": True}), (Guarded(inner), {"guarded": False})):
            for host in ("127.0.0.1", "0x7f.1", "inner.example"):
                tried = (
                    await net.handshake(host, server.port, timeout=SOON, **guard),
                    await net.greet(host, server.port, timeout=SOON, **guard),
                    await net.query("a.example", "A", server=host, timeout=SOON, **guard),
                    await net.ping(host, timeout=SOON, **guard),
                )
                assert {seen.cause for seen in tried} == {Cause.GUARDED}
            assert (await net.query("inner.example", "A", timeout=SOON, **guard)).cause is Cause.GUARDED
        await inner._names.close()
    assert server.connections == 0
