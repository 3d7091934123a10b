"""HTTP as servers really speak it."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from functools import cache

import pytest

from bot.contracts import Answer, Cause, Trouble
from tests.fakes.site import Site, page
from tests.reasons import english


def pieces(*parts, pause=0.001):
    """Send each part by itself."""

    async def act(_, writer):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return act


def endless(part):
    async def act(_, writer):
        while True:
            writer.write(part)
            await writer.drain()

    return act


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        pytest.param(page(body="hello"), 200, b"hello", id="with its length"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nhello", 200, b"hello", id="without a length, ends with the connection"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nhello", 200, b"hello", id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", 200, b"hello", id="connection close"),
        pytest.param(CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 200, b"hello", id="chunked"),
        pytest.param(CHUNKED + b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", 200, b"hello", id="chunk extension, trailer"),
        pytest.param(page(200, b""), 200, b"", id="empty"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", id="204"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, b"", id="304 that has a length"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + page(body="hello"), 200, b"hello", id="100 first"),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" * 3 + page(body="hello"),
            200,
            b"hello",
            id="103 thrice",
        ),
        pytest.param(page(body="hello") + b"\r\njunk after it", 200, b"hello", id="junk after the body"),
        pytest.param(page(body="hello") + page(500, "second"), 200, b"hello", id="a second answer nobody asked for"),
        pytest.param(b"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n", 500, b"", id="no reason phrase"),
        pytest.param(page(599, "odd"), 599, b"odd", id="odd status"),
        pytest.param(page(body="hello", headers={"Content-Encoding": "exe"}), 200, b"hello", id="unknown packing"),
        pytest.param(
            page(body="hello", headers={"Content-Encoding": "br"}), 200, b"hello", id="packed by its name only"
        ),
        pytest.param(
            page(body=b"no gzip at all", headers={"Content-Encoding": "gzip"}),
            200,
            b"no gzip at all",
            id="no gzip at all",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            200,
            b"hello",
            id="a length and chunks",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", 200, b"", id="ends within its head"),
        pytest.param(
            page(body=gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"}), 200, b"hello", id="gzip unasked"
        ),
        pytest.param(
            page(body=zlib.compress(b"hello"), headers={"Content-Encoding": "deflate"}), 200, b"hello", id="deflate"
        ),
        pytest.param(
            page(body=zlib.compress(b"hello")[2:-4], headers={"Content-Encoding": "Deflate"}),
            200,
            b"hello",
            id="naked deflate",
        ),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw", 101, b"", id="101"
        ),
    ],
)
@pytest.mark.parametrize("split", [False, True], ids=["at once", "byte by byte"])
async def test_an_answer_is_read(net, get, *, answer, status, body, split):
    act = pieces(*(answer[i : i + 1] for i in range(len(answer))), pause=0) if split else answer
    async with Site(act) as site:
        seen = await get(net, site.url())
    assert isinstance(seen, Answer), seen
    assert (seen.status, seen.body, seen.cut, seen.reused) == (status, body, False, False)


@pytest.mark.parametrize(
    ("answer", "cause", "why"),
    [
        pytest.param(b"", Cause.RESET, "closed the connection without an answer", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", Cause.PROTOCOL, "what it answers is no HTTP", id="another protocol"),
        pytest.param(b"\x16\x03\x01\x02", Cause.PROTOCOL, "what it answers is no HTTP", id="TLS on a plain port"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel",
            Cause.PROTOCOL,
            "closed the connection in the middle of its answer",
            id="early close",
        ),
        pytest.param(
            CHUNKED + b"5\r\nhel",
            Cause.PROTOCOL,
            "closed the connection in the middle of its answer",
            id="early, chunked",
        ),
        pytest.param(
            CHUNKED + b"zz\r\n", Cause.PROTOCOL, "breaks off into something that is no HTTP", id="bad chunk size"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, Cause.PROTOCOL, "its headers are too long", id="giant header"
        ),
    ],
)
async def test_what_is_no_answer_is_said_so(net, get, answer, cause, why):
    async with Site(answer) as site:
        seen = await get(net, site.url())
    assert isinstance(seen, Trouble), seen
    assert (seen.cause, english(seen.why), seen.left) == (cause, why, True)


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"x" * 4096, id="no HTTP"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, id="interim answers"),
    ],
)
async def test_an_endless_head_ends(net, get, part):
    async with Site(endless(part)) as site:
        seen = await get(net, site.url())
    assert isinstance(seen, Trouble)
    assert seen.cause is Cause.PROTOCOL


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", id="headers"),
        pytest.param(CHUNKED + b"1\r\nx\r\n0\r\n", id="trailers"),
    ],
)
async def test_endless_headers_end(net, get, start):
    async def act(_, writer):
        writer.write(start)
        await endless(b"X-Header: some value or other\r\n" * 100)(_, writer)

    async with Site(act) as site:
        seen = await get(net, site.url())
    assert isinstance(seen, Trouble)
    assert english(seen.why) == "its headers are too long"


async def test_a_chunk_extension_without_end_ends(net, get):
    async def act(_, writer):
        writer.write(CHUNKED + b"5;")
        await endless(b"a" * 4096)(_, writer)

    async with Site(act) as site:
        seen = await get(net, site.url())
    assert isinstance(seen, Trouble)


@pytest.mark.parametrize("method", ["HEAD"])
async def test_a_head_request_waits_for_no_body(net, get, method):
    async with Site(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", keep=True) as site:
        seen = await get(net, site.url(), method)
    assert (seen.status, seen.body) == (200, b"")


async def test_a_body_is_cut_at_its_cap_and_the_rest_not_waited_for(net, get):
    async def act(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await endless(b"x" * 65536)(_, writer)

    async with Site(act) as site:
        seen = await get(net, site.url(), cap=100_000)
    assert seen.cut
    assert seen.body == b"x" * 100_000


async def test_a_body_of_just_the_cap_is_whole(net, get):
    async with Site(page(body=b"x" * 1000)) as site:
        seen = await get(net, site.url(), cap=1000)
    assert not seen.cut
    assert len(seen.body) == 1000


@cache
def bomb(packing):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if packing == "gzip" else 15)
    return b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(200)) + packer.flush()


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
async def test_a_zip_bomb_takes_no_memory(net, get, packing):
    async with Site(page(body=bomb(packing), headers={"Content-Encoding": packing})) as site:
        tracemalloc.start()
        try:
            seen = await get(net, site.url(), cap=256 * 1024)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert seen.cut
    assert len(seen.body) == 256 * 1024
    assert peak < 4_000_000


@pytest.mark.parametrize("packing", ["gzip, exe", "exe", "gzip, gzip, gzip, gzip"])
async def test_what_is_packed_in_another_way_is_not_unpacked_and_cut_as_it_is(net, get, packing):
    once = gzip.compress(b"\0" * 20_000_000)
    async with Site(page(body=gzip.compress(once) + once * 20, headers={"Content-Encoding": packing})) as site:
        seen = await get(net, site.url(), cap=10_000)
    assert (seen.cut, len(seen.body)) == (True, 10_000)
    assert seen.body.startswith(b"\x1f\x8b")


async def test_a_bomb_in_ever_smaller_pieces_is_cut_too(net, get):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(b"\0" * 5_000_000) + packer.flush()
    parts = b"".join(b"%x\r\n%s\r\n" % (len(bomb[i : i + 50]), bomb[i : i + 50]) for i in range(0, len(bomb), 50))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: x-gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with Site(head + parts + b"0\r\n\r\n") as site:
        seen = await get(net, site.url(), cap=10_000)
    assert (seen.cut, seen.body) == (True, b"\0" * 10_000)


async def test_phases_and_length_are_measured(net, get):
    async with Site(pieces(b"HTTP/1.1 200 OK\r\n\r\n", b"x", pause=0.05)) as site:
        seen = await get(net, site.url())
    assert set(seen.phases) == {"connect", "wait", "read"}
    assert 0.05 < seen.phases["read"] < 1
    assert seen.took.total_seconds() == pytest.approx(sum(seen.phases.values()), abs=0.05)


async def test_header_names_are_lower_case_and_repeated_ones_joined(net, get):
    async with Site(page(headers={"X-One": "1", "x-one": "2", "Latin": "caf\u00e9"})) as site:
        seen = await get(net, site.url())
    assert seen.headers["x-one"] == "1, 2"
    assert "latin" in seen.headers


async def test_a_trailer_is_no_header(net, get):
    async with Site(CHUNKED + b"1\r\nx\r\n0\r\nCF-Mitigated: challenge\r\n\r\n") as site:
        seen = await get(net, site.url())
    assert seen.headers == {"transfer-encoding": "chunked"}
