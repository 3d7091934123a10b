"""TLS, DNS, greetings and WebSockets: what is good, and what is said of what is not."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from bot.model import Outcome
from bot.net import Network, dns
from bot.watch.checks.network import DnsCheck, GreetingCheck, PingCheck, TlsCheck
from bot.watch.checks.websocket import WebsocketCheck
from tests.fakes.lines import LineServer
from tests.fakes.nameserver import SILENCE, NameServer, address, name, text
from tests.fakes.site import Site, page
from tests.reasons import english

SOON = timedelta(seconds=5)
NOW = datetime.now(UTC).replace(microsecond=0)
GOOD, BAD, BLIND, WORN = Outcome.OK, Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.EXPIRING


@pytest.mark.parametrize(
    ("days", "fields", "outcome"),
    [(30, {}, GOOD), (5, {}, WORN), (5, {"expires_in": "3d"}, GOOD), (5, {"expires_in": None}, GOOD), (-1, {}, BAD)],
)
async def test_a_certificate_that_ends_soon_is_worn(trusting, certified, *, days, fields, outcome):
    until = NOW + timedelta(days=days)
    async with Site(context=certified(not_after=until)) as site:
        check = TlsCheck(host="127.0.0.1", port=site.port, **fields)
        reading = await check.run("imap", trusting, SOON, fresh=False)
    assert reading.outcome is outcome
    assert reading.until == (until if outcome is WORN else None)
    assert english(reading.why) == {GOOD: "", WORN: f"its certificate ends on {until:%Y-%m-%d}"}.get(
        outcome, "its certificate has expired"
    )
    assert reading.took > timedelta(0)


@pytest.mark.parametrize(
    ("expect", "why"),
    [("", ""), ("220", ""), ("* OK", 'greets with "220 mail.example.org ESMTP", not with "* OK"')],
)
async def test_a_greeting_begins_as_expected(net, expect, why):
    async with LineServer(b"220 mail.example.org ESMTP\r\n") as server:
        check = GreetingCheck(host="127.0.0.1", port=server.port, expect=expect)
        reading = await check.run("smtp", net, SOON, fresh=False)
    assert (reading.outcome, english(reading.why)) == (BAD if why else GOOD, why)


async def test_a_greeting_comes_over_tls(trusting, certified):
    async with LineServer(b"+OK\r\n", context=certified()) as server:
        check = GreetingCheck(host="127.0.0.1", port=server.port, tls=True, expect="+OK")
        assert (await check.run("pop", trusting, SOON, fresh=False)).outcome is GOOD


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────

ZONE = {
    "example.org": [
        *[("A", address(f"192.0.2.{n}")) for n in range(1, 6)],
        ("AAAA", address("2001:db8::1")),
        ("MX", b"\0\x0a" + name("mail.example.org")),
        ("TXT", text("v=spf1 -all")),
        ("CAA", b"\0" + text("issue") + b"letsencrypt.org"),
    ],
    "silent.example": SILENCE,
}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, ""),
        ({"expect": "192.0.2.1"}, ""),
        ({"expect": ["192.0.2.5", "192.0.2.1"]}, ""),
        (
            {"expect": ["192.0.2.1", "192.0.2.9"]},
            "its A record is 192.0.2.1, 192.0.2.2, 192.0.2.3 and 2 more, not 192.0.2.9",
        ),
        ({"type": "AAAA", "expect": "2001:DB8:0::1"}, ""),
        ({"type": "MX", "expect": "10 Mail.example.org."}, ""),
        ({"type": "MX", "expect": "mail.example.org"}, ""),
        (
            {"type": "MX", "expect": "20 mail.example.org"},
            "its MX record is 10 mail.example.org, not 20 mail.example.org",
        ),
        ({"type": "CAA", "expect": "letsencrypt.org"}, ""),
        ({"type": "TXT", "expect": "v=spf1 -all"}, ""),
        ({"type": "TXT", "expect": "V=SPF1 -all"}, "its TXT record is v=spf1 -all, not V=SPF1 -all"),
        ({"type": "SOA"}, "has no SOA record"),
        ({"name": "none.example"}, "no such name"),
        ({"name": "silent.example"}, "its name server does not answer"),
    ],
)
async def test_a_name_leads_where_it_should(net, monkeypatch, fields, why):
    monkeypatch.setattr(dns, "ATTEMPT", 0.05)
    async with NameServer(ZONE) as server:
        check = DnsCheck(**({"name": "example.org", "server": server.address} | fields))
        reading = await check.run("dns", net, SOON, fresh=False)
    assert (reading.outcome, english(reading.why)) == (BAD if why else GOOD, why)


async def test_a_name_server_may_be_named_itself():
    class Here:
        async def addresses(self, host):
            assert host == "ns1.example.org"
            return ["127.0.0.1"]

        records = dns.Resolver().records

    async with Network(resolver=Here()) as net, NameServer(ZONE) as server:
        check = DnsCheck(name="example.org", server=f"ns1.example.org:{server.address.rpartition(':')[2]}")
        assert (await check.run("dns", net, SOON, fresh=False)).outcome is GOOD


# ── WebSockets ───────────────────────────────────────────────────────────────────────────────────────────────────────


def accepted(key):
    digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
    return base64.b64encode(digest).decode()


async def opens(heard, writer):
    """As RFC 6455 has it, and the first frame at once behind it."""
    assert heard.headers["upgrade"] == "websocket"
    assert heard.headers["connection"] == "Upgrade"
    assert heard.headers["sec-websocket-version"] == "13"
    accept = accepted(heard.headers["sec-websocket-key"])
    head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    writer.write(f"{head}Sec-WebSocket-Accept: {accept}\r\n\r\n".encode() + b"\x81\x02hi")
    await writer.drain()


def replayed(heard, writer):
    return opens(type(heard)(1, "GET", "/", heard.headers | {"sec-websocket-key": "another"}, b""), writer)


@pytest.mark.parametrize(
    ("answer", "outcome", "why"),
    [
        (opens, GOOD, ""),
        (replayed, BAD, "what it answers is no WebSocket handshake"),
        (page(200), BAD, "HTTP 200"),
        (page(503, headers={"Server": "cloudflare"}), BAD, "HTTP 503"),
        (page(302, "", {"Location": "/"}), BAD, "HTTP 302"),
        (page(403, headers={"cf-mitigated": "challenge"}), BLIND, None),
    ],
)
async def test_a_web_socket_opens(net, answer, outcome, why):
    async with Site(answer) as site:
        check = WebsocketCheck(url=site.url().replace("http", "ws"), headers={"Origin": "https://x.example"})
        for _ in range(2):
            reading = await check.run("socket", net, SOON, fresh=False)
            assert reading.outcome is outcome
            assert why is None or english(reading.why) == why
    assert site.connections == 2
    assert site.heard[0].headers["origin"] == "https://x.example"


async def test_a_web_socket_opens_over_tls_and_its_certificate_is_looked_at(trusting, certified):
    async with Site(opens, context=certified(not_after=NOW + timedelta(days=5))) as site:
        check = WebsocketCheck(url=site.url().replace("https", "WSS"), expires_in="14d")
        reading = await check.run("socket", trusting, SOON, fresh=False)
    assert (reading.outcome, reading.until) == (WORN, NOW + timedelta(days=5))


# ── mistakes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (TlsCheck, {"host": "a b"}),
        (TlsCheck, {"host": "a", "port": 0}),
        (TlsCheck, {"host": "a", "expires_in": "soon"}),
        (TlsCheck, {"host": "a", "expires_in": "0s"}),
        (TlsCheck, {"host": "a", "starttls": "pop3"}),
        (DnsCheck, {"name": "a b"}),
        (DnsCheck, {"name": "https://a"}),
        (DnsCheck, {"name": "a", "type": "ANY"}),
        (DnsCheck, {"name": "a", "expect": []}),
        (DnsCheck, {"name": "a", "server": "ns1:dns"}),
        (GreetingCheck, {"host": "a"}),
        (WebsocketCheck, {"url": "https://t0ken.example/"}),
        (WebsocketCheck, {"url": "ws://t0ken:99999/"}),
        (WebsocketCheck, {"url": "ws://a/", "headers": {"X": "t0ken\r\nY: z"}}),
        (PingCheck, {"host": "a", "packets": 0}),
        (PingCheck, {"host": "a", "max_loss": 100}),
    ],
)
def test_a_mistake_is_refused_at_start_without_repeating_a_secret(kind, fields):
    with pytest.raises(ValidationError) as refused:
        kind(**fields)
    assert "t0ken" not in str(refused.value)


def test_without_its_extra_a_ping_is_refused_at_start(monkeypatch):
    monkeypatch.setattr("bot.watch.checks.network.find_spec", lambda _name: None)
    with pytest.raises(ValidationError, match=r'pip install "tocsin\[ping\]"'):
        PingCheck(host="a")
