"""Several addresses of one name, and how many sockets are open meanwhile."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path

import pytest

from bot.contracts import Answer, Cause
from bot.net import Network, transport
from bot.net.connection import Sockets, a_share
from bot.net.errors import ERRNO, Trip, TroubleError
from bot.net.transport import first_to_connect
from tests.fakes.site import Site
from tests.reasons import english, quote


def attempt(after, made, log):
    async def run():
        log.append(made)
        await asyncio.sleep(after)
        if isinstance(made, BaseException):
            raise made
        return made

    return run


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


class Named:
    def __init__(self, *addresses):
        self.given = addresses

    async def addresses(self, _host):
        return self.given


@pytest.mark.hardened("T11", "the first address is silent", "the second is tried after 250 ms and taken")
@pytest.mark.parametrize("silent", [1, 3])
async def test_a_silent_address_costs_a_moment(get, silent, saw):
    deaf = [f"127.0.0.{70 + n}" for n in range(silent)]
    async with Network(resolver=Named(*deaf, "127.0.0.1")) as net, Site() as site:
        sockets = []
        for address in deaf:
            listening = socket.socket()
            listening.bind((address, site.port))
            listening.listen(0)
            sockets.append(listening)
            for _ in range(2):
                full = socket.socket()
                full.setblocking(False)
                full.connect_ex((address, site.port))
                sockets.append(full)
        seen = await get(net, site.url(host="two.example"))
        for each in sockets:
            each.close()
    assert isinstance(seen, Answer)
    saw(f"{silent} silent: connected after {seen.phases['connect']:.2f} s")
    assert 0.2 * silent < seen.phases["connect"] < 0.25 * silent + 1


async def test_what_refuses_is_left_at_once_and_what_answers_is_alone():
    log, left = [], []
    made = await first_to_connect(
        [attempt(0, ConnectionRefusedError(), log), attempt(0.02, "a", log), attempt(0, "b", log)],
        dispose=left.append,
        apart=5,
    )
    assert (made, len(log), left) == ("a", 2, [])


async def test_who_comes_second_is_closed():
    left = []
    made = await first_to_connect([attempt(0.03, "a", []), attempt(0.03, "b", [])], dispose=left.append, apart=0)
    await asyncio.sleep(0.05)
    assert made in {"a", "b"}
    assert made not in left


@pytest.mark.parametrize(
    ("errors", "number"),
    [
        ([OSError(errno.ECONNREFUSED, ""), OSError(errno.EHOSTUNREACH, "")], errno.EHOSTUNREACH),
        ([OSError(errno.EMFILE, ""), OSError(errno.ECONNREFUSED, "")], errno.EMFILE),
        ([OSError(errno.ECONNREFUSED, ""), TroubleError(Cause.OURS, quote("no IPv6"))], errno.ECONNREFUSED),
    ],
)
async def test_of_many_errors_the_one_is_told_that_says_most(errors, number):
    with pytest.raises(OSError, check=lambda error: error.errno == number):
        await first_to_connect([attempt(0, error, []) for error in errors], dispose=id, apart=5)


async def test_given_up_attempts_leave_no_socket_open(get):
    async with Network(resolver=Named("127.0.0.1", "127.0.0.2", "127.0.0.1")) as net, Site() as site:
        for _ in range(3):
            await get(net, site.url(host="two.example"))
        before = open_files()
        for _ in range(20):
            assert isinstance(await get(net, site.url(host="two.example")), Answer)
        await asyncio.sleep(0.05)
        assert open_files() <= before + 2


@pytest.mark.hardened(
    "T11", "a machine without IPv6, a site that has only that", "inconclusive: our machine has no way"
)
async def test_no_way_of_our_own_is_our_lack(get, monkeypatch):
    async def unreachable(*_):
        raise OSError(errno.ENETUNREACH, "t0ken")

    monkeypatch.setattr(transport, "_open", unreachable)
    monkeypatch.setattr(transport, "has_route", lambda _address: False)
    async with Network(resolver=Named("2606:4700::1111")) as net:
        seen = await get(net, "http://six.example/")
    assert (seen.cause, english(seen.why)) == (Cause.OURS, "this machine has no way to IPv6 addresses")
    monkeypatch.setattr(transport, "has_route", lambda _address: True)
    async with Network(resolver=Named("2606:4700::1111")) as net:
        assert (await get(net, "http://six.example/")).cause is Cause.UNREACHABLE


OUR_OWN = [
    "EMFILE",
    "ENFILE",
    "ENOBUFS",
    "ENOMEM",
    "EADDRNOTAVAIL",
    "EPERM",
    "EAFNOSUPPORT",
    "EINVAL",
    "ENETDOWN",
    "EBADF",
]


@pytest.mark.hardened("R6", "no descriptor, memory, port or address of our own to be had", "inconclusive")
@pytest.mark.parametrize("name", OUR_OWN)
async def test_our_own_lack_is_no_outage(get, monkeypatch, name):
    async def fails(*_):
        raise OSError(getattr(errno, name), "t0ken")

    monkeypatch.setattr(transport, "_open", fails)
    async with Network() as net:
        seen = await get(net, "http://127.0.0.1/")
    assert seen.reading("web").outcome == "inconclusive"
    assert ERRNO[getattr(errno, name)][0] is Cause.OURS


@pytest.mark.hardened("R6", "more checks at once than there are sockets for them", "they wait their turn")
async def test_checks_wait_their_turn(get):
    at_once = []

    async def act(_heard, writer):
        at_once.append(len(site._tasks))
        await asyncio.sleep(0.01)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with Network() as net, Site(act) as site:
        net._transport.sockets = Sockets(3)
        seen = await asyncio.gather(*(get(net, site.url()) for _ in range(20)))
    assert all(isinstance(each, Answer) for each in seen)
    assert max(at_once) <= 6  # the site's side of a connection ends a moment later


def test_a_turn_that_never_comes_is_our_trouble():
    from datetime import timedelta

    trip = Trip(0.0)
    trip.enter("turn")
    late = trip.overdue(timedelta(seconds=5))
    assert (late.cause, english(late.why)) == (
        Cause.OURS,
        "timed out after 5 s while waiting for a free socket of our own",
    )
    assert a_share() >= 16
