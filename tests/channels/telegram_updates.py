"""What the tests of hearing on Telegram stand on: an open channel at a fake, and a desk that answers."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.channels.telegram import TelegramSettings
from bot.contracts import ChannelContext
from bot.model import Ask, Destination, Text
from bot.net import Network
from tests.fakes.telegram import TOKEN, FakeTelegram

GROUP = -1001234567890
TOPIC = Destination("telegram", f"{GROUP}/45")


async def until(true, within=5.0):
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.005)


class Asked:
    """Answers every ask with its own words, and keeps them."""

    def __init__(self):
        self.asks: list[Ask] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def answer(self, ask: Ask) -> Text | None:
        self.asks.append(ask)
        await self.gate.wait()
        return None if ask.text == "hush" else Text(f"You asked: {ask.text}", ("All services are up.",))


@asynccontextmanager
async def hearing(channel, answer):
    """Listen, with hardly any back-off."""
    channel._listener.pauses = (0.01,)
    listening = asyncio.create_task(channel.listen(answer))
    try:
        yield listening
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


class Hearing:
    """What the tests of hearing stand on."""

    @pytest.fixture
    async def far(self):
        async with FakeTelegram() as far:
            yield far
        assert far.broken == []

    @pytest.fixture
    def memory(self):
        return {}

    @pytest.fixture
    async def desk(self, memory):
        async def recall(name):
            return memory.get(name)

        async def remember(name, value):
            memory[name] = value

        commands = (("status", "what is down now"), ("help", "what you can ask"))
        async with Network() as net:
            yield ChannelContext(net, commands, recall, remember)

    @pytest.fixture
    def opening(self, far, desk):
        return lambda **more: TelegramSettings(token=TOKEN, api_url=far.url, timeout=5).open(replace(desk, **more))

    @pytest.fixture
    async def channel(self, opening):
        async with opening() as channel:
            yield channel

    @pytest.fixture(autouse=True)
    def no_secret_told(self, far, caplog):
        caplog.set_level(logging.INFO)
        yield
        assert [secret for secret in far.secrets if secret in caplog.text] == []
