"""Pages under a rush: rendered once, compressed once, sent as bytes, and never older than they may be."""

from __future__ import annotations

import asyncio
import gzip
from datetime import timedelta
from itertools import pairwise

import brotli
import httpx
import pytest

from bot.model import Style
from bot.web.app import HEADERS, Front, site
from bot.web.http_server import Limits
from bot.web.ready import FRESH, LONGEST, MORE, REST, ReadyPages, coding, matches, prepared
from bot.web.ready_protocol import CONNECTING, Turns
from tests.web.pages import NOW, QUIET, Stage, browsing
from tests.web.test_http_server import opened


@pytest.mark.parametrize(
    ("accept", "right"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.1, gzip;q=0.9", "gzip"),
        ("*", "br"),
        ("*;q=0, gzip", "gzip"),
        ("br;q=nonsense", "identity"),
        ("identity", "identity"),
        ("deflate", "identity"),
        ("br ; q = 0", "identity"),
    ],
)
def test_an_encoding_that_the_client_takes(accept, right):
    assert coding(accept) == right


@pytest.mark.parametrize(
    ("known", "right"),
    [
        ('W/"abc"', True),
        ('"abc"', True),
        ('"x", W/"abc"', True),
        ("*", True),
        ("", False),
        ('"ab"', False),
        ("abc", False),
    ],
)
def test_a_version_that_the_client_has(known, right):
    assert matches('W/"abc"', known) is right


# ── over the application and over the wire alike ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/", "/status.json", "/service/cf"])
async def test_what_is_ready_is_what_the_application_says(path):
    async with browsing(Stage()) as web:
        wanted = await web.get(path)
    async with opened(Limits()) as at_door, httpx.AsyncClient(base_url=at_door.url) as web:
        first, ready = await web.get(path), await web.get(path)
    for answer in (first, ready):
        assert answer.text == wanted.text
        assert {name: answer.headers[name] for name in wanted.headers} == dict(wanted.headers)
        assert answer.headers["date"]
        assert all(answer.headers[name] == value for name, value in HEADERS.items())


@pytest.mark.parametrize(("accept", "unpack"), [("gzip", gzip.decompress), ("br", brotli.decompress), ("", bytes)])
async def test_it_comes_compressed_to_whoever_takes_it(accept, unpack):
    async with opened(Limits()) as at_door:
        plain = None
        for _ in range(2):  # made by the application, then sent as bytes
            head, body = await asked(at_door, f"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {accept}\r\n")
            assert head.get("content-encoding", "") == accept
            assert head["vary"] == "Accept-Encoding"
            assert int(head["content-length"]) == len(body)
            plain = plain or unpack(body)
            assert unpack(body) == plain
        assert b"<html" in plain


async def test_whoever_has_it_gets_three_words_and_no_body():
    async with opened(Limits()) as at_door:
        head, _ = await asked(at_door, "GET / HTTP/1.1\r\nHost: x\r\n")
        for _ in range(2):
            again, body = await asked(at_door, f"GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: {head['etag']}\r\n")
            assert again["status"] == "304"
            assert body == b""
            assert again["etag"] == head["etag"]
            assert again["cache-control"] == "no-cache"
            assert "content-length" not in again or again["content-length"] == "0"


async def test_head_has_the_headers_alone():
    async with opened(Limits()) as at_door:
        whole, _ = await asked(at_door, "GET / HTTP/1.1\r\nHost: x\r\n")
        for _ in range(2):
            head, body = await asked(at_door, "HEAD / HTTP/1.1\r\nHost: x\r\n")
            assert body == b""
            assert head["content-length"] == whole["content-length"]


async def test_a_range_is_answered_with_the_whole():
    async with opened(Limits()) as at_door:
        whole, body = await asked(at_door, "GET / HTTP/1.1\r\nHost: x\r\n")
        part, all_ = await asked(at_door, "GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n")
    assert part["status"] == whole["status"] == "200"
    assert all_ == body


