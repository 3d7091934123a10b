"""Connections that do not come about, or come to nothing."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta

import pytest

from bot.contracts import Cause
from tests.fakes.site import Site
from tests.reasons import english


def pieces(*parts, pause=0.001):
    """Send each part by itself."""

    async def act(_, writer):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return act


async def silence(_heard, _writer):
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("act", "phase"),
    [
        (silence, "while waiting for the answer"),
        (
            pieces(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", *[b"x"] * 50, pause=0.05),
            "while reading the answer",
        ),
    ],
    ids=["silence", "slow bytes"],
)
async def test_a_time_out_says_in_which_phase_it_ran_out(net, get, act, phase):
    async with Site(act) as site:
        seen = await get(net, site.url(), timeout=timedelta(seconds=0.2))
    assert (seen.cause, english(seen.why), seen.left) == (Cause.TIMEOUT, f"timed out after 0.2 s {phase}", True)
    assert seen.took < timedelta(seconds=1)


async def test_a_time_out_while_connecting_is_told_and_nothing_had_left(net):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        with socket.socket() as first, socket.socket() as second:  # a full queue answers nobody
            for each in (first, second):
                each.setblocking(False)
                each.connect_ex(("127.0.0.1", port))
            prepared = net.prepare("GET", f"http://127.0.0.1:{port}/")
            seen = await net.fetch(prepared, timeout=timedelta(seconds=0.2))
            tried = await net.connect("127.0.0.1", port, timeout=timedelta(seconds=0.2))
    assert (seen.cause, english(seen.why), seen.left) == (
        Cause.TIMEOUT,
        "timed out after 0.2 s while connecting",
        False,
    )
    assert english(tried.why) == english(seen.why)


async def test_nobody_listening_is_refused(net, get, free_port):
    seen = await get(net, f"http://127.0.0.1:{free_port}/")
    assert (seen.cause, english(seen.why), seen.left) == (Cause.REFUSED, "connection refused", False)


async def test_a_reset_is_told_as_such(net, get):
    async def act(_, writer):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with Site(act) as site:
        seen = await get(net, site.url())
    assert (seen.cause, english(seen.why), seen.left) == (
        Cause.RESET,
        "connection reset while waiting for the answer",
        True,
    )


async def test_a_port_that_takes_connections_is_connected(net):
    async with Site() as site:
        seen = await net.connect("127.0.0.1", site.port, timeout=timedelta(seconds=5))
    assert timedelta(0) < seen.took < timedelta(seconds=1)


async def test_being_cancelled_closes_the_connection(net, get):
    asked = asyncio.Event()

    async def act(_heard, _writer):
        asked.set()
        await asyncio.sleep(60)

    async with Site(act) as site:
        task = asyncio.create_task(get(net, site.url()))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
