"""Slack, against a Slack of our own."""

from __future__ import annotations

import asyncio
import dataclasses
import html
import json
import logging
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from pydantic import SecretStr, ValidationError

from bot.channels.slack import SlackSettings
from bot.channels.slack.parse import unmarked
from bot.channels.slack.receipts import failed
from bot.channels.slack.render import blocks, date, plain
from bot.contracts import Answer, Cause, Trouble, Unclear
from bot.model import Destination, Later, RefusalScope, Refused, Sent, Text, Unsure
from tests.channels.kit import ACKNOWLEDGED, FIRST, RESTORED, ChannelKit, Expect, closed_port
from tests.fakes.faults import Fault
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN, SHORTCUT, FakeSlack

REPLY = Text("🟢 All 3 services are up.", ("X (Twitter): up for 12 days.",))


def made(url: str, timeout: float = 5, **more) -> SlackSettings:
    given = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "api_url": url, "timeout": timeout}
    return SlackSettings(**(given | {"reconnect_after": 0.01} | more))


class TestSlack(ChannelKit):
    destination = Destination("slack", "C012")
    impossible = frozenset({Fault.MOVED})  # a channel keeps its id whatever is done to it
    expected: ClassVar = {Fault.TOO_LONG: Expect(Refused, scope=RefusalScope.MESSAGE, times=2)}  # blocks, then plain

    @pytest.fixture
    async def far(self):
        async with FakeSlack() as far:
            yield far

    def settings(self, url, timeout):
        return made(url, timeout)

    def read(self, message):
        return message.text, html.unescape(message.raw["text"])  # the latter is what a phone shows

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def test_the_ref_names_the_channel_and_the_message(self, far, channel):
        assert await channel.send(self.first()) == Sent(f"C012/{far.applied[0].ref}")

    async def test_a_channel_given_by_name_is_edited_by_its_id(self, far, channel, memory):
        place = Destination("slack", "#newsroom")
        sent = await channel.send(dataclasses.replace(self.first(), destination=place))
        edit = dataclasses.replace(self.edit(sent.ref), destination=place)
        assert await channel.send(edit) == sent
        assert far.shown(far.applied[0].ref).text.startswith(RESTORED.title)
        assert memory == {"slack #newsroom": "C012"}

    async def test_a_message_asks_for_no_previews_and_carries_its_key(self, far, channel):
        await channel.send(self.first())
        raw = far.applied[0].raw
        assert (raw["unfurl_links"], raw["unfurl_media"], raw["mrkdwn"]) == (False, False, False)
        assert raw["metadata"] == {"event_type": "tocsin_notice", "event_payload": {"key": "x#17/1@slack:C012"}}
        assert raw["text"] == FIRST.text

    @pytest.mark.parametrize(
        "error", ["thread_not_found", "invalid_thread_ts", "cannot_reply_to_message", "restricted_action_thread_locked"]
    )
    async def test_what_cannot_be_said_in_the_thread_is_said_beside_it(self, far, channel, error):
        root = await self.rooted(channel)
        far.locked[far.applied[0].ref] = error
        receipt = await channel.send(self.reply(root))
        assert receipt == Sent(f"C012/{far.applied[1].ref}", anew=True)  # the next one stands under this one
        assert [message.thread for message in far.applied] == [None, None]
        assert far.applied[1].text.startswith(ACKNOWLEDGED.title)

    @pytest.mark.parametrize("error", ["cant_broadcast_message", "non_threadable_channel"])
    async def test_a_place_without_threads_keeps_its_first_message(self, far, channel, error):
        root = await self.rooted(channel)
        far.locked[far.applied[0].ref] = error
        assert await channel.send(self.restored(root)) == Sent(f"C012/{far.applied[1].ref}")

    async def test_what_slack_will_not_take_with_its_key_is_sent_without(self, far, channel):
        far.errors.append("invalid_metadata_format")
        assert isinstance(await channel.send(self.first()), Sent)
        (message,) = far.applied
        assert ("metadata" in message.raw, "blocks" in message.raw) == (False, True)

    async def test_a_person_is_written_to_directly_and_the_ref_is_what_edits_and_look_ups_take(
        self, far, opening, memory
    ):
        person = Destination("slack", "U111")
        first = dataclasses.replace(self.first(), destination=person)
        async with opening(far.url) as channel:
            sent = await channel.send(first)
            assert sent == Sent(f"D056/{far.applied[0].ref}")
            edit = dataclasses.replace(self.edit(sent.ref), destination=person)
            assert await channel.send(edit) == sent
            far.fault(Fault.CUT)
            reply = dataclasses.replace(self.reply(sent.ref), destination=person)
            assert isinstance(await channel.send(reply), Unsure)
            again = await channel.send(dataclasses.replace(reply, unsure=True))
            assert again == Sent(f"D056/{far.applied[-1].ref}", found=True)
        assert memory == {"slack U111": "D056"}
        async with opening(far.url) as channel:  # another life of ours
            again = await channel.send(dataclasses.replace(first, unsure=True))
        assert again == dataclasses.replace(sent, found=True)
        assert {asked["channel"] for method, asked in far.calls if "conversations" in method} == {"D056"}

    async def test_what_slack_will_not_take_as_blocks_is_sent_as_plain_text(self, far, channel):
        far.fault(Fault.TOO_LONG)
        assert isinstance(await channel.send(self.first()), Sent)
        (message,) = far.applied
        assert "blocks" not in message.raw
        assert message.text == FIRST.text

    @pytest.mark.parametrize("error", ["message_not_found", "cant_update_message", "edit_window_closed"])
    async def test_an_edit_that_is_not_possible_is_refused_for_that_message_alone(self, far, channel, error):
        root = await self.rooted(channel)
        far.refusals["chat.update"] = error
        receipt = await channel.send(self.edit(root))
        assert (type(receipt), receipt.scope, receipt.gone) == (Refused, RefusalScope.MESSAGE, True)

    @pytest.mark.parametrize("error", ["msg_too_long", "channel_not_found", "token_revoked"])
    async def test_an_edit_that_is_refused_for_another_reason_leaves_its_message_standing(self, far, channel, error):
        root = await self.rooted(channel)
        far.refusals["chat.update"] = error
        assert not (await channel.send(self.edit(root))).gone

    @pytest.mark.parametrize(("method", "whole"), [("chat.postMessage", True), ("chat.update", False)])
    async def test_a_limit_of_posts_is_the_whole_accounts_and_one_of_edits_is_not(self, far, channel, method, whole):
        root = await self.rooted(channel)
        far.refusals[method] = "ratelimited"
        receipt = await channel.send(self.restored(root) if whole else self.edit(root))
        assert (receipt.wait, receipt.whole) == (timedelta(seconds=7), whole)

    async def test_an_edit_without_a_first_message_is_refused_and_asks_nothing(self, far, channel):
        assert isinstance(await channel.send(self.edit(None)), Refused)
        assert far.calls == []

    async def test_a_connection_that_is_never_made_is_proof_that_nothing_was_sent(self, opening):
        with socket.socket() as full, socket.socket() as first, socket.socket() as second:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for caller in (first, second):  # fills the queue: the next one waits for ever
                caller.setblocking(False)
                caller.connect_ex(full.getsockname())
            async with opening(f"http://127.0.0.1:{full.getsockname()[1]}/", 0.4) as channel:
                assert isinstance(await channel.send(self.first()), Later)

    @pytest.mark.parametrize("error", ["channel_not_found", "not_in_channel", "is_archived", "restricted_action"])
    async def test_a_closed_channel_says_what_to_do(self, far, channel, error):
        far.shut["C012"] = error
        receipt = await channel.send(self.first())
        assert (type(receipt), receipt.scope) == (Refused, RefusalScope.DESTINATION)
        assert error in receipt.why
        assert far.applied == []

    # ── an earlier hand-over may have arrived ────────────────────────────────────────────────────────────────────────

    async def test_what_arrived_without_our_knowing_is_found_and_not_repeated(self, far, channel):
        far.fault(Fault.CUT)
        first = self.first()
        assert isinstance(await channel.send(first), Unsure)
        again = await channel.send(dataclasses.replace(first, unsure=True, attempts=1))
        assert again == Sent(f"C012/{far.applied[0].ref}", found=True)
        assert len(far.applied) == 1

    async def test_nothing_is_looked_up_that_cannot_have_arrived(self, far, channel):
        await channel.send(self.first(attempts=3))
        assert [method for method, _ in far.calls] == ["chat.postMessage"]

    async def test_what_arrived_under_much_talk_is_found(self, far, channel):
        root = await self.rooted(channel)
        reply = self.reply(root)
        await channel.send(reply)
        arrived = far.applied[-1].ref
        for number in range(4, 40):
            await channel.send(self.delivery(number, ACKNOWLEDGED, root=root, fresh=False))
            await channel.send(self.delivery(number, ACKNOWLEDGED))
        first = await channel.send(self.first(unsure=True))
        assert first == Sent(root, found=True)
        assert await channel.send(dataclasses.replace(reply, unsure=True)) == Sent(f"C012/{arrived}", found=True)

    async def test_what_arrived_beside_a_locked_thread_is_found_and_leads_from_now_on(self, far, channel):
        root = await self.rooted(channel)
        far.locked[far.applied[0].ref] = "restricted_action_thread_locked"
        reply = self.reply(root)
        sent = await channel.send(reply)
        assert await channel.send(dataclasses.replace(reply, unsure=True)) == dataclasses.replace(sent, found=True)
        assert sent.anew

    async def test_what_was_said_long_ago_is_another_incidents(self, far, channel):
        await self.rooted(channel)
        ((place, post),) = far.posts.items()
        far.posts[place] = post | {"ts": "1600000000.000001"}
        assert (await channel.send(self.first(unsure=True))).absent

    async def test_a_reply_that_arrived_without_our_knowing_is_found_in_its_thread(self, far, channel):
        root = await self.rooted(channel)
        for number in range(4, 20):  # more than a page of talk
            await channel.send(self.delivery(number, ACKNOWLEDGED, root=root, fresh=False))
        old = list(far.posts)
        for number, key in enumerate(old):  # said long ago
            far.posts[key]["ts"] = f"{1_600_000_000 + number}.000001" if number else far.posts[key]["ts"]
        far.posts = {(key[0], post["ts"]): post for key, post in far.posts.items()}
        far.fault(Fault.CUT)
        reply = self.reply(root)
        assert isinstance(await channel.send(reply), Unsure)
        count = len(far.applied)
        assert await channel.send(dataclasses.replace(reply, unsure=True)) == Sent(
            f"C012/{far.applied[-1].ref}", found=True
        )
        assert len(far.applied) == count

    async def test_what_did_not_arrive_may_be_worded_anew_before_it_is_sent_again(self, far, channel):
        await channel.send(self.delivery(9, ACKNOWLEDGED))  # another message of ours
        assert await channel.send(self.first(unsure=True)) == Later("it did not arrive", absent=True)
        assert len(far.applied) == 1

    @pytest.mark.parametrize("dead", [Fault.BROKEN, Fault.NOT_JSON, Fault.LIMITED])
    @pytest.mark.parametrize("found", [True, False])
    async def test_a_slack_that_is_back_between_the_look_up_and_the_post_is_not_told_twice(
        self, far, channel, dead, found
    ):
        first = self.first()
        if found:
            far.fault(Fault.CUT)
            assert isinstance(await channel.send(first), Unsure)
        far.refusals["conversations.history"] = dead
        assert isinstance(await channel.send(dataclasses.replace(first, unsure=True)), Later | Unsure)
        assert len(far.applied) == found

    @pytest.mark.parametrize("error", ["missing_scope", "not_in_channel", "internal_error"])
    async def test_a_look_up_that_is_not_allowed_hinders_no_news(self, far, channel, error):
        far.refusals["conversations.history"] = error
        assert isinstance(await channel.send(self.first(unsure=True)), Sent)
        assert len(far.applied) == 1

    async def test_a_look_up_that_must_wait_is_waited_for(self, far, channel):
        far.refusals["conversations.history"] = "ratelimited"
        receipt = await channel.send(self.first(unsure=True))
        assert (type(receipt), receipt.wait) == (Later, timedelta(seconds=7))
        assert far.applied == []

    async def test_a_channel_given_by_name_is_looked_up_by_the_id_remembered(self, far, opening, memory):
        memory["slack #newsroom"] = "C012"
        place = Destination("slack", "#newsroom")
        first = dataclasses.replace(self.first(), destination=place)
        async with opening(far.url) as channel:
            sent = await channel.send(first)
        async with opening(far.url) as channel:  # another life of ours
            assert await channel.send(dataclasses.replace(first, unsure=True)) == dataclasses.replace(sent, found=True)
        assert len(far.applied) == 1

    # ── hearing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @pytest.fixture
    async def asks(self, channel):
        """What was asked, while the channel listens and answers with REPLY."""
        heard = []

        async def answer(ask):
            heard.append(ask)
            if ask.text == "break":
                raise RuntimeError("a bug")
            return None if ask.text == "silence" else REPLY

        listening = asyncio.create_task(channel.listen(answer))
        yield heard
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    async def test_a_command_is_acknowledged_first_and_then_answered_to_the_one_who_asked(self, far, asks):
        before = datetime.now(UTC)
        envelope_id = await far.command("status x &amp; y", channel="C034", user="U042")
        await far.until(lambda: far.replies)
        (ask,) = asks
        assert (ask.text, ask.who, ask.name) == ("status x & y", "slack:T111/U042", "Ana")
        assert (ask.where, ask.key, ask.may_manage) == (Destination("slack", "C034"), envelope_id, False)
        assert ask.home
        assert await ask.prove()  # a full member of our workspace
        assert before <= ask.at <= datetime.now(UTC)
        assert far.heard == [f"ack {envelope_id}", f"reply {REPLY.title}"]
        assert far.replies[0]["response_type"] == "ephemeral"
        assert far.replies[0]["drawn"] == REPLY.text

    async def test_a_mention_is_answered_in_its_thread(self, far, asks):
        await far.mention("status", ts="1610241741.000200")
        far.posts["C012", "1610241741.000200"] = {"ts": "1610241741.000200"}
        await far.until(lambda: far.applied)
        assert (asks[0].text, asks[0].who) == ("status", "slack:T111/U222")
        assert asks[0].key.startswith("Ev")
        assert far.applied[0].thread == "1610241741.000200"
        assert far.applied[0].text == REPLY.text

    async def test_a_stranger_in_a_shared_channel_keeps_the_name_of_their_own_workspace(self, far, asks):
        await far.mention("ack x", user_team="T999")
        await far.until(lambda: asks)
        assert asks[0].who == "slack:T999/U222"

    async def test_a_direct_message_needs_no_mention(self, far, asks):
        await far.direct("status")
        await far.until(lambda: far.applied)
        assert (asks[0].text, asks[0].where) == ("status", Destination("slack", "D056"))
        assert far.applied[0].thread is None

    async def test_the_bot_answers_neither_bots_nor_itself_nor_what_is_not_said_to_it(self, far, asks):
        await far.direct("I am a bot", bot_id="B111")
        await far.direct("edited", subtype="message_changed")
        await far.direct("in a channel", channel_type="channel")
        await far.deliver(SHORTCUT)
        await far.command("status")
        await far.until(lambda: far.replies)
        assert len(far.acks) == 5
        assert [ask.text for ask in asks] == ["status"]
        assert far.applied == []

    async def test_a_bug_in_one_answer_makes_nobody_else_unheard(self, far, asks, caplog):
        await far.command("break")
        await far.command("silence")
        await far.command("status")
        await far.until(lambda: far.replies)
        assert len(asks) == 3
        assert len(far.replies) == 1
        assert "a question could not be answered" in caplog.text

    async def test_a_command_is_acknowledged_while_another_is_still_being_answered(self, far, channel):
        gate, answered = asyncio.Event(), []

        async def answer(ask):
            await gate.wait()
            answered.append(ask.text)
            return REPLY

        listening = asyncio.create_task(channel.listen(answer))
        await far.command("one")
        await far.command("two")
        await far.until(lambda: len(far.acks) == 2)
        assert answered == []
        gate.set()
        await far.until(lambda: len(far.replies) == 2)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    async def test_a_new_connection_is_made_before_the_old_one_is_left(self, far, asks):
        await far.until(lambda: far.sockets)
        old = far.sockets[0]
        await far.disconnect()
        await far.until(lambda: len(far.sockets) == 2)
        assert not old.closed
        await old.send_json({"envelope_id": "late", "type": "slash_commands", "payload": _late()})
        await far.until(lambda: "late" in far.acks)
        await far.command("status")
        await far.until(lambda: len(asks) == 2)

    async def test_a_lost_connection_is_made_again(self, far, asks):
        await far.until(lambda: far.sockets)
        await far.sockets[0].close()
        await far.until(lambda: not far.sockets)
        await far.command("status")  # waits for the new one
        await far.until(lambda: far.replies)
        assert len(asks) == 1

    async def test_what_is_no_envelope_is_passed_over(self, far, asks):
        await far.until(lambda: far.sockets)
        for nonsense in ("{", "[]", '{"type": "unknown"}', '{"envelope_id": "odd", "type": "slash_commands"}'):
            await far.sockets[0].send_str(nonsense)
        await far.command("status")
        await far.until(lambda: far.replies)
        assert [ask.text for ask in asks] == ["status"]

    @pytest.mark.parametrize("trouble", ["invalid_auth", "internal_error", "no greeting"])
    async def test_deafness_is_said_once_and_hinders_no_sending(self, far, channel, caplog, no_secret_told, trouble):
        if trouble == "no greeting":
            far.greets = False
        else:
            far.refusals["apps.connections.open"] = trouble
        listening = asyncio.create_task(channel.listen(None))
        await far.until(lambda: len([method for method, _ in far.calls if method == "apps.connections.open"]) >= 4)
        assert isinstance(await channel.send(self.first()), Sent)
        far.refusals.clear()
        far.greets = True
        await far.until(lambda: far.sockets)
        await far.disconnect()  # the greeting was read when this has been
        await far.until(lambda: len(far.sockets) == 2)
        said = [record.message for record in caplog.records if record.levelno >= logging.INFO]
        assert len([line for line in said if "cannot listen" in line]) == 1
        assert len([line for line in said if "listening again" in line]) == 1
        no_secret_told()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    async def test_a_connection_outlives_the_time_out_of_a_request(self, far, opening):
        heard = asyncio.Event()

        async def answer(_ask):
            heard.set()

        async with opening(far.url, 0.2) as channel:
            listening = asyncio.create_task(channel.listen(answer))
            await far.until(lambda: far.sockets)
            await asyncio.sleep(0.4)
            await far.command("status")
            await asyncio.wait_for(heard.wait(), 5)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        assert len([method for method, _ in far.calls if method == "apps.connections.open"]) == 1

    async def test_without_an_app_token_nobody_is_heard(self, far, desk):
        async with made(far.url, app_token=None).open(desk) as channel:
            await asyncio.wait_for(channel.listen(None), 1)
        assert far.calls == []

    async def test_nothing_runs_on_after_listening(self, far, channel):
        before = asyncio.all_tasks()
        listening = asyncio.create_task(channel.listen(None))
        await far.until(lambda: far.sockets)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await far.until(lambda: not far.sockets)
        ours = {task for task in asyncio.all_tasks() - before if "slack" in repr(task.get_coro())}
        assert ours == set()


