"""Webhook deliveries per second of one core's time: the channel and our own transport, with a receiver elsewhere."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median

import uvloop

from bot.channels.webhook import WebhookSettings
from bot.contracts import Channel, ChannelContext
from bot.model import Delivery, DeliveryAction, Destination, Notice, Sent, Text, Tone
from bot.net import Network

TARGET = 500  # deliveries a second; Healthchecks: 16
DELIVERIES = 2_000  # a run
AT_ONCE = 50
RUNS = 3
WORDS = Text(
    "🔴 X (Twitter): down since 2:00 p.m.",
    (
        "Web, app and TweetDeck don't respond (HTTP 503). Our checks confirmed it at 2:01 p.m.",
        "Official status page: no incident reported (as of 2:01 p.m.).",
        "Reports: 1,243 in the last hour, usually 35 (Downdetector). IsItDownRightNow: down.",
    ),
)
NOTICE = Notice("x#17/1", "x#17", Tone.DOWN, WORDS, at=datetime(2022, 7, 14, 12, 0, tzinfo=UTC))


def rows() -> list[tuple[str, str, str]]:
    """What was measured, the figure, the target."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.webhook", "receive"], stdout=subprocess.PIPE, text=True
    ) as receiver:
        try:
            rate = uvloop.run(measure(int(receiver.stdout.readline())))
        finally:
            receiver.terminate()
    return [("webhook deliveries per second of one core", f"{rate:,.0f}", f"{TARGET} or more")]


async def measure(port: int) -> float:
    async with Network() as net, WebhookSettings().open(ChannelContext(net, (), None, None)) as channel:
        place = Destination("webhook", f"http://127.0.0.1:{port}/hook")
        await run(channel, place, AT_ONCE)  # connections and caches
        return median([await run(channel, place, DELIVERIES) for _ in range(RUNS)])


async def run(channel: Channel, place: Destination, count: int) -> float:
    """Deliveries a second of this process's time."""
    delivery = Delivery("", place, DeliveryAction.POST, NOTICE, audience="desk")
    waiting = iter([dataclasses.replace(delivery, key=f"x#{number}/1@{place}") for number in range(count)])
    start = time.process_time()
    await asyncio.gather(*(work(channel, waiting) for _ in range(AT_ONCE)))
    return count / (time.process_time() - start)


async def work(channel: Channel, waiting: Iterator[Delivery]) -> None:
    for delivery in waiting:
        receipt = await channel.send(delivery)
        assert isinstance(receipt, Sent), receipt


class Receiver(asyncio.Protocol):
    """Answers each POST with 204, once its body is there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.heard = b""

    def data_received(self, data: bytes) -> None:
        self.heard += data
        while b"\r\n\r\n" in self.heard:
            head, _, rest = self.heard.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(rest) < length:
                return
            self.heard = rest[length:]
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def receive() -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:] == ["receive"]:
        uvloop.run(receive())
    else:
        for row in rows():
            print(*row, sep=" | ")
