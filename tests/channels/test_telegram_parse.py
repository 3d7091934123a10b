"""Telegram, hearing: what is said in every kind of chat, and what is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.model import Destination
from tests.channels.telegram_updates import GROUP, TOPIC, Asked, Hearing, hearing, until


class TestHearing(Hearing):
    async def test_a_command_is_answered_where_it_was_said(self, far, channel):
        asked = Asked()
        async with hearing(channel, asked.answer):
            said = far.say(4242, "/status x")
            await until(lambda: far.messages)
        ask = asked.asks[0]
        assert (ask.text, ask.who, ask.name) == ("status x", "telegram:4242", "Ana")
        assert (ask.where, ask.key) == (Destination("telegram", "4242"), "telegram:900001")
        assert ask.may_manage
        assert abs(ask.at - datetime.now(UTC)) < timedelta(minutes=1)
        assert far.messages[0].text == "You asked: status x\nAll services are up."
        assert far.messages[0].thread == f"4242/{said}"

    @pytest.mark.parametrize(
        ("typed", "heard"),
        [
            ("/start", "start"),
            ("/status@TocsinBot  x (Twitter)", "status x (Twitter)"),
            ("/help@tocsinbot", "help"),
            ("/announce desk first\nsecond", "announce desk first\nsecond"),
        ],
    )
    async def test_a_command_may_name_us(self, typed, heard, far, channel):
        asked = Asked()
        async with hearing(channel, asked.answer):
            far.say(GROUP, typed)
            await until(lambda: asked.asks)
        assert asked.asks[0].text == heard

    async def test_what_is_not_said_to_us_is_not_heard(self, far, channel):
        asked = Asked()
        post = {"chat": {"id": GROUP, "type": "supergroup", "title": "Newsroom"}}
        async with hearing(channel, asked.answer):
            far.say(GROUP, "/status@OtherBot x")
            far.say(GROUP, "is /status a command?")
            far.say(GROUP, "status")
            far.say(GROUP, "/status", is_automatic_forward=True)
            far.say(GROUP, "/status", **{"from": {"id": 5, "is_bot": True, "first_name": "Robot"}})
            far.hear({"message": {"message_id": 1, "date": 1, "new_chat_title": "Desk"} | post})
            far.hear({"message": {"message_id": 2, "date": 1, "text": "/status"} | post})
            far.say(GROUP, "/hush")
            await until(lambda: len(asked.asks) == 1 and not far.waiting)
        assert asked.asks[0].text == "hush"
        assert far.messages == []

    async def test_a_message_that_the_sdk_misreads_stops_nobody(self, far, channel):
        asked = Asked()
        far.say(1, "look", story={"of": "a kind that came after the SDK"})
        far.say(1, "/status")
        async with hearing(channel, asked.answer):
            await until(lambda: far.messages)
        assert [ask.text for ask in asked.asks] == ["status"]

    async def test_a_topics_command_is_answered_in_the_topic(self, far, channel):
        asked = Asked()
        async with hearing(channel, asked.answer):
            said = far.say(GROUP, "/status", topic=45)
            await until(lambda: far.messages)
        assert asked.asks[0].where == TOPIC
        assert (far.messages[0].place, far.messages[0].thread) == (f"{GROUP}/45", f"{GROUP}/{said}")

    async def test_only_who_runs_a_group_may_manage_it(self, far, channel):
        asked = Asked()
        far.rulers.add((GROUP, 1))
        another = {"id": -77, "type": "channel", "title": "Stranger"}
        async with hearing(channel, asked.answer):
            far.say(GROUP, "/a", 1)
            far.say(GROUP, "/b", 2)
            far.say(GROUP, "/c", 0)  # an anonymous administrator
            far.say(GROUP, "/d", 3, sender_chat=another)
            far.say(-1009, "/e", 0, kind="channel")
            await until(lambda: len(asked.asks) == 5)
            assert far.called("getChatMember") == []  # nobody is looked up who only asks
            may = {ask.text: (ask.who, ask.may_manage or await ask.prove()) for ask in asked.asks}
            far.refuse("getChatMember", 400, "Bad Request: CHAT_ADMIN_REQUIRED")
            assert not await asked.asks[0].prove()
        assert may == {
            "a": ("telegram:1", True),
            "b": ("telegram:2", False),
            "c": (f"telegram:{GROUP}", True),
            "d": ("telegram:-77", False),
            "e": ("telegram:-1009", True),
        }
        assert {ask.text for ask in asked.asks if not ask.person} == {"c", "d", "e"}

    @pytest.mark.hardened(
        "B13", "a button was pressed while we were away for hours", "as old as we were away: it orders nothing"
    )
    @pytest.mark.parametrize(("away", "old"), [(timedelta(hours=3), True), (timedelta(seconds=50), False)])
    async def test_a_press_from_while_we_were_away_is_as_old_as_that(self, away, old, far, opening, memory):
        asked, heard_at = Asked(), datetime.now(UTC) - away
        memory |= {"telegram.heard": f"4711:{heard_at.timestamp():.0f}", "telegram.offset": "4711:900001"}
        message = far._message(GROUP, 5)
        person = {"id": 1, "is_bot": False, "first_name": "\ud800"}
        far.waiting.append({"update_id": 900_001, "callback_query": {"id": "77", "from": person, "chat_instance": "1"}})
        far.waiting[0]["callback_query"] |= {"message": message, "data": "ack x#1"}
        async with opening() as channel, hearing(channel, asked.answer):
            await until(lambda: asked.asks)
        assert (datetime.now(UTC) - asked.asks[0].at > timedelta(hours=2)) is old
        assert asked.asks[0].under is not None
        assert asked.asks[0].name == ""

    @pytest.mark.hardened("B13", "one message comes as two updates", "one order: it is known by its own number")
    async def test_a_message_is_known_by_its_own_number(self, far, channel):
        asked = Asked()
        async with hearing(channel, asked.answer):
            far.say(GROUP, "/status")
            await until(lambda: asked.asks and far.messages)
            again = {"message_id": 100, "date": int(asked.asks[0].at.timestamp()), "text": "/status"}
            again |= {"chat": far._chat(GROUP), "from": {"id": 4242, "is_bot": False, "first_name": "Ana"}}
            far.hear({"message": again | {"entities": [{"type": "bot_command", "offset": 0, "length": 7}]}})
            await until(lambda: len(asked.asks) == 2)
        assert asked.asks[0].key != asked.asks[1].key
        assert asked.asks[0].once == asked.asks[1].once
