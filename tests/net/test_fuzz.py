"""Whatever comes in, `fetch` answers, soon and within bounds."""

from __future__ import annotations

import asyncio
import gzip
import random
import tracemalloc
from datetime import timedelta
from time import perf_counter

import pytest

from bot.contracts import Answer, Trouble
from bot.net.errors import TroubleError
from bot.net.response import DRY, Reply
from tests.fakes.site import Site, page

CAP = 5_000
GOOD = [
    page(body="x" * 300, headers={"X-Some": "thing"}),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5\r\nhello\r\n10;a=b\r\n"
    + b"y" * 16
    + b"\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 No\r\nConnection: keep-alive\r\n\r\nto the end",
    page(body=gzip.compress(b"z" * 90_000), headers={"Content-Encoding": "gzip"}),
    page(302, "", {"Location": "http://127.0.0.1:1/x", "Set-Cookie": "a=b"}),
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n\0\0\0",
]
PIECES = [b"\r\n", b"\n", b"\0", b" ", b":", b"HTTP/1.1 ", b"200", b"Content-Length: ", b"-1", b"99999999999999999999"]
PIECES += [
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"0\r\n\r\n",
    b"FFFFFFFFFFFFFFFFF\r\n",
    b"\xff" * 9,
]
PIECES += [b"Location: http://\xe9\x00/\r\n", b"Location: //[::\r\n", b"x" * 3000]


def spoilt(rng):
    """A good answer, spoilt; or nothing but noise."""
    if rng.random() < 0.1:
        return rng.randbytes(rng.randrange(400))
    data = bytearray(rng.choice(GOOD))
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                data[at : at + 1] = rng.randbytes(1)
            case 1:
                data[at:at] = rng.choice(PIECES)
            case 2:
                del data[at : at + rng.randrange(30)]
            case 3:
                data[at:at] = data[: rng.randrange(len(data) + 1)]
    return bytes(data)


@pytest.mark.parametrize("seed", range(4))
def test_a_reply_takes_any_bytes_in_any_pieces(seed):
    rng = random.Random(seed)
    done = broken = 0
    for _ in range(1_500):
        reply = Reply(rng.choice(["GET", "HEAD"]), CAP)
        data = spoilt(rng)
        step = rng.choice([1, 7, 100_000])
        try:
            for at in range(0, len(data), step):
                if reply.feed(data[at : at + step]):
                    break
            reply.end()
            done += 1
            assert reply.status
        except TroubleError:
            broken += 1
        assert len(reply.body) <= CAP
    assert done > 100
    assert broken > 100


async def test_fetch_answers_to_any_bytes(net, get):
    rng = random.Random(7)
    kinds = set()
    async with Site() as site:
        for _ in range(400):
            site.answer = spoilt(rng)
            began = perf_counter()
            seen = await get(net, site.url(), cap=CAP, redirects=2, timeout=timedelta(seconds=2))
            assert perf_counter() - began < 2.5
            assert isinstance(seen, Answer | Trouble)
            kinds.add(type(seen))
    assert kinds == {Answer, Trouble}


async def test_many_at_once_hold_no_more_than_their_caps(net, get):
    async def flood(_heard, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with Site(flood) as site:
        await get(net, site.url(), cap=CAP)
        tracemalloc.start()
        try:
            seen = await asyncio.gather(*(get(net, site.url(), cap=CAP) for _ in range(30)))
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert all(each.cut and len(each.body) == CAP for each in seen)
    assert held < 30 * (CAP + DRY + 300_000)
