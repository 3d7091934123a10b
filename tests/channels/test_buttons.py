"""Buttons on Slack, Discord and Telegram: how they look, who pressed, and what the presser alone is told."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import asynccontextmanager

import pytest

from bot.contracts import ChannelContext
from bot.model import Ask, Button, ChangeKind, Destination, Sent, Text
from bot.net import Network
from tests.channels import test_discord, test_slack, test_telegram
from tests.channels.kit import FIRST
from tests.channels.test_discord_gateway import settings as discord_settings
from tests.fakes import discord, slack_text, telegram
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_gateway import CHANNEL, PERSON
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram

GROUP = test_telegram.GROUP
BUTTONS = (
    Button("Down for me too", "report x"),
    Button("Works for me", "report x works"),
    Button("Acknowledge", "ack x"),
    Button("Mute 1 h", "mute x 1h"),
    Button("Details", "why x#17"),
)
SHOWN = {button.label: button.command for button in BUTTONS}
NOTED = Text("👀 Noted: Ana is looking into X (Twitter) (2:05 p.m.)")
WHY = Text("🔎 x#17: X (Twitter)", tuple(f"{n}. A line of reasons that is rather long." for n in range(9)))


class Asked:
    """A desk that answers a key once."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.heard = 0

    async def __call__(self, ask: Ask) -> Text | None:
        self.heard += 1
        if ask.key in {known.key for known in self.asks}:
            return None
        self.asks.append(ask)
        return WHY if ask.text.startswith("why") else NOTED


class Ground:
    """A channel that writes and listens."""

    def __init__(self, kit, far, channel, asked) -> None:
        self.kit, self.far, self.channel, self.asked = kit, far, channel, asked

    async def post(self, number: int = 1, **more) -> str:
        """Send a notice; its number on the platform."""
        delivery = self.kit.delivery(number, FIRST, **({"buttons": BUTTONS, "kind": ChangeKind.CONFIRMED} | more))
        assert isinstance(await self.channel.send(delivery), Sent)
        return self.far.applied[-1].ref

    async def edit(self, **more) -> None:
        ref = self.far.applied[0].ref
        root = f"C012/{ref}" if isinstance(self.far, FakeSlack) else ref
        assert isinstance(await self.channel.send(self.kit.edit(root, **more)), Sent)


def desk(net: Network) -> ChannelContext:
    memory: dict[str, str] = {}

    async def recall(name):
        return memory.get(name)

    async def remember(name, value):
        memory[name] = value

    return ChannelContext(net, (("status", "what is down now"),), recall, remember)


@asynccontextmanager
async def ground(kit, far, settings):
    async with Network() as net, settings.open(desk(net)) as channel:
        asked = Asked()
        listening = asyncio.create_task(channel.listen(asked))
        try:
            yield Ground(kit, far, channel, asked)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    assert far.broken == []


@pytest.fixture
async def on_slack():
    async with FakeSlack() as far, ground(test_slack.TestSlack(), far, test_slack.made(far.url)) as here:
        yield here


@pytest.fixture
async def on_discord():
    async with FakeDiscord() as far, ground(test_discord.TestDiscord(), far, discord_settings(far)) as here:
        here.kit.destination = Destination("discord", CHANNEL)
        await far.until(lambda: far.gateway.identifies)
        yield here


@pytest.fixture
async def on_telegram():
    kit = test_telegram.TestTelegram()
    async with FakeTelegram() as far, ground(kit, far, kit.settings(far.url, 5)) as here:
        yield here


@pytest.fixture(params=["slack", "discord", "telegram"])
def anywhere(request):
    """The platform, and what may be pressed under a message there as it stands."""
    here = request.getfixturevalue(f"on_{request.param}")
    pressable = {"slack": slack_text.buttons, "discord": discord.buttons, "telegram": telegram.buttons}[request.param]
    return here, lambda ref: pressable(
        here.far.messages[ref] if request.param == "discord" else here.far.shown(ref).raw
    )


# ── how they look ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_they_stay_while_it_is_open_and_go_when_it_is_over(anywhere):
    here, pressable = anywhere
    ref = await here.post()
    assert pressable(ref) == SHOWN
    await here.edit(kind=ChangeKind.ACKNOWLEDGED, buttons=BUTTONS[3:])
    assert pressable(ref) == {"Mute 1 h": "mute x 1h", "Details": "why x#17"}
    await here.edit(kind=ChangeKind.RESTORED, present=Text("🟢 over"))
    assert pressable(ref) == {}


async def test_what_has_none_bears_none(anywhere):
    here, pressable = anywhere
    assert pressable(await here.post(buttons=())) == {}


