"""What browsers and curl read is read, and what cannot be read is no outage."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import sys
import time
import zlib
from datetime import timedelta

import brotli
import pytest

from bot.contracts import BLIND, THEIRS, Answer, Cause, Trouble
from bot.model import Outcome
from bot.net import head
from bot.net.body import Chunks
from bot.net.connection import PIECE
from bot.net.errors import TroubleError
from bot.net.response import SPOILT, UNKNOWN, Reply
from bot.watch.checks import HttpCheck
from tests.fakes.site import Site, page
from tests.net import fuzz_http
from tests.reasons import english

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SOON = timedelta(seconds=5)
WELCOME = b"<h1>Welcome</h1>" * 50


def whole(*lines, body=b"ok", end=b"\r\n"):
    return end.join([*lines, b"", b""]) + body


OK = b"HTTP/1.1 200 OK"
LENIENT = {
    "control character in a header": whole(OK, b"Set-Cookie: ___utmx=\x01abc", b"Content-Length: 2"),
    "bare line feeds": whole(b"HTTP/1.0 200 OK", b"Content-Type: text/html", b"Content-Length: 2", end=b"\n"),
    "line feeds and CR LF mixed": b"HTTP/1.1 200 OK\r\nA: b\nContent-Length: 2\r\n\nok",
    "a length and chunks": whole(OK, b"Content-Length: 2", b"Transfer-Encoding: chunked", body=b"2\r\nok\r\n0\r\n\r\n"),
    "folded header": whole(OK, b"X-A: one", b" two", b"Content-Length: 2"),
    "folded by a tab": whole(OK, b"X-A:", b"\ttwo", b"Content-Length: 2"),
    "equal lengths": whole(OK, b"Content-Length: 2", b"Content-Length: 2"),
    "equal lengths in one header": whole(OK, b"Content-Length: 2, 2"),
    "different lengths, the last one right": whole(OK, b"Content-Length: 5", b"Content-Length: 2"),
    "length with a plus": whole(OK, b"Content-Length: +2"),
    "length too large to be one": whole(OK, b"Content-Length: 99999999999999999999"),
    "length that is none": whole(OK, b"Content-Length: many"),
    "no reason": whole(b"HTTP/1.1 200", b"Content-Length: 2"),
    "no reason, one blank": whole(b"HTTP/1.1 200 ", b"Content-Length: 2"),
    "reason in Latin-1": whole(b"HTTP/1.1 200 \xe9t\xe9", b"Content-Length: 2"),
    "two blanks": whole(b"HTTP/1.1  200 OK", b"Content-Length: 2"),
    "small letters": whole(b"http/1.1 200 OK", b"content-length: 2"),
    "HTTP/2 by its name": whole(b"HTTP/2 200", b"Content-Length: 2"),
    "bytes beyond ASCII": whole(OK, b"X: \xe9\xff", b"Y: \xc3\xa9", b"Content-Length: 2"),
    "odd names": whole(OK, b"X Y: z", b"X@(: z", b"\xc3\xa9: z", b": z", b"X : z", b"Content-Length: 2"),
    "a line without a colon": whole(OK, b"no header at all", b"Content-Length: 2"),
    "transfer coding identity": whole(OK, b"Transfer-Encoding: identity", b"Content-Length: 9"),
    "chunks with line feeds": whole(OK, b"Transfer-Encoding: chunked", body=b"2\nok\n0\n\n"),
    "chunks with blanks and extensions": whole(
        OK, b"Transfer-Encoding: Chunked", body=b"0002 ;a=b\r\nok\r\n0;x\r\n\r\n"
    ),
    "trailers": whole(OK, b"Transfer-Encoding: chunked", body=b"2\r\nok\r\n0\r\nX: y\r\n folded\r\nno trailer\r\n\r\n"),
    "chunks in HTTP/1.0": whole(b"HTTP/1.0 200 OK", b"Transfer-Encoding: chunked", body=b"2\r\nok\r\n0\r\n\r\n"),
    "interim answers first": whole(b"HTTP/1.1 103 Early") * 20
    + whole(b"HTTP/1.1 100", end=b"\n", body=b"")
    + whole(OK),
    "empty lines before it": b"\r\n\n\r\n" + whole(OK, b"Content-Length: 2"),
    "an interim answer, then empty lines": whole(b"HTTP/1.1 103 Early", body=b"\r\n\n")
    + whole(OK, b"Content-Length: 2"),
    "no length": whole(OK),
    "100 kB of headers": whole(OK, *[b"X-%d: " % n + b"y" * 1000 for n in range(100)], b"Content-Length: 2"),
    "80 cookies of 1 kB": whole(OK, *[b"Set-Cookie: c%d=" % n + b"y" * 1000 for n in range(80)], b"Content-Length: 2"),
}
LENIENT["interim answers first"] = LENIENT["interim answers first"].replace(b"\r\n\r\nok", b"\r\n\r\n", 20)


@pytest.mark.hardened("T04", "answers that curl takes and a strict HTTP parser does not", "up")
@pytest.mark.hardened("O01", "100 kB of headers, 80 cookies of 1 kB", "up")
@pytest.mark.hardened("O02", "chunks of one byte, no length, 103 first, no reason, each byte by itself", "up")
@pytest.mark.parametrize("name", LENIENT)
@pytest.mark.parametrize("step", [1, 7, PIECE])
def test_what_curl_reads_is_read(name, step):
    data, reply = LENIENT[name], Reply("GET", 1000)
    for at in range(0, len(data), step):
        if reply.feed(data[at : at + step]):
            break
    reply.end()
    assert (reply.status, bytes(reply.body), reply.unread) == (200, b"ok", None)


@pytest.mark.hardened("T04", "a folded header, a header given twice", "one value")
def test_folded_and_repeated_headers_are_one_value():
    said = head.read(b"HTTP/1.1 200 OK\r\nA: one\r\n  two\r\nB: 1\r\nb: 2\r\n\r\n")
    assert said.headers == {"a": "one two", "b": "1, 2"}
    said = head.read(b"HTTP/1.1 200 OK\r\n first: 1\r\nA:\r\n\tone\r\n \r\nno colon\r\n two\r\nB: 1\r\n\r\n")
    assert said.headers == {" first": "1", "a": "one two", "b": "1"}


@pytest.mark.parametrize(
    "data",
    [
        whole(OK, b"Content-Length: 9"),
        whole(OK, b"Transfer-Encoding: chunked", body=b"2\r\nok\r\n"),
        whole(OK, b"Transfer-Encoding: chunked", body=b"5\r\nok"),
        whole(OK, b"Transfer-Encoding: chunked", body=b"zz\r\nok"),
        whole(OK, b"Transfer-Encoding: chunked", body=b"2\r\nokok"),
        whole(OK, b"X: a\0b"),
        b"ok",
        b"\r\n\r\n",
    ],
)
@pytest.mark.hardened("T04", "a body cut short, chunks that are none, no HTTP at all", "bad, as with curl")
def test_what_curl_does_not_read_is_bad(data):
    with pytest.raises(TroubleError, match=r"closed_|not_http|http_broken") as trouble:
        fed(data, PIECE)
    assert trouble.value.cause in THEIRS


@pytest.mark.hardened("T04", "a status line that begins with HTTP/ and goes on in no way we know", "inconclusive")
@pytest.mark.parametrize("data", [b"HTTP/x\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\nA: b"])
async def test_http_of_an_unknown_kind_is_inconclusive(net, get, data):
    async with Site(data) as site:
        seen = await get(net, site.url())
    assert isinstance(seen, Trouble)
    assert seen.cause is Cause.UNREADABLE
    assert seen.reading("web").outcome is Outcome.INCONCLUSIVE


def test_every_cause_speaks_of_us_or_of_the_service():
    assert set(Cause) == BLIND | THEIRS
    assert not BLIND & THEIRS


# ── packed ───────────────────────────────────────────────────────────────────────────────────────────────────────────

PACKED = {
    "gzip": ("gzip", gzip.compress(WELCOME)),
    "gzip of three members": ("gzip", b"".join(gzip.compress(WELCOME[at : at + 300]) for at in range(0, 900, 300))),
    "gzip and junk": ("gzip", gzip.compress(WELCOME) + b"\0\0junk"),
    "x-gzip": ("X-GZIP", gzip.compress(WELCOME)),
    "deflate": ("deflate", zlib.compress(WELCOME)),
    "naked deflate": ("deflate", zlib.compress(WELCOME)[2:-4]),
    "br": ("br", brotli.compress(WELCOME)),
    "zstd": ("zstd", zstd.compress(WELCOME)),
    "zstd of two frames": ("zstd", zstd.compress(WELCOME[:400]) + zstd.compress(WELCOME[400:])),
    "zstd and junk": ("zstd", zstd.compress(WELCOME) + b"junk"),
    "br of gzip": ("gzip, br", brotli.compress(gzip.compress(WELCOME))),
    "gzip of br, in blanks": ("br ,\tgzip", gzip.compress(brotli.compress(WELCOME))),
    "a charset where the coding belongs": ("UTF-8", WELCOME),
    "identity": ("identity", WELCOME),
}


def fed(data, step, cap=10_000):
    reply = Reply("GET", cap)
    for at in range(0, len(data), step):
        if reply.feed(data[at : at + step]):
            break
    reply.end()
    return reply


@pytest.mark.hardened(
    "T06", "packed by gzip (of many members too), deflate, br or zstd though identity is asked", "unpacked"
)
@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("step", [1, 13, PIECE])
def test_a_packed_body_is_unpacked(name, step):
    coding, body = PACKED[name]
    reply = fed(page(body=body, headers={"Content-Encoding": coding}), step)
    assert (bytes(reply.body), reply.unread) == (WELCOME, None)


BROKEN = {
    "cut": ("gzip", gzip.compress(WELCOME)[:-20], SPOILT),
    "cut br": ("br", brotli.compress(WELCOME)[:-3], SPOILT),
    "cut zstd": ("zstd", zstd.compress(WELCOME)[:-3], SPOILT),
    "spoilt": ("gzip", gzip.compress(WELCOME)[:12] + b"\xff" * 30, SPOILT),
    "no br": ("br", bytes.fromhex("1b1e0000a4b0b2ea8146b9"), SPOILT),
    "none at all": ("gzip", WELCOME, SPOILT),
    "unknown": ("exe", WELCOME, UNKNOWN),
    "unknown below": ("exe, gzip", gzip.compress(WELCOME), UNKNOWN),
    "too many layers": ("gzip, gzip, gzip, gzip", WELCOME, UNKNOWN),
    "a window of 128 MB": ("zstd", b"\x28\xb5\x2f\xfd\x00\x88" + WELCOME, SPOILT),
    "members without end": ("gzip", gzip.compress(b"") * 1500, SPOILT),
}


@pytest.mark.hardened(
    "T06", "packed in an unknown way, or broken, and words are expected", "inconclusive, never good or bad"
)
@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize(
    "expect", [{"contains": "Welcome"}, {"not_contains": "wrong"}, {"matches": "."}, {"json": "a"}]
)
async def test_what_cannot_be_unpacked_is_inconclusive(net, name, expect):
    coding, body, why = BROKEN[name]
    async with Site(page(body=body, headers={"Content-Encoding": coding})) as site:
        reading = await HttpCheck(url=site.url(), expect=expect).run("web", net, SOON, fresh=False)
        alone = await HttpCheck(url=site.url()).run("web", net, SOON, fresh=False)
    assert (reading.outcome, reading.why) == (Outcome.INCONCLUSIVE, why)
    assert alone.outcome is Outcome.OK


def bomb(coding, size=8 << 20):
    body = b"\0" * (1 << 20)
    if coding == "br":
        packer = brotli.Compressor(quality=1)
        return b"".join(packer.process(body) for _ in range(size >> 20)) + packer.finish()
    if coding == "zstd":
        packer = zstd.ZstdCompressor()
        return b"".join(packer.compress(body) for _ in range(size >> 20)) + packer.flush()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(body) for _ in range(size >> 20)) + packer.flush()


WORST = {
    "gzip bomb": ("gzip", bomb("gzip")),
    "br bomb": ("br", bomb("br")),
    "zstd bomb": ("zstd", bomb("zstd")),
    "gzip of a gzip bomb": ("gzip, gzip", gzip.compress(bomb("gzip", 64 << 20))),
    "empty blocks": ("deflate", b"\x78\x9c" + b"\0\0\0\xff\xff" * 1_000_000),
    "empty members": ("gzip", gzip.compress(b"") * 50_000),
    "empty frames": ("zstd", zstd.compress(b"") * 100_000),
    "skipped frames": ("zstd", b"\x50\x2a\x4d\x18\0\0\0\0" * 100_000),
    "empty br blocks": ("br", b"\x0b" + b"\x06" * 1_000_000),
}


def longest(pieces, work):
    """CPU seconds of the longest one."""
    most = 0.0
    for piece in pieces:
        began = time.thread_time()
        ended = work(piece)
        most = max(most, time.thread_time() - began)
        if ended:
            break
    return most


@pytest.mark.hardened(
    "T06", "bombs and endless empty blocks of gzip, deflate, br, zstd", "under the cap, loop held under 50 ms"
)
@pytest.mark.parametrize("name", WORST)
def test_no_packed_body_holds_the_loop(name, saw):
    coding, body = WORST[name]
    data, reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n" % coding.encode() + body, Reply("GET", 1 << 20)
    held = longest((data[at : at + PIECE] for at in range(0, len(data), PIECE)), reply.feed)
    saw(f"{name}: {held * 1000:.0f} ms")
    assert held < 0.05
    assert len(reply.body) <= 1 << 20


HEADS = {
    "short headers": b"a:\n" * 200_000,
    "one name": b"aaaa: bbbb\r\n" * 30_000,
    "folds": b"a: b\r\n" + b" c\r\n" * 100_000,
    "one byte chunks": b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100_000,
    "interim answers": b"\r\n" + b"HTTP/1.1 100\n\n" * 20_000,
    "blank lines": b"\r" * 300_000,
    "trailers": b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a\n" * 200_000,
}


@pytest.mark.hardened(
    "T04", "headers, folds, interim answers, chunks and trailers without end", "loop held under 50 ms"
)
@pytest.mark.parametrize("name", HEADS)
def test_no_head_holds_the_loop(name, saw):
    start = b"HTTP/1.1 103 x\r\n" if name == "interim answers" else b"HTTP/1.1 200 OK\r\n"
    data, reply = start + HEADS[name], Reply("GET", 1 << 20)

    def work(piece):
        try:
            return reply.feed(piece)
        except TroubleError as error:
            return "too long" in english(error.why)

    held = longest((data[at : at + PIECE] for at in range(0, len(data), PIECE)), work)
    saw(f"{name}: {held * 1000:.0f} ms")
    assert held < 0.05


@pytest.mark.hardened("T04", "headers of 300 kB in one piece, each of three bytes", "read within 50 ms")
def test_a_head_of_many_lines_is_read_in_no_time():
    data = b"HTTP/1.1 200 OK\r\n" + b"a:\n" * 99_000 + b"\n"
    assert longest([data], lambda piece: head.read(piece) is None) < 0.05


@pytest.mark.hardened("T04", "a NUL in the line that ends the head", "an answer, as for curl; in a header it is none")
def test_a_nul_beside_the_end_of_the_head_is_passed_over():
    assert head.read(b"HTTP/1.0 200 OK\rA: 1\n\r\x1f\x00\n").status == 200
    for data in (b"HTTP/1.0 200 OK\nA: \x00\n\r\n", b"HTTP/1.0 200 OK\nA: \x00\n\n", b"HTTP/1.0 200 OK\nA: \x00\n"):
        with pytest.raises(TroubleError):
            head.read(data)


@pytest.mark.hardened("T04", "a line of the head begins with a NUL: curl takes it", "inconclusive, not bad")
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_a_line_that_begins_with_a_nul_says_nothing_of_the_service(line_end):
    for lines in ([b"A: 1", b"\0b"], [b"\0"], [b"A: 1", b"\0b: c", b"D: e"]):
        with pytest.raises(TroubleError) as found:
            head.read(line_end.join([b"HTTP/1.1 200 OK", *lines, b"", b""]))
        assert found.value.cause is Cause.UNREADABLE


@pytest.mark.hardened("T04", "a header of 90 kB, and thousands of lines that go on with it", "read within 50 ms")
def test_folded_lines_are_not_copied_once_for_each():
    data = b"HTTP/1.1 200 OK\r\nA: " + b"x" * 90_000 + b"\r\n" + b" a\n" * 60_000 + b"\n"
    assert longest([data], lambda piece: head.read(piece) is None) < 0.05


def test_chunks_remember_no_more_than_they_need():
    chunks = Chunks()
    for piece in (b"5;", b"a" * 100_000, b"\nhel", b"lo", b"\r\n0", b";" + b"b" * 1000 + b"\r", b"\n"):
        chunks.feed(piece)
    assert not chunks.done
    assert chunks.feed(b"\r\n") == []
    assert chunks.done


# ── beside curl ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("T04", "1,000 answers made by grammar, in pieces", "no exception, loop held under 50 ms")
def test_answers_made_by_grammar_are_read_or_refused(saw):
    read, held = fuzz_http.alone(1_000, 11)
    saw(f"{read} read, longest {held * 1000:.1f} ms")
    assert read > 500
    assert held < fuzz_http.HOLD


@pytest.mark.hardened(
    "T04", "answers made by grammar, read by curl as well (fuzz_http.py: 100,000)", "what curl takes we take"
)
@pytest.mark.skipif(shutil.which("curl") is None, reason="without curl there is nothing to compare with")
def test_what_curl_takes_we_take(saw):
    differ, seen = asyncio.run(fuzz_http.beside_curl(200, 5, batch=100))
    saw(f"{seen[True, True]} taken by both, {len(differ)} by curl alone")
    assert not differ
    assert seen[True, True] > 50


@pytest.mark.hardened("O02", "a keyword in chunks of one byte, a 204 with a body", "good")
async def test_a_keyword_in_the_smallest_chunks_is_found(net):
    body = b"".join(b"1\r\n%c\r\n" % each for each in WELCOME) + b"0\r\n\r\n"
    async with Site(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body) as site:
        check = HttpCheck(url=site.url(), expect={"contains": "Welcome"})
        assert (await check.run("web", net, SOON, fresh=True)).outcome is Outcome.OK
        site.answer = b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"
        assert isinstance(await net.fetch(net.prepare("GET", site.url()), timeout=SOON), Answer)
