"""The page's door against those who mean ill, or are merely slow: real sockets, and bounds on all that they decide."""

from __future__ import annotations

import asyncio
import resource
import socket
import tracemalloc
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.web import connections
from bot.web.app import Server
from bot.web.connections import Complaints, Connections, affordable
from bot.web.http_server import KIB, Limits
from tests.flow.house import eventually
from tests.web.pages import Stage

HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
QUICK = Limits(head_within=0.3, body_within=0.3, write_within=0.3, linger=0.2, idle=0.3)
BIG = b"x" * (4 * 1024 * KIB)


async def eat(request):
    return PlainTextResponse(f"{len(await request.body())} bytes")


async def big(_request):
    return PlainTextResponse(BIG)


class Door:
    def __init__(self, listening, server):
        self.address, self.server, self.made = listening.getsockname(), server, []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.address[1]}"

    @property
    def open(self):
        return len(self.server.server_state.connections)

    async def connect(self):
        reader, writer = await asyncio.open_connection(*self.address)
        self.made.append(writer)
        return reader, writer

    async def raw(self, *parts, pause=0.0):
        """What is answered until the connection ends."""
        reader, writer = await self.connect()
        reading = asyncio.create_task(answered(reader))
        with suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
        return await reading


async def answered(reader):
    found = b""
    with suppress(ConnectionError):
        async with asyncio.timeout(20):
            while part := await reader.read(65536):
                found += part
    return found


@asynccontextmanager
async def opened(limits=QUICK, **more):
    routes = [Route("/eat", eat, methods=["POST"]), Route("/hooks/eat", eat, methods=["POST"]), Route("/big", big)]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(Stage().site(doors=routes), listening, limits=limits, **more)
        serving = asyncio.create_task(server.serve())
        await eventually(lambda: server.started)
        door = Door(listening, server)
        try:
            yield door
        finally:
            for writer in door.made:
                writer.close()
            server.should_exit = True
            async with asyncio.timeout(10):
                await serving


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


# ── heads ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("A2", "one endless header; small headers without end; an endless URL", "431 within 32 KiB")
@pytest.mark.parametrize(
    ("start", "more"),
    [
        (HEAD + b"X-a: ", b"a" * 65536),
        (HEAD, b"".join(b"X%d: a\r\n" % n for n in range(8000))),
        (b"GET /", b"a" * 65536),
        (b"GET /?", b"%41" * 20000),
        (b"G" * 65536, b"G" * 65536),
        (HEAD, b"a" * 65536),
        (HEAD + b"X: a\r\n", b" folded\r\n" * 8000),
    ],
    ids=["one header", "many headers", "URL", "query", "method", "name", "folded"],
)
async def test_a_head_without_end_is_cut_off(start, more, saw):
    async with opened() as door:
        reader, writer = await door.connect()
        writer.write(start)
        sent = len(start)
        tracemalloc.start()
        with suppress(ConnectionError):
            for _ in range(200):  # 13 MB
                writer.write(more)
                await writer.drain()
                sent += len(more)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        answer = await answered(reader)
        assert sent < 200 * len(more)
        assert status(answer) in {None, 400, 431}
        assert peak < 8e6
        await eventually(lambda: door.open == 0)
        saw(f"closed after {sent // KIB} KiB with what the system had taken")


