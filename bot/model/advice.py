"""Advice for operators, as a code with facts; `wording` says it in each language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class FactCode(StrEnum):
    """A code with the names of the facts that its sentence shows."""

    facts: frozenset[str]

    def __new__(cls, value: str, *facts: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.facts = frozenset(facts)
        return member


class AdviceCode(FactCode):
    """What to do about a failure."""

    @classmethod
    def _missing_(cls, _value: object) -> AdviceCode:
        """The advice of a newer version, read from the database."""
        return cls.SEE_LOG

    INSTALL_PING = "install_ping"
    INSTALL_APPRISE = "install_apprise"
    WRITE_ID = "write_id", "example"
    ALLOW_PING = "allow_ping"
    SET_AUTHORITIES = "set_authorities"
    CHECK_SETTING = "check_setting", "key"
    CHECK_ADDRESS = "check_address"
    CHECK_NETWORK = "check_network", "key"
    CHECK_PROXY = "check_proxy", "key"
    CHECK_TOKEN_LINE = "check_token_line", "key", "place"
    TRY_LATER = "try_later"
    UPDATE_TOCSIN = "update_tocsin"
    COPY_TOKEN = "copy_token", "place"
    RESET_TOKEN = "reset_token"
    COPY_FROM_PORTAL = "copy_from_portal"
    CHECK_TOKEN_IN_PORTAL = "check_token_in_portal"
    ADD_SCOPE = "add_scope", "scope"
    ASK_ADMIN_TO_ALLOW = "ask_admin_to_allow"
    ASK_OWNER = "ask_owner"
    ASK_WORKSPACE_ADMIN = "ask_workspace_admin"
    ASK_SERVER_ADMIN = "ask_server_admin"
    INSTALL_IN_WORKSPACE = "install_in_workspace"
    INVITE_BOT = "invite_bot"
    INVITE_BOT_THERE = "invite_bot_there"
    COPY_PERSON_ID = "copy_person_id"
    COPY_CHANNEL_ID = "copy_channel_id"
    COPY_USER_ID = "copy_user_id"
    WRITE_CHANNEL_ID = "write_channel_id"
    NAME_CHANNEL_AGAIN = "name_channel_again"
    UNARCHIVE = "unarchive"
    TURN_ON_MESSAGES_TAB = "turn_on_messages_tab"
    NAME_SOMEBODY_ELSE = "name_somebody_else"
    NAME_PERSON_OR_CHANNEL = "name_person_or_channel"
    NAME_CHANNEL = "name_channel"
    NAME_ITS_CHANNEL = "name_its_channel"
    NAME_CHANNEL_INSTEAD = "name_channel_instead"
    NAME_TEXT_CHANNEL = "name_text_channel"
    NAME_TEXT_CHANNEL_OR_THREAD = "name_text_channel_or_thread"
    NAME_FORUM_POST = "name_forum_post"
    REOPEN_THREAD = "reopen_thread"
    UNLOCK_THREAD = "unlock_thread"
    CHECK_CHANNEL_ID = "check_channel_id"
    CHECK_MEMBERSHIP = "check_membership"
    ALLOW_DIRECT_MESSAGES = "allow_direct_messages"
    LET_BOT_SEE_CHANNEL = "let_bot_see_channel"
    LET_BOT_WRITE = "let_bot_write"
    ADD_BOT_IN_PORTAL = "add_bot_in_portal"
    INVITE_WITH_SCOPE = "invite_with_scope"
    CHECK_RIGHTS = "check_rights"
    EXEMPT_BOT = "exempt_bot"
    ADD_OR_UNBLOCK_BOT = "add_or_unblock_bot"
    ADD_BOT_THERE = "add_bot_there"
    ASK_BOTFATHER = "ask_botfather"
    CHECK_CHAT = "check_chat"
    MAKE_BOT_ADMIN_OF_CHANNEL = "make_bot_admin_of_channel"
    LET_MEMBERS_WRITE = "let_members_write"
    START_BOT_FIRST = "start_bot_first"
    CHECK_FROM = "check_from"
    CHECK_RECIPIENT = "check_recipient"
    CHECK_RELAY_ACCOUNT = "check_relay_account"
    CHECK_LOGIN = "check_login"
    CHECK_RELAY = "check_relay"
    SET_EHLO_NAME = "set_ehlo_name"
    WRITE_WEBHOOK_URL = "write_webhook_url"
    GIVE_FINAL_ADDRESS = "give_final_address"
    SEE_LOG = "see_log"


@dataclass(frozen=True, slots=True)
class Advice:
    """Advice with its facts by name."""

    code: AdviceCode
    facts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, code: AdviceCode, /, **facts: str) -> Self:
        return cls(code, tuple(sorted(facts.items())))
