"""The fakes keep the limits that the providers document, and the channels understand what is answered beyond them."""

from __future__ import annotations

import dataclasses
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot.contracts import ChannelContext
from bot.model import Destination, Later, Sent
from bot.net import Network
from tests.channels import test_discord, test_slack, test_telegram
from tests.fakes.discord import FakeDiscord
from tests.fakes.limits import DISCORD, SLACK, TELEGRAM, Limits
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram


class Ground:
    def __init__(self, kit, far, rules):
        self.kit, self.far, self.now = kit, far, 100.0
        far.limits = Limits(rules, lambda: self.now)

    async def send(self, channel, place, times=1):
        delivery = dataclasses.replace(self.kit.first(), destination=Destination(self.kit.destination.kind, place))
        return [await channel.send(delivery) for _ in range(times)]

    @asynccontextmanager
    async def open(self):
        async def recall(_name):
            return None

        async def remember(_name, _value):
            pass

        settings = self.kit.settings(self.far.url, 5)
        async with Network() as net, settings.open(ChannelContext(net, (), recall, remember)) as channel:
            yield channel


async def test_telegram_takes_thirty_in_any_second_one_a_chat_and_twenty_a_minute_in_a_group():
    async with FakeTelegram() as far:
        ground = Ground(test_telegram.TestTelegram(), far, TELEGRAM)
        async with ground.open() as channel:
            for chat in range(1, 31):
                assert isinstance((await ground.send(channel, str(chat)))[0], Sent)
            [too_many] = await ground.send(channel, "31")
            assert (type(too_many), too_many.wait) == (Later, timedelta(seconds=1))
            ground.now += 1
            sent, too_soon = await ground.send(channel, "31", 2)
            assert (type(sent), type(too_soon)) == (Sent, Later)
            for _ in range(20):
                ground.now += 1
                assert isinstance((await ground.send(channel, "-100"))[0], Sent)
            ground.now += 1
            [enough] = await ground.send(channel, "-100")
            assert enough.wait == timedelta(seconds=40)
        assert (far.limits.refusals, len(far.limits.taken), len(far.applied)) == (3, 51, 51)
        assert far.limits.refused[0] == (100.0, "31")


async def test_slack_takes_one_a_second_in_a_channel():
    async with FakeSlack() as far:
        ground = Ground(test_slack.TestSlack(), far, SLACK)
        async with ground.open() as channel:
            sent, too_soon = await ground.send(channel, "C012", 2)
            assert isinstance((await ground.send(channel, "C034"))[0], Sent)
            assert (type(sent), too_soon.wait) == (Sent, timedelta(seconds=1))


@pytest.mark.parametrize(("places", "sent", "wait", "whole"), [(1, 5, 5, False), (60, 50, 1, True)])
async def test_discord_takes_five_in_five_seconds_in_a_channel_and_fifty_a_second(places, sent, wait, whole):
    async with FakeDiscord() as far:
        ground = Ground(test_discord.TestDiscord(), far, DISCORD)
        async with ground.open() as channel:
            for number in range(sent):
                await ground.send(channel, str(2001 + number % places))
            [over] = await ground.send(channel, str(2001 + sent % places))
        assert (len(far.limits.taken), far.limits.refusals) == (sent, 1)
        assert (type(over), over.wait, over.whole) == (Later, timedelta(seconds=wait), whole)