@pytest.mark.parametrize(("size", "right"), [(30 * KIB, 200), (33 * KIB, 431)])
async def test_a_head_may_have_32_kib(size, right):
    async with opened() as door:
        lines = b"".join(b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(size // 1010))
        assert status(await door.raw(HEAD + b"Connection: close\r\n" + lines + b"\r\n")) == right


@pytest.mark.hardened("A2", "a head that drips, or is never sent", "closed after 10 s")
@pytest.mark.parametrize(
    "start", [b"", b"GET ", HEAD, b"\r\n"], ids=["silent", "half a line", "half a head", "line feed"]
)
async def test_who_sends_no_whole_head_is_let_go(start):
    async with opened() as door:
        reader, writer = await door.connect()
        writer.write(start)
        with suppress(ConnectionError):
            for _ in range(20):  # drips all the while
                await asyncio.sleep(0.1)
                if door.open == 0:
                    break
                writer.write(b"a" if start.strip() else b"")
        await eventually(lambda: door.open == 0)
        assert status(await answered(reader)) in {None, 408}


async def test_the_second_head_of_a_connection_has_its_time_as_well():
    async with opened() as door:
        reader, writer = await door.connect()
        writer.write(HEAD + b"\r\n")
        assert status(await reader.read(100)) == 200
        writer.write(b"GET /st")
        await eventually(lambda: door.open == 0)


async def test_who_asks_nothing_more_is_let_go_also_after_a_body_that_came_late():
    async with opened() as door:
        _, writer = await door.connect()
        writer.write(HEAD + b"Content-Length: 4\r\n\r\n")
        await asyncio.sleep(0.05)
        writer.write(b"late")
        await eventually(lambda: door.open == 0, within=5)


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────────────────────────

POST = b"POST %s HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.hardened("A2", "a body beyond the cap, said or in chunks", "413 before it is kept")
@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 100000000000\r\n\r\n",
        b"Content-Length: 99999999999999999999999\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + b"4000\r\n" + b"a" * 16384 + b"\r\n",
    ],
    ids=["said", "absurd", "chunks"],
)
async def test_a_body_beyond_the_cap_is_refused(rest):
    async with opened() as door:
        parts = [b"4000\r\n" + b"a" * 16384 + b"\r\n"] * 8 if b"chunked" in rest else []
        assert status(await door.raw(POST % b"/eat" + rest, *parts)) in {400, 413}
        await eventually(lambda: door.open == 0)


@pytest.mark.parametrize(
    ("path", "size", "right"), [(b"/eat", 60, 200), (b"/hooks/eat", 1000, 200), (b"/eat", 70, 413)]
)
async def test_each_route_has_its_own_cap(path, size, right):
    async with opened(Limits()) as door, httpx.AsyncClient(trust_env=False, verify=False) as web:
        answer = await web.post(f"{door.url}{path.decode()}", content=b"a" * (size * KIB))
        assert answer.status_code == right


@pytest.mark.hardened("A2", "a body that drips", "408 after its time")
async def test_a_body_that_drips_is_given_up():
    async with opened() as door:
        answer = await door.raw(POST % b"/eat" + b"Content-Length: 1000\r\n\r\n", *[b"a"] * 30, pause=0.05)
        assert status(answer) == 408


@pytest.mark.parametrize(
    "framing",
    [
        b"4;" + b"x" * 3_000_000,
        b"0" * 3_000_000,
        b"4\r\nabcd\r\n0\r\nX: " + b"a" * 3_000_000,
        b"1;x=y\r\na\r\n" * 200_000,
    ],
    ids=["chunk extension", "zeros", "trailer", "many extensions"],
)
async def test_what_frames_a_body_is_bounded_too(framing):
    async with opened() as door:
        tracemalloc.start()
        await door.raw(POST % b"/hooks/eat" + b"Transfer-Encoding: chunked\r\n\r\n", framing)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 10e6
        await eventually(lambda: door.open == 0)


