"""Reasons of failures, as a code with facts; `wording` says them in each language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from bot.model.advice import Advice, AdviceCode, FactCode

LONGEST = 300  # characters of a fact: some are text from outside


class ReasonCode(FactCode):
    """Why something failed."""

    @classmethod
    def _missing_(cls, _value: object) -> ReasonCode:
        """A reason of a newer version, read from the database."""
        return cls.UNKNOWN

    # wrappers: the phase in which it happened; {what} is a reason
    BEFORE_IT_BEGAN = "before_it_began", "what"
    WHILE_QUEUED = "while_queued", "what"
    WHILE_RESOLVING = "while_resolving", "what"
    WHILE_CONNECTING = "while_connecting", "what"
    DURING_HANDSHAKE = "during_handshake", "what"
    WHILE_WAITING = "while_waiting", "what"
    WHILE_READING = "while_reading", "what"
    WHILE_GREETED = "while_greeted", "what"
    # connections
    TIMED_OUT = "timed_out"
    TIMED_OUT_AFTER = "timed_out_after", "seconds"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    CONNECTION_FAILED = "connection_failed"
    CONNECTION_CLOSED = "connection_closed"
    CLOSED_WITHOUT_ANSWER = "closed_without_answer"
    CLOSED_IN_ANSWER = "closed_in_answer"
    CLOSED_WITHOUT_GREETING = "closed_without_greeting"
    HOST_UNREACHABLE = "host_unreachable"
    NETWORK_UNREACHABLE = "network_unreachable"
    BLOCKED_ON_THE_WAY = "blocked_on_the_way"
    INNER_ADDRESS = "inner_address"
    # this machine
    OWN_NETWORK_DOWN = "own_network_down"
    OWN_SOCKETS_USED_UP = "own_sockets_used_up"
    OWN_FILES_USED_UP = "own_files_used_up"
    OWN_SOCKET_MEMORY_USED_UP = "own_socket_memory_used_up"
    OWN_MEMORY_USED_UP = "own_memory_used_up"
    OWN_PORTS_USED_UP = "own_ports_used_up"
    OWN_ADDRESS_KIND_UNKNOWN = "own_address_kind_unknown"
    OWN_CONNECTION_FORBIDDEN = "own_connection_forbidden"
    OWN_SOCKET_GONE = "own_socket_gone"
    OWN_ROUTE_MISSING = "own_route_missing", "family"
    OWN_AUTHORITIES_MISSING = "own_authorities_missing"
    OWN_PING_FORBIDDEN = "own_ping_forbidden"
    OWN_PING_MISSING = "own_ping_missing"
    OWN_ERROR = "own_error"
    OWN_PROCESS_STARVED = "own_process_starved"
    # names
    NO_SUCH_NAME = "no_such_name"
    NO_RECORD = "no_record", "record"
    NO_ADDRESS = "no_address", "family"
    NAME_SERVER_FAILS = "name_server_fails"
    NAME_SERVER_REFUSES = "name_server_refuses"
    NAME_SERVER_SILENT = "name_server_silent"
    NAME_SERVERS_SILENT = "name_servers_silent"
    OWN_RESOLVER_SILENT = "own_resolver_silent"
    # certificates and TLS; {detail} is the library's own text
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_SELF_SIGNED = "certificate_self_signed"
    CERTIFICATE_OF_UNKNOWN_AUTHORITY = "certificate_of_unknown_authority"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_OF_OTHER_NAME = "certificate_of_other_name"
    CERTIFICATE_OF_OTHER_ADDRESS = "certificate_of_other_address"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    CERTIFICATE_UNTRUSTED_BECAUSE = "certificate_untrusted_because", "detail"
    CERTIFICATE_ENDS = "certificate_ends", "day"
    TLS_FAILED = "tls_failed"
    TLS_FAILED_BECAUSE = "tls_failed_because", "detail"
    TLS_NOT_OFFERED = "tls_not_offered"
    # HTTP
    HTTP_STATUS = "http_status", "status"
    NOT_HTTP = "not_http"
    HTTP_UNREADABLE = "http_unreadable"
    HTTP_BROKEN = "http_broken"
    HEADERS_TOO_LONG = "headers_too_long"
    COMPRESSION_UNKNOWN = "compression_unknown"
    COMPRESSION_BROKEN = "compression_broken"
    REDIRECTS_TOO_OFTEN = "redirects_too_often", "count"
    REDIRECTS_TO_NO_URL = "redirects_to_no_url"
    REDIRECTS_TO_UNUSABLE_URL = "redirects_to_unusable_url"
    REDIRECTS_POST = "redirects_post"
    REDIRECTS_INWARD = "redirects_inward"
    RATE_LIMITED = "rate_limited", "status"
    BOT_CHALLENGE = "bot_challenge", "who"
    # what a check expects
    HEADER_DIFFERS = "header_differs", "name", "text"
    OTHER_HOST = "other_host", "host"
    OTHER_PAGE = "other_page", "host"
    TEXT_FOUND = "text_found", "text"
    TEXT_MISSING = "text_missing", "text"
    TEXT_MISSING_AT_FIRST = "text_missing_at_first", "text"
    PATTERN_MISSING = "pattern_missing", "pattern"
    PATTERN_MISSING_AT_FIRST = "pattern_missing_at_first", "pattern"
    CHARSET_UNKNOWN = "charset_unknown", "text"
    PAGE_TOO_SLOW = "page_too_slow"
    NOT_JSON = "not_json"
    JSON_TOO_LONG = "json_too_long"
    JSON_TOO_DEEP = "json_too_deep"
    JSON_NUMBER_TOO_LONG = "json_number_too_long"
    JSON_NOT_FOUND = "json_not_found", "expression"
    JSON_VALUE = "json_value", "expression", "value"
    JSON_VALUE_DIFFERS = "json_value_differs", "expression", "value", "wanted"
    RECORD_DIFFERS = "record_differs", "found", "record", "wanted"
    RECORDS_DIFFER = "records_differ", "count", "found", "record", "wanted"
    GREETING_DIFFERS = "greeting_differs", "line", "wanted"
    GREETING_NOT_TEXT = "greeting_not_text"
    NOT_WEBSOCKET = "not_websocket"
    NO_PING = "no_ping"
    PINGS_LOST = "pings_lost", "count", "lost"
    NOT_PINGABLE = "not_pingable"
    ANSWERED_AFTER = "answered_after", "seconds"
    NO_SOURCE_READ = "no_source_read"
    # jobs that call us; {length} is a length of time
    JOB_FAILED = "job_failed"
    JOB_EXIT_CODE = "job_exit_code", "exit_code"
    JOB_NOT_ENDED = "job_not_ended", "length"
    NO_SIGN_YET = "no_sign_yet"
    NO_SIGN_FOR = "no_sign_for", "length"
    # channels; {channel} is one of `channel_names`
    AS_SAID = "as_said", "text"
    ASKS_TO_WAIT = "asks_to_wait", "channel"
    ASKS_TO_WAIT_FOR = "asks_to_wait_for", "channel", "seconds"
    LIMIT_USED_UP = "limit_used_up", "channel", "seconds"
    NOT_AVAILABLE = "not_available", "channel"
    PERHAPS_TAKEN = "perhaps_taken", "channel"
    IN_TROUBLE = "in_trouble", "channel"
    NOT_REACHED = "not_reached", "cause", "channel"
    NO_ANSWER = "no_answer", "cause", "channel"
    NO_ANSWER_IN_TIME = "no_answer_in_time", "channel"
    NO_ANSWER_WITHIN = "no_answer_within", "seconds"
    NO_ANSWER_FROM = "no_answer_from", "channel", "seconds"
    NO_CONNECTION_IN_TIME = "no_connection_in_time"
    NAME_NOT_FOUND = "name_not_found", "host"
    NO_TRUSTED_TLS = "no_trusted_tls", "host"
    NO_CONNECTIONS_ACCEPTED = "no_connections_accepted", "host"
    CONNECTION_BROKE = "connection_broke", "channel"
    ANSWER_UNREADABLE = "answer_unreadable", "channel"
    NOT_THE_PROVIDER = "not_the_provider", "channel"
    NOT_THE_PROVIDER_OR_BLOCKED = "not_the_provider_or_blocked", "channel"
    ANSWERED_STATUS = "answered_status", "channel", "status"
    REFUSED_MESSAGE = "refused_message", "channel"
    NOT_ARRIVED = "not_arrived"
    CHANNEL_REMOVED = "channel_removed"
    STOPPED_WHILE_SENDING = "stopped_while_sending"
    NO_FIRST_MESSAGE = "no_first_message"
    FIRST_MESSAGE_ELSEWHERE = "first_message_elsewhere"
    MESSAGE_GONE = "message_gone"
    MESSAGE_OF_OTHER_BOT = "message_of_other_bot"
    # accounts and tokens; {key} is a setting
    TOKEN_HAS_BLANK = "token_has_blank", "key"
    TOKEN_HAS_ODD_CHARACTER = "token_has_odd_character", "key"
    TOKEN_EMPTY = "token_empty", "key"
    TOKEN_REJECTED = "token_rejected", "channel", "code", "key"
    TOKEN_UNKNOWN = "token_unknown", "channel"
    TOKEN_REVOKED = "token_revoked"
    NOT_A_BOT_TOKEN = "not_a_bot_token"
    ADDRESS_UNUSABLE = "address_unusable", "channel"
    SCOPE_MISSING = "scope_missing", "scope"
    SCOPE_UNTOLD = "scope_untold", "channel"
    APP_NOT_ALLOWED = "app_not_allowed"
    API_OUTDATED = "api_outdated", "channel"
    WORKSPACE_OFF = "workspace_off"
    ORGANIZATION_APP = "organization_app"
    # places that take no message
    NO_SUCH_PERSON = "no_such_person"
    CHANNEL_MOVING = "channel_moving"
    CHANNEL_LOCKED = "channel_locked"
    CHANNEL_NOT_FOUND = "channel_not_found"
    NO_SUCH_CHANNEL = "no_such_channel"
    BOT_NOT_IN_CHANNEL = "bot_not_in_channel"
    CHANNEL_ARCHIVED = "channel_archived"
    CHANNEL_FROZEN = "channel_frozen"
    CHANNELS_NOT_LISTED = "channels_not_listed", "channel"
    MESSAGES_TAB_OFF = "messages_tab_off"
    NO_SUCH_WORKSPACE = "no_such_workspace"
    PERSON_SWITCHED_OFF = "person_switched_off"
    ID_OF_A_BOT = "id_of_a_bot"
    ID_OF_OWN_BOT = "id_of_own_bot"
    PLACE_INVALID = "place_invalid", "channel", "place"
    CONVERSATION_UNWRITABLE = "conversation_unwritable"
    CHANNEL_KIND_UNWRITABLE = "channel_kind_unwritable"
    THREAD_ARCHIVED = "thread_archived"
    THREAD_LOCKED = "thread_locked"
    BOT_MAY_NOT_WRITE = "bot_may_not_write"
    BOT_NOT_IN_CHAT = "bot_not_in_chat"
    BOT_MAY_NOT_POST = "bot_may_not_post"
    BOT_MUTED_IN_GROUP = "bot_muted_in_group"
    BOT_BARRED = "bot_barred", "channel"
    # Discord
    DISCORD_PERSON_UNKNOWN_YET = "discord_person_unknown_yet"
    DISCORD_SLOW_MODE = "discord_slow_mode"
    DISCORD_LIMITS_ANNOUNCEMENT_EDITS = "discord_limits_announcement_edits"
    DISCORD_LIMITS_CHANNEL = "discord_limits_channel"
    DISCORD_LIMITS_SERVER = "discord_limits_server"
    DISCORD_LIMITS_OLD_EDITS = "discord_limits_old_edits"
    DISCORD_LIMITS_NEW_PEOPLE = "discord_limits_new_people"
    DISCORD_SENDING_OFF = "discord_sending_off"
    DISCORD_FUNCTION_OFF = "discord_function_off"
    DISCORD_LIMITS_REQUESTS = "discord_limits_requests"
    DISCORD_BLOCKED_BY_CLOUDFLARE = "discord_blocked_by_cloudflare"
    DISCORD_APP_UNKNOWN_YET = "discord_app_unknown_yet"
    DISCORD_OVERLOADED = "discord_overloaded"
    DISCORD_UNUSABLE = "discord_unusable"
    DISCORD_FORBIDS = "discord_forbids"
    DISCORD_NO_CHANNEL = "discord_no_channel"
    DISCORD_NO_SERVER = "discord_no_server"
    DISCORD_NO_PERSON = "discord_no_person"
    DISCORD_NO_WEBHOOK = "discord_no_webhook"
    DISCORD_BOTS_BARRED = "discord_bots_barred"
    DISCORD_NOT_A_BOT_TOKEN = "discord_not_a_bot_token"
    DISCORD_MESSAGE_UNFIT = "discord_message_unfit"
    DISCORD_APP_BARRED = "discord_app_barred"
    DISCORD_WEBHOOKS_FULL = "discord_webhooks_full"
    DISCORD_THREAD_FULL = "discord_thread_full"
    DISCORD_SERVER_THREADS_FULL = "discord_server_threads_full"
    DISCORD_CHANNEL_THREADS_FULL = "discord_channel_threads_full"
    DISCORD_OWNER_UNVERIFIED = "discord_owner_unverified"
    DISCORD_TWO_FACTOR_MISSING = "discord_two_factor_missing"
    DISCORD_BANNED = "discord_banned"
    DISCORD_FORUM = "discord_forum"
    DISCORD_CHANNEL_UNSEEN = "discord_channel_unseen"
    DISCORD_NO_DIRECT_MESSAGES = "discord_no_direct_messages"
    DISCORD_VERIFICATION = "discord_verification"
    DISCORD_NO_BOT = "discord_no_bot"
    DISCORD_SCOPE_MISSING = "discord_scope_missing"
    DISCORD_PERSON_UNWRITABLE = "discord_person_unwritable"
    DISCORD_API_UNKNOWN = "discord_api_unknown"
    DISCORD_SERVER_ID_REFUSED = "discord_server_id_refused"
    DISCORD_SERVER_UNAVAILABLE = "discord_server_unavailable"
    DISCORD_NO_SHARED_SERVER = "discord_no_shared_server"
    DISCORD_RIGHTS_UNTOLD = "discord_rights_untold"
    DISCORD_MESSAGE_FILTERED = "discord_message_filtered"
    DISCORD_TITLE_FILTERED = "discord_title_filtered"
    DISCORD_LINK_FILTERED = "discord_link_filtered"
    # e-mail and the others; {relay} is a mail server, {cause} a reason
    RELAY_SAID = "relay_said", "cause", "relay"
    RELAY_BROKE_AFTER_MAIL = "relay_broke_after_mail", "cause", "relay"
    RELAY_BUSY = "relay_busy", "count", "relay"
    RELAY_WITHOUT_UTF8 = "relay_without_utf8"
    NOT_AN_ADDRESS = "not_an_address"
    MAIL_NOT_MADE = "mail_not_made"
    URL_UNUSABLE = "url_unusable"
    URL_REDIRECTS = "url_redirects", "status"
    NO_CONNECTION_TAKEN = "no_connection_taken", "cause"
    APPRISE_MISSING = "apprise_missing"
    APPRISE_URL_UNKNOWN = "apprise_url_unknown"
    APPRISE_FAILED = "apprise_failed"
    STDOUT_FAILED = "stdout_failed", "detail"
    # Tocsin itself, inside `own_troubles`
    DATABASE_UNREACHABLE = "database_unreachable"
    DATABASE_DAMAGED = "database_damaged"
    DATABASE_LOCKED = "database_locked"
    DATABASE_DISK_FULL = "database_disk_full"
    DATABASE_READ_ONLY = "database_read_only"
    DATABASE_REFUSES = "database_refuses"
    DATABASE_UNREADABLE = "database_unreadable"
    DATABASE_REPLACED = "database_replaced"
    WORKERS_MISSING = "workers_missing"
    SEE_LOG = "see_log"
    RESULTS_UNWRITTEN = "results_unwritten"
    RESULTS_DROPPED = "results_dropped", "count"
    MACHINE_TOO_SLOW = "machine_too_slow"
    PART_RESTARTED = "part_restarted", "detail", "part"
    PART_ENDED = "part_ended", "part"
    JOB_OF_OURS_FAILED = "job_of_ours_failed", "detail", "task"
    WITNESS_SILENT = "witness_silent", "length", "place"
    WITNESS_CONFIG_UNREADABLE = "witness_config_unreadable"
    CONFIGS_DIFFER = "configs_differ", "nodes"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason with its facts by name: text from outside, numbers, or other reasons.

    `seconds` and a `length` in minutes are shown as the language writes them, a `channel` by its name in the language.
    `provider_code` is the provider's own code for it ("not_in_channel"), for operators.
    """

    code: ReasonCode
    facts: tuple[tuple[str, str | int | float | Reason], ...] = ()
    advice: Advice | None = None
    provider_code: str = ""

    @classmethod
    def of(
        cls,
        code: ReasonCode,
        /,
        *,
        advice: Advice | AdviceCode | None = None,
        provider_code: str = "",
        **facts: str | float | Reason,
    ) -> Self:
        """Make a reason, with long text cut."""
        known = {name: fact[:LONGEST] if isinstance(fact, str) else fact for name, fact in facts.items()}
        said = Advice(advice) if isinstance(advice, AdviceCode) else advice
        return cls(code, tuple(sorted(known.items())), said, provider_code[:LONGEST])

    def rewritten(self, change: Callable[[str], str]) -> Reason:
        """The reason with all text from outside changed, such as to mask secrets."""
        return replace(
            self,
            facts=tuple((name, _rewritten(fact, change)) for name, fact in self.facts),
            provider_code=change(self.provider_code),
        )


def _rewritten(fact: str | float | Reason, change: Callable[[str], str]) -> str | float | Reason:
    if isinstance(fact, Reason):
        return fact.rewritten(change)
    return change(fact) if isinstance(fact, str) else fact