def _late() -> dict[str, str]:
    return {"team_id": "T1", "user_id": "U1", "channel_id": "C012", "text": "late"}


class FakeNet:
    """Answers each URL's last part with what it was given."""

    def __init__(self, **answers) -> None:
        self.answers = answers
        self.asked = []
        self.status = 200

    def prepare(self, method, url, headers=None, content=None):
        return (method, url, headers)

    async def fetch(self, prepared, **_more):
        _, url, headers = prepared
        self.asked.append((url, headers["Authorization"]))
        said = self.answers[url.rpartition("/")[2].replace(".", "_")]
        if isinstance(said, Trouble):
            return said
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        return Answer(self.status, {}, body, url, timedelta(), {})


class TestProbe:
    url = "http://127.0.0.1:9/api"

    async def test_good_tokens_are_no_fault(self):
        net = FakeNet(auth_test={"ok": True}, apps_connections_open={"ok": True, "url": "wss://x"})
        assert await made(self.url).probe(net) is None
        assert net.asked == [
            ("http://127.0.0.1:9/api/auth.test", f"Bearer {BOT_TOKEN}"),
            ("http://127.0.0.1:9/api/apps.connections.open", f"Bearer {APP_TOKEN}"),
        ]

    async def test_a_bad_bot_token_is_told_with_what_to_do(self):
        fault = await made(self.url).probe(FakeNet(auth_test={"ok": False, "error": "invalid_auth"}))
        assert fault == (
            "channels.slack.bot_token is not accepted by Slack (invalid_auth): "
            "copy it again from api.slack.com/apps > OAuth & Permissions"
        )

    async def test_what_is_asked_each_minute_makes_no_new_connection(self):
        net = FakeNet(auth_test={"ok": True})
        assert await made(self.url).probe(net, often=True) is None
        assert [url for url, _ in net.asked] == ["http://127.0.0.1:9/api/auth.test"]

    @pytest.mark.parametrize(
        ("error", "fault"),
        [("ratelimited", None), ("internal_error", "Slack has trouble of its own (internal_error)")],
    )
    async def test_a_limit_or_its_own_trouble_is_no_fault_of_the_token(self, error, fault):
        assert await made(self.url).probe(FakeNet(auth_test={"ok": False, "error": error}), often=True) == fault

    @pytest.mark.parametrize("body", [b"slow down", {"ok": False, "error": "ratelimited"}])
    async def test_asked_each_minute_a_limit_says_neither_that_it_is_well_nor_that_it_is_not(self, body):
        net = FakeNet(auth_test=body)
        net.status = 429
        said = await made(self.url).probe(net, often=True)
        assert (type(said), said) == (Unclear, "Slack asks to wait (HTTP 429)")

    async def test_a_bad_app_token_is_told_as_such(self):
        net = FakeNet(auth_test={"ok": True}, apps_connections_open={"ok": False, "error": "not_allowed_token_type"})
        assert (await made(self.url).probe(net)).startswith("channels.slack.app_token is not accepted")

    async def test_what_is_not_slack_is_told_as_such(self):
        assert "not Slack" in await made(self.url).probe(FakeNet(auth_test=b"<html>"))
        assert "not Slack" in await made(self.url).probe(FakeNet(auth_test=[]))

    async def test_no_answer_is_told_with_its_reason(self):
        net = FakeNet(auth_test=Trouble(Cause.TIMEOUT, "timed out after 10 s while connecting", timedelta()))
        assert await made(self.url).probe(net) == ("Slack does not answer: timed out after 10 s while connecting")