async def test_a_flood_of_requests_on_one_connection_is_bounded():
    async with opened() as door:
        tracemalloc.start()
        answer = await door.raw((HEAD + b"\r\n") * 20_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert answer.count(b"HTTP/1.1 200") <= 500
        assert peak < 10e6
        await eventually(lambda: door.open == 0)


# ── answers that nobody reads ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("A2", "clients who ask and do not read", "closed, and their memory given back")
@pytest.mark.parametrize("closing", [b"", b"Connection: close\r\n"], ids=["kept", "closing"])
async def test_who_does_not_read_is_let_go(closing):
    async with opened() as door:
        dumb = socket.create_connection(door.address)
        dumb.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n" + closing + b"\r\n")
        await eventually(lambda: door.open == 1)
        await eventually(lambda: door.open == 0, within=5)
        dumb.close()


async def test_who_reads_slowly_gets_all_of_it():
    async with opened() as door:
        reader, writer = await door.connect()
        writer.write(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        found = b""
        while part := await reader.read(256 * KIB):
            found += part
            await asyncio.sleep(0.05)
        assert found.endswith(BIG)


# ── connections ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("A2", "silent connections from one address", "20 held, the rest closed at once")
async def test_one_address_has_twenty_connections(saw):
    async with opened(Limits()) as door:
        made = [await door.connect() for _ in range(60)]
        await eventually(lambda: door.open == connections.EACH)
        closed = await asyncio.gather(
            *(asyncio.wait_for(reader.read(1), 0.3) for reader, _ in made), return_exceptions=True
        )
        assert sum(isinstance(one, TimeoutError) for one in closed) == connections.EACH
        saw(f"{door.open} of 60 held")
        for _, writer in made:
            writer.close()
        await eventually(lambda: door.open == 0)
        assert status(await door.raw(HEAD + b"Connection: close\r\n\r\n")) == 200


async def test_behind_a_proxy_its_address_stands_for_many():
    async with opened(Limits(), behind_proxy=True) as door:
        for _ in range(60):
            await door.connect()
        assert status(await door.raw(HEAD + b"Connection: close\r\n\r\n")) == 200
        await eventually(lambda: door.open == 60)


def test_connections_are_counted_by_household_and_in_all():
    gate = Connections(most=30)
    assert [gate.admit("2001:db8::1") for _ in range(10)] + [gate.admit("2001:db8::2") for _ in range(11)] == [
        True
    ] * 20 + [False]
    assert [gate.admit(f"192.0.2.{n}") for n in range(11)] == [True] * 10 + [False]
    for n in range(10):
        gate.release(f"192.0.2.{n}")
    assert gate.admit("192.0.2.1")
    public = Connections(behind_proxy=True)
    assert [public.admit("8.8.8.8") for _ in range(21)][-1] is False
    assert all(public.admit("10.0.0.1") for _ in range(100))
    assert set(gate._open) == {"2001:db8::/64", "192.0.2.1"}


def test_the_page_never_takes_more_than_a_quarter_of_the_files(monkeypatch):
    for limit, most in ((256, 64), (1024, 200), (resource.RLIM_INFINITY, 200), (2, 1)):
        monkeypatch.setattr(resource, "getrlimit", lambda _what, limit=limit: (limit, limit))
        assert affordable() == most


# ── and the log ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened(
    "B7", "requests that are none, bodies that break off", "one log line a minute at most, no traceback"
)
async def test_bad_requests_cost_one_line(caplog, saw):
    bad = (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        POST % b"/eat" + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        POST % b"/eat" + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"* * *\r\n\r\n",
    )
    async with opened() as door:
        for _ in range(5):
            for request in bad:
                assert status(await door.raw(request)) in {None, 400}
            _, writer = await door.connect()  # hangs up in mid-body
            writer.write(POST % b"/eat" + b"Content-Length: 100\r\n\r\nabc")
            await writer.drain()
            writer.transport.abort()
        await eventually(lambda: door.open == 0)
    lines = [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    assert len(lines) == 1
    assert not lines[0].exc_info
    saw(lines[0].getMessage())


async def test_an_upgrade_is_answered_as_if_it_had_not_been_asked_for():
    async with opened() as door:
        asked = (
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n"
        )
        assert status(await door.raw(HEAD + asked)) == 200


def test_complaints_are_gathered_for_a_minute(caplog):
    now = [0.0]
    complaints = Complaints("refused", lambda: now[0])
    for _ in range(1000):
        complaints.note("bad request")
    now[0] = 60.0
    complaints.note("other")
    assert [record.getMessage() for record in caplog.records] == [
        "refused: bad request (1)",
        "refused: bad request (999), other (1)",
    ]


async def test_a_fault_of_ours_is_one_line_and_says_nothing_to_the_caller(caplog):
    async def broken(_request):
        raise ValueError("hunter2")

    stage = Stage()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(stage.site(doors=[Route("/broken", broken)]), listening)
        serving = asyncio.create_task(server.serve())
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", trust_env=False, verify=False
        ) as web:
            for _ in range(5):
                answer = await web.get("/broken")
                assert (answer.status_code, answer.text) == (500, "Something went wrong here.\n")
        server.should_exit = True
        await serving
    warned = [record.getMessage() for record in caplog.records if record.levelname != "INFO"]
    line = broken.__code__.co_firstlineno + 1
    assert warned == [f"the page failed: ValueError at test_http_server.py:{line} in broken (1)"]
