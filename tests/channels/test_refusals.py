"""What each platform publishes as its refusals, and for what each is final: the message, the place or the account."""

from __future__ import annotations

import discord
import pytest
from aiosmtplib import SMTPRecipientRefused
from telegram.error import BadRequest, Forbidden

from bot.channels.discord.receipts import judge
from bot.channels.email.smtp import meaning
from bot.channels.slack.receipts import THREADLESS, failed, too_rich
from bot.channels.telegram.receipts import receipt
from bot.model import Later, RefusalScope, Refused, Unsure
from tests.reasons import english, quote

PLACE, ACCOUNT, MESSAGE = RefusalScope.DESTINATION, RefusalScope.ACCOUNT, RefusalScope.MESSAGE
# chat.postMessage, chat.update, conversations.open and what all methods of Slack share, as published on docs.slack.dev.
SLACK = {
    PLACE: """channel_not_found not_in_channel is_archived ekm_access_denied messages_tab_disabled restricted_action
        restricted_action_read_only_channel restricted_action_thread_only_channel team_not_found no_permission
        user_disabled user_not_found user_not_visible cannot_dm_bot channel_is_limited_access
        posting_to_general_channel_denied external_channel_migrating method_not_supported_for_channel_type
        invalid_user_combination app_cannot_join_channel is_inactive""",
    ACCOUNT: """account_inactive token_revoked token_expired invalid_auth not_authed missing_scope not_allowed_token_type
        access_denied accesslimited app_access_restricted org_login_required two_factor_setup_required
        team_access_not_granted enterprise_is_restricted method_deprecated deprecated_endpoint""",
    MESSAGE: """no_text as_user_not_supported duplicate_channel_not_found duplicate_message_not_found too_many_contact_cards
        missing_file_data slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked
        slack_connect_lists_sharing_blocked message_not_found cant_update_message edit_window_closed""",
}  # fmt: skip
RICH = [
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "markdown_text_conflict",
    "metadata_must_be_sent_from_app",
    "metadata_too_large",
    "msg_blocks_too_long",
    "msg_too_long",
    "too_many_attachments",
    "attachment_payload_limit_exceeded",
    "invalid_arg_name",
    "invalid_array_arg",
]
THREAD = ["cannot_reply_to_message", "restricted_action_non_threadable_channel", "restricted_action_thread_locked"]
AGAIN = ["ratelimited", "rate_limited", "service_unavailable", "team_added_to_org", "message_limit_exceeded"]


@pytest.mark.hardened("T23", "Slack refuses a place for good, in any of its published words", "judged as a place")
@pytest.mark.parametrize(("code", "scope"), [(code, scope) for scope, codes in SLACK.items() for code in codes.split()])
def test_each_published_error_of_slack_has_its_scope(code, scope):
    receipt = failed(code).receipt
    assert (type(receipt), receipt.scope) == (Refused, scope)
    assert code in english(receipt.why)


@pytest.mark.parametrize("code", RICH)
def test_what_slack_finds_too_rich_is_sent_plainer(code):
    assert too_rich(code)


@pytest.mark.parametrize("code", THREAD)
def test_what_takes_no_thread_is_sent_beside_it(code):
    assert code in THREADLESS


@pytest.mark.parametrize("code", AGAIN)
def test_what_passes_is_tried_again(code):
    assert isinstance(failed(code).receipt, Later)


@pytest.mark.parametrize("code", ["internal_error", "fatal_error", "request_timeout"])
def test_what_may_have_been_written_is_unsure(code):
    assert isinstance(failed(code).receipt, Unsure)


@pytest.mark.parametrize("code", ["a_new_word", "", "x" * 10_000, "restricted_action_of_some_new_kind"])
def test_an_unknown_word_is_a_refusal_with_one_reason(code):
    assert isinstance(failed(code).receipt, Refused)


class Answer:
    def __init__(self, status):
        self.status, self.reason = status, ""


@pytest.mark.hardened("T23", "Discord refuses a place for good, by any of its published codes", "judged as a place")
@pytest.mark.parametrize(
    ("status", "code", "scope"),
    [(404, 10003, PLACE), (404, 10004, PLACE), (404, 10013, PLACE), (403, 50001, PLACE), (403, 50007, PLACE),
     (403, 50013, PLACE), (400, 50008, PLACE), (403, 50009, PLACE), (400, 50033, PLACE), (400, 50055, PLACE),
     (400, 50068, PLACE), (400, 50083, PLACE), (403, 50278, PLACE), (400, 160005, PLACE), (400, 220003, PLACE),
     (403, 99999, PLACE), (401, 0, ACCOUNT), (401, 40001, ACCOUNT), (403, 40002, ACCOUNT),
     (403, 20001, ACCOUNT), (400, 50025, ACCOUNT), (400, 200000, MESSAGE), (400, 99999, MESSAGE), (400, 50035, MESSAGE)],
)  # fmt: skip
def test_each_published_code_of_discord_has_its_scope(status, code, scope):
    receipt = judge(discord.HTTPException(Answer(status), {"code": code, "message": "no"}), left=True, timeout=1)
    assert (type(receipt), receipt.scope) == (Refused, scope)