class TestSettings:
    def test_an_unknown_key_is_refused(self):
        with pytest.raises(ValidationError):
            SlackSettings(bot_token=SecretStr("x"), colour="red")

    def test_a_url_that_is_none_is_refused(self):
        with pytest.raises(ValidationError, match="is no URL"):
            SlackSettings(bot_token=SecretStr("x"), api_url="slack.com/api")

    def test_a_token_is_not_shown(self):
        assert BOT_TOKEN not in repr(made("http://x/"))

    def test_a_channel_that_is_not_opened_loads_no_sdk(self):
        code = "import sys, bot.channels.slack; sys.exit('slack_sdk' in sys.modules or 'aiohttp' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestReceipts:
    @pytest.mark.parametrize(
        ("code", "receipt", "scope"),
        [
            ("ratelimited", Later, None),
            ("service_unavailable", Later, None),
            ("message_limit_exceeded", Later, None),
            ("internal_error", Unsure, None),
            ("fatal_error", Unsure, None),
            ("restricted_action_read_only_channel", Refused, RefusalScope.DESTINATION),
            ("restricted_action_thread_locked", Refused, RefusalScope.MESSAGE),
            ("missing_scope", Refused, RefusalScope.ACCOUNT),
            ("account_inactive", Refused, RefusalScope.ACCOUNT),
            ("edit_window_closed", Refused, RefusalScope.MESSAGE),
            ("an_error_of_next_year", Refused, RefusalScope.MESSAGE),
        ],
    )
    def test_each_word_of_slack_has_its_receipt_and_is_told(self, code, receipt, scope):
        judged = failed(code).receipt
        assert (type(judged), getattr(judged, "scope", None)) == (receipt, scope)
        assert judged.why.endswith(f"({code})")

    def test_a_limit_of_hours_is_waited_out_by_the_whole_account(self):
        receipt = failed("message_limit_exceeded").receipt
        assert (receipt.wait, receipt.whole) == (timedelta(minutes=15), True)  # then it is asked again


