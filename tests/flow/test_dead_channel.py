"""Slack no longer takes the token: that is an incident of its own, told by the others, and nobody waits for Slack."""

from __future__ import annotations

import time

from tests.flow.house import ADMIN, DESK, GROUP, eventually, world
from tests.flow.spoken import english, instant

SOON = 15.0  # seconds; the ladder's own time is a minute
METHODS = ("auth.test", "chat.postMessage", "chat.update")


def told(street, place=GROUP):
    return [message.text.splitlines() for message in street.telegram.messages if message.place == str(place)]


async def test_a_dead_slack_is_told_by_the_others_and_its_readers_need_not_wait(tmp_path):
    async with world(tmp_path) as street:
        said = street.config
        said["channels"] = {kind: said["channels"][kind] for kind in ("slack", "telegram", "email")}
        said["audiences"] = {
            "desk": {"ladder": ["slack:#newsroom", f"telegram:{GROUP}"]},
            "everyone": {"broadcast": ["slack:#random", f"email:{DESK}"]},
        }
        async with street.daemon() as daemon:
            await daemon.becomes("up")
            await eventually(lambda: shows(daemon, "<p>All notification channels are working.</p>"))

            street.slack.refusals = dict.fromkeys(METHODS, "account_inactive")
            since = await known_to_be_dead(street, daemon)
            await nobody_waits(street, since)

            street.slack.refusals = {}
            over = f"🟢 Slack delivery: down since {since}, restored "
            await street.telegram.until(lambda: any(over in lines[0] for lines in told(street)))
            await eventually(lambda: any(over in mail.raw["Subject"] for mail in street.relay.applied))
            await street.slack.until(lambda: {m.place for m in street.slack.applied} == {"C012", "C034"})
            await eventually(lambda: shows(daemon, "<p>All notification channels are working.</p>"))

    spoken = [message.text for message in street.slack.applied]
    assert not any("Slack delivery" in text for text in spoken)  # it cannot tell of itself
    first = next(message.text for message in street.slack.applied if message.place == "C012")
    assert "X (Twitter)" in first
    assert f"Delayed: Slack was down {since.partition(' ')[0]}" in first  # it is back, though no round has said so yet


async def shows(daemon, words, path="/"):
    return words in (await daemon.get(path)).text


async def known_to_be_dead(street, daemon):
    """Everybody knows, by other ways; the answer is since when, as they read it."""
    down = "🔴 Slack delivery: down since "
    await street.telegram.until(lambda: told(street) and told(street, ADMIN))
    await eventually(lambda: street.relay.applied)
    [title, why, waits] = told(street)[0]
    assert title.startswith(down)
    assert why.startswith(
        "Its API: channels.slack.bot_token is not accepted by Slack (account_inactive). Our checks confirmed it at "
    )
    assert waits.startswith("Its notices go by the next channel")
    assert street.relay.applied[0].raw["Subject"] == title
    assert told(street, ADMIN)[0][-1] == "What to do: copy it again from api.slack.com/apps > OAuth & Permissions."

    health = await daemon.get("/healthz")
    assert health.status_code == 200
    at = health.json()["channels"].pop("slack").removeprefix("down since ")
    assert health.json()["channels"] | {"slack": "up"} == dict.fromkeys(("slack", "telegram", "email"), "up")
    assert title == down + english(instant(at), street.zone)
    await eventually(lambda: shows(daemon, 'tocsin_channel_up{channel="slack"} 0.0', "/metrics"))  # some seconds old
    await eventually(lambda: shows(daemon, title.removeprefix("🔴 ")))
    page = (await daemon.get("/")).text
    assert "All 2 services are up" in page
    assert "copy it again" not in page
    return title.removeprefix(down)


async def nobody_waits(street, since):
    began = time.monotonic()
    street.fail()
    await street.telegram.until(lambda: "X (Twitter): down since" in told(street)[-1][0])
    assert time.monotonic() - began < SOON
    assert told(street)[-1][1] == f"Sent here because Slack has been down since {since}".rstrip(".") + "."
    assert street.slack.applied == []
