"""Certificates: which are good, and what is said of those that are not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from bot.contracts import Answer, Cause
from bot.net import Network
from tests.fakes.site import Site, page
from tests.reasons import english

NOW = datetime.now(UTC).replace(microsecond=0)


async def test_a_good_certificate_is_accepted_and_its_end_told(trusting, get, certified):
    until = NOW + timedelta(days=30)
    async with Site(page(body="hello"), context=certified("127.0.0.1", not_after=until)) as site:
        seen = await get(trusting, site.url())
    assert isinstance(seen, Answer), seen
    assert (seen.status, seen.body, seen.certificate_until) == (200, b"hello", until)
    assert set(seen.phases) == {"connect", "tls", "wait", "read"}


async def test_a_body_without_a_length_is_read_over_tls(trusting, get, certified):
    async with Site(b"HTTP/1.1 200 OK\r\n\r\nhello", context=certified()) as site:
        seen = await get(trusting, site.url())
    assert seen.body == b"hello"


@pytest.mark.parametrize(
    ("names", "dates", "why"),
    [
        (["127.0.0.1"], {"not_after": NOW - timedelta(days=1)}, "its certificate has expired"),
        (["127.0.0.1"], {"not_before": NOW + timedelta(days=1)}, "its certificate is not valid yet"),
        (["example.org"], {}, "its certificate is for another address"),
    ],
)
async def test_a_bad_certificate_is_told_in_words(trusting, get, certified, *, names, dates, why):
    async with Site(context=certified(*names, **dates)) as site:
        seen = await get(trusting, site.url())
    assert (seen.cause, english(seen.why), seen.left) == (Cause.CERTIFICATE, why, False)


async def test_a_certificate_for_another_name_is_told(ca_file, get, certified):
    class Here:
        async def addresses(self, host):
            return ["127.0.0.1"]

    async with Network(ca_file, Here()) as net, Site(context=certified("example.org")) as site:
        wrong = await get(net, site.url(host="example.com"))
        right = await get(net, site.url(host="example.org"))
        dotted = await get(net, site.url(host="example.org."))
    assert (wrong.cause, english(wrong.why)) == (Cause.CERTIFICATE, "its certificate is for another name")
    assert right.status == dotted.status == 200


async def test_an_unknown_authority_and_a_self_signed_certificate_are_told(trusting, get, certified):
    stranger = trustme.CA()
    async with Site(context=certified("127.0.0.1", ca=stranger)) as site:
        seen = await get(trusting, site.url())
    assert seen.cause is Cause.CERTIFICATE
    assert english(seen.why) in {
        "its certificate comes from an authority we do not know",
        "its certificate is self-signed",
    }


async def test_plain_http_where_tls_is_meant_is_told(trusting, get):
    async def act(reader, writer):
        await reader.read(10)
        writer.write(page(400))
        writer.close()

    server = await asyncio.start_server(act, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        seen = await get(trusting, f"https://127.0.0.1:{port}/")
    assert (seen.cause, seen.left) == (Cause.TLS, False)
    assert english(seen.why).startswith("TLS failed: ")


@pytest.mark.parametrize("wait", [False, True], ids=["at once", "after our hello"])
async def test_a_close_in_the_handshake_is_told(trusting, get, wait):
    async def act(reader, writer):
        if wait:
            await reader.read(10)
        writer.close()

    server = await asyncio.start_server(act, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        seen = await get(trusting, f"https://127.0.0.1:{port}/")
    assert seen.cause in {Cause.RESET, Cause.TLS}
    assert english(seen.why).endswith("during the TLS handshake")


async def test_a_silent_handshake_times_out_as_such(trusting, get):
    held = []

    async def act(_, writer):
        held.append(writer)

    server = await asyncio.start_server(act, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        seen = await get(trusting, f"https://127.0.0.1:{port}/", timeout=timedelta(seconds=0.2))
        for writer in held:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)
    assert (seen.cause, english(seen.why)) == (Cause.TIMEOUT, "timed out after 0.2 s during the TLS handshake")
