"""People talk to it: rooms that the config lets in subscribe, everybody there may ask, and only its admins may order."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from tests.fakes.discord_gateway import CHANNEL as ELSEWHERE
from tests.flow.house import ADMIN, GROUP, eventually, world
from tests.flow.spoken import english, instant, lasted, spanish

pytestmark = pytest.mark.long

PRIVATE, RANDOM = 777, "C034"  # a chat on Telegram, a channel on Slack: neither is in the config


@asynccontextmanager
async def talking(folder, *kinds):
    async with world(folder) as street:
        street.keep(*kinds)
        rooms = {"telegram": f"telegram:{PRIVATE}", "discord": f"discord:{ELSEWHERE}"}
        street.config["rooms"] = [room for kind, room in rooms.items() if kind in kinds]
        async with street.daemon() as daemon:
            await daemon.becomes("up")
            yield street, daemon


def told(fake, place):
    return [message for message in fake.applied if message.place == str(place)]


def last(fake, place):
    return told(fake, place)[-1].text.splitlines()


async def on_telegram(street, text, user=PRIVATE):
    """Say it; the answer's lines."""
    before = len(street.telegram.messages)
    street.telegram.say(PRIVATE, text, user=user)
    await street.telegram.until(lambda: [m for m in street.telegram.messages[before:] if m.place == str(PRIVATE)])
    return last(street.telegram, PRIVATE)


async def on_slack(street, text, channel=RANDOM):
    before = len(street.slack.replies)
    await street.slack.command(text, channel=channel)
    await street.slack.until(lambda: len(street.slack.replies) > before)
    return street.slack.replies[-1]["drawn"].splitlines()


async def on_discord(street, name, text=""):
    asked = street.discord.push_command(name, text, channel=ELSEWHERE)
    await street.discord.until(lambda: asked in dict(street.discord.followups))
    return dict(street.discord.followups)[asked].text.splitlines()


async def everywhere(street, text):
    name, _, rest = text.partition(" ")
    return [
        await on_telegram(street, f"/{text}"),
        await on_slack(street, text),
        await on_discord(street, name, rest),
    ]


async def test_who_subscribes_in_a_chat_hears_of_the_outage_there(tmp_path):
    async with talking(tmp_path, "slack", "telegram") as (street, daemon):
        answers = [await on_telegram(street, "/subscribe x"), await on_slack(street, "subscribe x")]
        assert answers == [["✅ Subscribed to X (Twitter)."]] * 2
        # On Slack nobody else sees that answer, though all there will get what is told.
        await street.slack.until(lambda: told(street.slack, RANDOM))
        changed = ["⚙️ Ana changed how this channel gets notices", "✅ Subscribed to X (Twitter)."]
        assert last(street.slack, RANDOM)[:2] == changed

        street.fail()
        await street.telegram.until(lambda: "down since" in last(street.telegram, PRIVATE)[0])
        await street.slack.until(lambda: "down since" in last(street.slack, RANDOM)[0])
        since = english(instant((await daemon.incident())["since"]), street.zone)
        first = f"🔴 X (Twitter): down since {since}"
        assert [last(street.telegram, PRIVATE)[0], last(street.slack, RANDOM)[0]] == [first] * 2

        street.heal()
        await street.telegram.until(lambda: "restored" in last(street.telegram, PRIVATE)[0])
        await street.slack.until(lambda: "restored" in last(street.slack, RANDOM)[0])

        gone = [await on_telegram(street, "/unsubscribe x"), await on_slack(street, "unsubscribe")]
        assert gone == [
            ["✅ Unsubscribed from X (Twitter)."],
            ["✅ Unsubscribed from everything."],
        ]


async def test_status_is_answered_on_every_platform_while_it_is_down_and_after(tmp_path):
    async with talking(tmp_path, "slack", "telegram", "discord") as (street, daemon):
        await daemon.becomes("up", "banner")
        street.fail()
        await daemon.becomes("down")
        since = instant((await daemon.incident())["since"])
        down = f"🔴 X (Twitter): down since {english(since, street.zone)}"
        assert [answer[:2] for answer in await everywhere(street, "status")] == [
            ["🔴 1 of 2 services is down", down]
        ] * 3
        assert [answer[0] for answer in await everywhere(street, "status x")] == [down] * 3

        street.heal()
        await daemon.becomes("up")
        until = instant((await daemon.incident("until"))["until"])
        answers = await everywhere(street, "status")
        assert [answer[0] for answer in answers] == ["🟢 All 2 services are up."] * 3
        assert f"({lasted(since, until)})" in answers[0][1]
        assert answers[0][1].startswith("Last outage: X (Twitter), ")


