"""Who wrote on Slack: of which workspace, a member or a guest; and what a frame leaves out proves nothing."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.names import Members
from bot.channels.slack.parse import heard
from bot.contracts import ChannelContext
from bot.model import Destination, Reply, Text
from tests.channels.test_slack import made
from tests.fakes.slack import BOT_TOKEN, FakeSlack

AT = datetime(2026, 11, 29, tzinfo=UTC)
ADMIN = "slack:T111/UADM"


def event(payload=None, **more):
    said = {"type": "app_mention", "user": "UADM", "text": "<@UBOT> ack x", "ts": "1764374400.000200", "channel": "C1"}
    body = {"team_id": "T111", "event_id": "Ev1", "event": said | more}
    return {"type": "events_api", "envelope_id": "e", "payload": body | (payload or {})}


def press(user, payload=None, **action):
    pressed = {"action_id": "tocsin-0", "value": "ack x#1", "action_ts": "1764374400.1"} | action
    body = {"type": "block_actions", "user": user, "team": {"id": "T111"}, "channel": {"id": "C1"}}
    body |= {"container": {"message_ts": "1764370800.000100"}, "actions": [pressed]}
    return {"type": "interactive", "envelope_id": "e", "payload": body | (payload or {})}


def command(**more):
    body = {"team_id": "T111", "user_id": "UADM", "channel_id": "C1", "text": "ack x", "trigger_id": "1.2.x"}
    return {"type": "slash_commands", "envelope_id": "e", "payload": body | more}


@pytest.mark.hardened(
    "A5",
    "a frame of Slack does not say of which workspace somebody is",
    "of none: an admin's user id alone does not do",
)
@pytest.mark.parametrize(
    "frame",
    [
        event({"is_ext_shared_channel": True}),
        event({"is_ext_shared_channel": True}, team="T111"),
        event({"context_team_id": "T999"}),
        event(user_team="T999", team="T111"),
        event(team="T999"),
        event(source_team="T999"),
        event(user_profile={"team": "T999"}, user_team="T111"),
        event({"team_id": None}),
        press({"id": "UADM"}),
        press({"id": "UADM"}, {"team": None}),
        press({"id": "UADM", "team_id": "T999"}),
        command(team_id="T999"),
        command(team_id=None),
    ],
)
def test_who_may_be_a_stranger_is_one(frame):
    ask = heard(frame, AT, "T111").ask
    assert ask.who != ADMIN
    assert (ask.home, ask.may_manage) == (False, False)


@pytest.mark.parametrize(
    "frame",
    [
        event(),
        event({"is_ext_shared_channel": True}, user_team="T111"),
        press({"id": "UADM", "team_id": "T111"}),
        command(),
    ],
)
def test_our_own_people_are_known_once_our_workspace_is(frame):
    assert (heard(frame, AT, "T111").ask.who, heard(frame, AT, "T111").ask.home) == (ADMIN, True)
    assert not heard(frame, AT).ask.home
    assert not heard(frame, AT, "T111").ask.may_manage


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "slash_commands"},
        {"type": "slash_commands", "payload": 5, "envelope_id": 7},
        {"type": "events_api", "payload": {"event": "x"}, "envelope_id": "e"},
        event(channel=None),
        event(user=["UADM"]),
        press({}),
        press("UADM"),
        press({"id": "UADM"}, {"channel": None, "container": None}),
        press({"id": "UADM"}, {"actions": {"a": 1}}),
        press({"id": "UADM"}, {"actions": [5, None]}),
        press({"id": "UADM", "team_id": "T111"}, value=5),
        {"type": "interactive", "envelope_id": "e", "payload": {"type": "block_actions"}},
        {"type": ["hello"]},
    ],
)
def test_half_a_frame_is_nothing_said_and_no_error(frame):
    assert heard(frame, AT, "T111") is None


def test_when_it_was_said_is_slacks_word():
    assert heard(event(ts="1764370800.5"), AT, "T111").ask.at == datetime.fromtimestamp(1764370800.5, UTC)
    assert heard(event(ts="1e999"), AT, "T111").ask.at == heard(event(ts="nan"), AT, "T111").ask.at == AT
    pressed = heard(press({"id": "U", "team_id": "T111"}), AT, "T111").ask
    assert (pressed.at - pressed.under) // timedelta(hours=1) == 1
    assert pressed.reply is Reply.ALONE


@pytest.fixture
async def far():
    async with FakeSlack() as far:
        yield far


@pytest.fixture
async def ear(far):
    """What was asked, while it listens."""
    asks = []

    async def answer(ask):
        asks.append(ask)
        return Text("Noted")

    async with made(far.url).open(ChannelContext(None, (), answer, answer)) as channel:
        listening = asyncio.create_task(channel.listen(answer))
        yield asks
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


@pytest.mark.hardened(
    "A5", "a guest sets quiet hours in a channel", "refused: members of our own workspace alone, by users.info"
)
async def test_a_guest_is_no_member(far: FakeSlack, ear):
    far.guests.add("UGUEST")
    for user in ("UGUEST", "U042"):
        await far.command("quiet 00:01-00:00", user=user)
    await far.until(lambda: len(far.replies) == 2)
    assert [ask.may_manage for ask in ear] == [False, False]
    assert {ask.who: await ask.prove() for ask in ear} == {"slack:T111/UGUEST": False, "slack:T111/U042": True}
    await far.mention("subscribe", user="UADM", user_team="T999")
    await far.until(lambda: any(method == "chat.postMessage" for method, _ in far.calls))
    assert ear[2].prove is None  # nobody of another workspace is looked up


async def test_without_the_scope_nobody_is_a_member_and_it_is_said_once(far, ear, caplog):
    far.refusals["users.info"] = "missing_scope"
    await far.command("quiet off")
    await far.until(lambda: far.replies)
    assert [await ear[0].prove(), await ear[0].prove()] == [False, False]
    [said] = [r.message for r in caplog.records if "users:read" in r.message and r.levelname == "WARNING"]
    assert said.startswith("Slack does not say who is a guest, nor people's names (missing_scope): ")


async def test_a_slack_that_does_not_say_which_workspace_is_ours_makes_nobody_one_of_us(far, ear):
    far.refusals["auth.test"] = "internal_error"
    await far.command("status")
    await far.until(lambda: far.replies)
    assert (ear[0].home, ear[0].prove) == (False, None)
    assert sum(method == "auth.test" for method, _ in far.calls) == 1


@pytest.mark.hardened(
    "T23", "`run` with the token of a whole organization", "said in the log, once; nobody's orders are taken"
)
async def test_the_token_of_an_organization_is_said_in_the_log(caplog):
    async with FakeSlack() as far, aiohttp.ClientSession() as session:
        far.enterprise = True
        members = Members(AsyncWebClient(BOT_TOKEN, far.url, session=session, retry_handlers=[]))
        assert await members.team() == ""
        assert not await members.is_member("U111")
        members._tried_at = None
        assert await members.team() == ""
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1
    assert "Enterprise Grid" in told[0]


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", ["command", "mention", "direct"])
async def test_people_are_called_by_the_name_that_slack_shows(far, ear, way):
    far.facts["U777"] = {"name": "ana.g", "real_name": "Ana García", "profile": {"display_name": "Ana"}}
    await getattr(far, way)("status", user="U777")
    await far.until(lambda: ear)
    assert ear[0].name == "Ana"


async def test_whose_name_slack_does_not_tell_has_none_and_not_an_id(far, ear):
    far.refusals["users.info"] = "missing_scope"
    await far.mention("status", user="U777")
    await far.until(lambda: ear)
    assert (ear[0].name, ear[0].who) == ("", "slack:T111/U777")


@pytest.mark.parametrize("way", ["command", "mention"])
async def test_a_channel_is_known_by_its_name_too(far, ear, way):
    await getattr(far, way)("status", channel="C012")
    await far.until(lambda: ear)
    assert ear[0].where == Destination("slack", "C012")
    assert ear[0].also == (Destination("slack", f"#{far.channels['C012']}"),)


async def test_a_name_that_slack_keeps_to_itself_is_none(far, ear):
    far.refusals["conversations.info"] = "missing_scope"
    await far.mention("status", channel="C012")
    await far.until(lambda: ear)
    assert ear[0].also == ()
