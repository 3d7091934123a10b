"""Discord's slash commands, over a gateway of our own."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import threading
from contextlib import asynccontextmanager

import pytest

from bot.channels.discord import DiscordSettings
from bot.contracts import ChannelContext
from bot.model import Ask, Destination, Reply, Sent, Text
from tests.channels.kit import FIRST, ChannelKit
from tests.fakes.discord import TOKEN, FakeDiscord
from tests.fakes.discord_gateway import CHANNEL, MANAGE_GUILD, PERSON


class Deliveries(ChannelKit):
    destination = Destination("discord", CHANNEL)


def settings(far: FakeDiscord) -> DiscordSettings:
    return DiscordSettings(token=TOKEN, api_url=far.url, gateway_url=far.gateway_url, timeout=5)


@pytest.fixture
async def far():
    async with FakeDiscord() as far:
        yield far
    assert far.broken == []


@pytest.fixture
def desk() -> ChannelContext:
    memory: dict[str, str] = {}

    async def recall(name):
        return memory.get(name)

    async def remember(name, value):
        memory[name] = value

    return ChannelContext(None, (("status", "what is down now"), ("help", "what you can ask")), recall, remember)


@pytest.fixture
async def channel(far, desk):
    async with settings(far).open(desk) as channel:
        yield channel


@asynccontextmanager
async def listening(channel, answer):
    """Listen in the background; whatever ends the listening early ends the test."""
    task = asyncio.create_task(channel.listen(answer))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Answers:
    """A desk with memory."""

    def __init__(self, words: Text | None = FIRST) -> None:
        self.asks: list[Ask] = []
        self.words = words

    async def __call__(self, ask: Ask) -> Text | None:
        self.asks.append(ask)
        return self.words


async def test_a_command_is_answered_for_the_asker_alone(far, channel, caplog):
    desk = Answers()
    async with listening(channel, desk):
        await far.until(lambda: far.gateway.identifies)
        asked = far.push_command("status", "x", permissions=MANAGE_GUILD)
        await far.until(lambda: far.followups)
    ((ref, seen),) = far.followups
    assert ref == asked
    assert far.acknowledged[asked] == {"type": 5, "data": {"flags": 64}}
    assert seen.text.splitlines()[0] == FIRST.title
    assert seen.raw["allowed_mentions"]["parse"] == []
    (ask,) = desk.asks
    assert (ask.text, ask.who, ask.name, ask.key) == ("status x", f"discord:{PERSON}", "Ana", asked)
    assert (ask.where, ask.may_manage) == (Destination("discord", CHANNEL), True)
    assert ask.at.tzinfo
    assert far.applied == []
    assert [secret for secret in far.secrets if secret in caplog.text] == []


@pytest.mark.hardened("R1", "a command comes with a number of forty digits", "answered, and too old to order anything")
async def test_a_command_whose_number_holds_no_time_is_answered(far, channel, monkeypatch):
    desk = Answers()
    monkeypatch.setattr(far, "snowflake", lambda: "9" * 40)
    async with listening(channel, desk):
        await far.until(lambda: far.gateway.identifies)
        far.push_command("status")
        await far.until(lambda: far.followups)
    assert desk.asks[0].at.year == 2015


async def test_a_member_may_not_manage_a_channel_but_everybody_their_own_messages(far, channel):
    desk = Answers()
    async with listening(channel, desk):
        await far.until(lambda: far.gateway.identifies)
        far.push_command("help")
        far.push_command("help", private=True)
        await far.until(lambda: len(far.followups) == 2)
    assert sorted((ask.text, ask.may_manage) for ask in desk.asks) == [("help", False), ("help", True)]


async def test_nothing_to_say_takes_the_waiting_sign_away(far, channel):
    async with listening(channel, Answers(None)):
        await far.until(lambda: far.gateway.identifies)
        asked = far.push_command("status")
        await far.until(lambda: far.dropped)
    assert far.dropped == [asked]


async def test_a_desk_that_fails_does_not_end_the_listening(far, channel, caplog):
    answers = Answers()

    async def fails_once(ask):
        if not answers.asks:
            answers.asks.append(ask)
            raise LookupError("a bug of ours")
        return await answers(ask)

    async with listening(channel, fails_once):
        await far.until(lambda: far.gateway.identifies)
        far.push_command("status")
        await far.until(lambda: far.dropped)
        far.push_command("status")
        await far.until(lambda: far.followups)
    assert "/status was not answered" in caplog.text


async def test_the_commands_are_told_once_and_again_when_they_change(far, desk):
    for commands, told in ((desk.commands, 1), (desk.commands, 1), (desk.commands[:1], 2)):
        here = dataclasses.replace(desk, commands=commands)
        async with settings(far).open(here) as channel, listening(channel, Answers()):
            before = len(far.gateway.identifies)
            await far.until(lambda before=before: len(far.gateway.identifies) > before)
        assert len(far.synced) == told
    names = [[command["name"] for command in commands] for commands in far.synced]
    assert names == [["status", "help"], ["status"]]
    (option,) = far.synced[0][0]["options"]
    assert (option["name"], option["type"], option["required"]) == ("text", 3, False)


async def test_a_dropped_gateway_is_resumed_and_hears_what_it_missed(far, channel):
    desk = Answers()
    async with listening(channel, desk):
        await far.until(lambda: far.gateway.identifies)
        far.push_command("status", "one")
        await far.until(lambda: far.followups)
        await far.gateway.drop()
        far.push_command("status", "two")
        await far.until(lambda: len(far.followups) == 2)
    assert [ask.text for ask in desk.asks] == ["status one", "status two"]
    assert (len(far.gateway.identifies), len(far.gateway.resumes)) == (1, 1)


async def test_a_fatal_close_ends_the_listening_in_one_line_and_not_the_sending(far, channel, caplog):
    far.gateway.close_with = 4004
    await asyncio.wait_for(channel.listen(Answers()), 5)
    ours = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in ours] == [
        "Discord: no commands are heard: the gateway closed with code 4004; see to it in the developer portal, then start again"
    ]
    assert isinstance(await channel.send(Deliveries().first()), Sent)


async def test_near_the_daily_limit_no_identify_is_spent(far, channel, caplog):
    far.remaining = 100
    async with listening(channel, Answers()) as task:
        await far.until(lambda: "GET /gateway/bot" in far.calls)
        await asyncio.wait([task], timeout=0.1)
        assert not task.done()
    assert "too many connections to the gateway today; waiting 3600 s" in caplog.text
    assert far.gateway.identifies == []


async def test_a_gateway_refused_at_first_is_tried_again(far, desk):
    from bot.channels.discord import gateway, session

    session.point(far.url, far.gateway_url)
    port = far.port
    await far.stop()
    task = asyncio.create_task(gateway.hear(TOKEN, desk, Answers(), 5, pause=0.01))
    await asyncio.wait([task], timeout=0.05)
    again = FakeDiscord()
    await again.start(port)
    try:
        await again.until(lambda: again.gateway.identifies)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await again.stop()


async def test_no_task_and_no_thread_outlives_a_cancelled_listening(far, channel):
    before = asyncio.all_tasks()
    slow = asyncio.Event()

    async def never(_ask):
        slow.set()
        await asyncio.Event().wait()

    async with listening(channel, never):
        await far.until(lambda: far.gateway.identifies)
        far.push_command("status")
        await asyncio.wait_for(slow.wait(), 5)
    left = {task.get_coro() for task in asyncio.all_tasks() - before}
    assert [coro for coro in left if "/discord/" in coro.cr_code.co_filename] == []
    beating = [thread for thread in threading.enumerate() if thread.name.startswith("keep-alive")]
    for thread in beating:
        thread.join(2)
    assert not any(thread.is_alive() for thread in beating)


# ── who may, and what Discord does not say ───────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened(
    "B11", "a command of an earlier Tocsin, which Discord still shows, is used", "answered in a line, no traceback"
)
@pytest.mark.parametrize("name", ["announce", "status"])
async def test_a_command_that_is_no_longer_known_is_answered(far, channel, caplog, name):
    asks = Answers()
    async with listening(channel, asks):
        await far.until(lambda: far.gateway.identifies)
        data = {"id": "5", "type": 1, "name": name, "options": [{"name": "audience", "type": 3, "value": "desk first"}]}
        far.gateway._asks({"type": 2, "data": data}, private=False, channel=CHANNEL)
        await far.until(lambda: far.followups)
    assert [ask.text for ask in asks.asks] == [f"{name} desk first"]
    assert "Traceback" not in caplog.text


@pytest.mark.hardened(
    "A3",
    "Discord does not say that a message without a server is one with us alone",
    "no right to change what is heard",
)
@pytest.mark.parametrize("context", [None, 0, 2, 1])
async def test_messages_with_us_alone_are_proven_by_their_context(far, channel, context):
    asks = Answers()
    async with listening(channel, asks):
        await far.until(lambda: far.gateway.identifies)
        event = {"type": 2, "data": {"id": "5", "type": 1, "name": "help", "options": []}}
        far.gateway._dispatch = _edited(far.gateway._dispatch, context)
        far.gateway._asks(event, private=True, channel=CHANNEL)
        await far.until(lambda: asks.asks)
        await far.until(lambda: far.followups)
    assert asks.asks[0].may_manage is (context == 1)


def _edited(dispatch, context):
    def dispatched(name, data):
        left = {key: value for key, value in data.items() if key != "context"}
        dispatch(name, left if context is None else left | {"context": context})

    return dispatched


async def test_a_thread_and_a_persons_messages_have_other_names_too(far, channel):
    asks = Answers()
    async with listening(channel, asks):
        await far.until(lambda: far.gateway.identifies)
        far.push_command("help", private=True)
        await far.until(lambda: far.followups)
    assert asks.asks[0].also == (Destination("discord", f"@{PERSON}"),)
    assert asks.asks[0].reply is Reply.PRIVATE
    assert asks.asks[0].once == f"discord:{asks.asks[0].key}"