async def test_what_nobody_knows_is_answered_and_what_is_not_allowed_is_refused(tmp_path):
    async with talking(tmp_path, "slack", "telegram", "discord") as (street, daemon):
        street.fail()
        await daemon.becomes("down")
        assert [(await on_telegram(street, "/statsu"))[0], (await on_slack(street, "statsu"))[0]] == [
            'There\'s no command "statsu".'
        ] * 2
        assert (await on_discord(street, "status", "netflix"))[0] == 'There\'s no service called "netflix".'

        # Its own checks are asked anew, for everybody; what a stranger names inside our network is not.
        assert [lines[0] for lines in await everywhere(street, "check x")] == ["🔴 X (Twitter) doesn't respond"] * 3
        inside = await everywhere(street, f"check http://127.0.0.1:8080/?{street.site.port}")
        assert [lines[0] for lines in inside] == ["🔒 We can't check that address: it isn't on the public internet"] * 3

        # Neither a stranger on Telegram, nor anybody on Slack and Discord, is in the config's `admins`.
        assert await everywhere(street, "ack x") == [["🔒 Only Tocsin's admins can do that."]] * 3
        assert len(told(street.telegram, GROUP)) == 1  # nobody hears that somebody is looking into it

        assert (await on_telegram(street, "/ack x", user=ADMIN))[0].startswith(
            "👀 Noted: Ana is looking into X (Twitter)"
        )

        await street.telegram.until(lambda: len(told(street.telegram, GROUP)) == 3)
        assert (await daemon.incident("acknowledged_by"))["acknowledged_by"] == "Ana"


async def test_half_an_outage_names_the_route_that_fails(tmp_path):
    async with talking(tmp_path, "slack", "telegram", "discord") as (street, daemon):
        street.fail("TweetDeck")
        await daemon.becomes("degraded")
        await street.telegram.until(lambda: street.telegram.messages)
        await street.slack.until(lambda: street.slack.applied)
        await street.discord.until(lambda: street.discord.applied)
        incident = await daemon.incident("confirmed_at")
        since, confirmed = (english(instant(incident[n]), street.zone) for n in ("since", "confirmed_at"))
        for fake in (street.telegram, street.slack):
            assert fake.applied[0].text.splitlines()[:2] == [
                f"🟠 X (Twitter): partly down since {since} (TweetDeck)",
                f"TweetDeck doesn't respond (HTTP 503). Our checks confirmed it at {confirmed}",
            ]
        desde = spanish(instant(incident["since"]), street.zone)
        here = street.discord.applied[0].text.splitlines()[0]
        assert here == f"🟠 X (Twitter) falla en parte desde {desde}: TweetDeck"

        street.heal()
        await street.telegram.until(lambda: len(street.telegram.messages) == 3)
        restored = street.telegram.messages[1].text.splitlines()[0]
        # Where the hour has two digits the longer form has no room on a lock screen.
        whole, span = (
            f"🟢 X (Twitter): partly down since {since}, restored ",
            f"🟢 X (Twitter): restored, was partly down {since}",
        )
        assert restored.startswith((whole, span))


async def test_work_planned_in_a_chat_is_told_and_holds_an_outage_back_until_it_is_over(tmp_path):
    async with talking(tmp_path, "telegram") as (street, daemon):
        answer = await on_telegram(street, "/maintenance x for 1h moving house", user=ADMIN)
        await street.telegram.until(lambda: len(told(street.telegram, GROUP)) == 1)
        begun = last(street.telegram, GROUP)
        assert answer[0] == begun[0]
        assert begun[0].startswith("🛠 X (Twitter): under maintenance until ")
        assert begun[1:] == ["Work: moving house.", "Announced by Ana."]
        await daemon.becomes("maintenance")

        street.fail()
        looked = street.asked("/web")
        await eventually(lambda: street.asked("/web") > looked + 4)
        assert len(told(street.telegram, GROUP)) == 1
        assert "no outage notices" in (await on_telegram(street, "/why x"))[0]

        await on_telegram(street, "/maintenance cancel x", user=ADMIN)
        await daemon.becomes("down")
        await street.telegram.until(lambda: ": down since" in last(street.telegram, GROUP)[0])
        titles = [message.text.splitlines()[0] for message in told(street.telegram, GROUP)]
        assert any("maintenance ended early" in title for title in titles)
        assert "It was already failing before maintenance ended" in last(street.telegram, GROUP)[1]
