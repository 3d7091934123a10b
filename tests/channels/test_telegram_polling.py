"""Telegram, polling: restarts, a second poller, a dead network or token, a clean stop."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from bot.channels.telegram import TelegramSettings
from bot.model import Delivery, DeliveryAction, Destination, Notice, Sent, Text, Tone
from tests.channels.telegram_updates import Asked, Hearing, hearing, until
from tests.fakes.telegram import TOKEN


class TestPolling(Hearing):
    async def test_a_restart_neither_loses_nor_repeats(self, far, opening):
        asked = Asked()
        async with opening() as channel, hearing(channel, asked.answer):
            far.say(1, "/first")
            await until(lambda: not far.waiting)
            asked.gate.clear()
            far.say(1, "/second")
            await until(lambda: len(asked.asks) == 2)
        asked.gate.set()  # stopped while the second was being answered
        assert [update["message"]["text"] for update in far.waiting] == ["/second"]
        async with opening() as channel, hearing(channel, asked.answer):
            far.say(1, "/third")
            await until(lambda: not far.waiting and len(far.messages) == 3)
        assert [ask.text for ask in asked.asks] == ["first", "second", "second", "third"]
        assert asked.asks[1].key == asked.asks[2].key
        assert [message.text.splitlines()[0] for message in far.messages] == [
            "You asked: first",
            "You asked: second",
            "You asked: third",
        ]

    async def test_an_update_is_confirmed_only_after_its_answer(self, far, channel, memory):
        asked = Asked()
        asked.gate.clear()
        async with hearing(channel, asked.answer):
            far.say(1, "/status")
            await until(lambda: asked.asks)
            assert len(far.waiting) == 1
            assert "telegram.offset" not in memory
            asked.gate.set()
            await until(lambda: not far.waiting)
        assert memory["telegram.offset"] == "4711:900002"

    async def test_a_batch_of_long_messages_is_heard_whole(self, far, channel):
        asked = Asked()
        for number in range(100):
            far.say(number + 1, f"/report x {'😱' * 4000}")
        async with hearing(channel, asked.answer):
            await until(lambda: not far.waiting and len(asked.asks) == 100)

    async def test_a_poll_may_take_longer_than_a_request(self, far, desk):
        asked = Asked()
        settings = TelegramSettings(token=TOKEN, api_url=far.url, timeout=0.2)
        async with settings.open(desk) as channel, hearing(channel, asked.answer):
            await until(lambda: far.polls)
            await asyncio.sleep(0.5)
            assert far.polls == 1
            far.say(1, "/status")
            await until(lambda: asked.asks)

    async def test_another_bots_offset_is_forgotten(self, far, channel, memory):
        memory["telegram.offset"] = "999:999999999"
        asked = Asked()
        far.say(1, "/status")
        async with hearing(channel, asked.answer):
            await until(lambda: asked.asks)
        assert asked.asks[0].text == "status"

    async def test_commands_of_one_chat_are_answered_in_order_and_wait_for_no_other_chat(self, far, channel):
        asked = Asked()
        slow = asyncio.Event()

        async def answer(ask):
            if ask.where.place == "1":
                await slow.wait()
            return await asked.answer(ask)

        for chat, text in ((1, "/a"), (2, "/b"), (1, "/c"), (2, "/d")):
            far.say(chat, text)
        listening = asyncio.create_task(channel.listen(answer))
        await until(lambda: len(far.messages) == 2)
        assert [ask.text for ask in asked.asks] == ["b", "d"]
        slow.set()
        await until(lambda: len(far.messages) == 4)
        assert [ask.text for ask in asked.asks] == ["b", "d", "a", "c"]
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    async def test_an_answer_that_takes_long_holds_up_nobody_and_comes_all_the_same(self, far, channel, memory):
        """Looking at a silent site takes ten seconds: others ask and are answered meanwhile."""
        slow, asked = asyncio.Event(), Asked()

        async def answer(ask):
            if ask.text.startswith("check"):
                await slow.wait()
            return await asked.answer(ask)

        channel._listener.patience = 0.05
        async with hearing(channel, answer):
            far.say(1, "/check silent.example")
            await until(lambda: not far.waiting)
            far.say(2, "/ack x")
            far.say(1, "/status")
            await until(lambda: len(far.messages) == 2)
            assert sorted(ask.text for ask in asked.asks) == ["ack x", "status"]
            slow.set()
            await until(lambda: len(far.messages) == 3)
        assert far.messages[2].text.splitlines()[0] == "You asked: check silent.example"
        assert memory["telegram.offset"] == "4711:900004"
        assert channel._listener._slow == set()

    async def test_a_stop_takes_slow_answers_with_it(self, far, channel):
        never, asked = asyncio.Event(), []

        async def answer(ask):
            asked.append(ask)
            await never.wait()

        channel._listener.patience = 0.01
        async with hearing(channel, answer):
            far.say(1, "/check silent.example")
            await until(lambda: asked and not far.waiting)
        assert channel._listener._slow == set()

    async def test_the_list_of_commands_is_set_only_when_it_changed(self, far, opening, desk):
        for commands, calls in ((desk.commands, 1), (desk.commands, 1), ((*desk.commands, ("ack", "")), 2)):
            async with opening(commands=commands) as channel, hearing(channel, Asked().answer):
                await until(lambda: far.polls)
            far.polls = 0
            assert len(far.called("setMyCommands")) == calls
        assert far.commands == [
            {"command": "status", "description": "what is down now"},
            {"command": "help", "description": "what you can ask"},
            {"command": "ack", "description": "ack"},
        ]

    async def test_a_list_that_telegram_refuses_keeps_nobody_from_being_heard(self, far, channel, memory, caplog):
        far.refuse("setMyCommands", 400, "Bad Request: BOT_COMMAND_INVALID")
        asked = Asked()
        async with hearing(channel, asked.answer):
            far.say(1, "/status")
            await until(lambda: far.messages)
        assert "telegram.commands" not in memory
        assert "list of commands" in caplog.text

    async def test_a_second_poller_is_told_of_once_and_outlasted(self, far, channel, caplog):
        caplog.set_level(logging.INFO, "bot")
        asked = Asked()
        far.refuse("getUpdates", 409, "Conflict: terminated by other getUpdates request", 4)
        async with hearing(channel, asked.answer):
            far.say(1, "/status")
            await until(lambda: far.messages)
        assert [record.levelname for record in caplog.records if "Conflict" in record.message] == ["WARNING"]
        assert "only one Tocsin" in caplog.text
        assert "heard again" in caplog.text

    @pytest.mark.parametrize(("status", "said"), [(502, "Bad Gateway"), (400, "Bad Request: strange")])
    async def test_troubles_pass_and_are_told_once(self, status, said, far, channel, caplog):
        far.refuse("getMe", status, said, 2)
        far.refuse("getUpdates", status, said, 3)
        asked = Asked()
        async with hearing(channel, asked.answer):
            far.say(1, "/status")
            await until(lambda: far.messages)
        assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1

    async def test_a_dead_network_passes(self, far, opening, caplog):
        asked = Asked()
        port = far.port
        await far.stop()
        async with opening() as channel, hearing(channel, asked.answer):
            await until(lambda: "not heard" in caplog.text)
            await far.start(port)
            far.say(1, "/status")
            await until(lambda: far.messages)

    async def test_a_dead_token_ends_hearing_with_one_line(self, far, opening, caplog):
        far.token = "4711:renewed"
        async with opening() as channel:
            await asyncio.wait_for(channel.listen(Asked().answer), 5)
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "@BotFather" in caplog.text

    async def test_a_desk_that_fails_is_noted_and_the_next_is_heard(self, far, channel, caplog):
        asked = Asked()

        async def answer(ask):
            if ask.text == "bad":
                raise RuntimeError("a bug of ours")
            return await asked.answer(ask)

        far.say(1, "/bad")
        far.say(1, "/good")
        listening = asyncio.create_task(channel.listen(answer))
        await until(lambda: far.messages)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert "could not be answered" in caplog.text

    async def test_an_answer_that_was_limited_is_given_after_the_wait(self, far, channel):
        far.refuse("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1)
        async with hearing(channel, Asked().answer):
            far.say(1, "/status")
            await until(lambda: far.messages)
        assert len(far.called("sendMessage")) == 2

    async def test_an_answer_that_cannot_be_given_is_noted(self, far, channel, caplog):
        far.refuse("sendMessage", 403, "Forbidden: bot was blocked by the user")
        async with hearing(channel, Asked().answer):
            far.say(1, "/status")
            await until(lambda: not far.waiting and "may not have arrived" in caplog.text)
        assert far.messages == []

    async def test_hearing_stops_within_a_second_in_the_middle_of_a_long_poll(self, far, channel):
        listening = asyncio.create_task(channel.listen(Asked().answer))
        await until(lambda: far.polls)
        began = time.monotonic()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert time.monotonic() - began < 1

    async def test_sending_goes_on_while_a_poll_waits(self, far, channel):
        async with hearing(channel, Asked().answer):
            await until(lambda: far.polls)
            assert isinstance(
                await channel.send(
                    Delivery(
                        "x#17/1@telegram:1",
                        Destination("telegram", "1"),
                        DeliveryAction.POST,
                        Notice("x#17/1", "x#17", Tone.DOWN, Text("down")),
                    )
                ),
                Sent,
            )
