"""Receivers of notices in a process of their own, which refuse what goes beyond the documented limits and count it.

`async with receiver("slack") as far:` and then `await far.seen()`: one question and one answer over a pipe.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import uvloop

from tests.fakes.busy_relay import BusyRelay
from tests.fakes.discord import FakeDiscord
from tests.fakes.faults import FaultyServer
from tests.fakes.limits import DISCORD, SLACK, TELEGRAM, Bucket, Limits, Rule
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram

# Slack documents one message a second in each channel, and lets a whole workspace have "several hundred a minute".
WORKSPACE = Bucket(20, 4, lambda does, _place: "workspace" if does == "chat.postMessage" else None, whole=True)
FAKES: dict[str, tuple[Callable[[], FaultyServer], tuple[Rule, ...]]] = {
    "discord": (FakeDiscord, DISCORD),
    "slack": (FakeSlack, (*SLACK, WORKSPACE)),
    "telegram": (FakeTelegram, TELEGRAM),
}
RELAY_CONNECTIONS = 10
RELAY_TAKES = 0.05  # seconds for each mail
ANSWER_WITHIN = 30  # seconds


PLACES = 2001  # that there are


def place(kind: str, number: int) -> str:
    return {
        "telegram": f"{1000 + number}",
        "discord": f"{112233445566770000 + number}",
        "slack": f"C{number:09d}",
        "email": f"reader{number}@example.org",
    }[kind]


@dataclass(frozen=True)
class Seen:
    """When each message was taken, in seconds of the machine's monotonic clock; and how many were refused."""

    taken: tuple[float, ...]
    refused: int


def _serve(pipe: Connection, kind: str) -> None:
    async def run() -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        far = BusyRelay(RELAY_CONNECTIONS, RELAY_TAKES) if kind == "email" else FAKES[kind][0]()
        if isinstance(far, FaultyServer):
            far.limits = Limits(FAKES[kind][1])
        if isinstance(far, FakeSlack):
            far.channels = {place(kind, number): f"c{number}" for number in range(PLACES)}
        elif isinstance(far, FakeDiscord):
            far.channels = {place(kind, number): {} for number in range(PLACES)}
        await far.start()
        pipe.send(far.url)

        def answer() -> None:
            try:
                pipe.recv()
            except EOFError:  # who started us is gone
                over.set()
                return
            if isinstance(far, BusyRelay):
                pipe.send(Seen(tuple(at for at, *_ in far.taken), far.refused))
            elif far.limits:
                pipe.send(Seen(tuple(at for at, _ in far.limits.taken), far.limits.refusals))

        loop.add_reader(pipe.fileno(), answer)
        os.set_blocking(pipe.fileno(), True)
        await over.wait()

    uvloop.run(run())


class Receiver:
    def __init__(self, pipe: Connection, url: str) -> None:
        self._pipe = pipe
        self.url = url

    async def seen(self) -> Seen:
        self._pipe.send(None)
        found: Seen = await asyncio.to_thread(_receive, self._pipe)
        return found


def _receive(pipe: Connection) -> Any:
    if not pipe.poll(ANSWER_WITHIN):
        raise TimeoutError("the receiver doesn't respond")
    return pipe.recv()


@asynccontextmanager
async def receiver(kind: str) -> AsyncIterator[Receiver]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there, kind), daemon=True)
    process.start()
    there.close()
    try:
        yield Receiver(here, await asyncio.to_thread(_receive, here))
    finally:
        here.close()
        process.terminate()
        process.join()
