"""Connections that are used once, on plain sockets."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from datetime import timedelta

import pytest

from bot.contracts import Answer, Cause
from bot.net import Network
from bot.net.connection import Connection
from bot.net.poller import Poller, SingleUse
from tests.fakes.site import Site, page
from tests.reasons import english

pytestmark = pytest.mark.skipif(not Poller.works(), reason="epoll is Linux's")
SOON = timedelta(seconds=5)


@pytest.fixture
def made(monkeypatch):
    """The kinds of connection that were opened."""
    from bot.net import transport

    connect, made = transport._open, []

    async def noted(*how):
        wire = await connect(*how)
        made.append(type(wire))
        return wire

    monkeypatch.setattr(transport, "_open", noted)
    return made


async def test_plain_http_to_one_address_takes_a_plain_socket_and_all_else_the_loops_own(get, made):
    async with Site() as site, Network() as net:
        assert isinstance(await get(net, site.url()), Answer)
        prepared = net.prepare("POST", site.url(), None, b"x")
        assert isinstance(await net.fetch(prepared, timeout=SOON), Answer)
    assert made == [SingleUse, Connection]
    async with Site() as site, Network(source="127.0.0.1") as net:
        assert isinstance(await get(net, site.url()), Answer)
    assert made[2:] == [Connection]


async def test_a_body_larger_than_the_socket_takes_is_sent_whole(net, made):
    heard = []

    async def count(request, writer):
        heard.append(len(request.body))
        writer.write(page())

    body = b"x" * 3_000_000
    async with Site(count) as site:
        seen = await net.fetch(net.prepare("PUT", site.url(), None, body), timeout=SOON)
    assert (seen.status, heard, made) == (200, [len(body)], [SingleUse])


async def test_a_page_in_many_pieces_leaves_others_their_turn(net, get):
    turns = 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with Site(page(body=b"x" * 200_000)) as site:
        task = asyncio.create_task(others())
        seen = await get(net, site.url())
        task.cancel()
    assert len(seen.body) == 200_000
    assert turns > 3


async def test_a_refusal_is_told_as_one_of_connecting(net, get):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        seen = await get(net, f"http://127.0.0.1:{closed.getsockname()[1]}/")
    assert (seen.cause, english(seen.why), seen.left) == (Cause.REFUSED, "connection refused", False)


async def test_an_answer_before_the_request_was_read_counts(net):
    """A server that refuses a large body answers and closes, without reading on."""

    async def serve(reader, writer):
        await reader.read(100)
        writer.write(page(413))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        seen = await net.fetch(net.prepare("PUT", url, None, b"x" * 3_000_000), timeout=SOON)
    assert isinstance(seen, Answer) or seen.cause is Cause.RESET
    assert getattr(seen, "status", 413) == 413


async def test_nothing_stays_open_whatever_ends_a_fetch(net, get):
    async def silence(_heard, _writer):
        await asyncio.sleep(60)

    async with Site(silence) as site:
        url = site.url()
        assert (await get(net, url, timeout=timedelta(seconds=0.05))).cause is Cause.TIMEOUT
        task = asyncio.create_task(get(net, url))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not net._transport._poller.running
    gc.collect()  # a socket that was left open warns, and a warning is an error


async def test_what_runs_when_the_network_is_closed_ends():
    async def silence(_heard, _writer):
        await asyncio.sleep(60)

    async with Site(silence) as site:
        async with Network() as net:
            task = asyncio.create_task(net.fetch(net.prepare("GET", site.url()), timeout=SOON))
            await asyncio.sleep(0.05)
        seen = await asyncio.wait_for(task, 2)
    assert seen.cause is Cause.OURS


def test_it_is_for_linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not Poller.works()