async def test_a_command_that_the_platform_does_not_carry_gets_no_button(anywhere):
    here, pressable = anywhere
    long = tuple(dataclasses.replace(button, command=button.command + "ñ" * 2_000) for button in BUTTONS[1:])
    assert pressable(await here.post(buttons=(BUTTONS[0], *long))) == {"Down for me too": "report x"}
    assert pressable(await here.post(2, buttons=long)) == {}


async def test_telegram_counts_bytes(on_telegram):
    fits, over = Button("fits", "why " + "ñ" * 30), Button("over", "why " + "ñ" * 30 + "x")
    ref = await on_telegram.post(buttons=(fits, over))
    assert list(telegram.buttons(on_telegram.far.shown(ref).raw)) == ["fits"]


async def test_telegram_that_takes_no_button_takes_the_news(on_telegram):
    on_telegram.far.refuse("sendMessage", 400, "Bad Request: BUTTON_DATA_INVALID")
    ref = await on_telegram.post()
    assert telegram.buttons(on_telegram.far.shown(ref).raw) == {}


async def test_discords_library_keeps_no_view_of_what_was_sent(on_discord):
    for number in range(3):
        await on_discord.post(number)
    client = await on_discord.channel._session.client()
    assert not client._connection._view_store._views


# ── who pressed, and what they are told ──────────────────────────────────────────────────────────────────────────────


async def test_slack_hears_a_press_as_the_command_and_answers_the_presser_alone(on_slack):
    far, asked = on_slack.far, on_slack.asked
    ref = await on_slack.post()
    told = await far.press(ref, "Acknowledge", user="U042")
    await far.until(lambda: far.replies)
    (ask,) = asked.asks
    assert (ask.text, ask.who, ask.name) == ("ack x", "slack:T111/U042", "Ana")
    assert (ask.where, ask.key) == (
        Destination("slack", "C012"),
        f"slack:T111/U042 {told['actions'][0]['action_ts']}",
    )
    (reply,) = far.replies
    assert (reply["response_type"], reply["replace_original"], reply["drawn"]) == ("ephemeral", False, NOTED.text)
    assert far.heard[0].startswith("ack ")  # before anything else
    assert len(far.applied) == 1


async def test_slack_knows_the_workspace_of_a_stranger_and_passes_others_buttons_over(on_slack):
    far, asked = on_slack.far, on_slack.asked
    ref = await on_slack.post()
    press = await far.press(ref, "Acknowledge")
    stranger = press | {"user": press["user"] | {"team_id": "T999"}}
    other = press | {"actions": [press["actions"][0] | {"action_id": "approve", "value": "unmute x"}]}
    for odd in (stranger, other, press | {"actions": []}, press | {"type": "view_submission"}):
        await far.deliver({"type": "interactive", "payload": {}}, payload=odd)
    await far.until(lambda: len(far.acks) == 5 and len(asked.asks) == 2)
    assert {ask.who for ask in asked.asks} == {"slack:T111/U111", "slack:T999/U111"}


async def test_slack_that_asks_to_wait_is_answered_after_it(on_slack):
    far = on_slack.far
    ref = await on_slack.post()
    far.hook_limits = 2
    await far.press(ref, "Details")
    await far.until(lambda: far.replies)
    assert far.replies[0]["drawn"] == WHY.text


async def test_discord_hears_a_press_as_the_command_and_answers_the_presser_alone(on_discord):
    far, asked = on_discord.far, on_discord.asked
    ref = await on_discord.post()
    pressed = far.press(ref, "Acknowledge")
    await far.until(lambda: far.followups)
    (ask,) = asked.asks
    assert (ask.text, ask.who, ask.name) == ("ack x", f"discord:{PERSON}", "Ana")
    assert (ask.where, ask.key) == (Destination("discord", CHANNEL), pressed)
    assert far.acknowledged[pressed] == {"type": 5, "data": {"flags": 64}}
    assert [(of, seen.text) for of, seen in far.followups] == [(pressed, NOTED.text)]
    assert len(far.applied) == 1


async def test_discord_hears_presses_of_what_an_earlier_life_posted(on_discord):
    ref = await on_discord.post()
    async with ground(on_discord.kit, on_discord.far, discord_settings(on_discord.far)) as again:
        await again.far.until(lambda: len(again.far.gateway.identifies) == 2)
        again.far.press(ref, "Details")
        await again.far.until(lambda: again.far.followups)
        assert [ask.text for ask in again.asked.asks] == ["why x#17"]


