# ruff: noqa: T201 - prints are its product
"""HTTP answers by grammar, read by our transport and by curl: `python -m tests.net.fuzz_http [answers] [beside curl] [seed]`.

Rules: nothing is raised, one callback never holds the loop for 50 ms of CPU, and what curl takes (exit 0, status 2xx or
3xx) is an answer for us, too.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import shutil
import sys
import time
import zlib
from collections import Counter
from datetime import timedelta

import brotli

from bot.contracts import BLIND, Answer
from bot.net import Network
from bot.net.errors import TroubleError
from bot.net.response import Reply
from tests.fakes.site import Site
from tests.reasons import english

HOLD = 0.05  # seconds of CPU
CAP = 256 * 1024
ENDS = [b"\r\n"] * 12 + [b"\n"] * 4 + [b"\r\r\n", b"\r", b" \r\n", b"\t\n"]
STATUS_LINES = [
    b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1 404 Not Found", b"HTTP/1.1 302 Found",
    b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 500 \xe9chec", b"HTTP/1.1  200 OK", b"HTTP/1.1 20 OK",
    b"HTTP/1.1 200OK", b"HTTP/2 200", b"HTTP/2.0 200 OK", b"HTTP/1.2 200 OK", b"HTTP/0.9 200 OK", b"HTTP 200 OK", b"ICY 200 OK",
    b"http/1.1 200 OK", b"HTTP/1.1\t200 OK", b"HTTP/1.1 299 \xff\xfe", b"HTTP/1.1 999 x", b"HTTP/1.1 000 x", b"HTTP/1.1 2000 OK",
    b"\r\nHTTP/1.1 200 OK", b" HTTP/1.1 200 OK", b"", b"SSH-2.0-x", b"HTTP/1.1 200 O\x00K", b"HTTP/1.1 201 Created \x01",
]  # fmt: skip
REFUSED = [b"no colon at all", b"X: a\x00b"]  # what curl does not take
FIELDS = [
    b"Content-Type: text/html", b"Server: x", b"X: \x01\x02\x7f", b"X-Obs: \xe9\xff\x80", b"X-Utf8: \xc3\xa9", b"X-Empty:", b"X-Long: " + b"y" * 3000,
    b" folded on", b"\tfolded on", b": no name", b"X Y: z", b"X : space before", b"X@(/: odd", b"\xc3\xa9: odd", b"Set-Cookie: a=\x01b; Path=/",
    b"Connection: close", b"Connection: keep-alive", b"Connection: upgrade", b"Upgrade: h2c", b"Date: whenever", b"Proxy-Connection: x",
    b"Location: /there", b"Content-Encoding: utf-8", b"Content-Encoding: exe", b"Trailer: X", b"Keep-Alive: timeout=5, max=1000",
    b"Content-MD5: x", b"Transfer-Encoding: identity", b'Alt-Svc: h3=":443"', b"Content-Length-X: 5", b"X: a\rb", b"Content-Range: bytes 0-1/2",
]  # fmt: skip


def chunked(rng, body):
    """In chunks, most of them as they should be."""
    out, at = b"", 0
    end = b"\n" if rng.random() < 0.2 else b"\r\n"
    while at < len(body):
        size = rng.choice([1, 2, 7, 100, 5000])
        part = body[at : at + size]
        at += size
        head = rng.choice([b"%x", b"%X", b"%04x", b"%x;a=b", b"%x ;a", b"%x  ", b"%x"]) % len(part)
        out += head + end + part + end
        if rng.random() < 0.02:
            out += rng.choice([b"\r\n", b"zz\r\n", b"-1\r\n", b"fffffffffffffffff\r\n", b" 1\r\nx\r\n"])
    last = rng.choice([b"0", b"0", b"0", b"000", b"0;x", b""])
    trailers = b"".join(
        rng.choice([b"X: y", b"bad trailer", b" folded", b"Content-Length: 9"]) + end
        for _ in range(rng.choice([0, 0, 0, 1, 3]))
    )
    return out + (last + end + trailers if last else b"") + rng.choice([end, end, end, b"", b"\r"])


def answer(rng):
    """One answer, as servers write it, or nearly so."""
    body = rng.choice(
        [b"ok", b"", b"<h1>Welcome</h1>" * 20, bytes(rng.randrange(256) for _ in range(200)), b"x" * 20_000]
    )
    end = rng.choice(ENDS) if rng.random() < 0.2 else b"\r\n"
    lines = [rng.choice(STATUS_LINES[:8]) if rng.random() < 0.9 else rng.choice(STATUS_LINES)]
    lines += rng.sample(FIELDS, rng.choice([0, 1, 1, 2, 3, 6])) + rng.sample(REFUSED, rng.random() < 0.03)
    if rng.random() < 0.2:
        coding, body = rng.choice(
            [
                (b"gzip", gzip.compress(body)),
                (b"deflate", zlib.compress(body)),
                (b"br", brotli.compress(body)),
                (b"gzip", body),
                (b"br", body),
            ]
        )
        lines.append(b"Content-Encoding: " + coding)
    lengths = [b"%d" % len(body)] * 6 + [
        b"%d" % (len(body) + 5),
        b"%d" % max(len(body) - 1, 0),
        b"+%d" % len(body),
        b"%d, %d" % (len(body), len(body)),
    ]
    lengths += [b"", b"-1", b"abc", b"99999999999999999999999", b"%dabc" % len(body), b" %d " % len(body)]
    framing = rng.randrange(8)
    if framing < 4 or framing == 7:
        lines += [
            b"Content-Length: " + (lengths[0] if rng.random() < 0.7 else rng.choice(lengths))
            for _ in range(rng.choice([1, 1, 1, 2]))
        ]
    if framing in {4, 5, 7}:
        lines.append(
            b"Transfer-Encoding: "
            + rng.choice([b"chunked"] * 6 + [b"Chunked", b"identity, chunked", b"x", b"chunked, chunked", b" chunked "])
        )
        body = chunked(rng, body)
    head, tail = lines[:1], lines[1:]
    rng.shuffle(tail)
    data = b"".join(line + (rng.choice(ENDS) if rng.random() < 0.05 else end) for line in head + tail) + end + body
    if rng.random() < 0.1:
        data = (
            b"".join(
                rng.choice(
                    [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n", b"HTTP/1.1 100\n\n"]
                )
                for _ in range(rng.randrange(1, 4))
            )
            + data
        )
    if rng.random() < 0.1:
        data = data[: rng.randrange(len(data) + 1)]
    if rng.random() < 0.05:
        data += rng.choice([b"junk", b"\r\n", b"HTTP/1.1 500 x\r\n\r\n"])
    return spoilt(rng, data) if rng.random() < 0.1 else data


def spoilt(rng, data):
    data = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data) + 1)
        if rng.random() < 0.5:
            data[at : at + 1] = rng.randbytes(1)
        else:
            del data[at : at + rng.randrange(30)]
    return bytes(data)


def parse(data, step=None, method="GET"):
    """Our reading alone: the status, or 0 where it is none; and the longest CPU time of one piece."""
    reply, longest = Reply(method, CAP), 0.0
    try:
        for at in range(0, len(data), step or 32_768):
            began = time.thread_time()
            done = reply.feed(data[at : at + (step or 32_768)])
            longest = max(longest, time.thread_time() - began)
            if done:
                break
        reply.end()
    except TroubleError:
        return 0, longest
    return reply.status, longest


def alone(count, seed):
    """Parse `count` answers; return how many were read and the longest hold."""
    rng, read, longest = random.Random(seed), 0, 0.0
    for _ in range(count):
        status, held = parse(answer(rng), rng.choice([None, None, 1, 7]) if rng.random() < 0.2 else None)
        read += bool(status)
        longest = max(longest, held)
    return read, longest


async def beside_curl(count, seed, batch=200):
    """What curl takes and we do not, over real sockets."""
    rng, differ, seen = random.Random(seed), [], Counter()
    async with Site() as site, Network() as net:
        for _ in range(0, count, batch):
            answers = [answer(rng) for _ in range(batch)]
            site.paths = {f"/{n}": data for n, data in enumerate(answers)}
            theirs = await curl(site, batch)
            for n, data in enumerate(answers):
                ours = await net.fetch(net.prepare("GET", site.url(f"/{n}")), timeout=timedelta(seconds=5))
                code, status = theirs.get(n, (99, 0))
                good = isinstance(ours, Answer)
                seen[(code == 0, good)] += 1
                if code == 0 and 200 <= status < 400 and not (ours.status == status if good else ours.cause in BLIND):
                    differ.append((data, status, ours))
            site.heard.clear()
    return differ, seen


async def curl(site, count):
    """Exit code and status by number, many a process: at some answers it gives up all that follow, and is begun anew."""
    seen, left = {}, list(range(count))
    while left:
        rows = await _curl(site, left)
        seen |= rows
        left = left[max(len(rows), 1) :]
    return seen


async def _curl(site, numbers):
    urls = "".join(f'url = "{site.url(f"/{n}")}"\noutput = "/dev/null"\n' for n in numbers)
    run = await asyncio.create_subprocess_exec(
        *(shutil.which("curl"), "-q", "-s", "-H", "Connection: close", "-m", "5"),
        *("-w", "%{exitcode} %{response_code}\\n", "-K", "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await run.communicate(urls.encode())
    rows = (line.split() for line in out.decode().splitlines())
    return {n: (int(code), int(status)) for n, (code, status) in zip(numbers, rows, strict=False)}


async def main():
    answers, curled, seed = (int(value) for value in (sys.argv[1:] + ["100000", "5000", "1"][len(sys.argv) - 1 :])[:3])
    began = time.perf_counter()
    read, longest = alone(answers, seed)
    print(
        f"{answers} answers parsed: {read} read, longest hold {longest * 1000:.1f} ms, {time.perf_counter() - began:.0f} s"
    )
    differ, seen = await beside_curl(curled, seed)
    print(
        f"{curled} beside curl: {json.dumps({str(key): value for key, value in seen.items()})}, (curl exit 0, we read it)"
    )
    for data, status, ours in differ[:20]:
        print("curl", status, "we", english(ours.why) if not isinstance(ours, Answer) else ours.status, data[:300])
    print(f"{len(differ)} that curl takes and we do not; {time.perf_counter() - began:.0f} s")
    return bool(differ) or longest > HOLD


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
