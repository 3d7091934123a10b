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
from bot.tell.wording.digest import DigestFacts, Happened, digest, digest_facts
from bot.tell.wording.dying import advised, channel_service, channels, takes_nothing
from bot.tell.wording.endings import Others
from bot.tell.wording.history import history
from bot.tell.wording.many import many, missed
from bot.tell.wording.notices import notice
from bot.tell.wording.places import (
    language,
    no_hours,
    nothing_to_take_back,
    quiet,
    subscribe_first,
    taken_back,
    timezone,
    unknown_language,
    unknown_timezone,
)
from bot.tell.wording.plans import (
    Leaving,
    announced,
    called_off,
    maintenance,
    nothing_planned,
    plans,
    when_unclear,
    why_silent,
)
from bot.tell.wording.proofs import (
    Passage,
    delivered,
    drilled,
    no_incident,
    nothing_yet,
    passages,
    seconds,
    unknown_audience,
    why,
)
from bot.tell.wording.reporting import report_what, reported, too_many
from bot.tell.wording.status import status
from bot.tell.wording.text import clean, stop
from bot.tell.wording.times import Reader, reader
from bot.tell.wording.uptime import Uptime, blind_spans, maintenance_spans, unseen_spans, uptimes
from bot.tell.wording.ways import dead, refused, unanswered

__all__ = [
    "DigestFacts",
    "Happened",
    "Leaving",
    "Others",
    "Passage",
    "Reader",
    "Uptime",
    "acked",
    "advised",
    "announced",
    "blind_spans",
    "called_off",
    "channel_service",
    "channels",
    "clean",
    "command_help",
    "dead",
    "delivered",
    "digest",
    "digest_facts",
    "drilled",
    "guide",
    "history",
    "language",
    "maintenance",
    "maintenance_spans",
    "many",
    "missed",
    "muted",
    "no_hours",
    "no_incident",
    "not_allowed",
    "not_subscribed",
    "nothing_open",
    "nothing_planned",
    "nothing_to_take_back",
    "nothing_yet",
    "notice",
    "passages",
    "plans",
    "quiet",
    "reader",
    "refused",
    "report_what",
    "reported",
    "seconds",
    "status",
    "stop",
    "subscribe_first",
    "subscribed",
    "subscriptions",
    "taken_back",
    "takes_nothing",
    "test_notice",
    "timezone",
    "too_many",
    "unanswered",
    "unknown_audience",
    "unknown_command",
    "unknown_language",
    "unknown_service",
    "unknown_timezone",
    "unmuted",
    "unseen_spans",
    "unsubscribed",
    "uptimes",
    "when_unclear",
    "why",
    "why_silent",
]