async def test_requests_in_one_piece_are_answered_in_their_order():
    """Some of them ready, some not, some refused by the application."""
    paths = ["/", "/healthz", "/status.json", "/nowhere"]
    async with opened(Limits()) as at_door:
        for path in paths:
            await asked(at_door, f"GET {path} HTTP/1.1\r\nHost: x\r\n")
        pieces = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths[:3])
        said = await at_door.raw(f"{pieces}GET {paths[3]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    kinds = [line.split(b": ")[1].split(b";")[0] for line in said.split(b"\r\n") if line.startswith(b"content-type")]
    assert kinds == [b"text/html", b"application/json", b"application/json", b"text/plain"]
    assert said.count(b"HTTP/1.1 200 OK") == 3
    assert said.count(b"HTTP/1.1 404") == 1


async def test_a_connection_ends_after_its_last_request():
    async with opened(Limits(requests=3)) as at_door:
        await asked(at_door, "GET / HTTP/1.1\r\nHost: x\r\n")
        said = await at_door.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
    assert said.count(b"HTTP/1.1 200 OK") == 3
    assert b"connection: close" in said


async def test_old_clients_get_one_answer_and_the_end():
    async with opened(Limits()) as at_door:
        await asked(at_door, "GET / HTTP/1.1\r\nHost: x\r\n")
        said = await at_door.raw(b"GET / HTTP/1.0\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 OK")
    assert said.endswith(b"</html>")


async def asked(at_door, head):
    """Status and headers, and the body as it was sent."""
    said = await at_door.raw(f"{head}Connection: close\r\n\r\n".encode())
    top, _, body = said.partition(b"\r\n\r\n")
    first, *lines = top.decode().split("\r\n")
    found = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return found | {"status": first.split(" ")[1]}, body


# ── how often it is rendered, and how old it may be ──────────────────────────────────────────────────────────────────


class Maker:
    def __init__(self):
        self.now, self.made, self.free = 0.0, 0, asyncio.Event()
        self.free.set()
        self.pages = ReadyPages({}, steady=lambda: self.now)

    async def make(self):
        self.made += 1
        number = self.made
        await self.free.wait()
        return f"page {number}"

    async def get(self):
        return (await self.pages.get("/", self.make, "text/plain")).source

    def at_hand(self):
        found = self.pages.at_hand("/")
        return found and found.source


async def settled():
    for _ in range(200):
        await asyncio.sleep(0.001)


async def test_it_is_rendered_once_a_second_at_most_and_the_old_one_is_served_meanwhile():
    of = Maker()
    assert of.at_hand() is None
    assert await of.get() == "page 1"
    of.now = 0.9
    assert of.at_hand() == "page 1"
    assert of.made == 1
    of.now, _ = 1.1, of.free.clear()
    assert [of.at_hand() for _ in range(50)] == ["page 1"] * 50
    await asyncio.sleep(0.01)
    assert of.made == 2
    of.free.set()
    await settled()
    assert of.at_hand() == "page 2"


async def test_nobody_gets_a_page_that_is_older_than_two_seconds():
    of = Maker()
    await of.get()
    of.now = FRESH + MORE + 0.1
    assert of.at_hand() is None
    assert await of.get() == "page 2"


async def test_one_that_takes_long_to_render_is_not_waited_for_by_all():
    of = Maker()
    await of.get()
    of.now = 1.5
    of.free.clear()
    assert of.at_hand() == "page 1"
    of.now = LONGEST - 0.1
    assert of.at_hand() == "page 1"
    of.now = LONGEST + 0.1
    assert of.at_hand() is None
    of.free.set()


async def test_one_that_takes_long_to_render_is_rendered_less_often():
    """So that readers never take all of the machine; but it is never older than some seconds."""
    of = Maker()
    of.free.clear()
    first = asyncio.create_task(of.get())
    await asyncio.sleep(0.01)
    of.now = 0.5  # so long it takes
    of.free.set()
    await first
    of.now = 1.9
    assert of.at_hand() == "page 1"
    await settled()
    assert of.made == 1
    of.now = 2.1
    assert of.at_hand() == "page 1"
    await settled()
    assert of.made == 2
    assert REST + MORE < LONGEST


async def test_what_cannot_be_rendered_is_not_kept():
    async def broken():
        raise ValueError("broken")

    pages = ReadyPages({})
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            await pages.get("/", broken, "text/plain")
    assert pages.at_hand("/") is None


def test_what_did_not_change_has_the_same_tag_and_what_did_another():
    one, same, other = (prepared(text, "text/plain", {}) for text in ("a" * 300, "a" * 300, "b" * 300))
    assert one.tag == same.tag != other.tag


async def test_while_nothing_changes_nothing_is_read_or_rendered():
    """A glance at what is in memory tells."""
    stage, seen = Stage(QUIET), {"glance": 1, "now": NOW}
    app = site(
        overview=stage.seen,
        vitals=stage.how,
        title="x",
        style=Style("en", "Europe/Madrid"),
        clock=lambda: seen["now"],
        glance=lambda: seen["glance"],
    )
    pages = app.state.ready
    pages.fresh = 0.0
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as web:

        async def read():
            pages._kept.clear()
            await asyncio.sleep(0.6)
            return (await web.get("/")).text

        first = await read()
        assert await read() == first
        assert stage.asked == 1
        seen["glance"] = 2
        await read()
        assert stage.asked == 2
        seen["now"] += timedelta(minutes=1)
        await read()
        assert stage.asked == 3


# ── readers take turns ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_rush_takes_a_share_of_the_loop_and_everybody_gets_an_answer():
    """Each answer costs half a millisecond by this clock: two go out in each stretch."""
    now, done, looks = [0.0], [], []

    def work(number):
        now[0] += 0.0005
        done.append(number)

    turns = Turns(lambda: now[0])
    for number in range(20):
        turns.take(lambda number=number: work(number))
    looks.append(len(done))
    for _ in range(500):
        await asyncio.sleep(0.001)
        looks.append(len(done))
    assert looks[0] <= 3
    assert done == list(range(20))
    assert max(b - a for a, b in pairwise(looks)) <= 6


async def test_while_there_is_more_urgent_work_few_are_sent_at_once_and_none_waits_for_ever():
    """Each answer costs a twentieth of a millisecond by this clock: two go out in each stretch, later twenty."""
    now, done, looks, busy = [0.0], [], [0], [True]

    def work(number):
        now[0] += 0.00005
        done.append(number)

    turns = Turns(lambda: now[0], lambda: busy[0])
    for number in range(100):
        turns.take(lambda number=number: work(number))
    for _ in range(100):
        looks.append(len(done))
        busy[0] = len(done) < 20
        await asyncio.sleep(0.001)
    assert done == list(range(100))
    steps = [b - a for a, b in pairwise(looks)]
    assert max(steps[: looks.index(next(look for look in looks if look >= 20)) - 1]) <= 6
    assert max(steps) >= 15


async def test_what_connections_cost_is_missing_for_answers():
    now, done = [0.0], []
    turns = Turns(lambda: now[0])
    for _ in range(10):
        turns.spend(CONNECTING)
    turns.take(lambda: done.append(1))
    assert done == []
    await asyncio.sleep(0.05)
    assert done == [1]


async def test_it_is_known_whether_a_page_is_being_made():
    pages, go = ReadyPages({}), asyncio.Event()

    async def make():
        await go.wait()
        return "<p>"

    getting = asyncio.create_task(pages.get("/", make, "text/html"))
    await asyncio.sleep(0)
    assert pages.making()
    go.set()
    await getting
    await asyncio.sleep(0)
    assert not pages.making()


def test_readers_make_way_for_notices_and_for_a_page_in_the_making():
    hurry = [False]
    front = Front(Stage().site(), lambda: hurry[0])
    assert not front.busy()
    hurry[0] = True
    assert front.busy()
