"""Sockets in turn: never more than there are, and none is lost, whoever gives up waiting."""

from __future__ import annotations

import asyncio
import random

from bot.net.connection import Sockets
from bot.net.errors import Trip


async def test_who_waits_first_is_served_first_and_the_phase_says_so():
    sockets, order = Sockets(1), []

    async def work(number):
        trip = Trip(0.0)
        async with sockets.one(trip):
            order.append((number, trip.phase))
            await asyncio.sleep(0)

    await asyncio.gather(*(work(number) for number in range(4)))
    assert order == [(0, ""), (1, "turn"), (2, "turn"), (3, "turn")]


async def test_none_is_lost_when_those_who_wait_give_up():
    rng, sockets, held = random.Random(7), Sockets(3), 0

    async def work():
        nonlocal held
        async with sockets.one(Trip(0.0)):
            held += 1
            assert held <= 3
            try:
                for _ in range(rng.randrange(4)):
                    await asyncio.sleep(0)
            finally:
                held -= 1

    for _ in range(200):
        tasks = [asyncio.create_task(work()) for _ in range(8)]
        for task in tasks:
            if rng.random() < 0.4:
                asyncio.get_running_loop().call_soon(task.cancel)
            await asyncio.sleep(0)
        await asyncio.gather(*tasks, return_exceptions=True)
    # All three are to be had again.
    async with asyncio.timeout(5):
        async with sockets.one(Trip(0.0)), sockets.one(Trip(0.0)), sockets.one(Trip(0.0)):
            pass