@pytest.mark.parametrize("code", [20016, 20028, 20029, 30046, 40003, 40004, 40006, 40062, 40333, 110001, 130000])
def test_what_passes_on_discord_is_tried_again(code):
    receipt = judge(discord.HTTPException(Answer(403), {"code": code, "message": "no"}), left=True, timeout=1)
    assert isinstance(receipt, Later)


# Every code of Discord's published table that may answer a message, a reply, an edit or the opening of direct messages:
# discord-api-docs, opcodes-and-status-codes. What is about invites, stickers, polls, webhooks and servers answers none.
DISCORD = {
    PLACE: """10003 10004 10013 10015 30007 30033 40007 40058 40067 50001 50003 50007 50008 50009 50013 50024 50033 50055
        50068 50083 50095 50278 160005 160006 160007 220003""",
    ACCOUNT: "10001 10002 10012 20001 20002 20012 40001 40002 50010 50014 50025 50026 50041 50178 60003",
    MESSAGE: "10008 20009 50005 50006 50035 50109 160002 200000 200001 240000",
}
STATUSES = (400, 403, 404)  # the table names none: a code means the same with each


@pytest.mark.hardened("T23", "each published code of Discord, with whatever HTTP status", "judged by the code alone")
@pytest.mark.parametrize(
    ("code", "scope"), [(int(code), scope) for scope, codes in DISCORD.items() for code in codes.split()]
)
def test_a_code_of_discord_means_the_same_with_every_status(code, scope):
    for status in STATUSES if (code, scope) not in PLAIN else (400,):
        receipt = judge(discord.HTTPException(Answer(status), {"code": code, "message": "no"}), left=True, timeout=1)
        assert (type(receipt), receipt.scope) == (Refused, scope), status


# These say something of the message's form; a server that forbids (403) says it of the place.
PLAIN = {(code, MESSAGE) for code in (50006, 50035, 50109, 160002)}


TELEGRAM = """Forbidden: bot was blocked by the user
    Forbidden: bot was kicked from the supergroup chat
    Forbidden: bot is not a member of the channel chat
    Forbidden: user is deactivated
    Forbidden: the group chat was deleted
    Forbidden: bot can't initiate conversation with a user
    Forbidden: bots can't send messages to bots
    Bad Request: chat not found
    Bad Request: can't access the chat
    Bad Request: have no write access to the chat
    Bad Request: not enough rights to send text messages to the chat
    Bad Request: have no rights to send a message
    Bad Request: need administrator rights in the channel chat
    Bad Request: group chat was deactivated
    Bad Request: PEER_ID_INVALID
    Bad Request: CHAT_WRITE_FORBIDDEN
    Bad Request: CHAT_RESTRICTED
    Bad Request: CHAT_ADMIN_REQUIRED
    Bad Request: CHAT_SEND_PLAIN_FORBIDDEN
    Bad Request: CHAT_GUEST_SEND_FORBIDDEN
    Bad Request: CHANNEL_PRIVATE
    Bad Request: CHANNEL_INVALID
    Bad Request: CHANNEL_PUBLIC_GROUP_NA
    Bad Request: USER_IS_BLOCKED
    Bad Request: USER_IS_BOT
    Bad Request: USER_BANNED_IN_CHANNEL
    Bad Request: USERNAME_INVALID
    Bad Request: USERNAME_NOT_OCCUPIED
    Bad Request: INPUT_USER_DEACTIVATED
    Bad Request: TOPIC_CLOSED
    Bad Request: message thread not found"""


@pytest.mark.hardened("T23", "Telegram refuses a place for good, in any of its words", "judged as a place")
@pytest.mark.parametrize("said", [line.strip() for line in TELEGRAM.splitlines()])
def test_each_word_of_telegram_about_a_place_has_its_scope(said):
    kind, _, words = said.partition(": ")
    refusal = Forbidden(said) if kind == "Forbidden" else BadRequest(words)
    found = receipt(refusal, "1:secret")
    assert (type(found), found.scope) == (Refused, PLACE)


@pytest.mark.parametrize("words", ["message text is empty", "can't parse entities", "BUTTON_DATA_INVALID"])
def test_what_telegram_says_of_a_message_is_not_the_place_s(words):
    assert receipt(BadRequest(words), "1:secret").scope is MESSAGE


@pytest.mark.hardened(
    "T23", "a relay refuses for good, by each enhanced code of RFC 3463 about a mailbox", "judged as a place"
)
@pytest.mark.parametrize(
    ("code", "said", "scope"),
    [(550, "5.1.1", PLACE), (550, "5.1.2", PLACE), (553, "5.1.3", PLACE), (550, "5.1.6", PLACE), (550, "5.1.10", PLACE),
     (550, "5.2.1", PLACE), (550, "", PLACE), (551, "", PLACE), (553, "", PLACE), (556, "5.1.10", PLACE),
     (554, "5.4.4", PLACE), (550, "5.7.1", PLACE), (554, "5.7.1 relay access denied", ACCOUNT),
     (530, "5.7.0", ACCOUNT), (535, "5.7.8", ACCOUNT), (552, "5.3.4", MESSAGE), (501, "5.5.4", MESSAGE)],
)  # fmt: skip
def test_each_code_of_a_relay_about_a_mailbox_has_its_scope(code, said, scope):
    found = meaning(SMTPRecipientRefused(code, said, "ana@example.org"), quote("said"))
    assert (type(found), found.scope) == (Refused, scope)
