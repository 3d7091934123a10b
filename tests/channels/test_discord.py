"""Discord: the contract kit, its own errors, nonces, looking back, opening and probing."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from datetime import timedelta
from typing import ClassVar

import pytest
from pydantic import ValidationError

from bot.channels.discord import DiscordSettings
from bot.contracts import Answer, Cause, Trouble, Unclear
from bot.model import Destination, Later, Reason, ReasonCode, RefusalScope, Refused, Sent, Text, Unsure
from tests.channels.kit import FIRST, ChannelKit, Expect
from tests.fakes.discord import TOKEN, FakeDiscord
from tests.fakes.discord_gateway import CHANNEL, PERSON
from tests.fakes.faults import Fault
from tests.reasons import english, quote


def settings(url: str, timeout: float = 5) -> DiscordSettings:
    gateway = url.replace("http", "ws", 1).partition("/api")[0].rstrip("/") + "/gateway/"
    return DiscordSettings(token=TOKEN, api_url=url, gateway_url=gateway, timeout=timeout)


NOT_THERE = Later(Reason.of(ReasonCode.NOT_ARRIVED), absent=True)


class TestDiscord(ChannelKit):
    destination = Destination("discord", CHANNEL)
    impossible = frozenset({Fault.MOVED})  # a channel of Discord keeps its id for ever
    expected: ClassVar = {Fault.LIMITED_BARE: Expect(Later, wait=timedelta(minutes=10))}  # it is Cloudflare's ban

    @pytest.fixture
    async def far(self):
        async with FakeDiscord() as far:
            yield far

    def settings(self, url, timeout):
        return settings(url, timeout)

    # ── once, not twice ──────────────────────────────────────────────────────────────────────────────────────────────

    async def test_a_repeat_within_minutes_is_shown_once_even_where_nothing_can_be_looked_up(self, far, channel):
        far.history, far.behind = False, 3.0  # it was written three seconds ago
        far.fault(Fault.CUT)
        assert isinstance(await channel.send(self.first()), Unsure)
        far.behind = 0.0
        receipt = await channel.send(self.first(unsure=True))
        assert receipt == Sent(far.applied[0].ref, found=True)
        assert len(far.messages) == 1

    async def test_a_repeat_that_was_new_to_discord_is_not_called_found(self, far, channel):
        far.history = False
        assert await channel.send(self.first(unsure=True)) == Sent(far.applied[0].ref)

    @pytest.mark.hardened("R1", "Discord gives a message a number of forty digits", "sent, and not told again")
    async def test_a_number_that_holds_no_time_is_no_doubt(self, far, channel, monkeypatch):
        monkeypatch.setattr(far, "snowflake", lambda: "9" * 40)
        far.history = False
        assert isinstance(await channel.send(self.first(unsure=True)), Sent)

    async def test_nothing_is_looked_up_that_cannot_have_arrived(self, far, channel):
        await channel.send(self.first(attempts=3))
        assert not [call for call in far.calls if call.startswith("GET /channels")]

    async def test_a_repeat_after_an_hour_is_found_by_its_tag(self, far, channel):
        far.fault(Fault.CUT)
        assert isinstance(await channel.send(self.first()), Unsure)
        far.forget_nonces()
        assert await channel.send(self.first(unsure=True)) == Sent(far.applied[0].ref, found=True)
        assert len(far.messages) == 1

    async def test_a_plain_repeat_after_an_hour_is_found_too(self, far, channel):
        far.refusals.append((403, 50013))
        ref = (await channel.send(self.first())).ref
        assert far.applied[0].raw["content"].endswith("\n-# x#17/1")
        far.forget_nonces()
        assert await channel.send(self.first(unsure=True)) == Sent(ref, found=True)
        assert len(far.messages) == 1

    async def test_a_stranger_who_writes_our_tag_does_not_silence_us(self, far, channel):
        stranger = {"id": PERSON, "username": "ana", "discriminator": "0", "avatar": None, "global_name": "Ana"}
        far.refusals.append((403, 50013))
        ref = (await channel.send(self.first())).ref
        far.messages[ref]["author"] = stranger
        far.forget_nonces()
        assert await channel.send(self.first(unsure=True)) == NOT_THERE
        assert isinstance(await channel.send(self.first()), Sent)
        assert len(far.messages) == 2

    async def test_the_first_message_rewritten_is_not_taken_for_the_post_it_tells_of(self, far, channel):
        root = await self.rooted(channel)
        assert isinstance(await channel.send(self.edit(root)), Sent)
        far.forget_nonces()
        assert await channel.send(self.restored(root, unsure=True)) == NOT_THERE
        receipt = await channel.send(self.restored(root))
        assert isinstance(receipt, Sent)
        assert receipt.ref != root
        assert len(far.messages) == 2

    @pytest.mark.hardened(
        "R17", "Discord cut a message off, and it is not there", "said to be absent: it may be worded anew"
    )
    async def test_what_never_arrived_may_be_worded_anew_after_looking_back(self, far, channel):
        far.fault(Fault.BROKEN)
        assert isinstance(await channel.send(self.first()), Unsure)
        assert await channel.send(self.first(unsure=True)) == NOT_THERE
        assert not far.messages
        assert isinstance(await channel.send(self.first()), Sent)
        assert len(far.messages) == 1

    async def test_discord_is_asked_once_a_hand_over_whatever_it_answers(self, far, channel):
        for fault in (Fault.BROKEN, Fault.HTML, Fault.LIMITED, Fault.LIMITED_BARE, Fault.CUT):
            before = len(far.calls)
            far.fault(fault)
            await channel.send(self.first())
            assert len(far.calls) - before <= 1

    # ── what it looks like ───────────────────────────────────────────────────────────────────────────────────────────

    async def test_the_lock_screen_shows_the_title_and_the_embed_the_rest(self, far, channel):
        await channel.send(self.first())
        body = far.applied[0].raw
        assert body["content"] == FIRST.title
        (embed,) = body["embeds"]
        assert embed["timestamp"] == "2022-07-14T12:00:00+00:00"
        assert embed["footer"] == {"text": "x#17/1"}
        assert body["allowed_mentions"] == {"parse": []}
        assert body["enforce_nonce"] is True

    async def test_addresses_stay_whole_and_lists_and_headings_stay_text(self, far, channel):
        lines = (
            "See https://status.example.org/a_b_c/*",
            "# big",
            "-# small",
            "- item",
            "1. one",
            "<t:1657792800:R> \\",
        )
        await channel.send(self.delivery(1, Text("🔴 X_y", lines)))
        text = far.applied[0].text
        assert "https://status.example.org/a_b_c/" in far.applied[0].raw["embeds"][0]["description"]
        assert [line for line in lines if line not in text] == []

    async def test_a_first_line_longer_than_discord_takes_is_cut_not_refused(self, far, channel):
        assert isinstance(await channel.send(self.delivery(1, Text("*" * 5000, ("_" * 9000,)))), Sent)
        assert far.applied[0].raw["content"].endswith("…")

    async def test_a_reply_to_a_message_that_was_deleted_is_told_all_the_same(self, far, channel):
        reply = self.reply("999")
        sent = await channel.send(reply)
        assert (sent, far.applied[0].thread) == (Sent(far.applied[0].ref, anew=True), None)
        assert await channel.send(dataclasses.replace(reply, unsure=True)) == dataclasses.replace(sent, found=True)

    async def test_a_reply_for_which_discord_does_not_know_the_message_is_posted_beside_it(self, far, channel):
        root = await self.rooted(channel)
        far.refusals.append((400, 10008))
        assert await channel.send(self.reply(root)) == Sent(far.applied[1].ref, anew=True)
        assert far.applied[1].raw["embeds"]

    async def test_a_reply_where_answering_is_not_allowed_leaves_its_first_message_standing(self, far, channel):
        root = await self.rooted(channel)
        far.refusals.append((403, 160002))
        sent = await channel.send(self.reply(root))
        assert sent == Sent(far.applied[1].ref)
        again = await channel.send(self.reply(root, unsure=True))
        assert again == dataclasses.replace(sent, found=True)

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def test_a_person_is_written_to_directly_edits_and_look_ups_included(self, far, channel):
        person = Destination("discord", "@9999")
        sent = await channel.send(dataclasses.replace(self.first(), destination=person))
        reply = dataclasses.replace(self.reply(sent.ref), destination=person)
        assert isinstance(await channel.send(reply), Sent)
        assert (await channel.send(dataclasses.replace(reply, unsure=True))).found
        assert await channel.send(dataclasses.replace(self.edit(sent.ref), destination=person)) == sent
        assert [message.place for message in far.applied] == [far.people["9999"]] * 3
        assert far.applied[1].thread == sent.ref
        assert far.calls.count("POST /users/@me/channels") == 1

    @pytest.mark.parametrize("code", [50007, 50278, 10013, 50033])
    async def test_a_person_who_cannot_be_written_to_is_named_with_what_to_do(self, far, channel, code):
        far.refusals.append((403, code))
        receipt = await channel.send(dataclasses.replace(self.first(), destination=Destination("discord", "@9999")))
        assert (type(receipt), receipt.scope) == (Refused, RefusalScope.DESTINATION)
        assert "allow direct messages" in english(receipt.why) or "copy the user id" in english(receipt.why)

    # ── what Discord refuses ─────────────────────────────────────────────────────────────────────────────────────────

    @pytest.mark.parametrize(
        ("status", "code", "scope"),
        [
            (401, 0, RefusalScope.ACCOUNT),
            (403, 40001, RefusalScope.ACCOUNT),
            (403, 50001, RefusalScope.DESTINATION),
            (403, 50007, RefusalScope.DESTINATION),
            (404, 10003, RefusalScope.DESTINATION),
            (404, 10004, RefusalScope.DESTINATION),
            (400, 50083, RefusalScope.DESTINATION),
            (400, 40099, RefusalScope.MESSAGE),
        ],
    )
    async def test_a_refusal_says_for_what_it_is_final(self, far, channel, status, code, scope):
        far.refusals.append((status, code))
        receipt = await channel.send(self.first())
        assert isinstance(receipt, Refused)
        assert receipt.scope is scope
        assert far.applied == []

    @pytest.mark.parametrize(("status", "code"), [(403, 20028), (403, 20029), (400, 30046), (403, 0), (404, 0)])
    async def test_what_passes_is_told_later(self, far, channel, status, code):
        far.refusals.append((status, code))
        assert isinstance(await channel.send(self.first()), Later)

    @pytest.mark.parametrize("code", [50006, 50013, 50035, 160002])
    async def test_what_is_refused_in_colour_is_sent_plain_with_the_same_nonce(self, far, channel, code):
        far.refusals.append((400, code))
        assert isinstance(await channel.send(self.first()), Sent)
        (message,) = far.applied
        assert "embeds" not in message.raw
        assert message.text.splitlines()[0] == FIRST.title
        assert all(line in message.text for line in FIRST.lines)

    async def test_what_is_refused_plain_too_is_final(self, far, channel):
        far.refusals.extend([(403, 50013), (403, 50013)])
        receipt = await channel.send(self.first())
        assert isinstance(receipt, Refused)
        assert receipt.scope is RefusalScope.DESTINATION
        assert "Send Messages" in english(receipt.why)

    async def test_a_ban_by_cloudflare_holds_for_the_whole_account(self, far, channel):
        far.fault(Fault.LIMITED_BARE)
        receipt = await channel.send(self.first())
        assert isinstance(receipt, Later)
        assert receipt.whole

    async def test_a_limit_of_the_whole_bot_holds_for_the_whole_account(self, far, channel):
        far.scope = "global"
        far.fault(Fault.LIMITED)
        receipt = await channel.send(self.first())
        assert (type(receipt), receipt.wait, receipt.whole) == (Later, timedelta(seconds=7), True)

    async def test_rewriting_a_message_that_was_deleted_is_refused_for_that_message(self, far, channel):
        receipt = await channel.send(self.edit("999"))
        assert (type(receipt), receipt.scope, receipt.gone) == (Refused, RefusalScope.MESSAGE, True)

    @pytest.mark.parametrize("code", [50083, 160005, 50005])
    async def test_an_edit_in_a_closed_thread_does_not_condemn_the_thread(self, far, channel, code):
        root = await self.rooted(channel)
        far.refusals.append((400, code))
        receipt = await channel.send(self.edit(root))
        assert (type(receipt), receipt.scope, receipt.gone) == (Refused, RefusalScope.MESSAGE, True)

    async def test_too_many_edits_of_an_old_message_pass(self, far, channel):
        root = await self.rooted(channel)
        far.refusals.append((400, 30046))
        assert isinstance(await channel.send(self.edit(root)), Later)

    async def test_an_edit_refused_in_colour_is_made_plain(self, far, channel):
        root = await self.rooted(channel)
        far.refusals.append((400, 50035))
        assert await channel.send(self.edit(root)) == Sent(root)
        assert far.messages[root]["embeds"] == []

    async def test_an_edit_without_a_first_message_is_refused(self, channel):
        receipt = await channel.send(self.edit(None))
        assert isinstance(receipt, Refused)
        assert receipt.scope is RefusalScope.MESSAGE

    async def test_a_destination_that_is_no_id_is_refused_before_anything_is_sent(self, far, channel):
        before = list(far.calls)
        odd = dataclasses.replace(self.first(), destination=Destination("discord", "#newsroom"))
        receipt = await channel.send(odd)
        assert isinstance(receipt, Refused)
        assert receipt.scope is RefusalScope.DESTINATION
        assert far.calls == before

    def test_the_librarys_own_limit_is_told_later(self):
        import discord

        from bot.channels.discord.receipts import judge

        receipt = judge(discord.RateLimited(41), left=False, timeout=30)
        assert isinstance(receipt, Later)
        assert receipt.wait == timedelta(seconds=41)

    # ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def test_a_bad_token_shows_in_the_first_receipt(self, far, desk):
        known = settings(far.url)
        bad = known.model_copy(update={"token": type(known.token)("another")})
        async with bad.open(desk) as channel:
            receipt = await channel.send(self.first())
        assert isinstance(receipt, Refused)
        assert receipt.scope is RefusalScope.ACCOUNT

    async def test_a_discord_that_comes_back_is_used_without_opening_again(self, far, desk):
        port = far.port
        await far.stop()
        async with settings(far.url).open(desk) as channel:
            assert isinstance(await channel.send(self.first()), Later)
            again = FakeDiscord()
            await again.start(port)
            try:
                assert isinstance(await channel.send(self.first()), Sent)
            finally:
                await again.stop()


class Wire:
    """A net that answers what it was told to, and remembers what it was asked."""

    def __init__(self, told: Answer | Trouble) -> None:
        self.told = told
        self.asked: tuple = ()

    def prepare(self, *asked):
        self.asked = asked
        return asked

    async def fetch(self, _prepared, **_more):
        return self.told


def answer(status: int, body: object) -> Answer:
    return Answer(status, {}, json.dumps(body).encode(), "http://x/", timedelta(), {})


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (answer(200, {"id": "1"}), None),
        (answer(401, {"message": "401: Unauthorized", "code": 0}), "does not know the token"),
        (answer(200, "hello"), "is not Discord"),
        (answer(404, {}), "is not Discord"),
        (answer(503, {}), "try again later"),
        (answer(429, {}), Unclear(quote("asks to wait (HTTP 429)"))),
        (Trouble(Cause.TIMEOUT, quote("timed out"), timedelta()), "cannot be reached (timed out)"),
    ],
)
async def test_a_probe_says_in_one_line_what_is_wrong(told, says):
    net = Wire(told)
    said = await settings("http://127.0.0.1:1/api/v10/").probe(net)
    assert net.asked == ("GET", "http://127.0.0.1:1/api/v10/users/@me", {"Authorization": f"Bot {TOKEN}"})
    if says is None:
        assert said is None
    else:
        assert isinstance(said, Unclear) is isinstance(says, Unclear)
        assert english(says) in english(said)
        assert "\n" not in english(said)
        assert TOKEN not in english(said)


@pytest.mark.parametrize(
    "wrong",
    [{"token": ""}, {"api_url": "discord.com"}, {"gateway_url": "https://x"}, {"timeout": 0}, {"tokn": "x"}],
)
def test_settings_refuse_what_cannot_work(wrong):
    with pytest.raises(ValidationError):
        DiscordSettings(**({"token": "x"} | wrong))


def test_the_settings_do_not_tell_the_token_and_do_not_load_the_library():
    assert TOKEN not in repr(settings("http://127.0.0.1:1"))
    code = "import sys, bot.channels.discord; sys.exit('discord' in sys.modules or 'aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
