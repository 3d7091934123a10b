"""What each platform publishes as its refusals, and for what each is final: the message, the place or the account."""

from __future__ import annotations

import discord
import pytest

from bot.model import Later, Refused, Scope, Unsure
from bot.tell.channels.discord.receipts import judge
from bot.tell.channels.slack.receipts import THREADLESS, failed, too_rich

PLACE, ACCOUNT, MESSAGE = Scope.DESTINATION, Scope.ACCOUNT, Scope.MESSAGE
# chat.postMessage, chat.update, conversations.open and what all methods of Slack share, as published on docs.slack.dev.
SLACK = {
    PLACE: """channel_not_found not_in_channel is_archived ekm_access_denied messages_tab_disabled restricted_action
        restricted_action_read_only_channel restricted_action_thread_only_channel team_not_found no_permission
        user_disabled user_not_found user_not_visible cannot_dm_bot channel_is_limited_access
        posting_to_general_channel_denied external_channel_migrating method_not_supported_for_channel_type
        invalid_user_combination app_cannot_join_channel is_inactive""",
    ACCOUNT: """account_inactive token_revoked token_expired invalid_auth not_authed missing_scope not_allowed_token_type
        access_denied accesslimited app_access_restricted org_login_required two_factor_setup_required
        team_access_not_granted enterprise_is_restricted""",
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
    assert code in receipt.why


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
     (403, 40333, PLACE), (403, 99999, PLACE), (401, 0, ACCOUNT), (401, 40001, ACCOUNT), (403, 40002, ACCOUNT),
     (403, 20001, ACCOUNT), (400, 50025, ACCOUNT), (400, 200000, MESSAGE), (400, 99999, MESSAGE), (400, 50035, MESSAGE)],
)  # fmt: skip
def test_each_published_code_of_discord_has_its_scope(status, code, scope):
    receipt = judge(discord.HTTPException(Answer(status), {"code": code, "message": "no"}), left=True, timeout=1)
    assert (type(receipt), receipt.scope) == (Refused, scope)


@pytest.mark.parametrize("code", [20016, 20028, 20029, 30046, 40003, 40004, 40062, 130000])
def test_what_passes_on_discord_is_tried_again(code):
    receipt = judge(discord.HTTPException(Answer(403), {"code": code, "message": "no"}), left=True, timeout=1)
    assert isinstance(receipt, Later)