class TestBlocks:
    at = datetime(2022, 7, 14, 12, 0, tzinfo=UTC)

    def test_a_date_is_shown_in_the_readers_zone_with_a_fallback(self):
        assert date(self.at) == "<!date^1657800000^{date_short_pretty} {time}|2022-07-14 12:00 UTC>"

    def test_lines_are_packed_into_few_sections(self):
        made_of = blocks(Text("Title", ("one", "", "two")), self.at)
        assert [block["type"] for block in made_of] == ["header", "section", "context"]
        assert made_of[1]["text"]["text"] == "one\ntwo"

    def test_what_is_cut_ends_with_an_ellipsis(self):
        made_of = blocks(Text("Title", tuple(f"{number} " + "x" * 400 for number in range(40))))
        assert len(made_of) == 4
        assert made_of[-1]["text"]["text"].endswith("…")

    def test_nothing_is_cut_that_fits(self):
        lines = tuple(f"{number} " + "x" * 400 for number in range(20))
        shown = "\n".join(block["text"]["text"] for block in blocks(Text("Title", lines)))
        assert shown.splitlines() == ["Title", *lines]

    def test_the_plain_text_is_escaped_after_it_is_cut(self):
        text = plain(Text("Title", ("<" * 9_000,)))
        assert text.endswith("&lt;…")
        assert text.startswith("Title\n&lt;")

    @pytest.mark.parametrize(
        ("marked", "bare"),
        [
            ("check <https://x.com/?a=1&amp;b=2|x.com>", "check https://x.com/?a=1&b=2"),
            ("report <#C1|general> <@U1|ana> <!here|here>", "report #general @ana @here"),
            ("  5 &lt; 6 ", "5 < 6"),
        ],
    )
    def test_slacks_markup_is_undone_in_what_people_ask(self, marked, bare):
        assert unmarked(marked) == bare


async def test_the_fake_can_be_started_on_a_chosen_port():
    far, port = FakeSlack(), closed_port()
    await far.start(port)
    assert far.config["api_url"] == f"http://127.0.0.1:{port}/api/"
    await far.stop()
