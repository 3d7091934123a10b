"""Every sentence that is sent, shown or answered: facts in, words without markup out."""

from __future__ import annotations

from bot.tell.wording.answers import (
    acked,
    command_help,
    guide,
    muted,
    not_allowed,
    not_subscribed,
    nothing_open,
    subscribed,
    subscriptions,
    test_notice,
    unknown_command,
    unknown_service,
    unmuted,
    unsubscribed,
)
from bot.tell.wording.digest import DigestFacts, Happened, Uptime, blind_spans, digest, digest_facts
from bot.tell.wording.many import many, missed
from bot.tell.wording.notices import notice
from bot.tell.wording.status import status
from bot.tell.wording.text import clean, stop
from bot.tell.wording.times import Reader, reader
from bot.tell.wording.ways import refused, unanswered

__all__ = [
    "DigestFacts",
    "Happened",
    "Reader",
    "Uptime",
    "acked",
    "blind_spans",
    "clean",
    "command_help",
    "digest",
    "digest_facts",
    "guide",
    "many",
    "missed",
    "muted",
    "not_allowed",
    "not_subscribed",
    "nothing_open",
    "notice",
    "reader",
    "refused",
    "status",
    "stop",
    "subscribed",
    "subscriptions",
    "test_notice",
    "unanswered",
    "unknown_command",
    "unknown_service",
    "unmuted",
    "unsubscribed",
]
