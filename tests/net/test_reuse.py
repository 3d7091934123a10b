"""Which connections are used again, and which never."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.contracts import Answer, Cause, Trouble
from bot.net.connection import AGE, Pool
from bot.net.transport import POST_IDLE
from tests.fakes.site import Site, page
from tests.reasons import english


@pytest.fixture
def https(certified):
    return Site(keep=True, context=certified())


async def test_plain_http_is_never_reused(net, get):
    async with Site(keep=True) as site:
        seen = [await get(net, site.url()) for _ in range(3)]
    assert site.connections == 3
    assert not any(each.reused for each in seen)
    assert {heard.headers["connection"] for heard in site.heard} == {"close"}


async def test_https_is_reused_and_says_so(trusting, get, https):
    async with https as site:
        first, second = [await get(trusting, site.url(path)) for path in ("/a", "/b")]
    assert site.connections == 1
    assert (first.reused, second.reused) == (False, True)
    assert set(second.phases) == {"wait", "read"}
    assert first.certificate_until == second.certificate_until is not None


async def test_a_fresh_one_is_new_and_takes_the_old_ones_place(trusting, get, https):
    async with https as site:
        seen = [await get(trusting, site.url(), fresh=fresh) for fresh in (False, True, False)]
        assert site.connections == 2
        assert [each.reused for each in seen] == [False, False, True]
        assert [heard.connection for heard in site.heard] == [1, 2, 2]


async def test_posts_are_reused_over_plain_http_too(net, get):
    async with Site(keep=True) as site:
        seen = [await get(net, site.url("/hook"), "POST", content=b"{}") for _ in range(3)]
    assert site.connections == 1
    assert [each.reused for each in seen] == [False, True, True]


async def test_each_of_many_posts_at_once_finds_a_connection_the_next_time(net, get):
    async with Site(keep=True) as site:
        for _ in range(3):
            await asyncio.gather(*(get(net, site.url("/hook"), "POST", content=b"{}") for _ in range(10)))
    assert site.connections == 10


async def test_two_at_once_have_two_connections_of_which_one_is_kept(trusting, get, https):
    async with https as site:
        await asyncio.gather(*(get(trusting, site.url()) for _ in range(2)))
        assert site.connections == 2
        assert (await get(trusting, site.url())).reused
        assert site.connections == 2


async def test_a_closed_one_is_replaced_without_a_word(trusting, get, https):
    async with https as site:
        await get(trusting, site.url())
        await site.hang_up()
        seen = await get(trusting, site.url())
    assert isinstance(seen, Answer)
    assert not seen.reused
    assert site.connections == 2


def hanging_up_on_the_second():
    """Takes the second request of a connection and closes without an answer: what a closing that crosses it looks like."""

    async def act(heard, writer):
        if heard.connection > 1:
            writer.write(page(body="again"))
            await writer.drain()

    return act


async def test_a_get_that_crosses_a_closing_is_asked_again(trusting, get, https):
    async with https as site:
        await get(trusting, site.url())
        site.answer = hanging_up_on_the_second()
        seen = await get(trusting, site.url())
    assert (seen.body, seen.reused) == (b"again", False)
    assert [heard.connection for heard in site.heard] == [1, 1, 2]


async def test_a_post_that_crosses_a_closing_is_not_asked_again_and_may_have_arrived(trusting, get, https):
    async with https as site:
        await get(trusting, site.url())
        site.answer = hanging_up_on_the_second()
        seen = await get(trusting, site.url(), "POST", content=b"{}")
    assert isinstance(seen, Trouble)
    assert (seen.cause, seen.left) == (Cause.RESET, True)
    assert [heard.method for heard in site.heard] == ["GET", "POST"]


async def test_a_get_over_a_reused_connection_is_not_asked_again_once_an_answer_began(trusting, get, https):
    async with https as site:
        await get(trusting, site.url())
        site.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
        site.keep = False
        seen = await get(trusting, site.url())
    assert english(seen.why) == "closed the connection in the middle of its answer"
    assert len(site.heard) == 2


@pytest.mark.parametrize(
    "answer",
    [
        page(headers={"Connection": "close"}),
        page() + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfake",
        page() + b"junk",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        page(body=b"x" * 100),
    ],
    ids=["it says close", "a second answer", "junk", "HTTP/1.0", "longer than the cap"],
)
async def test_what_cannot_be_trusted_is_not_used_again(trusting, get, https, answer):
    async with https as site:
        site.answer = answer
        for _ in range(2):
            assert isinstance(await get(trusting, site.url(), cap=50), Answer)
    assert site.connections == 2


async def test_what_comes_while_idle_ends_the_connection(trusting, get, https):
    idle: list[asyncio.StreamWriter] = []

    async def act(_, writer):
        idle.append(writer)
        writer.write(page())
        await asyncio.sleep(60)

    async with https as site:
        site.answer = act
        await get(trusting, site.url())
        idle[0].write(page(body="poisoned"))
        await asyncio.sleep(0.02)
        site.answer = page(body="true")
        seen = await get(trusting, site.url())
    assert (seen.body, seen.reused) == (b"true", False)


async def test_a_guarded_question_never_takes_an_unguarded_connection(trusting, get, https):
    async with https as site:
        assert isinstance(await get(trusting, site.url()), Answer)
        seen = await get(trusting, site.url(), guarded=True)
    assert seen.cause is Cause.GUARDED


class Held:
    """Stands for a connection."""

    def __init__(self, born=0.0):
        self.born = born
        self.idle_since = 0.0
        self.alive = True

    def abort(self):
        self.alive = False


A, B, C = (("a", 443, True, False), ("b", 443, True, False), ("c", 443, True, False))


def test_a_connection_five_minutes_old_is_not_given_out():
    pool, wire = Pool(), Held()
    pool.put(A, wire, AGE - 1)
    assert pool.take(A, AGE, 300) is None
    assert not wire.alive
    again = Held()
    pool.put(A, again, AGE)
    assert (len(pool), again.alive) == (0, False)


def test_a_post_gets_only_what_was_in_use_a_moment_ago():
    pool = Pool()
    pool.put(A, Held(), 10)
    assert pool.take(A, 10 + POST_IDLE, POST_IDLE) is not None
    pool.put(A, Held(), 10)
    assert pool.take(A, 11 + POST_IDLE, POST_IDLE) is None


def test_one_is_given_out_once_and_only_for_its_origin():
    pool, wire = Pool(), Held()
    pool.put(A, wire, 1)
    assert pool.take(B, 1, 300) is None
    assert pool.take(A, 1, 300) is wire
    assert pool.take(A, 1, 300) is None


def test_there_are_never_more_than_allowed_and_the_longest_idle_goes_first():
    pool, wires = Pool(most=2), [Held(), Held(), Held()]
    for at, (origin, wire) in enumerate(zip((A, B, C), wires, strict=True)):
        pool.put(origin, wire, at)
    assert [wire.alive for wire in wires] == [False, True, True]


def test_several_of_one_origin_are_given_out_last_used_first():
    pool, wires = Pool(), [Held(), Held(), Held()]
    for at, wire in enumerate(wires):
        pool.put(A, wire, at, most=2)
    assert [wire.alive for wire in wires] == [False, True, True]
    assert [pool.take(A, 3, 300) for _ in range(3)] == [wires[2], wires[1], None]


def test_what_was_idle_too_long_goes_with_all_that_were_idle_longer():
    pool, wires = Pool(), [Held(), Held(), Held()]
    for at, wire in enumerate(wires):
        pool.put(A, wire, at, most=3)
    wires[2].alive = False
    assert pool.take(A, 1 + POST_IDLE, POST_IDLE) is wires[1]
    assert pool.take(A, 1 + POST_IDLE, POST_IDLE) is None
    assert (len(pool), wires[0].alive) == (0, False)


def test_those_nobody_asks_any_more_are_closed():
    pool, forgotten = Pool(), Held()
    pool.put(A, forgotten, 1)
    pool.put(B, Held(born=AGE), AGE + 2)
    assert not forgotten.alive
    assert len(pool) == 1


async def test_closing_the_network_closes_what_is_idle(trusting, get, https):
    async with https as site:
        await get(trusting, site.url())
        await trusting.__aexit__()
        with pytest.raises(RuntimeError, match="not open"):
            await get(trusting, site.url(), timeout=timedelta(seconds=1))