async def test_a_press_that_discord_would_not_have_answered_is_carried_out(on_discord):
    ref = await on_discord.post()
    on_discord.far.refusals.append((429, 0))  # without "Via": the library does not try again
    on_discord.far.press(ref, "Acknowledge")
    await on_discord.far.until(lambda: on_discord.far.refusals == type(on_discord.far.refusals)())
    async with asyncio.timeout(5):
        while not on_discord.asked.asks:
            await asyncio.sleep(0.005)
    assert on_discord.far.followups == []


@pytest.mark.hardened("N-A8", "a button is pressed on Telegram", "is answered in the notification, never by a post")
async def test_telegram_shows_a_short_answer_to_the_presser_alone(on_telegram):
    far, asked = on_telegram.far, on_telegram.asked
    ref = await on_telegram.post()
    pressed = far.press(ref, "Acknowledge", user=77)
    await far.until(lambda: far.toasts)
    (ask,) = asked.asks
    assert (ask.text, ask.who, ask.name) == ("ack x", "telegram:77", "Ana")
    assert (ask.where, ask.key) == (Destination("telegram", f"{GROUP}"), "telegram:900001")
    assert not ask.may_manage
    assert far.toasts == [(pressed, NOTED.text)]
    assert (len(far.messages), far.called("getChatMember")) == (1, [])


async def test_telegram_cuts_what_has_no_room_in_a_notification_and_posts_nothing(on_telegram):
    far = on_telegram.far
    pressed = far.press(await on_telegram.post(), "Details")
    await far.until(lambda: far.toasts)
    [(number, shown)] = far.toasts
    assert number == pressed
    assert shown.splitlines()[0] == WHY.title
    assert shown.endswith("…")
    assert len(shown.encode("utf-16-le")) // 2 <= 200
    assert len(far.messages) == 1


@pytest.mark.parametrize(
    "refusal", [(429, "Too Many Requests: retry after 60"), (400, "Bad Request: query is too old")]
)
async def test_telegram_that_shows_nothing_gets_no_post_instead(on_telegram, refusal):
    far = on_telegram.far
    ref = await on_telegram.post()
    more = {"retry_after": 60} if refusal[0] == 429 else {}
    far.refuse("answerCallbackQuery", *refusal, **more)
    far.press(ref, "Acknowledge")
    far.press(ref, "Details")
    await far.until(lambda: far.toasts)
    assert (len(far.messages), len(on_telegram.asked.asks)) == (1, 2)


async def test_telegram_that_asks_for_a_moment_shows_it_then(on_telegram):
    far = on_telegram.far
    ref = await on_telegram.post()
    far.refuse("answerCallbackQuery", 429, "Too Many Requests: retry after 1", retry_after=1)
    far.press(ref, "Acknowledge")
    await far.until(lambda: far.toasts)
    assert (len(far.messages), len(on_telegram.asked.asks)) == (1, 1)


async def test_telegram_hears_a_press_of_what_it_no_longer_shows_us(on_telegram):
    ref = await on_telegram.post()
    on_telegram.far.press(ref, "Acknowledge", gone=True)
    await on_telegram.far.until(lambda: on_telegram.far.toasts)
    assert on_telegram.asked.asks[0].where == Destination("telegram", f"{GROUP}")


async def test_telegrams_topics_and_private_chats_are_told_apart(on_telegram):
    far = on_telegram.far
    for place in (f"{GROUP}/45", "77"):
        on_telegram.kit.destination = Destination("telegram", place)
        far.press(await on_telegram.post(), "Details", 77)
    await far.until(lambda: len(far.toasts) == 2)
    assert {(ask.where.place, ask.may_manage) for ask in on_telegram.asked.asks} == {
        (f"{GROUP}/45", False),
        ("77", True),
    }
    assert len(far.messages) == 2


# ── many presses ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_press_that_is_told_twice_is_one(anywhere):
    here, _ = anywhere
    ref = await here.post()
    pressing = here.far.press(ref, "Acknowledge", times=2)
    if asyncio.iscoroutine(pressing):
        await pressing
    async with asyncio.timeout(5):
        while here.asked.heard < 2:
            await asyncio.sleep(0.005)
    assert len(here.asked.asks) == 1


async def test_many_presses_are_all_heard(anywhere):
    here, _ = anywhere
    ref = await here.post()
    for _ in range(20):
        pressing = here.far.press(ref, "Acknowledge")
        if asyncio.iscoroutine(pressing):
            await pressing
    async with asyncio.timeout(5):
        while len(here.asked.asks) < 20:
            await asyncio.sleep(0.005)
    assert len({ask.key for ask in here.asked.asks}) == 20
